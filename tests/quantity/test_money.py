"""Money: exact until it is rounded, and rounded by one rule."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.quantity import Money, minor_units, rounded_rate

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "XXX"])


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1.005", "USD", "1.00 USD"),
        ("1.015", "USD", "1.02 USD"),
        ("-0.005", "USD", "-0.00 USD"),
        ("2.5", "JPY", "2 JPY"),
        ("3.5", "JPY", "4 JPY"),
        ("0.0125", "KWD", "0.012 KWD"),
        ("1E+3", "EUR", "1000.00 EUR"),
    ],
)
def test_halves_go_to_the_even_digit(amount: str, currency: str, text: str):
    assert str(Money(Decimal(amount), currency)) == text


@given(AMOUNTS, CURRENCIES)
def test_rounding_is_idempotent_and_off_by_at_most_half_a_unit(amount: Decimal, currency: str):
    money = Money(amount, currency)
    rounded = money.rounded()
    assert rounded.rounded() == rounded
    assert abs(rounded.amount - amount) <= Decimal("0.5").scaleb(-minor_units(currency))


@given(AMOUNTS, CURRENCIES)
def test_rounding_is_symmetric(amount: Decimal, currency: str):
    assert Money(-amount, currency).rounded().amount == -Money(amount, currency).rounded().amount


@given(st.lists(AMOUNTS, max_size=20))
def test_a_sum_loses_nothing(amounts: list[Decimal]):
    total = Money(Decimal(0), "USD")
    for amount in amounts:
        total += Money(amount, "USD")
    for amount in amounts:
        total -= Money(amount, "USD")
    assert total == Money(Decimal(0), "USD")


def test_a_rate_times_hours():
    assert str(Money(Decimal("2.653"), "USD") * Decimal("8.5")) == "22.55 USD"
    assert (Money(Decimal("0.1"), "USD") * 3).amount == Decimal("0.3")


def test_a_float_is_refused():
    with pytest.raises(TypeError, match="Decimal, not float"):
        Money(0.1, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not float"):
        Money(Decimal(1), "USD") * 0.1  # type: ignore[operator]


def test_currencies_do_not_mix():
    with pytest.raises(ValueError, match="cannot combine USD with EUR"):
        Money(Decimal(1), "USD") + Money(Decimal(1), "EUR")


@pytest.mark.parametrize("currency", ["usd", "US", "ZZZ", ""])
def test_an_unknown_currency_is_refused(currency: str):
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_money_is_finite(amount: str):
    with pytest.raises(ValueError, match="finite"):
        Money(Decimal(amount), "USD")


@given(AMOUNTS, CURRENCIES, st.integers(1, 100_000))
def test_a_quotient_is_rounded_once(amount: Decimal, currency: str, per: int):
    exact = Fraction(amount) / per
    digits = minor_units(currency)
    rounded = Money(amount, currency).rounded(per).amount
    assert rounded == Decimal(round(exact * 10**digits)).scaleb(-digits)
    assert -rounded.as_tuple().exponent == digits  # type: ignore[operator]


def test_a_price_per_hour_times_seconds():
    price = Money(Decimal("2.65"), "USD")
    assert str((price * 1800).rounded(3600)) == "1.32 USD"  # 1.325: the half goes to the even digit
    with pytest.raises(ValueError, match="positive number"):
        price.rounded(0)


def test_a_rate_is_kept_to_a_millionth():
    assert rounded_rate(Decimal("2.653") * Decimal("0.95")) == Decimal("2.52035")
    assert str(rounded_rate(Decimal("3.00"))) == "3"
    assert str(rounded_rate(Decimal("300"))) == "300"
    assert rounded_rate(Decimal("0.0000005")) == 0
