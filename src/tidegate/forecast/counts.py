"""Weighted counts of values, in Fenwick trees that can be read as one mixture.

A row of counts over values ``0 .. n - 1`` is an array of ``size + 1`` floats, where ``size`` is a power of two
not below ``n``; place ``p`` holds the counts of a stretch of values that ends before ``p`` (P. Fenwick, A new data
structure for cumulative frequency tables, 1994). Adding a value and finding a quantile take ``log2(size)`` steps.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def new_rows(shape: tuple[int, ...], values: int) -> F64:
    """Return rows without a count, for values from 0 to ``values - 1``."""
    size = 1 << max(0, values - 1).bit_length()
    return np.zeros((*shape, size + 1))


@compiled
def add(row: F64, value: int, weight: float) -> None:
    """Count a value with a weight."""
    place = value + 1
    while place < row.size:
        row[place] += weight
        place += place & -place


@compiled
def total(rows: F64, which: I64, weight: F64) -> float:
    """Return what all values count in the mixture of the rows ``which``."""
    found = 0.0
    for k in range(which.size):
        found += weight[k] * rows[which[k], rows.shape[1] - 1]
    return found


@compiled
def least_value(rows: F64, which: I64, weight: F64, wanted: float) -> int:
    """Return the least value up to which the mixture counts ``wanted`` or more; -1 where there is none."""
    size = rows.shape[1] - 1
    place = 0
    below = 0.0
    step = size
    while step > 0:
        if place + step <= size:
            more = below
            for k in range(which.size):
                more += weight[k] * rows[which[k], place + step]
            if more < wanted:
                place += step
                below = more
        step >>= 1
    return place if place < size else -1
