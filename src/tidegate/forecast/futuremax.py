"""Empirical quantiles of the future maximum, kept up to date tick by tick.

For every horizon the samples are counted by value, so that a quantile is a place in a histogram that moves by
little from tick to tick: a tick costs O(horizons) amortised, whatever the length of the history.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.forecast.observation import Observation

_H: Final = 3600
HORIZONS_S: Final[tuple[int, ...]] = (
    *(300, 600, 900, 1800),
    *(hours * _H for hours in (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168)),
)
"""The horizons of the quota curve, in seconds, ascending."""

STEP: Final = 0.0005
"""How far one missed bound moves a horizon's risk."""

# Columns of `FutureMax.rank`: the histogram's current place, and the samples below it.
_PLACE: Final = 0
_BELOW: Final = 1


class FutureMax(NamedTuple):
    """State of the forecaster, as compiled code takes it.

    Attributes
    ----------
    length : int64 array, shape (horizons,)
        Horizons in ticks.
    demand : int64 array, shape (longest + 2,)
        A ring of the demand observed of late, in nodes.
    window : int64 array, shape (horizons, longest + 2)
        Per horizon a ring of the ticks that can still be the maximum of the running window.
    ends : int64 array, shape (horizons, 2)
        First entry and one past the last of each ring, ever increasing.
    rises, levels : int64 array, shape (horizons, nodes + 1)
        How often each rise above the window's first demand, and each maximum, was seen.
    rank : int64 array, shape (horizons, 2, 2)
        Place of the quantile among rises and among levels, with the samples below it.
    bound : int64 array, shape (horizons,)
        Upper bounds of demand after the latest tick, in nodes.
    risk : float64 array, shape (horizons,)
        Risk at which each horizon's quantiles are taken, corrected online.
    issued : int64 array, shape (horizons, longest + 2)
        Per horizon a ring of the bounds issued; -1 for those that do not count.
    open : int64 array, shape (horizons, nodes + 1)
        How many bounds of each value have neither been missed nor passed.
    lowest : int64 array, shape (horizons,)
        No open bound lies below.
    """

    length: NDArray[np.int64]
    demand: NDArray[np.int64]
    window: NDArray[np.int64]
    ends: NDArray[np.int64]
    rises: NDArray[np.int64]
    levels: NDArray[np.int64]
    rank: NDArray[np.int64]
    bound: NDArray[np.int64]
    risk: NDArray[np.float64]
    issued: NDArray[np.int64]
    open: NDArray[np.int64]
    lowest: NDArray[np.int64]


def new_future_max(nodes: int, tick_s: int, eps: float) -> FutureMax:
    """Return a forecaster that has seen nothing, for ticks of ``tick_s`` seconds."""
    length = np.array([max(1, h // max(1, tick_s)) for h in HORIZONS_S], dtype=np.int64)
    horizons = length.size
    room = int(length.max()) + 2
    return FutureMax(
        length=length,
        demand=np.zeros(room, dtype=np.int64),
        window=np.zeros((horizons, room), dtype=np.int64),
        ends=np.zeros((horizons, 2), dtype=np.int64),
        rises=np.zeros((horizons, nodes + 1), dtype=np.int64),
        levels=np.zeros((horizons, nodes + 1), dtype=np.int64),
        rank=np.zeros((horizons, 2, 2), dtype=np.int64),
        bound=np.full(horizons, nodes, dtype=np.int64),
        risk=np.full(horizons, eps, dtype=np.float64),
        issued=np.full((horizons, room), -1, dtype=np.int64),
        open=np.zeros((horizons, nodes + 1), dtype=np.int64),
        lowest=np.zeros(horizons, dtype=np.int64),
    )


@compiled
def _window_max(state: FutureMax, j: int, i: int) -> int:
    """Push tick ``i`` into ring ``j`` and return the maximum over ticks ``i - length .. i``."""
    ring = state.window[j]
    room = ring.size
    first, last = state.ends[j, 0], state.ends[j, 1]
    value = state.demand[i % room]
    while last > first and state.demand[ring[(last - 1) % room] % room] <= value:
        last -= 1
    ring[last % room] = i
    last += 1
    if ring[first % room] < i - state.length[j]:
        first += 1
    state.ends[j, 0], state.ends[j, 1] = first, last
    return state.demand[ring[first % room] % room]


@compiled
def _add(histogram: NDArray[np.int64], rank: NDArray[np.int64], value: int) -> None:
    histogram[value] += 1
    if value < rank[_PLACE]:
        rank[_BELOW] += 1


@compiled
def _quantile(histogram: NDArray[np.int64], rank: NDArray[np.int64], n: int, eps: float) -> int:
    """Return the sample of rank ``n + 1 - floor((n + 1) eps)``, or the largest value when there is none.

    The rank is that of split conformal prediction (Vovk et al., Algorithmic Learning in a Random World, 2005): for
    exchangeable samples the next one exceeds it with probability at most ``eps``.
    """
    wanted = max(1, n + 1 - int(np.floor((n + 1) * eps)))
    if wanted > n:
        return histogram.size - 1
    place, below = rank[_PLACE], rank[_BELOW]
    while below >= wanted:
        place -= 1
        below -= histogram[place]
    while below + histogram[place] < wanted:
        below += histogram[place]
        place += 1
    rank[_PLACE], rank[_BELOW] = place, below
    return place


@compiled
def _judge_past(state: FutureMax, j: int, i: int, top: int, eps: float) -> None:
    """Count the bounds of horizon ``j`` that tick ``i`` shows wrong or right, and move the risk.

    A bound is wrong as soon as demand rises above it, and right when its window has passed: feedback comes
    at the earliest moment.
    """
    demand = state.demand[i % state.demand.size]
    missed = 0
    for bound in range(state.lowest[j], demand):
        missed += state.open[j, bound]
        state.open[j, bound] = 0
    state.lowest[j] = max(state.lowest[j], demand)
    state.risk[j] -= STEP * (1.0 - eps) * missed
    if i >= state.length[j]:
        bound = state.issued[j, (i - state.length[j]) % state.issued.shape[1]]
        if bound >= top:
            state.open[j, bound] -= 1
            state.risk[j] = min(1.0, state.risk[j] + STEP * eps)


@compiled
def _issue(state: FutureMax, j: int, i: int, bound: int) -> None:
    """Remember the bound of tick ``i`` until it is missed or kept."""
    state.issued[j, i % state.issued.shape[1]] = bound
    state.open[j, bound] += 1
    state.lowest[j] = min(state.lowest[j], bound)


@compiled
def observe(state: FutureMax, i: int, observation: Observation, eps: float) -> None:
    """Take in what is seen at tick ``i`` and renew the bounds.

    The risk of each horizon starts at ``eps`` and is corrected online (Gibbs and Candes, Adaptive
    conformal inference under distribution shift, NeurIPS 2021): it falls when a bound is missed and rises when one is
    kept, so that the share of missed bounds tends to ``eps`` whatever demand does.

    Parameters
    ----------
    state : FutureMax
        Changed in place: ``state.bound`` holds the new bounds.
    i : int
        Number of the tick; ticks come in order, from 0.
    observation : Observation
        Its demand from 0 to the pool's nodes.
    eps : float
        Risk in (0, 1).
    """
    most = state.rises.shape[1] - 1
    room = state.demand.size
    demand = observation.demand
    state.demand[i % room] = demand
    before = 0
    for j in range(state.length.size):
        top = _window_max(state, j, i)
        n = max(0, i - state.length[j] + 1)
        if n > 0:
            _add(state.rises[j], state.rank[j, 0], top - state.demand[(i - state.length[j]) % room])
            _add(state.levels[j], state.rank[j, 1], top)
        _judge_past(state, j, i, top, eps)
        # The bound is the lower of two quantiles: it misses when either does.
        each = state.risk[j] / 2
        rise = _quantile(state.rises[j], state.rank[j, 0], n, each)
        level = _quantile(state.levels[j], state.rank[j, 1], n, each)
        bound = min(most, max(demand, min(demand + rise, level)))
        before = max(before, bound)
        state.bound[j] = before
        if (n + 1) * eps / 2 >= 1.0:
            _issue(state, j, i, before)
        else:  # too little history for the bound to count
            state.issued[j, i % state.issued.shape[1]] = -1
