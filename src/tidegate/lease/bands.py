"""Time-of-day bands: when a price is another, by what the clock on the wall of a zone shows.

A band that runs from 22:00 to 06:00 wraps midnight and belongs to the day on which it begins. Where clocks
change, membership follows the wall: an hour that is shown twice is in the band twice, and one that is
skipped is not in it. A night from 22:00 to 06:00 thus has nine hours in autumn and seven in spring.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_MINUTES: Final = 1440
WEEK: Final = frozenset(range(7))
"""Every weekday, Monday being 0."""

_DAY_S: Final = 86_400


@dataclass(frozen=True)
class Band:
    """A stretch of the day with its own price.

    Attributes
    ----------
    name : str
        What it is called on quotes and invoices.
    from_minute, to_minute : int
        Minutes after midnight, [0, 1440) and (0, 1440]; the end is not in the band. An end at or
        before the start lies on the next day.
    factor : Decimal
        What the price is multiplied by.
    days : frozenset of int
        Weekdays on which it begins, Monday being 0.

    Raises
    ------
    ValueError
        If a minute, weekday or factor lies outside its range, or the band has no length.
    """

    name: str
    from_minute: int
    to_minute: int
    factor: Decimal
    days: frozenset[int] = WEEK

    def __post_init__(self) -> None:
        if not (0 <= self.from_minute < DAY_MINUTES and 0 < self.to_minute <= DAY_MINUTES):
            raise ValueError("a band runs from 00:00..23:59 to 00:01..24:00")
        if self.from_minute == self.to_minute:
            raise ValueError("a band has a length; a whole day is 00:00 to 24:00")
        if not self.days or not self.days <= WEEK:
            raise ValueError("weekdays are 0 (Monday) to 6 (Sunday), at least one")
        if not self.factor.is_finite() or self.factor < 0:
            raise ValueError("a factor is finite and not negative")

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether the band holds a minute of a weekday, both as the wall shows them."""
        if self.from_minute < self.to_minute:
            return weekday in self.days and self.from_minute <= minute < self.to_minute
        if minute >= self.from_minute:
            return weekday in self.days
        return minute < self.to_minute and (weekday - 1) % 7 in self.days


def check_zone(zone: str) -> None:
    """Let only a known IANA zone pass.

    Raises
    ------
    ValueError
        If there is no such zone.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{zone!r} is not an IANA time zone, such as Europe/Oslo") from None


def band_data(band: Band) -> dict[str, Any]:
    """Return a band as values that JSON has."""
    return {
        "name": band.name,
        "from_minute": band.from_minute,
        "to_minute": band.to_minute,
        "factor": str(band.factor),
        "days": sorted(band.days),
    }


def band_of(data: Mapping[str, Any]) -> Band:
    """Return the band that :func:`band_data` wrote."""
    changed = {"factor": Decimal(data["factor"]), "days": frozenset(data["days"])}
    return Band(**{**data, **changed})


class Slice(NamedTuple):
    """A stretch of time that lies in one band, or in none."""

    start_s: int
    end_s: int
    band: int | None


def clash(bands: Sequence[Band]) -> tuple[int, int] | None:
    """Return the places of the first two bands that hold a minute in common, or None."""
    for later, band in enumerate(bands):
        for earlier in range(later):
            if any(
                band.holds(day, minute) and bands[earlier].holds(day, minute)
                for day in range(7)
                for minute in _edges((band, bands[earlier]))
            ):
                return earlier, later
    return None


def slices(start_s: int, end_s: int, bands: Sequence[Band], zone: str) -> Iterator[Slice]:
    """Cut ``[start_s, end_s)`` where the band changes.

    Parameters
    ----------
    start_s, end_s : int
        Seconds since the epoch.
    bands : sequence of Band
        Bands that do not clash.
    zone : str
        IANA zone whose wall clock is meant.

    Yields
    ------
    Slice
        In order of time, without gaps; neighbours differ in their band, a place in ``bands`` or None.
    """
    if start_s >= end_s:
        return
    if not bands:
        yield Slice(start_s, end_s, None)
        return
    begun_s, current = start_s, band_at(start_s, bands, zone)
    first, last = start_s // _DAY_S, (end_s - 1) // _DAY_S
    minutes = _edges(bands)
    for day in range(first, last + 1):
        changes = _changes(day, minutes, zone)
        for at_s in changes[bisect_right(changes, begun_s) :]:
            if at_s >= end_s:
                break
            band = band_at(at_s, bands, zone)
            if band != current:
                yield Slice(begun_s, at_s, current)
                begun_s, current = at_s, band
    yield Slice(begun_s, end_s, current)


def band_at(at_s: int, bands: Sequence[Band], zone: str) -> int | None:
    """Return the place of the band that holds an instant, or None."""
    wall = datetime.fromtimestamp(at_s, ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    return next((i for i, b in enumerate(bands) if b.holds(wall.weekday(), minute)), None)


def _edges(bands: Sequence[Band]) -> tuple[int, ...]:
    """Minutes at which a band may begin or end, midnight included."""
    marks = {m % DAY_MINUTES for band in bands for m in (band.from_minute, band.to_minute)}
    return tuple(sorted(marks | {0}))


@lru_cache(maxsize=4096)
def _changes(day: int, minutes: tuple[int, ...], zone: str) -> tuple[int, ...]:
    """Instants of a UTC day at which the wall shows one of ``minutes``, or jumps; in order."""
    here = ZoneInfo(zone)
    begin_s, end_s = day * _DAY_S, (day + 1) * _DAY_S
    found: set[int] = set()
    # No offset is a day or more, so that the UTC day lies within three days of the wall.
    noon = datetime.fromtimestamp(begin_s, UTC).replace(tzinfo=None)
    for shift in (-1, 0, 1):
        midnight = noon + timedelta(days=shift)
        for minute in minutes:
            for fold in (0, 1):
                wall = (midnight + timedelta(minutes=minute)).replace(tzinfo=here, fold=fold)
                found.add(int(wall.timestamp()))
    low_s, offset = begin_s, _offset(begin_s, here)
    # An offset holds for hours at least, wherever clocks have changed since zones were kept.
    for high_s in range(begin_s + 3600, end_s + 3600, 3600):
        if _offset(high_s, here) != offset:
            found.add(_jump(low_s, high_s, here))
            offset = _offset(high_s, here)
        low_s = high_s
    return tuple(sorted(at_s for at_s in found if begin_s <= at_s < end_s))


def _jump(low_s: int, high_s: int, here: ZoneInfo) -> int:
    """First instant after ``low_s`` whose offset is that of ``high_s``."""
    before = _offset(low_s, here)
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if _offset(middle_s, here) == before:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s


def _offset(at_s: int, here: ZoneInfo) -> timedelta:
    offset = datetime.fromtimestamp(at_s, here).utcoffset()
    return timedelta(0) if offset is None else offset
