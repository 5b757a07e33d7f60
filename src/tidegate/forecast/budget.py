"""A budget of misses per horizon: what the risk allows, less what was missed, less what may still be.

Every bound that counts earns ``eps``, every miss costs 1, and a bound that may still be missed holds back 1. No bound
that could be missed is issued once the budget is spent. So the misses among any ``n`` bounds of a horizon are at
most ``eps n`` plus what was saved before, whatever demand does; ``docs/reference/calibration.md`` has the proof.
"""

from typing import Final

import numpy as np

from tidegate.compiled import compiled
from tidegate.forecast.state import FutureMax

ALLOWANCE_DAYS: Final = 7.0
"""Days whose misses may be spent before they are earned."""

DAYS_PER_E: Final = 1.5
"""Days of unspent budget that make the risk ``e`` times as large."""

MOST_RISK: Final = 0.5
"""The quantile's risk is never set higher than this, or than ``eps`` where that is more."""


@compiled
def judge_past(state: FutureMax, j: int, i: int, top: int) -> None:
    """Count the bounds of horizon ``j`` that tick ``i`` shows wrong or right.

    A bound is wrong as soon as demand rises above it, and right when its window has passed.
    """
    demand = state.past[i % state.past.shape[0], 0]
    missed = 0
    for bound in range(state.lowest[j], demand):
        missed += state.open[j, bound]
        state.open[j, bound] = 0
    state.lowest[j] = max(state.lowest[j], demand)
    state.open[j, state.nodes] -= missed
    state.balance[j] -= missed
    if i >= state.length[j]:
        bound = state.issued[state.at[j] + (i - state.length[j]) % (state.length[j] + 2)]
        if bound >= top:
            state.open[j, bound] -= 1
            state.open[j, state.nodes] -= 1


@compiled
def risk_of(state: FutureMax, j: int) -> float:
    """Return the risk at which the quantile is taken: above ``eps`` while budget is saved, below in debt."""
    eps = state.eps[j]
    return min(max(MOST_RISK, eps), eps * np.exp(state.balance[j] / (DAYS_PER_E * state.day * eps)))


@compiled
def may_be_missed(state: FutureMax, j: int) -> bool:
    """Whether the budget has room for one more bound that could be missed."""
    allowance = max(1.0, ALLOWANCE_DAYS * state.day * state.eps[j])
    return allowance + state.balance[j] - state.open[j, state.nodes] >= 1.0


@compiled
def issue(state: FutureMax, j: int, i: int, bound: int) -> None:
    """Remember the bound of tick ``i`` until it is missed or kept, and earn what it may cost."""
    place = state.at[j] + i % (state.length[j] + 2)
    state.issued[place] = -1
    samples = max(0, i - state.length[j] + 1)
    if (samples + 1) * state.eps[j] < 1.0:  # too little history for the bound to count
        return
    if bound < state.nodes:
        state.issued[place] = bound
        state.open[j, bound] += 1
        state.open[j, state.nodes] += 1
        state.lowest[j] = min(state.lowest[j], bound)
    state.balance[j] += state.eps[j]
