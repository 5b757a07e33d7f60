"""Requests that wait together: the set that brings most rent within the room there is."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.snapshot import I64, Records

MOST_STEPS: Final = 100_000
"""Steps of the search; when they do not suffice, the best set found so far is taken."""


@compiled
def _fits(promised: I64, curve: I64, counts: int, nodes: int) -> bool:
    for j in range(counts):  # noqa: SIM110  the compiler knows no generators
        if promised[j] + nodes > curve[j]:
            return False
    return True


@compiled
def best_together(
    asked: Records, counts: I64, spare: int, promised: I64, curve: I64
) -> NDArray[np.bool_]:
    """Choose the requests that together bring most rent, and fit.

    Branch and bound, exact within :data:`MOST_STEPS`: the first set tried takes each request that fits in the order
    in which they came, so that the answer is never worse than first come, first served.

    Parameters
    ----------
    asked : array of REQUEST, shape (requests,)
    counts : int64 array, shape (requests,)
        At how many horizons, from the shortest, each counts.
    spare : int
        Nodes that can be lent.
    promised, curve : int64 array, shape (horizons,)
        Nodes promised already, and those that may be.

    Returns
    -------
    bool array, shape (requests,)
        Among equal sets the one that holds the earliest request at the first place where they differ.
    """
    n = asked.size
    value = np.zeros(n, dtype=np.int64)
    rest = np.zeros(n + 1, dtype=np.int64)
    for i in range(n - 1, -1, -1):
        value[i] = asked[i].price * asked[i].nodes * asked[i].duration_s
        rest[i] = rest[i + 1] + value[i]
    used = promised.copy()
    taken = np.zeros(n, dtype=np.bool_)
    chosen = np.zeros(n, dtype=np.bool_)
    best, total, room, i = -1, 0, spare, 0
    for _ in range(MOST_STEPS):
        if i < n and total + rest[i] > best:
            nodes = asked[i].nodes
            taken[i] = nodes <= room and _fits(used, curve, counts[i], nodes)
            if taken[i]:
                total += value[i]
                room -= nodes
                used[: counts[i]] += nodes
            i += 1
            continue
        if i == n and total > best:
            best = total
            chosen[:] = taken
        # Back to the last request taken, which is now left out.
        i -= 1
        while i >= 0 and not taken[i]:
            i -= 1
        if i < 0:
            break
        taken[i] = False
        total -= value[i]
        room += asked[i].nodes
        used[: counts[i]] -= asked[i].nodes
        i += 1
    return chosen
