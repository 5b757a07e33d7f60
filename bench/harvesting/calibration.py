"""How often demand rose above the quota curve's bound, beside the risk that was asked for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.forecast import HORIZONS_S
from tidegate.plan import MISS_HORIZONS
from tidegate.simulate import Ticks, Window

F64 = NDArray[np.float64]

TOLERANCE: Final = 0.20
"""The miss rate may differ from the risk by this share of it."""

LEAST_WINDOWS: Final = 2
"""A record of fewer windows is not judged: a bootstrap of less than two blocks has no spread."""

DAY_S: Final = 86400
_SHIFT_SIDE_S: Final = 7 * DAY_S
_SHIFT_STRETCH_S: Final = 14 * DAY_S
_RESAMPLES: Final = 2000
_SEED: Final = 2502_13451


def misses(ticks: Ticks, window: Window, nodes: int, horizon_s: int) -> F64:
    """Return per tick from the start of leasing whether demand within the horizon rose above the bound.

    Demand is cut at the pool's size. Ticks whose horizon runs out of the record are left out.
    """
    first = -(-window.lease_from_s // window.tick_s)
    length = max(1, horizon_s // window.tick_s)
    demand = np.minimum(ticks.demand, nodes)[first:]
    if demand.size <= length:
        return np.zeros(0)
    reached = np.lib.stride_tricks.sliding_window_view(demand, length + 1).max(axis=1)
    bound = ticks.bound[first : first + reached.size, HORIZONS_S.index(horizon_s)]
    missed: F64 = (reached > bound).astype(np.float64)
    return missed


def interval(missed: F64, block: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean from a circular block bootstrap, always with the same draws."""
    n = missed.size
    block = min(block, n)
    sums = np.append(0.0, np.cumsum(np.concatenate([missed, missed[: block - 1]])))
    means = (sums[block:] - sums[:-block]) / block
    blocks = -(-n // block)
    drawn = np.random.default_rng(_SEED).integers(0, n, size=(_RESAMPLES, blocks))
    low, high = np.quantile(means[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def shift_of(demand: NDArray[np.int32], window: Window) -> int:
    """Return the tick, counted from the start of leasing, at which the week's mean of demand changes most."""
    first = -(-window.lease_from_s // window.tick_s)
    side = _SHIFT_SIDE_S // window.tick_s
    sums = np.append(0, np.cumsum(demand, dtype=np.int64))
    at = np.arange(max(first, side), demand.size - side)
    if at.size == 0:
        return 0
    change = np.abs(sums[at + side] - 2 * sums[at] + sums[at - side])
    return int(at[np.argmax(change)]) - first


def _row(missed: F64, eps: float, horizon_s: int, tick_s: int) -> dict[str, Any]:
    block = max(horizon_s, DAY_S) // tick_s
    windows = missed.size / block
    if missed.size == 0:
        return {"windows": windows, "miss": None, "low": None, "high": None, "met": None}
    miss = float(missed.mean())
    low, high = interval(missed, block)
    is_met = abs(miss - eps) <= TOLERANCE * eps or low <= eps <= high
    met = is_met if windows >= LEAST_WINDOWS else None
    return {"windows": windows, "miss": miss, "low": low, "high": high, "met": met}


def rows_of(
    missed: Mapping[str, F64], eps: float, shift: int, tick_s: int
) -> Iterator[dict[str, Any]]:
    """Yield one row per horizon, of all ticks and of the stretch after the shift.

    Parameters
    ----------
    missed : mapping of str to float64 array, shape (ticks,)
        Per horizon, the mean over seeds of :func:`misses`.
    eps : float
        The risk asked for.
    shift : int
        See :func:`shift_of`.
    tick_s : int
    """
    for name, horizon_s in MISS_HORIZONS.items():
        stretches = {
            "all": missed[name],
            "after shift": missed[name][shift : shift + _SHIFT_STRETCH_S // tick_s],
        }
        for stretch, part in stretches.items():
            yield {
                "eps": eps,
                "horizon": name,
                "stretch": stretch,
                **_row(part, eps, horizon_s, tick_s),
            }
