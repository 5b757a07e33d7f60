"""Recall: which leases are given notice when internal work needs nodes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.cover import cheapest_cover
from tidegate.quota.gfs import victims
from tidegate.quota.policy import Policy, PolicyCode
from tidegate.quota.snapshot import I64, Records, Snapshot

_TIDEGATE = int(PolicyCode.TIDEGATE)
_GFS = int(PolicyCode.GFS)

CHECKPOINT_S: Final = 3600
"""Work lost at most when a lease is taken: tenants are taken to checkpoint every hour."""
PRIOR_DAYS: Final = 2.0
"""Days of the whole pool taken as sold when a play begins: the first break is not a share of 100 %."""

PRIOR_JOBS: Final = 200.0
"""Jobs taken as started when a play begins."""

LATE_PER_WAITING: Final = 2.0
"""Jobs late for each that waits now: others come while those wait."""

# Costs are counted in tenths so that the credit of 30 % stays an integer.
_FORGONE: Final = 10
_REFUND_AND_CREDIT: Final = 13


@compiled
def _leaving(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Return which leases free their nodes without a recall: under notice, or ending within one."""
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
def taking_cost(held: Records, now_s: int) -> I64:
    """Return what giving notice now costs, lease by lease (price x node-seconds x 10).

    Rent forgone until the wanted end, work lost since a checkpoint and, when a promise is broken,
    the refund of what was charged with a credit of 30 % on top.
    """
    cost = np.zeros(held.size, dtype=np.int64)
    for i in range(held.size):
        lease = held[i]
        take = now_s + lease.notice_s
        lost = min(max(0, now_s - lease.start_s), CHECKPOINT_S)
        tenths = _FORGONE * (lease.end_s - take + lost)
        if take < lease.firm_until_s:
            tenths += _REFUND_AND_CREDIT * max(0, take - lease.start_s)
        cost[i] = lease.price * lease.nodes * tenths
    return cost


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
def _waiting_cost(policy: Policy, snapshot: Snapshot, firm: NDArray[np.bool_], need: int) -> int:
    """Return what it costs to wait until firm leases mature, in the units of `taking_cost`."""
    held = snapshot.held
    passed = np.zeros(held.size, dtype=np.bool_)
    missing = need
    ready_s = snapshot.now_s
    while missing > 0:
        soonest = -1
        for i in range(held.size):
            if (
                firm[i]
                and not passed[i]
                and (soonest < 0 or held[i].firm_until_s < held[soonest].firm_until_s)
            ):
                soonest = i
        passed[soonest] = True
        missing -= held[soonest].nodes
        ready_s = held[soonest].firm_until_s + snapshot.sanitise_s
    beyond_floor = max(0, ready_s - snapshot.now_s - policy.floor_s)
    return _FORGONE * policy.wait_price * need * beyond_floor


@compiled
def _promised_s(held: Records, now_s: int) -> I64:
    """Return the firm node-seconds that giving notice now would break, lease by lease."""
    promised = np.zeros(held.size, dtype=np.int64)
    for i in range(held.size):
        lease = held[i]
        ended_s = max(now_s + lease.notice_s, lease.start_s)
        promised[i] = lease.nodes * max(0, lease.firm_until_s - ended_s)
    return promised


@compiled
def _shares(snapshot: Snapshot, breaking_s: int, need: int) -> tuple[float, float]:
    """Return how dear breaking and waiting have become, by the shares that they would come to.

    Fourth powers: the prices decide while both shares are alike, and the smaller share once they differ.
    """
    record = snapshot.record
    broken = (record.broken_s + breaking_s) / (
        record.sold_s + PRIOR_DAYS * 86400.0 * snapshot.nodes
    )
    more = LATE_PER_WAITING * snapshot.waiting * need / snapshot.pending
    late = (record.late + more) / (record.started + PRIOR_JOBS)
    broken *= broken
    late *= late
    return broken * broken, late * late


@compiled
def _at_least_cost(
    policy: Policy, snapshot: Snapshot, may: NDArray[np.bool_], need: int
) -> NDArray[np.bool_]:
    """Return mature leases at least cost; when they do not suffice, weigh breaking against waiting."""
    held = snapshot.held
    cost = taking_cost(held, snapshot.now_s)
    mature = np.zeros(held.size, dtype=np.bool_)
    firm = np.zeros(held.size, dtype=np.bool_)
    for i in range(held.size):
        if may[i]:
            mature[i] = held[i].firm_until_s <= snapshot.now_s + held[i].notice_s
            firm[i] = not mature[i]
    rest = need - _nodes_of(held, mature)
    if rest <= 0:
        return _cover(held, cost, mature, need)[0]
    broken, promised_s = _cover(held, _promised_s(held, snapshot.now_s), firm, rest)
    breaking = 0
    for i in range(held.size):
        if broken[i]:
            breaking += cost[i]
    waiting = _waiting_cost(policy, snapshot, firm, rest)
    spent_on_breaking, spent_on_waiting = _shares(snapshot, promised_s, rest)
    if breaking * spent_on_breaking < waiting * spent_on_waiting:
        for i in range(held.size):
            mature[i] = mature[i] or broken[i]
    return mature


@compiled
def choose_recalls(policy: Policy, snapshot: Snapshot) -> NDArray[np.bool_]:
    """Choose the leases that are given notice now.

    Parameters
    ----------
    policy : Policy
    snapshot : Snapshot

    Returns
    -------
    bool array, shape (leases,)
        All False while the nodes idle or on their way back suffice for the waiting internal jobs.
    """
    held = snapshot.held
    going = _leaving(snapshot)
    staying = np.zeros(held.size, dtype=np.bool_)
    for i in range(held.size):
        staying[i] = not going[i]
    coming = snapshot.sanitising + _nodes_of(held, going)
    need = min(snapshot.pending - snapshot.idle - coming, _nodes_of(held, staying))
    if need <= 0:
        return np.zeros(held.size, dtype=np.bool_)
    if policy.code == _TIDEGATE:
        return _at_least_cost(policy, snapshot, staying, need)
    if policy.code == _GFS:
        return victims(snapshot, staying, need)
    return _by_price(held, staying, need)
