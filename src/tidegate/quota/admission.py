"""Admission: the safe-set rule by firm horizon."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.batch import best_together
from tidegate.quota.bid import bid_price, break_cost
from tidegate.quota.displacement import displace
from tidegate.quota.policy import Policy, PolicyCode
from tidegate.quota.promises import counted_horizons, promised_s, remaining_firm_s
from tidegate.quota.snapshot import I64, Plan, Records, Snapshot
from tidegate.quota.stake import most_at_once

_STATIC = int(PolicyCode.STATIC)
_TIDEGATE = int(PolicyCode.TIDEGATE)
_NONE = int(PolicyCode.NONE)
_GFS = int(PolicyCode.GFS)


class Verdict(IntEnum):
    """Why a request was admitted or refused."""

    ADMITTED = 0
    NOT_SOLD = 1
    NO_ROOM = 2
    SHARE = 3
    QUOTA = 4
    PRICE = 5


_ADMITTED = int(Verdict.ADMITTED)
_NOT_SOLD = int(Verdict.NOT_SOLD)
_NO_ROOM = int(Verdict.NO_ROOM)
_SHARE = int(Verdict.SHARE)
_QUOTA = int(Verdict.QUOTA)
_PRICE = int(Verdict.PRICE)


@compiled
def committed(
    held: Records, now_s: int, horizons_s: NDArray[np.int64], granted_s: int
) -> NDArray[np.int64]:
    """Return the nodes promised at each horizon, counted lease by lease.

    What :class:`~tidegate.quota.promises.Promises` keeps up to date, for whoever has leases and no such record of them.

    Parameters
    ----------
    held : array of HELD_LEASE, shape (leases,)
    now_s : int
    horizons_s : int64 array, shape (horizons,)
    granted_s : int
        A lease whose nodes are back within so long counts at no horizon.

    Returns
    -------
    int64 array, shape (horizons,)
    """
    nodes = np.zeros(horizons_s.size, dtype=np.int64)
    for i in range(held.size):
        lease = held[i]
        remaining = remaining_firm_s(
            lease.firm_until_s, lease.end_s, lease.notice_s, lease.take_s, now_s
        )
        nodes[: counted_horizons(horizons_s, remaining, granted_s)] += lease.nodes
    return nodes


@compiled
def _still_promised(snapshot: Snapshot, plan: Plan, granted_s: int) -> NDArray[np.int64]:
    """Return the nodes promised at each horizon once the recalls of the plan are carried out."""
    promised = snapshot.promised.copy()
    for i in range(plan.recall.size):
        if not plan.recall[i]:
            continue
        lease = snapshot.held[i]
        before_s = remaining_firm_s(
            lease.firm_until_s, lease.end_s, lease.notice_s, lease.take_s, snapshot.now_s
        )
        counts = counted_horizons(snapshot.horizons_s, lease.notice_s, granted_s)
        for j in range(counts, counted_horizons(snapshot.horizons_s, before_s, granted_s)):
            promised[j] -= lease.nodes
    return promised


@compiled
def _firm_s(snapshot: Snapshot, i: int) -> int:
    """Return how long request ``i`` would be firm, its notice included."""
    request = snapshot.asked[i]
    return promised_s(request.firm_s, request.notice_s, request.duration_s)


@compiled
def longest_horizon(policy: Policy, snapshot: Snapshot, i: int) -> int:
    """Return the place of the longest horizon at which request ``i`` counts; -1 when at none."""
    granted_s = policy.floor_s - snapshot.sanitise_s
    return counted_horizons(snapshot.horizons_s, _firm_s(snapshot, i), granted_s) - 1


@compiled
def displaced_at(policy: Policy, snapshot: Snapshot, plan: Plan, i: int) -> int:
    """Return the longest horizon at which request ``i`` counts, when promises alone kept it out; else -1.

    It was refused by quota, and the curve would have had room for it had nothing been promised.
    """
    if plan.verdict[i] != _QUOTA:
        return -1
    longest = longest_horizon(policy, snapshot, i)
    return longest if snapshot.curve[longest] >= snapshot.asked[i].nodes else -1


@compiled
def judging_order(
    policy: Policy, snapshot: Snapshot, promised: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the places of the requests in the order in which they are judged.

    Of several, ``tidegate`` judges those first that together bring most within the room there is.

    Parameters
    ----------
    policy : Policy
    snapshot : Snapshot
    promised : int64 array, shape (horizons,)
        Nodes promised at each once the recalls of the plan are carried out.

    Returns
    -------
    int64 array, shape (requests,)
    """
    asked = snapshot.asked
    order = np.arange(asked.size)
    if policy.code != _TIDEGATE or asked.size == 1:
        return order
    counts = np.zeros(asked.size, dtype=np.int64)
    for i in range(asked.size):
        counts[i] = longest_horizon(policy, snapshot, i) + 1
    spare = max(0, snapshot.idle - snapshot.pending - snapshot.kept_back)
    first = best_together(asked, counts, spare, promised, snapshot.curve)
    place = 0
    for wanted in (True, False):
        for i in range(asked.size):
            if first[i] == wanted:
                order[place] = i
                place += 1
    return order


@compiled
def may_displace(policy: Policy, snapshot: Snapshot) -> bool:
    """Whether a lease may have to give way to a request: there are not enough idle nodes for all of them."""
    if policy.code != _TIDEGATE or policy.displaces != 1 or snapshot.pending > snapshot.idle:
        return False
    asked = 0
    for i in range(snapshot.asked.size):
        asked += snapshot.asked[i].nodes
    return asked > snapshot.idle - snapshot.pending - snapshot.kept_back


@compiled
def first_binding(curve: I64, promised: I64, counts: int, nodes: int) -> int:
    """Return the first horizon at which so many nodes more are too many; -1 when there is none.

    Parameters
    ----------
    curve, promised : int64 array, shape (horizons,)
        Nodes that may be promised at each, and those that are.
    counts : int
        How many horizons, from the shortest, are looked at.
    nodes : int
    """
    for j in range(counts):
        if promised[j] + nodes > curve[j]:
            return j
    return -1


@compiled
def _what_binds(
    policy: Policy, snapshot: Snapshot, promised: I64, counts: int, i: int
) -> tuple[int, int]:
    """Return the horizon at which request ``i`` is too large, and the nodes that there is room for; -1 when at none."""
    nodes = snapshot.asked[i].nodes
    binding = first_binding(snapshot.curve, promised, counts, nodes)
    if binding >= 0:
        return binding, max(0, snapshot.curve[binding] - promised[binding])
    most = most_at_once(policy, snapshot.record, snapshot.nodes, _firm_s(snapshot, i))
    if counts > 0 and nodes > most:
        return counts - 1, most
    return -1, 0


@compiled
def _is_too_cheap(policy: Policy, snapshot: Snapshot, plan: Plan, i: int, longest: int) -> bool:
    """Whether request ``i`` pays less than the bid price of its longest horizon, which is noted in the plan.

    What is given away, a grant, has no price to be held against anything; nor has what asks for no promise.
    """
    price = snapshot.asked[i].price
    if longest < 0 or price == 0:
        return False
    breaks = break_cost(policy, snapshot.record, snapshot.nodes)
    bid = bid_price(breaks, snapshot.displaced[longest], price)
    plan.bid[i] = int(np.ceil(bid))
    return price < bid


@compiled
def judge(policy: Policy, snapshot: Snapshot, plan: Plan) -> None:
    """Judge the requests one after the other.

    Parameters
    ----------
    policy : Policy
    snapshot : Snapshot
    plan : Plan
        ``recall`` is read, and added to by leases displaced; ``verdict``, ``horizon``, ``room``, ``bid`` and
        ``order`` are filled in.
    """
    asked = snapshot.asked
    idle, leased = snapshot.idle, snapshot.leased
    granted_s = policy.floor_s - snapshot.sanitise_s
    promised = _still_promised(snapshot, plan, granted_s)
    displaces = policy.code == _TIDEGATE and policy.displaces == 1
    order = judging_order(policy, snapshot, promised)
    plan.order[:] = order
    for place in range(order.size):
        i = order[place]
        request = asked[i]
        k = request.nodes
        if policy.code == _NONE:
            plan.verdict[i] = _NOT_SOLD
            continue
        # What waiting jobs may take is not lent, though other nodes be on their way back: short
        # leases would take turns on the node.
        spare = max(0, idle - snapshot.pending - snapshot.kept_back)
        plan.room[i] = spare
        if spare < k and not (displaces and snapshot.pending <= idle):
            plan.verdict[i] = _NO_ROOM
            continue
        if policy.code == _STATIC and leased + k > policy.cap_nodes:
            plan.verdict[i] = _SHARE
            continue
        if policy.code == _GFS and leased + k > snapshot.curve[0]:
            plan.verdict[i] = _SHARE
            continue
        if policy.code == _TIDEGATE:
            counts = longest_horizon(policy, snapshot, i) + 1
            binding, room = _what_binds(policy, snapshot, promised, counts, i)
            if binding >= 0:
                plan.verdict[i] = _QUOTA
                plan.horizon[i] = binding
                plan.room[i] = room
                continue
            if _is_too_cheap(policy, snapshot, plan, i, counts - 1):
                plan.verdict[i] = _PRICE
                plan.horizon[i] = counts - 1
                continue
            if spare < k and not displace(snapshot, plan, i, k - spare):
                plan.verdict[i] = _NO_ROOM
                continue
            for j in range(counts):
                promised[j] += k
        plan.verdict[i] = _ADMITTED
        idle -= min(k, spare)
        leased += k
