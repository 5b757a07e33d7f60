"""Quantiles of the future maximum, from alike moments of the past, kept up to date tick by tick.

A tick costs a few hundred steps per horizon, whatever the length of the history.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.forecast.budget import issue, judge_past, may_be_missed, risk_of
from tidegate.forecast.choice import chosen, judge_candidates
from tidegate.forecast.classes import CELLS, back_off, classes, count
from tidegate.forecast.counts import least_value, total
from tidegate.forecast.observation import Observation
from tidegate.forecast.state import FutureMax

I64 = NDArray[np.int64]

HALF_LIFE_DAYS: Final = 14.0
"""After which a sample counts half."""

_SAME: Final = 1e-9
"""Counts that differ by less, relative to their sum, are equal."""


@compiled
def _window_max(state: FutureMax, j: int, i: int) -> int:
    """Push tick ``i`` into ring ``j`` and return the maximum over ticks ``i - length .. i``."""
    ring = state.window[state.at[j] : state.at[j + 1]]
    room = ring.size
    kept = state.past.shape[0]
    first, last = state.ends[j, 0], state.ends[j, 1]
    value = state.past[i % kept, 0]
    while last > first and state.past[ring[(last - 1) % room] % kept, 0] <= value:
        last -= 1
    ring[last % room] = i
    last += 1
    if ring[first % room] < i - state.length[j]:
        first += 1
    state.ends[j, 0], state.ends[j, 1] = first, last
    return state.past[ring[first % room] % kept, 0]


@compiled
def _quantile(state: FutureMax, j: int, first: int, unit: float) -> int:
    """Return the rise that is exceeded at the horizon's risk, or all nodes when the past does not say.

    Rows from ``first`` on are mixed. One sample of infinity is added, as in weighted conformal
    prediction (Tibshirani, Barber, Candes and Ramdas, NeurIPS 2019).
    """
    rows, row, weight = state.rows[j], state.row[1, first:], state.weight[1, first:]
    everything = total(rows, row, weight) + unit
    found = least_value(rows, row, weight, (1.0 - state.risk[j] - _SAME) * everything)
    return state.nodes if found < 0 else found


@compiled
def observe(state: FutureMax, i: int, day_s: int, observation: Observation, ahead: I64) -> None:
    """Take in what is seen at tick ``i`` and renew the bounds.

    Parameters
    ----------
    state : FutureMax
        Changed in place: ``state.bound`` holds the new bounds.
    i : int
        Number of the tick; ticks come in order, from 0.
    day_s : int
        Time of day at the site, in seconds since midnight, below 86,400.
    observation : Observation
        Its demand from 0 to the pool's nodes.
    ahead : int64 array, shape (1 + horizons,)
        Nodes announced for now, and the most announced for any tick until each horizon.
    """
    room = state.past.shape[0]
    demand = observation.demand
    state.past[i % room, 0] = demand
    state.past[i % room, 1] = day_s
    # Instead of old samples losing weight, new ones weigh more: a float holds 39 years of that.
    unit = 2.0 ** (i / (HALF_LIFE_DAYS * state.day))
    classes(demand, day_s, state.nodes, state.row[0], state.weight[0])
    before = 0
    for j in range(state.length.size):
        top = _window_max(state, j, i)
        begun = i - state.length[j]
        if begun >= 0:
            first = state.past[begun % room]
            classes(first[0], first[1], state.nodes, state.row[1], state.weight[1])
            rise = max(0, top - state.base[state.at[j] + begun % (state.length[j] + 2)])
            count(state.rows[j], state.row[1], state.weight[1], rise, unit)
            judge_candidates(state, j, begun, top)
        judge_past(state, j, i, top)
        state.risk[j] = risk_of(state, j)
        state.row[1], state.weight[1] = state.row[0], state.weight[0]
        base = min(state.nodes, max(0, demand - ahead[0]) + ahead[1 + j])
        state.base[state.at[j] + i % (state.length[j] + 2)] = base
        by_level = min(state.nodes, base + _quantile(state, j, CELLS, unit))
        back_off(state.rows[j], state.row[1], state.weight[1], state.day / 24.0, unit)
        by_hour = min(state.nodes, base + _quantile(state, j, 0, unit))
        bound = max(before, chosen(state, j, i, by_level, by_hour))
        if bound < state.nodes and not may_be_missed(state, j):
            bound = state.nodes
        issue(state, j, i, bound)
        state.bound[j] = bound
        before = bound


@compiled
def replay(state: FutureMax, first: int, day_s: I64, demand: I64, ahead: I64) -> None:
    """Take in tick after tick, from tick ``first`` on; see :func:`observe`.

    Parameters
    ----------
    state : FutureMax
        Changed in place.
    first : int
        Number of the first tick.
    day_s, demand : int64 array, shape (ticks,)
        Time of day at the site in seconds, and demand from 0 to the pool's nodes.
    ahead : int64 array, shape (ticks, 1 + horizons)
        What was announced.
    """
    for k in range(demand.size):
        observe(state, first + k, day_s[k], Observation(demand[k]), ahead[k])
