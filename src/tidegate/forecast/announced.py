"""Demand that is known ahead: what has been announced, until each horizon."""

import numpy as np
from numpy.typing import NDArray

from tidegate.forecast.state import horizon_ticks

I64 = NDArray[np.int64]


def announced_ahead(announced: I64, ticks: int, tick_s: int) -> I64:
    """Return what is announced at each tick, and at most until each horizon from it.

    Parameters
    ----------
    announced : int64 array, shape (any,)
        Nodes announced, tick by tick from the first; nothing is announced beyond the array.
    ticks : int
        Ticks that are asked about.
    tick_s : int
        Seconds between ticks.

    Returns
    -------
    int64 array, shape (ticks, 1 + horizons)
    """
    length = horizon_ticks(tick_s)
    known = announced[: ticks + int(length[-1])]
    padded = np.zeros(ticks + int(length[-1]) + 1, dtype=np.int64)
    padded[: known.size] = known
    ahead = np.empty((ticks, 1 + length.size), dtype=np.int64)
    ahead[:, 0] = padded[:ticks]
    # `most[k]` is the maximum over the `span` ticks from k on; two of them cover any window.
    most, span = padded, 1
    for j, last in enumerate(length.tolist()):
        window = last + 1
        while 2 * span <= window:
            most = np.maximum(most[: most.size - span], most[span:])
            span *= 2
        shift = window - span
        ahead[:, 1 + j] = np.maximum(most[:ticks], most[shift : shift + ticks])
    return ahead
