"""Costs, coverage and returns as worked by hand, and as other libraries work them out."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy_financial
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.finance.fleets import Given, books_of, used

from tidegate.errors import FinanceError, Place
from tidegate.finance.asset import Disposal
from tidegate.finance.costs import Band, Rates, Tariff, cost_book, default_parameters
from tidegate.finance.cover import LINES
from tidegate.finance.coverage import coverage
from tidegate.finance.hour import hour_cost
from tidegate.finance.month import Month
from tidegate.finance.returns import returns
from tidegate.finance.schedule import schedule

D = Decimal
JUNE = Month(2025, 6)  # 720 hours


def test_an_hour_worked_by_hand():
    """8 GPUs at 35,064 over 4 years: 8,766 a year each, 730.50 a month; 1 kW at 0.08 x 1.25."""
    books = books_of(("a", "H100-SXM", 8, D(35_064)))
    cost = hour_cost(books.holdings[0], books, schedule(books.holdings[0].asset), JUNE)
    assert cost.depreciation == D("730.5") / 720
    assert (cost.power_busy, cost.power_idle, cost.marginal) == (D("0.1"), D("0.05"), D("0.05"))
    assert cost.full == D("730.5") / 720 + D("0.1")
    # Half of the hours sold: 2 x standing costs of all hours, and the power of those sold.
    standing = D("730.5") / 720 + D("0.05")
    assert cost.break_even(D("0.5")) == 2 * standing + D("0.05")


def test_every_line_of_an_hour():
    costs = {
        "space": D(100),
        "operations": D("0.08"),
        "spares": D("0.01"),
        "network_share": D("0.2"),
        "capital_rate": D("0.1"),
    }
    books = books_of(("a", "H100-SXM", 8, D(35_064)), costs=costs)
    cost = hour_cost(books.holdings[0], books, schedule(books.holdings[0].asset), JUNE)
    assert cost.network == cost.depreciation / 4  # a fifth of the cluster is a quarter of the chips
    assert round(cost.space, 6) == round(D(1200) / 8766, 6)
    assert cost.operations == D(35_064) * D("0.08") / 8766
    # Book value on average 35,064 less 5.5 months of 730.50, with the network on top, at 10 % a year.
    value = (D(35_064) - D("5.5") * D("730.5")) / D("0.8")
    assert abs(cost.capital - value / 10 / 8766) < D("1e-9")


def test_coverage_worked_by_hand():
    """One pool of 8 GPUs in June: 5,760 GPU-hours, half own, a quarter leased at 2."""
    books = books_of(("a", "H100-SXM", 8, D(35_064)), market_rent=D(3))
    month = used("pool-a", JUNE, own=2880, leased=1440, idle=1440, rent="2880", back="80")
    alone = used("pool-a", JUNE, own=2880, leased=0, idle=2880)
    found = coverage(books, Given((month,), (alone,)))
    total, without = found.total(), found.total(leasing=False)
    assert total.net_rent == 2800
    assert total.costs["power"] == 4320 * D("0.1") + 1440 * D("0.05")
    assert total.costs["depreciation"] == pytest.approx(D("730.5") * 8)
    assert total.leasing_cost == 1440 * D("0.05")
    assert total.margin == 2800 - 72
    assert total.ratio("depreciation") == pytest.approx(D(2800) / 5844)
    assert total.own_value == 3 * 2880
    # Leasing changes the result by rent less its power, and nothing else.
    assert total.result - without.result == pytest.approx(D(2800 - 72))


def test_cohorts_of_a_pool_share_by_gpus():
    import dataclasses  # noqa: PLC0415

    books = books_of(("a", "H100-SXM", 24, D(1)), ("b", "H100-SXM", 8, D(1)))
    pool = books.holdings[0].pool
    both = tuple(dataclasses.replace(h, pool=pool) for h in books.holdings)
    found = coverage(
        dataclasses.replace(books, holdings=both),
        Given((used("pool-a", JUNE, own=0, leased=100, idle=0, rent="400"),)),
    )
    assert {row.cohort: row.cover.rent for row in found.rows} == {"a": D(300), "b": D(100)}


hours = st.integers(0, 10_000)


@given(st.lists(st.tuples(hours, hours, hours, hours), min_size=1, max_size=6))
def test_parts_add_up_to_the_whole(months: list[tuple[int, int, int, int]]):
    books = books_of(("a", "H100-SXM", 8, D(30_000)), ("b", "A100-80-SXM", 16, D(9_000)))
    given_months = tuple(
        used(f"pool-{'ab'[n % 2]}", JUNE + n // 2, own=o, leased=lease, idle=i, rent=str(r))
        for n, (o, lease, i, r) in enumerate(months)
    )
    found = coverage(books, Given(given_months))
    total = found.total()
    assert total.hours.total == sum(o + lease + i for o, lease, i, _ in months)
    for keys in (("tier",), ("pool", "month"), ("cohort",)):
        parts = found.by(*keys).values()
        assert sum(c.net_rent for c in parts) == pytest.approx(total.net_rent)
        for line in LINES:
            assert sum(c.costs[line] for c in parts) == pytest.approx(total.costs[line])


def test_npv_and_irr_as_numpy_financial():
    flows = [D(-1000), *[D(100)] * 12]
    found = returns(flows, D("0.1"))
    monthly = 1.1 ** (1 / 12) - 1
    numbers = [float(flow) for flow in flows]
    assert float(found.npv) == pytest.approx(numpy_financial.npv(monthly, numbers))
    assert found.irr == pytest.approx((1 + numpy_financial.irr(numbers)) ** 12 - 1)
    assert found.payback_months == 10


def test_no_return_without_a_change_of_sign():
    found = returns([D(-1000), D(-1), D(-1)], D("0.1"))
    assert (found.irr, found.payback_months) == (None, None)


def test_every_default_says_where_it_comes_from():
    for parameter in default_parameters().values():
        assert parameter.source
        assert parameter.low <= parameter.value <= parameter.high


def test_a_tariff_with_bands_is_weighed_by_load():
    week = tuple(range(7))
    tariff = Tariff("n", (Band(week, 0, 12, D("0.05")), Band(week, 12, 24, D("0.15"))))
    assert tariff.mean_price() == D("0.10")
    night = tuple(D(3) if hour < 12 else D(1) for hour in range(24))
    assert tariff.mean_price(night) == D("0.075")


def test_a_tariff_with_a_hole_is_refused():
    with pytest.raises(FinanceError, match="no price for sat") as caught:
        Tariff("n", (Band(tuple(range(5)), 0, 24, D("0.05")),))
    assert caught.value.code == "TG-FIN-TARIFF"


def test_defaults_in_dollars_need_a_rate():
    with pytest.raises(FinanceError) as caught:
        cost_book({}, Rates("EUR", {}), "books.toml")
    assert caught.value.code == "TG-FIN-RATE"
    book = cost_book({}, Rates("EUR", {"USD": D("0.5")}), "books.toml")
    assert book["power_price"] == default_parameters()["power_price"].value / 2


def test_rent_in_another_currency_needs_a_rate():
    books = books_of(("a", "H100-SXM", 8, D(30_000)))
    month = used("pool-a", JUNE, own=1, leased=1, idle=1, rent="2")
    with pytest.raises(FinanceError) as caught:
        coverage(books, Given((month,), currency="EUR"))
    assert caught.value.code == "TG-FIN-RATE"


def test_a_fleet_that_was_sold_before_is_an_error_and_one_to_come_is_told():
    books = books_of(("a", "H100-SXM", 8, D(35_064)), in_service=date(2026, 1, 1))
    month = used("pool-a", JUNE, own=2880, leased=0, idle=2880)
    found = coverage(books, Given((month,), (month,)))
    assert "Cohort a comes into service on 2026-01-01" in found.notes[-1]
    assert found.total().costs["depreciation"] == 0
    (holding,) = books_of(("a", "H100-SXM", 8, D(35_064))).holdings
    gone = replace(holding.asset, disposals=(Disposal(date(2025, 2, 1), 8, D(1), D(0), Place()),))
    sold = replace(books, holdings=(replace(holding, asset=gone),))
    with pytest.raises(FinanceError) as caught:
        coverage(sold, Given((month,), (month,)))
    assert caught.value.code == "TG-FIN-COHORT"
