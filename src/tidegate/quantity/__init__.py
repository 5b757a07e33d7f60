"""Money, steps over time, and how times and durations are written."""

from tidegate.quantity.money import Money, minor_units, rounded_rate
from tidegate.quantity.steps import Step, steps
from tidegate.quantity.timetext import (
    Instant,
    format_duration,
    parse_duration,
    parse_instant,
    time_of_day_s,
)

__all__ = [
    "Instant",
    "Money",
    "Step",
    "format_duration",
    "minor_units",
    "parse_duration",
    "parse_instant",
    "rounded_rate",
    "steps",
    "time_of_day_s",
]
