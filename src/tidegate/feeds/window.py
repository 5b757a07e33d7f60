"""The window of submissions that a source asks for."""

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

from tidegate.errors import OptionError
from tidegate.feeds.fields import Status
from tidegate.feeds.times import Clock
from tidegate.plan.scenario import LogSource

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class Window:
    """A half-open interval in seconds, open on the sides that are None."""

    start_s: int | None
    stop_s: int | None

    def outside(self, time: pl.Expr) -> pl.Expr:
        """Whether a time (seconds) is known and lies outside."""
        out = pl.lit(value=False)
        if self.start_s is not None:
            out = out | (time < self.start_s)
        if self.stop_s is not None:
            out = out | (time >= self.stop_s)
        return out.fill_null(value=False)


def window_of(source: LogSource, *, calendar: bool) -> Window:
    """Read a source's window on the clock of its log.

    Parameters
    ----------
    source : LogSource
        Its ``window_from`` and ``window_to`` are ISO 8601 or seconds; logs that count from their
        own zero also take durations (``36h``, ``7d``).
    calendar : bool
        Whether the log has calendar times.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when a bound cannot be read on that clock.
    """
    bounds = [
        _bound(name, value, source.timezone, calendar=calendar)
        for name, value in (("from", source.window_from), ("to", source.window_to))
    ]
    return Window(*bounds)


def _bound(name: str, value: str | None, zone: str, *, calendar: bool) -> int | None:
    if value is None:
        return None
    if not calendar:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", value.strip())
        if match:
            return round(float(match[1]) * _UNITS.get(match[2], 1))
        expected = "seconds or a duration (36h, 7d), for the log counts from its own zero."
        raise OptionError(
            "TG-OPTION", f"window {name} {value!r} cannot be used.", expected=expected
        )
    time = Clock(zone, calendar=True).read(pl.Series([value], dtype=pl.String))
    if time.status[0] != Status.OK:
        expected = "ISO 8601 (2024-03-01 or 2024-03-01T08:00:00) or Unix seconds."
        raise OptionError(
            "TG-OPTION", f"window {name} {value!r} cannot be used.", expected=expected
        )
    return int(time.value[0])
