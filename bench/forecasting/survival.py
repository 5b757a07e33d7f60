"""What will be left of the jobs that run now, and what came on top of that in the past."""

from typing import Final

import numpy as np
from bench.forecasting.empirical import LEVELS
from bench.forecasting.tides import DAY, LENGTHS, STEP_S, Jobs, Tide
from numpy.typing import NDArray

from tidegate.compiled import compiled

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LAGS: Final = np.array(
    [
        s // STEP_S
        for s in (
            *(0, 600, 1200, 1800),
            *(3600 * hours for hours in (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 168)),
        )
    ],
    dtype=np.int64,
)
"""Lags in ticks at which survivors are counted; every horizon is one of them."""

_SIZES: Final = (0.25, 0.99, 1.0, 2.0, 4.0)
"""Largest size in nodes of each class but the last."""
_FEW: Final = 50
_STRIDE: Final = 12


def _curve(ended: F64, running: F64, longest: int) -> F64:
    """Return the Kaplan-Meier estimate of the share that outlives each age, in ticks; shape (longest,)."""
    events = np.bincount(np.minimum(ended.astype(np.int64), longest - 1), minlength=longest)
    censored = np.bincount(np.minimum(running.astype(np.int64), longest - 1), minlength=longest)
    at_risk = np.cumsum((events + censored)[::-1])[::-1]
    curve: F64 = np.cumprod(1 - events / np.maximum(at_risk, 1)).astype(np.float64)
    return curve


def _curves(jobs: Jobs, size: I64, now: int, longest: int) -> F64:
    """Return a curve per class of size, from what is known at ``now``; shape (classes, longest)."""
    known = jobs.submit <= now
    over = jobs.end <= now
    found = np.empty((len(_SIZES) + 1, longest))
    for kind in range(found.shape[0]):
        mine = known & (size == kind)
        if np.count_nonzero(mine & over) < _FEW:
            mine = known
        length = jobs.end - jobs.submit
        found[kind] = _curve(length[mine & over], now - jobs.submit[mine & ~over], longest)
    return found


@compiled
def _left(
    first: int, stop: int, submit: F64, end: F64, nodes: F64, size: I64, curves: F64, lags: I64
) -> F64:
    """Return the nodes expected to be still held at each lag; shape (lags, stop - first)."""
    found = np.zeros((lags.size, stop - first))
    longest = curves.shape[1]
    for job in range(submit.size):
        begin = max(first, int(np.ceil(submit[job])))
        for i in range(begin, min(stop, int(np.ceil(end[job])))):
            age = int(i - submit[job])
            alive = curves[size[job], min(age, longest - 1)]
            for k in range(lags.size):
                later = curves[size[job], min(age + lags[k], longest - 1)]
                found[k, i - first] += nodes[job] * (later / alive if alive > 0 else 1.0)
    return found


def survivors(tide: Tide) -> F64:
    """Return the nodes that jobs running now are expected to hold at each lag; shape (lags, ticks).

    Curves are renewed every day.
    """
    ticks = tide.demand.size
    found = np.zeros((LAGS.size, ticks))
    jobs = tide.jobs
    if jobs is None:
        return found
    size = np.searchsorted(np.array(_SIZES), jobs.nodes)
    for first in range(0, ticks, DAY):
        stop = min(first + DAY, ticks)
        here = (jobs.submit < stop) & (jobs.end > first)
        found[:, first:stop] = _left(
            first,
            stop,
            jobs.submit[here],
            jobs.end[here],
            jobs.nodes[here],
            size[here],
            _curves(jobs, size, first, ticks),
            LAGS,
        )
    return found


@compiled
def _paths(left: F64, above: F64, now: I64, lags: I64, lengths: I64, levels: F64, size: int) -> F64:
    """Add the past's excess over its own expectation to today's, moment by moment."""
    horizons, ticks = lengths.size, now.size
    found = np.full((horizons, levels.size, ticks), np.inf)
    mass = np.empty((horizons, size))
    total = np.empty(horizons)
    for i in range(ticks):
        mass[:] = 0.0
        total[:] = 0.0
        for j in range(0, i, _STRIDE):
            top = float(now[i])
            h = 0
            for k in range(1, lags.size):
                if j + lags[k] > i or h == horizons:
                    break
                top = max(top, left[k - 1, i] + above[k, j])
                if lags[k] == lengths[h]:
                    mass[h, min(size - 1, int(np.ceil(top - 1e-6)))] += 1
                    total[h] += 1
                    h += 1
        for h in range(horizons):
            if total[h] == 0:
                continue
            below = 0.0
            k = levels.size - 1
            for value in range(size):
                below += mass[h, value]
                while k >= 0 and below >= (1 - levels[k]) * (total[h] + 1) - 1e-9:
                    found[h, k, i] = value
                    k -= 1
                if k < 0:
                    break
    return found


def survival(tide: Tide, left: F64) -> F64:
    """Forecast what is expected to be left of the running jobs, plus the past's excess over that."""
    ticks = tide.demand.size
    above = np.full((LAGS.size, ticks), np.nan)
    for k in range(1, LAGS.size):
        lag, before = int(LAGS[k]), int(LAGS[k - 1])
        if ticks <= lag:
            continue
        # The highest demand after the lag before, up to this one.
        windows = np.lib.stride_tricks.sliding_window_view(tide.demand[before + 1 :], lag - before)
        above[k, : ticks - lag] = windows.max(axis=1) - left[k - 1, : ticks - lag]
    found: F64 = _paths(left, above, tide.demand, LAGS, LENGTHS, LEVELS, tide.nodes + 1)
    return found
