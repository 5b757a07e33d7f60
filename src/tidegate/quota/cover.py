"""The cheapest set of leases that frees the nodes needed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled

_NEVER: Final = 1 << 62


@compiled
def cheapest_cover(
    cost: NDArray[np.int64], nodes: NDArray[np.int64], need: int
) -> NDArray[np.bool_]:
    """Choose leases with at least ``need`` nodes at the least cost.

    A covering knapsack, solved exactly by dynamic programming in O(leases x need) time.

    Parameters
    ----------
    cost : int64 array, shape (leases,)
        Cost of taking each lease, not negative; leases in order of their request numbers.
    nodes : int64 array, shape (leases,)
        Nodes of each lease, at least 1.
    need : int
        Nodes needed; all leases are taken when they do not suffice.

    Returns
    -------
    bool array, shape (leases,)
        The set with the smallest (cost, nodes). Among equal sets, the one with the lowest request
        number at the first place where they differ.
    """
    n = cost.size
    chosen = np.zeros(n, dtype=np.bool_)
    if need <= 0:
        return chosen
    total = 0
    for i in range(n):
        total += nodes[i]
    if total <= need:
        chosen[:] = True
        return chosen
    best_cost = np.full(need + 1, _NEVER, dtype=np.int64)
    best_nodes = np.zeros(need + 1, dtype=np.int64)
    best_cost[0] = 0
    take = np.zeros((n, need + 1), dtype=np.bool_)
    # From the last lease to the first, so that a tie can be settled for the lowest request number.
    for i in range(n - 1, -1, -1):
        for missing in range(need, 0, -1):
            rest = max(0, missing - nodes[i])
            if best_cost[rest] == _NEVER:
                continue
            with_cost = best_cost[rest] + cost[i]
            with_nodes = best_nodes[rest] + nodes[i]
            if with_cost < best_cost[missing] or (
                with_cost == best_cost[missing] and with_nodes <= best_nodes[missing]
            ):
                best_cost[missing] = with_cost
                best_nodes[missing] = with_nodes
                take[i, missing] = True
    missing = need
    for i in range(n):
        if missing > 0 and take[i, missing]:
            chosen[i] = True
            missing = max(0, missing - nodes[i])
    return chosen
