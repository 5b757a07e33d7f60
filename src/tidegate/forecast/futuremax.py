"""Quantiles of the future maximum, from alike moments of the past, kept up to date tick by tick.

A tick costs a few hundred steps per horizon, whatever the length of the history.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.forecast.budget import issue, judge_past, may_be_missed, risk_of
from tidegate.forecast.choice import chosen, judge_candidates
from tidegate.forecast.classes import CELLS, DAY_S, MIXED, ROWS, back_off, classes, count
from tidegate.forecast.counts import least_value, new_rows, total
from tidegate.forecast.observation import Observation

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

_H: Final = 3600
HORIZONS_S: Final[tuple[int, ...]] = (
    *(300, 600, 900, 1800),
    *(hours * _H for hours in (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168)),
)
"""The horizons of the quota curve, in seconds, ascending."""

HALF_LIFE_DAYS: Final = 14.0
"""After which a sample counts half."""

_SAME: Final = 1e-9
"""Counts that differ by less, relative to their sum, are equal."""


class FutureMax(NamedTuple):
    """State of the forecaster, as compiled code takes it.

    Attributes
    ----------
    nodes : int
        Nodes of the pool.
    day : float
        Ticks of a day.
    length : int64 array, shape (horizons,)
        Horizons in ticks.
    eps : float64 array, shape (horizons,)
        The risk asked for.
    past : int64 array, shape (longest + 2, 2)
        A ring of what was observed of late: demand in nodes, and the time of day in seconds.
    at : int64 array, shape (horizons + 1,)
        Where each horizon's ring of ``length + 2`` places begins in the arrays of rings below.
    window : int64 array, shape (places,)
        Rings of the ticks that can still be the maximum of the running window.
    ends : int64 array, shape (horizons, 2)
        First entry and one past the last of each ring, ever increasing.
    rows : float64 array, shape (horizons, rows, size + 1)
        Rises above the window's first demand, by class of its first moment: see ``counts`` and ``classes``.
    row, weight : int64 and float64 arrays, shape (2, 7)
        The classes of the latest tick, and room for those of a window's first and for a mixture.
    bound : int64 array, shape (horizons,)
        Upper bounds of demand after the latest tick, in nodes.
    risk : float64 array, shape (horizons,)
        Risk at which each horizon's quantile was taken.
    balance : float64 array, shape (horizons,)
        Misses allowed by ``eps`` so far less those that came.
    open : int64 array, shape (horizons, nodes + 1)
        How many bounds of each value may still be missed; the last column holds their sum.
    issued : int32 array, shape (places,)
        Rings of the bounds issued; -1 for those that do not count or cannot be missed.
    candidate : int32 array, shape (places, 2)
        Rings of the bounds by level and by hour.
    lost : float64 array, shape (horizons, 2)
        Their losses so far.
    lowest : int64 array, shape (horizons,)
        No open bound lies below.
    """

    nodes: int
    day: float
    length: I64
    eps: F64
    past: I64
    at: I64
    window: I64
    ends: I64
    rows: F64
    row: I64
    weight: F64
    bound: I64
    risk: F64
    balance: F64
    open: I64
    issued: I32
    candidate: I32
    lost: F64
    lowest: I64


def new_future_max(nodes: int, tick_s: int, eps: float | F64) -> FutureMax:
    """Return a forecaster that has seen nothing.

    Parameters
    ----------
    nodes : int
        Nodes of the pool.
    tick_s : int
        Seconds between ticks.
    eps : float or float64 array, shape (horizons,)
        Risk in (0, 1), of all horizons or of each.
    """
    step_s = max(1, tick_s)
    length = np.array([max(1, h // step_s) for h in HORIZONS_S], dtype=np.int64)
    horizons = length.size
    room = int(length.max()) + 2
    at = np.append(0, np.cumsum(length + 2))
    risk = np.broadcast_to(np.asarray(eps, dtype=np.float64), (horizons,))
    return FutureMax(
        nodes=nodes,
        day=DAY_S / step_s,
        length=length,
        eps=risk.copy(),
        past=np.zeros((room, 2), dtype=np.int64),
        at=at,
        window=np.zeros(at[-1], dtype=np.int64),
        ends=np.zeros((horizons, 2), dtype=np.int64),
        rows=new_rows((horizons, ROWS), nodes + 1),
        row=np.zeros((2, MIXED), dtype=np.int64),
        weight=np.zeros((2, MIXED)),
        bound=np.full(horizons, nodes, dtype=np.int64),
        risk=risk.copy(),
        balance=np.zeros(horizons),
        open=np.zeros((horizons, nodes + 1), dtype=np.int64),
        issued=np.full(at[-1], -1, dtype=np.int32),
        candidate=np.zeros((int(at[-1]), 2), dtype=np.int32),
        lost=np.zeros((horizons, 2)),
        lowest=np.zeros(horizons, dtype=np.int64),
    )


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
def observe(state: FutureMax, i: int, day_s: int, observation: Observation) -> None:
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
            count(state.rows[j], state.row[1], state.weight[1], top - first[0], unit)
            judge_candidates(state, j, begun, top)
        judge_past(state, j, i, top)
        state.risk[j] = risk_of(state, j)
        state.row[1], state.weight[1] = state.row[0], state.weight[0]
        by_level = min(state.nodes, demand + _quantile(state, j, CELLS, unit))
        back_off(state.rows[j], state.row[1], state.weight[1], state.day / 24.0, unit)
        by_hour = min(state.nodes, demand + _quantile(state, j, 0, unit))
        bound = max(before, chosen(state, j, i, by_level, by_hour))
        if bound < state.nodes and not may_be_missed(state, j):
            bound = state.nodes
        issue(state, j, i, bound)
        state.bound[j] = bound
        before = bound
