"""How far demand may rise, at several shares of the futures that the past tells of: for people to look at.

What may be promised hangs on one bound per horizon, at the owner's risk and corrected by what came: see ``futuremax``.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.forecast.choice import trusts_hour
from tidegate.forecast.classes import CELLS, back_off
from tidegate.forecast.counts import least_value, total
from tidegate.forecast.futuremax import HALF_LIFE_DAYS
from tidegate.forecast.state import FutureMax

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def fan(state: FutureMax, i: int, shares: F64) -> I64:
    """Return what demand's maximum over each horizon stays within in so many of the futures.

    Quantiles of the rises that followed moments like the latest: what the bounds start from, uncorrected.

    Parameters
    ----------
    state : FutureMax
        After tick ``i``.
    i : int
        Number of the latest tick.
    shares : float64 array, shape (shares,)
        Shares of the futures, in (0, 1), ascending.

    Returns
    -------
    int64 array, shape (shares, horizons)
        Nodes; not falling with the horizon or the share, at most the pool's nodes, which stand where nothing is known.
    """
    found = np.zeros((shares.size, state.length.size), dtype=np.int64)
    _fill(state, i, shares, found)
    return found


@compiled
def _fill(state: FutureMax, i: int, shares: F64, found: I64) -> None:
    unit = 2.0 ** (i / (HALF_LIFE_DAYS * state.day))
    for j in range(state.length.size):
        row, weight = state.row[0].copy(), state.weight[0].copy()
        first = CELLS
        if trusts_hour(state, j):
            first = 0
            back_off(state.rows[j], row, weight, state.day / 24.0, unit)
        row, weight = row[first:], weight[first:]
        everything = total(state.rows[j], row, weight)
        base = state.base[state.at[j] + i % (state.length[j] + 2)]
        for k in range(shares.size):
            value = state.nodes
            if everything > 0:
                rise = least_value(state.rows[j], row, weight, shares[k] * everything)
                value = min(state.nodes, base + rise) if rise >= 0 else state.nodes
            found[k, j] = max(value, found[k, j - 1]) if j > 0 else value
