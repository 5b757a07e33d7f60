"""Recall: which leases are given notice when internal work needs nodes."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.backoff import FLICKER_S, SETTLED_S
from tidegate.quota.contiguous import free_a_block
from tidegate.quota.cover import cheapest_cover
from tidegate.quota.gfs import victims
from tidegate.quota.loss import promise_broken_s, shares_spent, taking_cost, waiting_cost
from tidegate.quota.policy import Policy, PolicyCode
from tidegate.quota.snapshot import I64, Plan, Records, Snapshot


class RecallReason(IntEnum):
    """Why a lease is given notice, or is kept."""

    NONE = 0
    INTERNAL = 1
    """Internal jobs lack nodes, and the lease is past its firm time."""
    BROKEN = 2
    """Internal jobs lack nodes, none but firm leases are left, and breaking costs less than waiting."""
    DISPLACED = 3
    """A request pays more for the nodes, and the lease is past its firm time."""
    KEPT = 4
    """Internal jobs lack nodes and wait, because breaking the lease would cost more."""


_INTERNAL = int(RecallReason.INTERNAL)
_BROKEN = int(RecallReason.BROKEN)
_KEPT = int(RecallReason.KEPT)

_TIDEGATE = int(PolicyCode.TIDEGATE)
_GFS = int(PolicyCode.GFS)


@compiled
def leaving(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Return which leases free their nodes without a recall: under notice, or ending within one; shape (leases,)."""
    held = snapshot.held
    going = np.zeros(held.size, dtype=np.bool_)
    for i in range(held.size):
        going[i] = held[i].take_s >= 0 or held[i].end_s <= snapshot.now_s + held[i].notice_s
    return going


@compiled
def _nodes_of(held: Records, which: NDArray[np.bool_]) -> int:
    """Return the nodes of the leases chosen."""
    nodes = 0
    for i in range(held.size):
        if which[i]:
            nodes += held[i].nodes
    return nodes


@compiled
def _freed_by(held: Records, which: NDArray[np.bool_]) -> int:
    """Return the nodes of the leases chosen that do not pass to another lease."""
    nodes = 0
    for i in range(held.size):
        if which[i]:
            nodes += held[i].nodes - held[i].owed
    return nodes


@compiled
def _by_price(held: Records, may: NDArray[np.bool_], need: int) -> NDArray[np.bool_]:
    """Return the cheapest leases by price, the youngest first, until ``need`` is met."""
    chosen = np.zeros(held.size, dtype=np.bool_)
    while need > 0:
        best = -1
        for i in range(held.size):
            if not may[i] or chosen[i]:
                continue
            if (
                best < 0
                or held[i].price < held[best].price
                or (held[i].price == held[best].price and held[i].start_s > held[best].start_s)
            ):
                best = i
        chosen[best] = True
        need -= held[best].nodes
    return chosen


@compiled
def _cover(
    held: Records, cost: I64, may: NDArray[np.bool_], need: int
) -> tuple[NDArray[np.bool_], int]:
    """Return the cheapest cover of ``need`` nodes among ``may``, and its cost."""
    chosen = np.zeros(held.size, dtype=np.bool_)
    nodes = np.zeros(held.size, dtype=np.int64)
    costs = np.zeros(held.size, dtype=np.int64)
    count = 0
    for i in range(held.size):
        if may[i]:
            nodes[count] = held[i].nodes
            costs[count] = cost[i]
            count += 1
    in_cover = cheapest_cover(costs[:count], nodes[:count], need)
    total = count = 0
    for i in range(held.size):
        if may[i]:
            if in_cover[count]:
                chosen[i] = True
                total += costs[count]
            count += 1
    return chosen, total


@compiled
def _past_firm_time(
    policy: Policy, snapshot: Snapshot, cost: I64, mature: NDArray[np.bool_], need: int
) -> NDArray[np.bool_]:
    """Return mature leases with ``need`` nodes at least cost, those lent a moment ago last.

    The latter only once the need has lasted; until then there may be fewer nodes than needed.
    """
    held, now_s = snapshot.held, snapshot.now_s
    lasts = snapshot.short_since_s >= 0 and snapshot.short_since_s + FLICKER_S <= now_s
    settled = np.zeros(held.size, dtype=np.bool_)
    recent = np.zeros(held.size, dtype=np.bool_)
    for i in range(held.size):
        if mature[i]:
            settled[i] = held[i].start_s + SETTLED_S <= now_s
            ready_s = FLICKER_S + held[i].notice_s + snapshot.sanitise_s
            recent[i] = not settled[i] and (lasts or ready_s > policy.floor_s)
    rest = need - _nodes_of(held, settled)
    if rest <= 0:
        cheapest = _cover(held, cost, settled, need)[0]
        free_a_block(snapshot, cost, settled, leaving(snapshot), need, cheapest)
        return cheapest
    chosen = _cover(held, cost, recent, rest)[0]
    for i in range(held.size):
        chosen[i] = chosen[i] or settled[i]
    return chosen


@compiled
def _at_least_cost(
    policy: Policy, snapshot: Snapshot, plan: Plan, may: NDArray[np.bool_], need: int
) -> None:
    """Recall mature leases at least cost; when they do not suffice, weigh breaking against waiting."""
    held = snapshot.held
    cost = taking_cost(held, snapshot.now_s)
    mature = np.zeros(held.size, dtype=np.bool_)
    firm = np.zeros(held.size, dtype=np.bool_)
    for i in range(held.size):
        if may[i]:
            mature[i] = held[i].firm_until_s <= snapshot.now_s + held[i].notice_s
            firm[i] = not mature[i]
    plan.cost[:] = cost
    rest = need - _nodes_of(held, mature)
    if rest <= 0:
        plan.recall[:] = _past_firm_time(policy, snapshot, cost, mature, need)
        return
    plan.recall[:] = mature
    broken, promised_s = _cover(held, promise_broken_s(held, snapshot.now_s), firm, rest)
    breaking = 0
    for i in range(held.size):
        if broken[i]:
            breaking += cost[i]
    waiting = waiting_cost(policy, snapshot, firm, rest)
    spent_on_breaking, spent_on_waiting = shares_spent(snapshot, promised_s, rest)
    breaks = breaking * spent_on_breaking < waiting * spent_on_waiting
    for i in range(held.size):
        if broken[i]:
            plan.recall[i] = breaks
            plan.why[i] = _BROKEN if breaks else _KEPT
            plan.need[i] = rest
            plan.against[i] = waiting


@compiled
def shortage(snapshot: Snapshot) -> int:
    """Return the nodes that waiting internal jobs lack beside those idle or on their way back."""
    if snapshot.pending <= snapshot.idle + snapshot.sanitising:
        return 0
    coming = snapshot.sanitising + _freed_by(snapshot.held, leaving(snapshot))
    return max(0, snapshot.pending - snapshot.idle - coming)


@compiled
def choose_recalls(policy: Policy, snapshot: Snapshot, plan: Plan) -> None:
    """Choose the leases that are given notice now.

    None while the nodes idle or on their way back suffice for the waiting internal jobs.

    Parameters
    ----------
    policy : Policy
    snapshot : Snapshot
    plan : Plan
        ``recall``, ``why``, ``need``, ``cost`` and ``against`` are filled in.
    """
    held = snapshot.held
    going = leaving(snapshot)
    staying = np.zeros(held.size, dtype=np.bool_)
    for i in range(held.size):
        staying[i] = not going[i] and held[i].coming == 0
    need = min(shortage(snapshot), _nodes_of(held, staying))
    if need <= 0:
        return
    if policy.code == _TIDEGATE:
        _at_least_cost(policy, snapshot, plan, staying, need)
    elif policy.code == _GFS:
        plan.recall[:] = victims(snapshot, staying, need)
    else:
        plan.recall[:] = _by_price(held, staying, need)
    for i in range(held.size):
        if plan.recall[i] and plan.why[i] == 0:
            plan.need[i] = need
            is_broken = held[i].firm_until_s > snapshot.now_s + held[i].notice_s
            plan.why[i] = _BROKEN if is_broken else _INTERNAL
