"""The giant's map: worked by hand, from cited figures alone."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.finance.giant import giant_facts, giant_map, gpus_needed, revenue
from tidegate.finance.report.giant import giant_report

D = Decimal


def test_the_range_that_the_survey_gives():
    """8 to 15 billion need 280 to 860 thousand GPUs at 85 % and 3.79 to 2.35 USD."""
    few = gpus_needed(D(8) * 10**9, D("0.85"), D("3.79"))
    many = gpus_needed(D(15) * 10**9, D("0.85"), D("2.35"))
    assert round(few, -4) == 280_000
    assert round(many, -4) == 860_000
    told = giant_report(giant_map()).headline.values()
    assert f"{few:,.0f} to {many:,.0f}" in told


@given(st.integers(1, 10**7), st.decimals("0.01", 1, places=2), st.decimals("0.01", 20, places=2))
def test_needed_and_earned_are_each_other_s_inverse(gpus: int, occupancy: D, rent: D):
    assert gpus_needed(revenue(gpus, occupancy, rent), occupancy, rent) == pytest.approx(D(gpus))


def test_every_combination_is_placed():
    found = giant_map()
    for it in found.earned:
        inside = found.low <= it.billions <= found.high
        assert (it.where == "inside") == inside
    assert {e.where for e in found.earned} == {"below", "inside", "above"}
    assert not any(e.where == "inside" for e in giant_map(D(900), D(1000)).earned)


def test_every_figure_is_cited():
    assert all(fact.source and fact.date for fact in giant_facts().values())
