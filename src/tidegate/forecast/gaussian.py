"""A Gaussian forecast of demand from the changes so far, owner by owner: what GFS's quota is made from."""

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

GAUSSIAN_HORIZONS_S: Final = tuple(3600 * hours for hours in (1, 2, 3, 4))
"""Horizons of the forecast, in seconds."""
GUARANTEE: Final = 0.9
"""Probability with which demand is to stay below the forecast."""


def gaussian_use(owners: Iterable[F64], ticks: int, lags: tuple[int, ...]) -> F64:
    """Return what demand stays below with probability 0.9, a number of ticks ahead.

    An owner's demand ``lag`` ticks ahead is taken as normal: its mean is the demand now plus the mean of the changes
    over ``lag`` ticks seen so far, its standard deviation that of those changes. Owners are taken as
    independent: means add up, and so do variances.

    Parameters
    ----------
    owners : iterable of float64 array, shape (ticks,)
        Demand of each owner.
    ticks : int
        Length of every owner's series.
    lags : tuple of int
        How many ticks ahead, at least 1 each.

    Returns
    -------
    float64 array, shape (lags, ticks)
        In the unit of the demand. Entry ``i`` depends on the demand at ticks 0 to ``i`` alone; infinite while no
        change has been seen.
    """
    mean = np.zeros((len(lags), ticks))
    variance = np.zeros((len(lags), ticks))
    for demand in owners:
        for row, lag in enumerate(lags):
            change = demand[lag:] - demand[:-lag]
            seen = np.arange(1, change.size + 1)
            drift = np.cumsum(change) / seen
            mean[row, lag:] += demand[lag:] + drift
            variance[row, lag:] += np.maximum(0, np.cumsum(change**2) / seen - drift**2)
    use = mean + NormalDist().inv_cdf(GUARANTEE) * np.sqrt(variance)
    for row, lag in enumerate(lags):
        use[row, :lag] = math.inf
    return use


def forecast_free_nodes(
    owners: Iterable[F64], ticks: int, *, nodes: int, gpus_per_node: int, tick_s: int
) -> I64:
    """Return the whole nodes that stay free over the next four hours, by the Gaussian forecast.

    ``min over k of C - clip(floor(use_k), 0, C)`` in GPUs, for ``k`` = 1 to 4 hours, cut to whole nodes.

    Parameters
    ----------
    owners : iterable of float64 array, shape (ticks,)
        Demand of each owner, in GPUs.
    ticks : int
        Length of every owner's series.
    nodes, gpus_per_node : int
        Size of the pool.
    tick_s : int
        Seconds from one entry to the next.

    Returns
    -------
    int64 array, shape (ticks,)
        Entry ``i`` depends on the demand at ticks 0 to ``i`` alone; 0 in the first four hours.
    """
    lags = tuple(max(1, horizon_s // tick_s) for horizon_s in GAUSSIAN_HORIZONS_S)
    capacity = nodes * gpus_per_node
    use = np.clip(np.floor(gaussian_use(owners, ticks, lags)), 0, capacity)
    free: I64 = (capacity - use.max(axis=0)).astype(np.int64) // gpus_per_node
    return free
