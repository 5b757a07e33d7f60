"""Numbers as readers see them."""

from decimal import Decimal

import pytest

from tidegate.plan.result import Span
from tidegate.web.wording import count, duration, moment, money, number, percent, price


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1234567.8, 0, "1,234,568"), (-1.5, 1, "−1.5"), (-0.001, 1, "0.0"), (None, 2, "–")],
)
def test_number(value: float | None, digits: int, text: str):
    assert number(value, digits) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, "50.0 %"), (0.0, "0.0 %"), (0.00001, "< 0.05 %"), (None, "–"), (1.0, "100.0 %")],
)
def test_percent(share: float | None, text: str):
    assert plain(percent(share)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (42, "42 s"),
        (0.25, "0.25 s"),
        (90, "1.5 min"),
        (7200, "2 h"),
        (604800, "7 d"),
        (-90, "−1.5 min"),
    ],
)
def test_duration(seconds: float, text: str):
    assert plain(duration(seconds)) == text


def test_money():
    assert plain(money(Decimal("1234567.89"), "USD")) == "USD 1,234,568"
    assert plain(money(Decimal("12.5"), "USD")) == "USD 12.50"
    assert plain(money(Decimal(1234), "XXX")) == "1,234 relative units"
    assert price(Decimal("1.706"), "USD") == "1.706"
    assert price(Decimal(10), "USD") == "10.00"


def test_moment():
    assert moment(0, Span(0, 0, 1, calendar=True)) == "1970-01-01T00:00Z"
    assert plain(moment(129600, Span(86400, 0, 1, calendar=False))) == "day 0.50"


def test_count():
    assert [count(v) for v in (3.0, 3.25, 12345.6)] == ["3", "3.2", "12,346"]
