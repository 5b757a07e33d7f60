"""Money, and how times and durations are written."""

from tidegate.quantity.money import Money, minor_units
from tidegate.quantity.timetext import Instant, format_duration, parse_duration, parse_instant

__all__ = [
    "Instant",
    "Money",
    "format_duration",
    "minor_units",
    "parse_duration",
    "parse_instant",
]
