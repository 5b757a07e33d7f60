"""The running system's meters and bills as finance reads them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tidegate.errors import FinanceError
from tidegate.finance.month import Month
from tidegate.plan.liveusage import BilledLine, GivenBack, LiveUsage, MeteredHour
from tidegate.quantity import Money

D = Decimal
MARCH = Month(2026, 3)


def usd(amount: str, currency: str = "USD") -> Money:
    return Money(D(amount), currency)


def live(lines: tuple[BilledLine, ...], notes: tuple[GivenBack, ...] = ()) -> LiveUsage:
    return LiveUsage(
        sizes={"a": 8, "b": 16},
        first=MARCH,
        until=datetime(2026, 4, 2, tzinfo=UTC),
        hours=(
            MeteredHour("a", "flex", "l1", MARCH, 7200),
            MeteredHour("a", "flex", "l1", MARCH, 3600),
            MeteredHour("b", "day", "l2", MARCH + 1, 3600),
        ),
        lines=lines,
        credit_notes=notes,
        fleet_currency="USD",
        source="http://here",
    )


LINES = (
    BilledLine("INV-1", "a", "flex", "l1", MARCH, 10_800, usd("6.00")),
    BilledLine("INV-2", "b", "day", "l2", MARCH + 1, 3600, usd("2.00")),
    BilledLine("INV-0", "a", "flex", "l0", MARCH + (-1), 3600, usd("9.00")),
)


def test_each_pool_and_month_adds_up():
    used = {(u.pool, u.month): u for u in live(LINES).usage()}
    march = used["a", MARCH]
    assert march.hours.total == 8 * 744
    assert (march.hours.leased, march.charged) == (D(3), D(6))
    assert "INV-1" in march.origin
    april = used["b", MARCH + 1]
    assert april.hours.total == 16 * 24  # until the second of April
    assert (april.leased, april.rent) == ({"day": D(1)}, {"day": D(2)})
    assert used["b", MARCH].charged == 0


def test_credit_notesfall_to_the_pool_of_their_lease_and_goodwill_to_all_by_rent():
    notes = (
        GivenBack("CN-1", "l1", MARCH + 1, usd("1.50")),
        GivenBack("CN-2", None, MARCH, usd("4.00")),
    )
    used = {(u.pool, u.month): u.returned for u in live(LINES, notes).usage()}
    assert used["a", MARCH + 1] == D("1.50")
    assert (used["a", MARCH], used["b", MARCH]) == (D(3), D(1))


def test_what_is_not_invoiced_is_told():
    assert "4 GPU-hours were metered, 4 of them" in live(LINES).notes()[1]
    assert "4 GPU-hours were metered, 0 of them" in live(()).notes()[1]


def test_two_currencies_have_no_rate():
    euros = (*LINES, BilledLine("INV-3", "a", "flex", "l3", MARCH, 1, usd("1.00", "EUR")))
    with pytest.raises(FinanceError) as caught:
        _ = live(euros).currency
    assert caught.value.code == "TG-FIN-RATE"
    assert live(()).currency == "USD"
