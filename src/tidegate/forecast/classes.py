"""Alike moments: by level of demand and by part of the day, with soft borders."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.forecast.counts import add

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LEVELS: Final = 6
PARTS: Final = 8
"""Parts of the day, of three hours each."""
DAY_S: Final = 86_400

POOLED: Final = 0.02
"""What any past moment counts, however unlike, beside one of the same level."""

# Rows of a horizon's counts: levels by parts, then levels, then all together.
_OF_LEVEL: Final = LEVELS * PARTS
_ALL: Final = _OF_LEVEL + LEVELS
ROWS: Final = _ALL + 1
CELLS: Final = 4
"""Rows of level and part that a moment belongs to."""
MIXED: Final = CELLS + 3
"""Rows that a mixture is made of."""


@compiled
def classes(demand: int, day_s: int, nodes: int, row: I64, weight: F64) -> None:
    """Write the rows that a moment belongs to, with what each counts for it.

    Parameters
    ----------
    demand, day_s : int
        Demand in nodes, and the time of day at the site in seconds.
    nodes : int
        Nodes of the pool.
    row, weight : int64 and float64 arrays, shape (7,)
        Filled in: four cells of level and part, two levels, all.
    """
    place = min(LEVELS - 1.0, max(0.0, LEVELS * demand / nodes - 0.5))
    low = int(place)
    upper = place - low
    high = min(LEVELS - 1, low + 1)
    hour = PARTS * day_s / DAY_S
    part = int(hour)
    later = hour - part
    after = (part + 1) % PARTS
    row[0], weight[0] = low * PARTS + part, (1 - upper) * (1 - later)
    row[1], weight[1] = low * PARTS + after, (1 - upper) * later
    row[2], weight[2] = high * PARTS + part, upper * (1 - later)
    row[3], weight[3] = high * PARTS + after, upper * later
    row[4], weight[4] = _OF_LEVEL + low, 1 - upper
    row[5], weight[5] = _OF_LEVEL + high, upper
    row[6], weight[6] = _ALL, POOLED


@compiled
def count(rows: F64, row: I64, weight: F64, value: int, unit: float) -> None:
    """Count a value in the classes of its moment."""
    for k in range(MIXED):
        if weight[k] > 0:
            add(rows[row[k]], value, (1.0 if row[k] == _ALL else weight[k]) * unit)


@compiled
def back_off(rows: F64, row: I64, weight: F64, hour: float, unit: float) -> None:
    """Turn a moment's classes into the mixture by hour: its cells, with an hour's worth of its levels and of all.

    Parameters
    ----------
    rows : float64 array, shape (rows, size + 1)
    row, weight : int64 and float64 arrays, shape (7,)
        Of :func:`classes`; the last three weights are changed in place.
    hour : float
        Ticks of an hour.
    unit : float
        What a sample of now counts.
    """
    last = rows.shape[1] - 1
    of_level = weight[4] * rows[row[4], last] + weight[5] * rows[row[5], last]
    share = hour * unit / max(hour * unit, of_level)
    weight[4] *= share
    weight[5] *= share
    weight[6] *= share
