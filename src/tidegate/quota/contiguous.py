"""Recall for a wide internal job: a set of leases that frees its nodes in one block, when that costs little more."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.cover import cheapest_cover
from tidegate.quota.snapshot import I64, Snapshot

DEARER_TENTHS: Final = 12
"""Tenths of the cheapest set's cost that one which frees a block may cost at most.

A job over two blocks loses more than a few per cent of its speed to the slower network between them, but the owner has
not said how much; a fifth keeps the preference from doubling what tenants lose.
"""


@compiled
def _choose(
    cost: I64, nodes: I64, may: NDArray[np.bool_], need: int, chosen: NDArray[np.bool_]
) -> None:
    """Add to ``chosen`` the cheapest cover of ``need`` nodes among the leases that may be called."""
    places = np.flatnonzero(may & ~chosen)
    covering = cheapest_cover(cost[places], nodes[places], need)
    for k in range(places.size):
        if covering[k]:
            chosen[places[k]] = True


@compiled
def free_a_block(
    snapshot: Snapshot,
    cost: I64,
    may: NDArray[np.bool_],
    going: NDArray[np.bool_],
    need: int,
    chosen: NDArray[np.bool_],
) -> None:
    """Put in place of the cheapest set one that leaves a block with room for the widest waiting job, if there is one.

    Block by block the cheapest cover of what the block lacks is looked for among the leases with nodes in it, and then
    of what is lacking still among the others: two knapsacks for each block, O(leases x need) each.

    Parameters
    ----------
    snapshot : Snapshot
        ``wide``, ``free_in_block`` and ``held_in_block`` are looked at; without blocks nothing is done.
    cost : int64 array, shape (leases,)
    may, going : bool array, shape (leases,)
        Leases that may be called, which have at least ``need`` nodes; those that free their nodes anyway.
    need : int
        Nodes lacking in all.
    chosen : bool array, shape (leases,)
        The cheapest set; replaced by the cheapest that frees a block, the first block of equals, when that costs at
        most :data:`DEARER_TENTHS` as much.
    """
    blocks = snapshot.free_in_block.size
    if blocks == 0 or snapshot.wide <= 1:
        return
    leases = snapshot.held.size
    within = snapshot.held_in_block.reshape((leases, blocks))
    nodes = np.zeros(leases, dtype=np.int64)
    free = snapshot.free_in_block.copy()
    cheapest = 0
    for i in range(leases):
        nodes[i] = snapshot.held[i].nodes
        cheapest += cost[i] if chosen[i] else 0
        if going[i]:
            free += within[i]
    for b in range(blocks):
        freed = free[b]
        for i in range(leases):
            freed += within[i, b] if chosen[i] else 0
        if freed >= snapshot.wide:
            return
    best = chosen.copy()
    least = -1
    for b in range(blocks):
        lacking = snapshot.wide - free[b]
        inside = may & (within[:, b] > 0)
        there = 0
        for i in range(leases):
            there += within[i, b] if inside[i] else 0
        if there < lacking:
            continue
        called = np.zeros(leases, dtype=np.bool_)
        _choose(cost, within[:, b].copy(), inside, lacking, called)
        rest = need
        for i in range(leases):
            rest -= nodes[i] if called[i] else 0
        if rest > 0:
            _choose(cost, nodes, may, rest, called)
        total = 0
        for i in range(leases):
            total += cost[i] if called[i] else 0
        if 10 * total <= DEARER_TENTHS * cheapest and (least < 0 or total < least):
            least = total
            best = called
    chosen[:] = best
