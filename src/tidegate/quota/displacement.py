"""Displacement: a lease past its firm time gives way to a request that pays more."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.backoff import SETTLED_S
from tidegate.quota.cover import cheapest_cover
from tidegate.quota.loss import taking_cost
from tidegate.quota.recall import RecallReason, leaving
from tidegate.quota.snapshot import Plan, Snapshot

MARGIN_TENTHS: Final = 11
"""The request must bring so many tenths of what the leases it displaces cost."""

_DISPLACED = int(RecallReason.DISPLACED)


@compiled
def _may_give_way(snapshot: Snapshot, plan: Plan, price: int) -> NDArray[np.bool_]:
    """Return which leases may give way to a request of this price: mature, cheaper, not just lent."""
    held, now_s = snapshot.held, snapshot.now_s
    going = leaving(snapshot)
    may = np.zeros(held.size, dtype=np.bool_)
    for i in range(held.size):
        lease = held[i]
        may[i] = (
            not plan.recall[i]
            and not going[i]
            and lease.coming == 0
            and lease.firm_until_s <= now_s + lease.notice_s
            and lease.start_s + SETTLED_S <= now_s
            and lease.price < price
        )
    return may


@compiled
def displace(snapshot: Snapshot, plan: Plan, i: int, lacking: int) -> bool:
    """Give notice to the leases that free ``lacking`` nodes for request ``i`` at least cost, if that pays.

    The rent that the request brings on those nodes, whole duration, must be above the cost of taking the leases
    (rent forgone to their wanted ends, work lost since a checkpoint) by a margin.

    Parameters
    ----------
    snapshot : Snapshot
    plan : Plan
        ``recall``, ``displaced_for`` and the reasons are filled in.
    i, lacking : int
        The request's place, and the nodes that it lacks.

    Returns
    -------
    bool
        Whether the nodes will be there.
    """
    held, request = snapshot.held, snapshot.asked[i]
    places = np.flatnonzero(_may_give_way(snapshot, plan, request.price))
    cost = taking_cost(held, snapshot.now_s)[places]
    nodes = np.zeros(places.size, dtype=np.int64)
    found = 0
    for j in range(places.size):
        nodes[j] = held[places[j]].nodes
        found += nodes[j]
    if found < lacking:
        return False
    chosen = cheapest_cover(cost, nodes, lacking)
    total = 0
    for j in range(places.size):
        if chosen[j]:
            total += cost[j]
    brings = 10 * request.price * lacking * request.duration_s
    if 10 * brings <= MARGIN_TENTHS * total:
        return False
    for j in range(places.size):
        if chosen[j]:
            place = places[j]
            plan.recall[place] = True
            plan.displaced_for[place] = i
            plan.why[place] = _DISPLACED
            plan.need[place] = lacking
            plan.cost[place] = cost[j]
            plan.against[place] = brings
    return True
