"""Positions between points of the sliders' grid."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.plan.surface import AXES, YEARS, points, surface_of


def plane(at: dict[str, float]) -> float:
    """What is linear in every slider is met everywhere."""
    return 1 + at["entry"] / 100 - at["own_use"] / 10 + at["demand"] * at["slip"] / 50


SURFACE = surface_of([[[plane(at)] for _ in YEARS] for at in points()], (), "H100-SXM")


@given(st.fixed_dictionaries({a.key: st.floats(a.points[0], a.points[-1]) for a in AXES}))
def test_between_points_it_is_linear_in_each_slider(at: dict[str, float]):
    assert SURFACE.at(at) == [pytest.approx([plane(at)])] * len(YEARS)


def test_at_its_ends_and_beyond():
    ends = [(a.points[0], a.points[-1]) for a in AXES]
    for values in product(*ends):
        at = {a.key: v for a, v in zip(AXES, values, strict=True)}
        assert SURFACE.at(at)[0][0] == pytest.approx(plane(at))
    start = {a.key: a.start for a in AXES}
    assert SURFACE.at({})[0][0] == pytest.approx(plane(start))
    assert SURFACE.at({"entry": 1e9}) == SURFACE.at({"entry": AXES[0].points[-1]})
