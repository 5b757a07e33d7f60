"""Numbers, times and money as a reader sees them, each with its unit."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tidegate.plan.result import Span
from tidegate.quantity.money import RELATIVE, minor_units

ABSENT: Final = "–"
"""What stands where there is no value."""

WHOLE_FROM: Final = 1000
"""From here on decimals tell nothing."""

_GAP: Final = "\u00a0"
"""Keeps a number and its unit on one line."""

_UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def number(value: float | Decimal | None, digits: int = 0) -> str:
    """Return a number with thousands separators: 12,345.6."""
    if value is None:
        return ABSENT
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def count(value: float) -> str:
    """Return a count that may be a mean over seeds: one decimal only when it needs it."""
    whole = value >= WHOLE_FROM or abs(value - round(value)) < 0.05  # noqa: PLR2004 - half of the last digit
    return number(value, 0 if whole else 1)


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as per cent; one too small for the digits as an upper bound."""
    if share is None:
        return ABSENT
    value = share * 100
    least = 10.0**-digits
    if 0 < value < least / 2:
        return f"<{_GAP}{least / 2:.{digits + 1}f}{_GAP}%"
    return f"{number(value, digits)}{_GAP}%"


def currency_name(currency: str) -> str:
    """Return the currency as it heads a column."""
    return "relative units" if currency == RELATIVE else currency


def money(amount: Decimal | float | None, currency: str) -> str:
    """Return an amount with its currency: ``USD 1,234,567``, or ``1,234,567 relative units``."""
    if amount is None:
        return ABSENT
    text = amount_text(amount, currency)
    return f"{text}{_GAP}relative{_GAP}units" if currency == RELATIVE else f"{currency}{_GAP}{text}"


def amount_text(amount: Decimal | float | None, currency: str) -> str:
    """Return an amount without its currency; below 1,000 with the currency's decimals."""
    if amount is None:
        return ABSENT
    whole = not amount or abs(float(amount)) >= WHOLE_FROM
    return number(amount, 0 if whole else minor_units(currency))


def price(amount: Decimal, currency: str) -> str:
    """Return the price of one GPU-hour with the currency's decimals, and more where it has them."""
    decimals = -int(amount.normalize().as_tuple().exponent)
    return number(amount, max(minor_units(currency), min(decimals, 4)))


def duration(seconds: float | None) -> str:
    """Return a time span with the unit that suits it: 45 s, 12.5 min, 3.2 h or 2.1 d."""
    if seconds is None:
        return ABSENT
    size = abs(seconds)
    unit, length = next(((u, s) for u, s in _UNITS if size >= s), _UNITS[-1])
    value = seconds / length
    digits = 0 if abs(value - round(value)) < 0.05 or length == 1 else 1  # noqa: PLR2004
    if 0 < size < 1:
        digits = 2
    return f"{number(value, digits)}{_GAP}{unit}"


def days(hours: float) -> str:
    """Return hours as days."""
    return number(hours / 24, 1)


def moment(time_s: float, span: Span) -> str:
    """Return a time: UTC in ISO 8601 when the log has a calendar, else days since its start."""
    if span.calendar:
        return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%dT%H:%MZ}"
    return f"day{_GAP}{number((time_s - span.start_s) / 86400, 2)}"


def period(span: Span) -> str:
    """Return the measured time of a pool."""
    start, stop = moment(span.lease_from_s, span), moment(span.stop_s, span)
    return f"{start} to {stop}"
