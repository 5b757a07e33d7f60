"""Money, half-open intervals, and how times and durations are written."""

from tidegate.quantity.interval import Interval
from tidegate.quantity.money import Money, minor_units
from tidegate.quantity.timetext import Instant, format_duration, parse_duration, parse_instant

__all__ = [
    "Instant",
    "Interval",
    "Money",
    "format_duration",
    "minor_units",
    "parse_duration",
    "parse_instant",
]
