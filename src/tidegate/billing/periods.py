"""Billing periods: calendar months of one zone."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Period(NamedTuple):
    """A calendar month, ``[start_s, end_s)`` in seconds since the epoch."""

    start_s: int
    end_s: int


def month_of(at_s: int, zone: str = "UTC") -> Period:
    """Return the month that holds an instant, as the calendar of a zone has it."""
    here = ZoneInfo(zone)
    local = datetime.fromtimestamp(at_s, here)
    first = datetime(local.year, local.month, 1, tzinfo=here)
    year, month = divmod(local.year * 12 + local.month, 12)
    following = datetime(year, month + 1, 1, tzinfo=here)
    return Period(int(first.timestamp()), int(following.timestamp()))


def month_before(period: Period, zone: str = "UTC") -> Period:
    """Return the month that ends where a month begins."""
    return month_of(period.start_s - 1, zone)


def month_name(period: Period, zone: str = "UTC") -> str:
    """Write a month as ``2026-03``."""
    return datetime.fromtimestamp(period.start_s, ZoneInfo(zone)).strftime("%Y-%m")
