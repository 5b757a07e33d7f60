"""The running system's meters and bills as finance reads them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tidegate.errors import FinanceError
from tidegate.finance.month import Month
from tidegate.finance.sources import Split
from tidegate.plan.liveusage import BilledLine, GivenBack, LiveUsage, MeteredHour, PoolSeconds
from tidegate.quantity import Money

D = Decimal
H = 3600
MARCH = Month(2026, 3)


def usd(amount: str, currency: str = "USD") -> Money:
    return Money(D(amount), currency)


POOLS = (
    PoolSeconds("a", MARCH, own=4 * 744 * H, sanitising=2 * H, failed=5 * H, watched=8 * 744 * H),
    PoolSeconds("b", MARCH + 1, own=99_999 * H, sanitising=0, failed=24 * H, watched=99_999 * H),
)


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
        pools=POOLS,
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


def test_hours_split_as_the_nodes_were():
    used = {(u.pool, u.month): u.hours for u in live(LINES).usage()}
    march = used["a", MARCH]
    assert march == Split(D(2976), D(3), D(2), D(8 * 744 - 2986), D(5))
    # Nothing was watched there: what is not leased is idle.
    assert used["b", MARCH] == Split(idle=D(16 * 744))
    # More than there is: own hours give way, and all still adds up.
    over = used["b", MARCH + 1]
    assert over == Split(own=D(16 * 24 - 25), leased=D(1), failed=D(24))


def test_without_leasing_own_and_failed_stand_and_the_rest_is_idle():
    alone = {(u.pool, u.month): u for u in live(LINES).usage_without_leasing()}
    march = alone["a", MARCH].hours
    assert march == Split(own=D(2976), idle=D(8 * 744 - 2981), failed=D(5))
    assert alone["a", MARCH].charged == 0


def test_credit_notes_fall_to_the_pool_of_their_lease_and_goodwill_to_all_by_rent():
    notes = (
        GivenBack("CN-1", "l1", MARCH + 1, usd("1.50")),
        GivenBack("CN-2", None, MARCH, usd("4.00")),
    )
    used = {(u.pool, u.month): u.returned for u in live(LINES, notes).usage()}
    assert used["a", MARCH + 1] == D("1.50")
    assert (used["a", MARCH], used["b", MARCH]) == (D(3), D(1))


def test_what_is_not_invoiced_and_what_was_watched_is_told():
    assert "6,336 of 18,432 GPU-hours" in live(LINES).notes()[0]
    assert "4 GPU-hours were metered, 4 of them" in live(LINES).notes()[2]
    assert "4 GPU-hours were metered, 0 of them" in live(()).notes()[2]


def test_two_currencies_have_no_rate():
    euros = (*LINES, BilledLine("INV-3", "a", "flex", "l3", MARCH, 1, usd("1.00", "EUR")))
    with pytest.raises(FinanceError) as caught:
        _ = live(euros).currency
    assert caught.value.code == "TG-FIN-RATE"
    assert live(()).currency == "USD"
