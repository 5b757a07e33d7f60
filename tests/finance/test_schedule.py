"""Schedules equal cases worked by hand in textbooks and standards, and add up to the cent."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import FinanceError
from tidegate.finance.asset import (
    Asset,
    Disposal,
    Method,
    Part,
    Revision,
    Spend,
    Writedown,
    months_between,
)
from tidegate.finance.flows import Schedule
from tidegate.finance.month import Month
from tidegate.finance.schedule import schedule

D = Decimal


def asset(*parts: Part, in_service: date = date(2020, 1, 1), gpus: int = 10, **more: Any) -> Asset:
    return Asset("c", gpus, "USD", in_service, parts, **more)


def crane(method: Method, **more: Any) -> Part:
    """Stanley Coal Mines' crane, the worked example of Kieso, Weygandt and Warfield, Intermediate
    Accounting, chapter 11: cost 500,000, residual 50,000, life 5 years, 30,000 hours."""
    return Part("chips", D(500_000), D(50_000), D(60), method, **more)


def by_year(found: Schedule) -> dict[int, D]:
    years: dict[int, D] = {}
    for row in found.rows:
        years[row.month.year] = years.get(row.month.year, D(0)) + row.flows.depreciation
    return {year: amount for year, amount in years.items() if amount}


def test_straight_line_as_in_kieso():
    years = by_year(schedule(asset(crane(Method.STRAIGHT_LINE))))
    assert years == dict.fromkeys(range(2020, 2025), D(90_000))


def test_activity_method_as_in_kieso():
    """4,000 hours in the first year: 450,000 x 4,000 / 30,000 = 60,000."""
    part = crane(Method.UNITS_OF_PRODUCTION, expected_gpu_hours=D(30_000))
    hours = {Month(2020, 1) + n: D(4_000) / 12 for n in range(12)}
    assert by_year(schedule(asset(part), gpu_hours=hours)) == {2020: D(60_000)}


def test_double_declining_balance_as_in_kieso():
    """40 % of 500,000, 300,000, 180,000, 108,000; the fifth year stops at the residual of 50,000."""
    years = by_year(schedule(asset(crane(Method.DECLINING_BALANCE))))
    assert list(years.values()) == [D(200_000), D(120_000), D(72_000), D(43_200), D(14_800)]


def test_partial_first_year_as_in_kieso():
    """Kieso, chapter 11, fractional years: cost 45,000, no residual, 5 years, bought on 10 June and
    counted from 1 July: 4,500 in the first calendar year, 9,000 in the next four, 4,500 in the last."""
    part = Part("chips", D(45_000), D(0), D(60))
    years = by_year(schedule(asset(part, in_service=date(2020, 7, 1))))
    assert list(years.values()) == [D(4_500), D(9_000), D(9_000), D(9_000), D(9_000), D(4_500)]


def test_change_of_estimate_as_in_kieso():
    """Kieso, chapter 11, revision of depreciation: 510,000, residual 10,000, 10 years; after 7 years the
    total life becomes 15 and the residual 5,000: (160,000 - 5,000) / 8 = 19,375 a year."""
    part = Part("chips", D(510_000), D(10_000), D(120))
    change = Revision(date(2027, 1, 1), D(180), D(5_000) / D(510_000))
    found = schedule(asset(part, revisions=(change,)))
    years = list(by_year(found).values())
    assert years == [D(50_000)] * 7 + [D(19_375)] * 8
    assert found.rows[-1].closing == D(5_000)


def test_impairment_lowers_later_depreciation():
    """IAS 36.63: after a loss the charge is the new book value over the remaining life. Worked by hand:
    120,000 over 10 years; after 4 years 72,000 is left; a loss of 24,000 leaves 48,000 over 6 years."""
    part = Part("chips", D(120_000), D(0), D(120))
    found = schedule(asset(part, writedowns=(Writedown(date(2023, 12, 31), D(24_000)),)))
    assert list(by_year(found).values()) == [D(12_000)] * 4 + [D(8_000)] * 6
    assert found.rows[-1].closing == 0


def test_partial_disposal_takes_its_share_and_shows_the_gain():
    """By hand: 120,000 over 10 years, half sold after 5 years (book value 30,000) for 40,000 less 1,000:
    a gain of 9,000; the other half goes on at 6,000 a year."""
    part = Part("chips", D(120_000), D(0), D(120))
    sale = Disposal(date(2024, 12, 31), 5, D(40_000), D(1_000))
    found = schedule(asset(part, disposals=(sale,)))
    december = found.row(Month(2024, 12))
    assert december.flows.gain == D(9_000)
    assert (december.gpus, december.closing) == (5, D(30_000))
    assert list(by_year(found).values()) == [D(12_000)] * 5 + [D(6_000)] * 5


def test_a_cohort_of_parts_with_lives_of_their_own():
    """IAS 16.43: chips over 4 years, the plant over 10."""
    parts = (Part("chips", D(48_000), D(0), D(48)), Part("plant", D(12_000), D(0), D(120)))
    found = schedule(asset(*parts))
    assert found.row(Month(2021, 5)).flows.depreciation == D(1_100)
    assert found.row(Month(2025, 5)).flows.depreciation == D(100)
    assert found.parts["plant"][0].closing == D(11_900)


def test_construction_is_in_progress_until_service():
    part = Part("chips", D(1_000), D(0), D(10))
    spends = (Spend(date(2019, 11, 5), D(600)), Spend(date(2019, 12, 20), D(400)))
    found = schedule(asset(part, spends=spends))
    assert [row.in_progress for row in found.rows[:3]] == [D(600), D(1_000), D(0)]
    assert [row.flows.depreciation for row in found.rows[:3]] == [D(0), D(0), D(100)]


def test_service_in_the_middle_of_a_month_counts_by_days():
    part = Part("chips", D(3_000), D(0), D(2))
    found = schedule(asset(part, in_service=date(2020, 4, 16)))
    assert [row.flows.depreciation for row in found.rows] == [D(750), D(1_500), D(750)]


def test_months_count_alike_whatever_their_length():
    assert months_between(date(2020, 2, 1), date(2021, 2, 1)) == 12
    assert months_between(date(2020, 4, 16), date(2020, 5, 1)) == D("0.5")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"disposals": (Disposal(date(2021, 1, 1), 6), Disposal(date(2021, 2, 1), 6))}, "SOLD"),
        ({"revisions": (Revision(date(2023, 1, 1), D(36)),)}, "LIFE"),
        ({"writedowns": (Writedown(date(2019, 1, 1), D(1)),)}, "ORDER"),
        ({"spends": (Spend(date(2019, 1, 1), D(1)),)}, "SPENT"),
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, Any], code: str):
    with pytest.raises(FinanceError) as caught:
        asset(crane(Method.STRAIGHT_LINE), **more)
    assert caught.value.code == f"TG-FIN-{code}"


def test_no_more_is_written_down_than_there_is():
    part = Part("chips", D(500_000), D(500_000), D(60))
    with pytest.raises(FinanceError, match="at most 500000"):
        schedule(asset(part, writedowns=(Writedown(date(2020, 1, 31), D(600_000)),)))


amounts = st.decimals(1, 10**9, places=2)


@given(
    costs=st.lists(amounts, min_size=1, max_size=3),
    life=st.decimals(1, 120, places=1),
    residual=st.decimals(0, 1, places=2),
    method=st.sampled_from([Method.STRAIGHT_LINE, Method.DECLINING_BALANCE]),
    start=st.dates(date(2015, 1, 1), date(2030, 12, 31)),
    sold=st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 3), amounts), max_size=3),
)
def test_every_row_adds_up_and_nothing_is_written_off_twice(
    costs: list[D],
    life: D,
    residual: D,
    method: Method,
    start: date,
    sold: list[tuple[int, int, D]],
):
    parts = tuple(
        Part(f"p{n}", cost, (cost * residual).quantize(D("0.01")), life, method)
        for n, cost in enumerate(costs)
    )
    disposals = tuple(
        Disposal(date.fromordinal(start.toordinal() + after), gpus, proceeds)
        for after, gpus, proceeds in sold
    )
    it = asset(*parts, in_service=start, disposals=disposals)
    found = schedule(it)
    before = D(0)
    for row in found.rows:
        f = row.flows
        assert row.opening == before
        assert row.closing == row.opening + f.additions - f.depreciation - f.disposed_cost + (
            f.disposed_depreciation
        )
        assert f.depreciation >= 0
        assert row.closing >= 0
        before = row.closing
        for name in ("depreciation", "proceeds", "disposed_cost"):
            place = row.month - found.rows[0].month
            shares = [getattr(rows[place].flows, name) for rows in found.parts.values()]
            assert sum(shares) == getattr(f, name)
    if not sold:
        assert found.rows[-1].closing == sum(part.residual for part in parts)
