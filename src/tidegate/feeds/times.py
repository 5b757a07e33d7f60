"""Reading times: ISO 8601 or seconds, with or without an offset, in the zone of the log's clock."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from tidegate.errors import OptionError
from tidegate.feeds.fields import Column, Status, reals, text

EPOCH_FROM: Final = 946_684_800
"""Numbers from here on (the year 2000) are Unix time; smaller ones count from the log's own
zero."""

LATEST: Final = 253_402_300_799
"""The last second of the year 9999; larger numbers are milliseconds or noise."""

_NAIVE: Final = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
)


@dataclass(frozen=True)
class Times(Column):
    """A column of times.

    Attributes
    ----------
    late : polars.Series
        As ``value``, but with a local time that occurs twice taken as the later one; shape (n,).
    twice : int
        How many local times occur twice.
    """

    late: pl.Series
    twice: int


class Clock:
    """Reads the times of one file, all of which must belong to one clock.

    Parameters
    ----------
    zone : str
        IANA zone of times without an offset.
    calendar : bool or None
        Whether the times are calendar times. None lets most of the first batch decide: ISO 8601 and
        numbers from the year 2000 on are calendar times, other numbers count from the log's own
        zero.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the zone is unknown.
    """

    def __init__(self, zone: str, *, calendar: bool | None = None) -> None:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise OptionError(
                "TG-OPTION",
                f"Unknown time zone {zone!r}.",
                expected="an IANA name as in Europe/Berlin.",
            ) from error
        self.zone = zone
        self.calendar = calendar

    def read(self, values: pl.Series) -> Times:
        """Read a column of times (temporal, numbers or text; shape (n,)) as seconds."""
        naive, fixed, number, blank = _parse(values)
        early, late = self._local(naive)
        seconds, later = (
            early.zip_with(fixed.is_null(), fixed),
            late.zip_with(fixed.is_null(), fixed),
        )
        frame = pl.DataFrame(
            {"v": seconds, "late": later, "blank": blank, "naive": naive.is_not_null(), "n": number}
        )
        if self.calendar is None:
            self.calendar = _is_calendar(frame.filter(pl.col("v").is_not_null()))
        v = pl.col("v")
        epoch = v >= EPOCH_FROM
        other = (pl.col("n") & ~epoch) if self.calendar else (~pl.col("n") | epoch)
        status = frame.select(
            pl.when("blank")
            .then(Status.EMPTY.value)
            .when(v.is_null() & pl.col("naive"))
            .then(Status.NO_SUCH_HOUR.value)
            .when(v.is_null())
            .then(Status.UNREADABLE.value)
            .when(v < 0)
            .then(Status.NEGATIVE.value)
            .when(v > LATEST)
            .then(Status.TOO_LARGE.value)
            .when(other)
            .then(Status.OTHER_CLOCK.value)
            .otherwise(Status.OK.value)
            .cast(pl.UInt8)
        ).to_series()
        good = status == Status.OK.value
        twice = int((good & (early != late).fill_null(value=False)).sum())
        return Times(seconds.set(~good, None), status, later.set(~good, None), twice)

    def _local(self, naive: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Read local times both ways, earlier and later; null in the hour that is left out."""
        if self.zone == "UTC" or naive.null_count() == len(naive):
            seconds = naive.dt.epoch("s")
            return seconds, seconds
        early = naive.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null")
        late = naive.dt.replace_time_zone(self.zone, ambiguous="latest", non_existent="null")
        return early.dt.epoch("s"), late.dt.epoch("s")


def _is_calendar(known: pl.DataFrame) -> bool | None:
    """Tell by most of the times ``v`` (``n``: written as a number); None when there are none."""
    if known.is_empty():
        return None
    calendar = ~pl.col("n") | (pl.col("v") >= EPOCH_FROM)
    return bool(2 * int(known.select(calendar.sum()).item()) >= known.height)


def _parse(values: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """Split a column: local times, fixed seconds, which of them are numbers, which are blank."""
    empty = values.is_null()
    if values.dtype == pl.Date:
        values = values.cast(pl.Datetime("us"))
    if isinstance(values.dtype, pl.Datetime):
        none = pl.repeat(None, len(values), dtype=pl.Int64, eager=True)
        never = pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)
        if values.dtype.time_zone is None:
            return values.cast(pl.Datetime("us")), none, never, empty
        return none.cast(pl.Datetime("us")), values.dt.epoch("s"), never, empty
    if values.dtype.is_numeric():
        number, empty = reals(values)
        none = pl.repeat(None, len(values), dtype=pl.Datetime("us"), eager=True)
        return none, number.floor().cast(pl.Int64, strict=False), number.is_not_null(), empty
    return _parse_text(values)


def _parse_text(values: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    words, blank = text(values)
    words = words.set(blank, None)
    naive = pl.repeat(None, len(words), dtype=pl.Datetime("us"), eager=True)
    fixed = words.cast(pl.Float64, strict=False)
    fixed = (
        fixed.set(~fixed.is_finite().fill_null(value=False), None)
        .floor()
        .cast(pl.Int64, strict=False)
    )
    number = fixed.is_not_null()
    for form in _NAIVE:
        left = words.is_not_null() & naive.is_null() & fixed.is_null()
        if not left.any():
            return naive, fixed, number, blank
        # Most columns hold one form: the first pass that fits leaves nothing to the others.
        found = words.filter(left).str.to_datetime(form, strict=False, time_unit="us")
        naive = found if len(found) == len(naive) else naive.scatter(left.arg_true(), found)
    left = words.is_not_null() & naive.is_null() & fixed.is_null()
    rest = words.filter(left)
    days = rest.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    stamped = rest.str.replace(" ", "T", literal=True)
    offset = stamped.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit="us")
    at = left.arg_true()
    return naive.scatter(at, days), fixed.scatter(at, offset.dt.epoch("s")), number, blank
