"""The forecast that people look at: how far demand may rise, in which share of the futures."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.forecast import DAY_S, HORIZONS_S, Observation, fan, new_future_max, observe

TICK_S = 3600
SHARES = np.array([0.5, 0.8, 0.95])


def after(demand: list[int], nodes: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """The fan after a history."""
    state = new_future_max(nodes, TICK_S, 0.1)
    for i, value in enumerate(demand):
        nothing = np.zeros(1 + len(HORIZONS_S), np.int64)
        observe(state, i, i * TICK_S % DAY_S, Observation(value), nothing)
    return fan(state, len(demand) - 1, SHARES)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=120))
def test_it_widens_with_time_and_share_and_stays_in_the_pool(demand: list[int]):
    found = after(demand, 9)
    assert np.all(np.diff(found, axis=0) >= 0)
    assert np.all(np.diff(found, axis=1) >= 0)
    assert found.min() >= demand[-1]
    assert found.max() <= 9


def test_a_pool_that_never_moves_is_foreseen_to_stay():
    found = after([4] * 24 * 40, 9)
    known = np.array(HORIZONS_S) <= 30 * DAY_S
    assert np.all(found[:, known] == 4)


def test_what_came_in_one_hour_of_four_is_not_in_half_of_the_futures():
    demand = [8 if i % 4 == 3 else 2 for i in range(24 * 40)]
    hour = HORIZONS_S.index(3600)
    assert demand[-1] == 8
    found = after([*demand, 2], 9)
    # The next hour is calm after three of four such moments; within four hours the rise always comes.
    assert found[0, hour] == 2
    assert np.all(found[:, HORIZONS_S.index(6 * 3600)] == 8)


def test_nothing_is_ruled_out_before_anything_was_seen():
    assert np.all(fan(new_future_max(9, TICK_S, 0.1), 0, SHARES) == 9)
