"""What somebody typed into a field."""

import math
from datetime import UTC, datetime
from typing import Final

LONGEST_H: Final = 100_000
"""More hours are a slip of the finger."""


def typed_number(text: str, over: int) -> float | None:
    """Return a typed number over something; None when it is none."""
    try:
        value = float(text) / over
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def typed_moment(text: str) -> int | None:
    """Return the UTC moment that a ``datetime-local`` field names; None when it is none."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def as_typed(at_s: int) -> str:
    """Return a moment as a ``datetime-local`` field has it."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M}"


def typed_hours(text: str) -> int | None:
    """Return typed hours in seconds; None when they are no time."""
    hours = typed_number(text, 1)
    if hours is None or not 0 < hours < LONGEST_H:
        return None
    return round(hours * 3600) or None
