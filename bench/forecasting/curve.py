"""The bounds of the quota curve itself, as a forecaster among others."""

from typing import Final

import numpy as np
from bench.forecasting.empirical import EPS, LEVELS, bounded, counted
from bench.forecasting.online import plain
from bench.forecasting.score import PRESENT, Judge, Row
from bench.forecasting.tides import HORIZONS_S, LENGTHS, STEP_S, Tide, tops
from numpy.typing import NDArray

from tidegate.forecast import DAY_S, announced_ahead, new_future_max, replay
from tidegate.forecast import HORIZONS_S as CURVE_S

CURVE: Final = "the curve"
"""What ``tidegate.forecast`` comes to, with its own correction."""

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def curve(tide: Tide) -> F64:
    """Return the curve's bounds, corrected by its budget of misses.

    Returns
    -------
    float64 array, shape (horizons, risks, ticks)
    """
    ticks = tide.demand.size
    day_s = (tide.clock + STEP_S * np.arange(ticks)) % DAY_S
    ahead = announced_ahead(np.zeros(0, dtype=np.int64), ticks, STEP_S)
    at = [CURVE_S.index(horizon_s) for horizon_s in HORIZONS_S]
    found = np.empty((len(at), len(EPS), ticks))
    for e, eps in enumerate(EPS):
        state = new_future_max(tide.nodes, STEP_S, eps)
        for i in range(ticks):
            one = slice(i, i + 1)
            replay(state, i, day_s[one], tide.demand[one], ahead[one])
            found[:, e, i] = state.bound[at]
    return found


def curve_alone(tide: Tide) -> list[Row]:
    """Judge the curve, and the forecaster that all are compared with, without any of the others."""
    top = tops(tide.demand)
    now = np.tile(tide.demand.astype(np.float64), (LENGTHS.size, 1))
    half = LEVELS / 2
    rise = counted(top - now, now, tide, levels=half)
    level = counted(top, np.zeros_like(now), tide, levels=half)
    both = bounded(np.minimum(rise, level), tide)
    judge = Judge(tide, top, both)
    return [*judge.rows(PRESENT, plain(both), None), *judge.rows(CURVE, curve(tide), None)]
