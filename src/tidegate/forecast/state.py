"""What the forecaster of the future maximum remembers of a pool."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.forecast.classes import DAY_S, MIXED, ROWS
from tidegate.forecast.counts import new_rows

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

_H: Final = 3600
HORIZONS_S: Final[tuple[int, ...]] = (
    *(300, 600, 900, 1800),
    *(hours * _H for hours in (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168, 336, 720)),
)
"""The horizons of the quota curve, in seconds, ascending."""


class FutureMax(NamedTuple):
    """State of the forecaster, as compiled code takes it.

    Attributes
    ----------
    nodes : int
        Nodes of the pool.
    day : float
        Ticks of a day.
    length : int64 array, shape (horizons,)
        Horizons in ticks.
    eps : float64 array, shape (horizons,)
        The risk asked for.
    past : int64 array, shape (longest + 2, 2)
        A ring of what was observed of late: demand in nodes, and the time of day in seconds.
    at : int64 array, shape (horizons + 1,)
        Where each horizon's ring of ``length + 2`` places begins in the arrays of rings below.
    window : int64 array, shape (places,)
        Rings of the ticks that can still be the maximum of the running window.
    ends : int64 array, shape (horizons, 2)
        First entry and one past the last of each ring, ever increasing.
    rows : float64 array, shape (horizons, rows, size + 1)
        Rises above the window's base, by class of its first moment: see ``counts`` and ``classes``.
    row, weight : int64 and float64 arrays, shape (2, 7)
        The classes of the latest tick, and room for those of a window's first and for a mixture.
    bound : int64 array, shape (horizons,)
        Upper bounds of demand after the latest tick, in nodes.
    risk : float64 array, shape (horizons,)
        Risk at which each horizon's quantile was taken.
    balance : float64 array, shape (horizons,)
        Misses allowed by ``eps`` so far less those that came.
    open : int64 array, shape (horizons, nodes + 1)
        How many bounds of each value may still be missed; the last column holds their sum.
    issued : int32 array, shape (places,)
        Rings of the bounds issued; -1 for those that do not count or cannot be missed.
    base : int32 array, shape (places,)
        Rings of what the bounds stand on: unannounced demand, and the most that was announced.
    candidate : int32 array, shape (places, 2)
        Rings of the bounds by level and by hour.
    lost : float64 array, shape (horizons, 2)
        Their losses so far.
    lowest : int64 array, shape (horizons,)
        No open bound lies below.
    """

    nodes: int
    day: float
    length: I64
    eps: F64
    past: I64
    at: I64
    window: I64
    ends: I64
    rows: F64
    row: I64
    weight: F64
    bound: I64
    risk: F64
    balance: F64
    open: I64
    issued: I32
    base: I32
    candidate: I32
    lost: F64
    lowest: I64


def horizon_ticks(tick_s: int) -> I64:
    """Return the horizons in ticks, one at least; shape (horizons,)."""
    return np.array([max(1, h // tick_s) for h in HORIZONS_S], dtype=np.int64)


def least_history_s(eps: F64, tick_s: int) -> list[int]:
    """Return how much history a horizon needs before its bounds count, in seconds, by the risk of each.

    Before that nothing is known at that risk: fewer than ``1 / eps`` windows have passed.
    """
    windows = np.ceil(1 / eps).astype(np.int64) - 1
    return [int(x) for x in tick_s * (horizon_ticks(tick_s) + windows)]


def new_future_max(nodes: int, tick_s: int, eps: float | F64) -> FutureMax:
    """Return a forecaster that has seen nothing.

    Parameters
    ----------
    nodes : int
        Nodes of the pool.
    tick_s : int
        Seconds between ticks.
    eps : float or float64 array, shape (horizons,)
        Risk in (0, 1), of all horizons or of each.
    """
    step_s = max(1, tick_s)
    length = horizon_ticks(step_s)
    horizons = length.size
    room = int(length.max()) + 2
    at = np.append(0, np.cumsum(length + 2))
    risk = np.broadcast_to(np.asarray(eps, dtype=np.float64), (horizons,))
    return FutureMax(
        nodes=nodes,
        day=DAY_S / step_s,
        length=length,
        eps=risk.copy(),
        past=np.zeros((room, 2), dtype=np.int64),
        at=at,
        window=np.zeros(at[-1], dtype=np.int64),
        ends=np.zeros((horizons, 2), dtype=np.int64),
        rows=new_rows((horizons, ROWS), nodes + 1),
        row=np.zeros((2, MIXED), dtype=np.int64),
        weight=np.zeros((2, MIXED)),
        bound=np.full(horizons, nodes, dtype=np.int64),
        risk=risk.copy(),
        balance=np.zeros(horizons),
        open=np.zeros((horizons, nodes + 1), dtype=np.int64),
        issued=np.full(at[-1], -1, dtype=np.int32),
        base=np.zeros(int(at[-1]), dtype=np.int32),
        candidate=np.zeros((int(at[-1]), 2), dtype=np.int32),
        lost=np.zeros((horizons, 2)),
        lowest=np.zeros(horizons, dtype=np.int64),
    )
