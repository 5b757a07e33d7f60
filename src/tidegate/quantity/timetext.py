"""How durations and instants are written in files and on the command line."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNIT_S: Final[dict[str, int]] = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_TERM: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([wdhms])")
_DURATION: Final = re.compile(rf"(?:{_TERM.pattern})+")
_SECONDS: Final = re.compile(r"[+-]?[0-9]+")
_LONGEST_S: Final = 100 * 366 * 86_400

DURATION_EXAMPLE: Final = "a number and a unit (w, d, h, m, s), such as 14d, 6h or 300s"
"""What a duration looks like, for messages."""


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as ``14d``, ``6h``, ``1h30m`` or ``300s``.

    Raises
    ------
    ValueError
        If the text is not a duration, lacks a unit, does not come to whole seconds, or is longer
        than a century.
    """
    compact = text.strip()
    if not _DURATION.fullmatch(compact):
        raise ValueError(f"{text!r} is not a duration")
    total = sum(
        (Decimal(number) * _UNIT_S[unit] for number, unit in _TERM.findall(compact)), Decimal(0)
    )
    if total != total.to_integral_value():
        raise ValueError(f"{text!r} does not come to whole seconds")
    if total > _LONGEST_S:
        raise ValueError(f"{text!r} is longer than a century")
    return int(total)


def format_duration(seconds: int) -> str:
    """Write seconds with the largest unit that divides them: 21,600 is ``6h``.

    Raises
    ------
    ValueError
        If ``seconds`` is negative.
    """
    if seconds < 0:
        raise ValueError(f"a duration is not negative: {seconds}")
    if seconds == 0:
        return "0s"
    unit, size = next((u, s) for u, s in _UNIT_S.items() if seconds % s == 0)
    return f"{seconds // size}{unit}"


@dataclass(frozen=True)
class Instant:
    """A point in time.

    Attributes
    ----------
    seconds : int
        Seconds since the Unix epoch when ``calendar``, else since the log's own zero.
    calendar : bool
        Whether the text was a date.
    """

    seconds: int
    calendar: bool


def parse_instant(text: str, timezone: str = "UTC") -> Instant:
    """Return the instant that a text names: ISO 8601, or seconds.

    Parameters
    ----------
    text : str
        ``2026-03-01``, ``2026-03-01T08:00``, ``2026-03-01T08:00+01:00``, or a whole number of
        seconds. A fraction of a second is dropped.
    timezone : str
        IANA zone of a date without an offset.

    Raises
    ------
    ValueError
        If the text is neither, if the zone is unknown, or if the local time does not exist there.
    """
    compact = text.strip()
    if _SECONDS.fullmatch(compact):
        return Instant(int(compact), calendar=False)
    try:
        moment = datetime.fromisoformat(compact)
    except ValueError:
        raise ValueError(f"{text!r} is neither an ISO 8601 time nor whole seconds") from None
    if moment.tzinfo is None:
        moment = _localise(moment, timezone)
    return Instant(int(moment.timestamp() // 1), calendar=True)


def time_of_day_s(seconds: int, timezone: str) -> int:
    """Return the seconds since local midnight at a time in seconds since the Unix epoch.

    Times that no calendar has, as in a log with a zero of its own, are read as UTC.
    """
    try:
        moment = datetime.fromtimestamp(seconds, ZoneInfo(timezone))
    except (OverflowError, ValueError, OSError):
        return seconds % 86_400
    return 3600 * moment.hour + 60 * moment.minute + moment.second


def _localise(moment: datetime, timezone: str) -> datetime:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{timezone!r} is not an IANA time zone, such as Europe/Oslo") from None
    local = moment.replace(tzinfo=zone)
    try:
        back = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} lies outside the years 1 to 9999") from None
    if back != moment:
        raise ValueError(f"{moment.isoformat()} does not exist in {timezone}")
    return local
