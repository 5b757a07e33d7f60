"""Impairment by either standard, as worked by hand; indicators; the memo; lease flags; when rent is earned."""

import dataclasses
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.finance.test_tiers import measured, stressed

from tidegate.errors import FinanceError
from tidegate.finance.asset import Writedown
from tidegate.finance.contract import Bill, Contract
from tidegate.finance.coverage import Coverage
from tidegate.finance.impairment import impairment_test, judge
from tidegate.finance.ledger import Ledger
from tidegate.finance.memo import memo
from tidegate.finance.month import Month
from tidegate.finance.report.impairment import impairment_report
from tidegate.finance.revenue import contract_entries, earned, lease_flags
from tidegate.finance.thresholds import ImpairmentRules, Standard
from tidegate.lease import Product, ProductKind

D = Decimal


@pytest.mark.parametrize(
    ("standard", "more", "recoverable", "loss", "reversal"),
    [
        # IAS 36, illustrative: the higher of 830 - 30 and 860 stands against 1,000.
        (Standard.IAS_36, {}, 860, 140, 0),
        (Standard.IAS_36, {"value_in_use": 700.0}, 800, 200, 0),
        # Up to what it would be without the earlier loss, and no further (36.117).
        (Standard.IAS_36, {"value_in_use": 1_500.0, "unimpaired": 1_200.0}, 1_500, 0, 200),
        # ASC 360: undiscounted 1,050 suffice, so that nothing is written down.
        (Standard.ASC_360, {}, 1_050, 0, 0),
        # They do not: down to fair value, without costs of disposal for what is held and used.
        (Standard.ASC_360, {"undiscounted": 990.0}, 830, 170, 0),
        (Standard.ASC_360, {"undiscounted": 9_000.0, "unimpaired": 1_200.0}, 9_000, 0, 0),
        (Standard.ASC_360, {"undiscounted": 990.0, "fair_value": 1_010.0}, 1_010, 0, 0),
    ],
)
def test_the_standards_as_worked_by_hand(
    standard: Standard, more: dict[str, float], recoverable: float, loss: float, reversal: float
):
    figures = {
        "carrying": 1_000.0,
        "unimpaired": 1_000.0,
        "fair_value": 830.0,
        "disposal_cost": 30.0,
        "value_in_use": 860.0,
        "undiscounted": 1_050.0,
        **more,
    }
    assert judge(standard, **figures) == (recoverable, loss, reversal)


RULES = ImpairmentRules()


def test_a_unit_on_paths_that_can_be_worked_out():
    """Flat rents of 1 and resale of 11,000: 30,000 of 57,600 hours leased, less power, space and operations."""
    it = measured()
    found = stressed(it, 1.0, 1.0)
    still = dataclasses.replace(found, power=np.ones_like(found.power))
    test = impairment_test(it, still, RULES)
    (unit,) = test.units
    end = int(found.inputs.ends[0])
    assert end == 18  # six years from January 2022, counted from June 2026
    inputs = found.inputs
    month = float(
        inputs.leased_h[0] * (inputs.rent[0] - inputs.power_hour[0])
        - inputs.fixed[0]
        - inputs.power_base[0]
    )
    d = 1.1 ** (-1 / 12)
    sale = 80 * 11_000 * 0.9
    assert unit.value_in_use == pytest.approx(
        month * sum(d ** (n + 1) for n in range(end)) + sale * d**end
    )
    assert unit.undiscounted == pytest.approx(month * end + sale)
    assert unit.fair_value == 880_000
    assert unit.disposal_cost == pytest.approx(88_000)
    # 1,200,000 over 72 months, 54 of them gone.
    assert unit.carrying == pytest.approx(300_000)
    assert unit.headroom == unit.recoverable - unit.carrying


def test_a_fall_of_rents_and_prices_brings_a_loss():
    it = measured(since=2026)
    collapsed = stressed(it, 0.9, 0.9)
    for standard in Standard:
        rules = dataclasses.replace(RULES, standard=standard)
        (unit,) = impairment_test(it, collapsed, rules).units
        assert unit.loss == pytest.approx(unit.carrying - unit.recoverable)
        assert unit.loss > 0
        assert unit.at_risk == (1.0, 1.0, 1.0)
        ((cohort, book, share),) = unit.shares()
        assert (cohort, book) == ("a", unit.carrying)
        assert share == pytest.approx(unit.loss)


def with_writedown(it: Coverage, amount: D) -> Coverage:
    holding = it.books.holdings[0]
    asset = dataclasses.replace(holding.asset, writedowns=(Writedown(date(2025, 12, 31), amount),))
    books = dataclasses.replace(it.books, holdings=(dataclasses.replace(holding, asset=asset),))
    return dataclasses.replace(it, books=books)


def test_an_earlier_loss_is_reversed_under_ias_36_alone():
    it = with_writedown(measured(), D(120_000))
    found = stressed(it, 1.0, 1.0)
    (unit,) = impairment_test(it, found, RULES).units
    # 400,000 at the end of 2025 less 120,000 leaves 280,000 over 24 months, 6 of them gone; without it 300,000.
    assert unit.carrying == pytest.approx(210_000)
    assert unit.unimpaired == pytest.approx(300_000)
    assert unit.reversal == pytest.approx(90_000)
    us = dataclasses.replace(RULES, standard=Standard.ASC_360)
    assert impairment_test(it, found, us).units[0].reversal == 0


def test_headroom_is_gone_at_the_rent_that_is_told():
    it = measured(since=2026)
    found = stressed(it, 1.0, 0.5)
    rules = dataclasses.replace(RULES, standard=Standard.ASC_360)
    (unit,) = impairment_test(it, found, rules).units
    if unit.rent_at_zero is not None:
        assert 0 < unit.rent_at_zero < 1


def test_indicators_alert_where_they_should():
    it = measured(leased=5_000, idle=52_600, since=2026)
    test = impairment_test(it, stressed(it, 0.95, 0.9), RULES)
    signs = {i.name: i.sign for i in test.indicators}
    assert signs["idleness"] == "alert"  # 91 % idle
    assert signs["resale"] == "alert"  # 880,000 against 1,100,000
    assert signs["rent"] == "calm"  # the A100 rose in the last cited year
    assert signs["new generation"] == "alert"  # Blackwell Ultra came in August 2025


def test_units_may_be_tiers_or_the_fleet():
    it = measured()
    found = stressed(it)
    names = {
        unit: impairment_test(it, found, dataclasses.replace(RULES, unit=unit)).units[0].unit
        for unit in ("pool", "tier", "fleet")
    }
    assert names == {"pool": "pool-a", "tier": "legacy", "fleet": "fleet"}


def test_the_memo_has_its_inputs():
    it = measured(since=2026)
    test = impairment_test(it, stressed(it, 0.9, 0.9), RULES)
    text = memo(test)
    for part in (
        "a loss of",
        "IAS 36",
        "Discount rate: 10 % a year",
        "11,000 USD",
        "seed 0",
        "| carrying amount |",
    ):
        assert part in text
    flags = (lease_flags(Product("day", ProductKind.RESERVED, 0, 600)),)
    report = impairment_report(test, flags)
    assert report.table("flags").rows[0][:3] == ("day", "reserved", "open")


@pytest.mark.parametrize(
    ("kind", "points_to"),
    [
        (ProductKind.PREEMPTIBLE, "service"),
        (ProductKind.FLEX, "service"),
        (ProductKind.ON_DEMAND, "service"),
        (ProductKind.RESERVED, "open"),
        (ProductKind.GRANT, "nothing sold"),
    ],
)
def test_flags(kind: ProductKind, points_to: str):
    assert lease_flags(Product("p", kind, 0, 600)).points_to == points_to


def test_a_prepaid_year_is_deferred():
    """365 a day for 2026, all billed in December before: by hand, 11,315 of 133,225 are earned in January."""
    year = Contract(
        "y",
        "year",
        date(2026, 1, 1),
        date(2026, 12, 31),
        "USD",
        (Bill(date(2025, 12, 15), D(133_225)),),
    )
    rows = earned(year)
    assert (rows[0].earned, rows[0].deferred) == (D(0), D(133_225))
    assert (rows[1].earned, rows[1].deferred) == (D(11_315), D(121_910))
    assert rows[-1].deferred == 0


def test_a_term_billed_at_its_end_is_accrued():
    term = Contract(
        "t", "week", date(2026, 1, 25), date(2026, 2, 3), "USD", (Bill(date(2026, 2, 3), D(100)),)
    )
    january, february = earned(term)
    assert (january.earned, january.accrued) == (D(70), D(70))
    assert (february.earned, february.accrued, february.deferred) == (D(30), D(0), D(0))


def test_a_contract_that_ends_before_it_begins():
    with pytest.raises(FinanceError) as caught:
        Contract("t", "week", date(2026, 2, 1), date(2026, 1, 1), "USD", ())
    assert caught.value.code == "TG-FIN-ORDER"


@given(
    start=st.dates(date(2025, 1, 1), date(2026, 1, 1)),
    days=st.integers(1, 800),
    bills=st.lists(
        st.tuples(st.integers(-60, 900), st.decimals(1, 10_000, places=2)), min_size=1, max_size=5
    ),
)
def test_all_is_earned_once_and_the_ledger_balances(
    start: date, days: int, bills: list[tuple[int, D]]
):
    it = Contract(
        "c",
        "year",
        start,
        date.fromordinal(start.toordinal() + days - 1),
        "USD",
        tuple(Bill(date.fromordinal(start.toordinal() + after), amount) for after, amount in bills),
    )
    rows = earned(it)
    assert sum(row.earned for row in rows) == it.total
    assert rows[-1].deferred == rows[-1].accrued == 0
    assert all(row.earned >= 0 and not (row.deferred and row.accrued) for row in rows)
    ledger = Ledger().post(contract_entries([it], Month(2030, 1)))
    assert sum(ledger.trial_balance().values()) == 0


def test_a_loss_put_into_the_books_as_it_is_told_leaves_none():
    """What the allocation says, booked as a write-down, brings the book value down to what is recoverable."""
    it = measured(since=2026)
    found = stressed(it, 0.9, 0.9)
    test = impairment_test(it, found, RULES)
    (unit,) = test.units
    ((_, _, share),) = unit.shares()
    row = impairment_report(test, ()).table("allocation").rows[0]
    assert f"amount = {share:.2f}" in str(row[4])
    amount = D(f"{share:.2f}")
    holding = it.books.holdings[0]
    booked = dataclasses.replace(holding.asset, writedowns=(Writedown(date(2026, 6, 30), amount),))
    books = dataclasses.replace(it.books, holdings=(dataclasses.replace(holding, asset=booked),))
    after = dataclasses.replace(it, books=books)
    again = impairment_test(after, stressed(after, 0.9, 0.9), RULES).units[0]
    assert again.carrying == pytest.approx(unit.recoverable, abs=0.02)
    assert again.loss == pytest.approx(0, abs=0.02)
