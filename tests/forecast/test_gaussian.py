"""The Gaussian forecast: as the page has it, and blind to the future."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.naive.gaussian import use as naive_use

from tidegate.forecast.gaussian import forecast_free_nodes, gaussian_use

HOUR_S = 3600
LAGS = (1, 2, 5)


@st.composite
def owners(draw: st.DrawFn, ticks: int) -> list[list[int]]:
    series = st.lists(st.integers(0, 60), min_size=ticks, max_size=ticks)
    return draw(st.lists(series, min_size=1, max_size=4))


def as_arrays(rows: list[list[int]]) -> list[np.ndarray]:
    return [np.array(row, dtype=np.float64) for row in rows]


@given(rows=st.integers(6, 20).flatmap(owners))
def test_use_is_that_of_the_page(rows: list[list[int]]):
    ticks = len(rows[0])
    found = gaussian_use(as_arrays(rows), ticks, LAGS)
    expected = [[naive_use(rows, now, lag) for now in range(ticks)] for lag in LAGS]
    # A variance of nothing is the root of a rounding error: exact to half the digits.
    np.testing.assert_allclose(found, expected, atol=1e-5)


@given(rows=owners(16), future=owners(16), now=st.integers(0, 15), nodes=st.integers(1, 12))
def test_the_future_changes_nothing_before_it(
    rows: list[list[int]], future: list[list[int]], now: int, nodes: int
):
    others = [
        row[: now + 1] + future[place % len(future)][now + 1 :] for place, row in enumerate(rows)
    ]
    free, freed = (
        forecast_free_nodes(as_arrays(x), 16, nodes=nodes, gpus_per_node=8, tick_s=HOUR_S)
        for x in (rows, others)
    )
    assert free[: now + 1].tolist() == freed[: now + 1].tolist()


@given(rows=owners(16), nodes=st.integers(1, 12), per_node=st.sampled_from([1, 2, 8]))
def test_what_is_free_is_part_of_the_pool(rows: list[list[int]], nodes: int, per_node: int):
    free = forecast_free_nodes(
        as_arrays(rows), 16, nodes=nodes, gpus_per_node=per_node, tick_s=HOUR_S
    )
    assert free.dtype == np.int64
    assert np.all(free[:4] == 0)
    assert np.all((free >= 0) & (free <= nodes))


def test_a_constant_demand_leaves_the_rest():
    # 17 of 40 GPUs: 23 are free, two whole nodes.
    free = forecast_free_nodes(
        [np.full(6, 9.0), np.full(6, 8.0)], 6, nodes=5, gpus_per_node=8, tick_s=HOUR_S
    )
    assert free.tolist() == [0, 0, 0, 0, 2, 2]


def test_means_and_variances_of_owners_add_up():
    # Each owner goes up and down by 10 in turn: after two changes their mean is 0, their deviation 10.
    swings = np.array([0.0, 10.0, 0.0])
    use = gaussian_use([swings, swings], 3, (1,))
    assert use[0, 0] == math.inf
    assert use[0, 1] == pytest.approx(2 * (10 + 10))
    assert use[0, 2] == pytest.approx(1.2815516 * math.sqrt(2) * 10)


def test_jobs_that_nobody_submitted_leave_everything_free_once_that_is_known():
    # A log without a single owner's series has no change to learn from but the pool is empty.
    free = forecast_free_nodes([], 6, nodes=5, gpus_per_node=8, tick_s=HOUR_S)
    assert free.tolist() == [0, 0, 0, 0, 5, 5]
