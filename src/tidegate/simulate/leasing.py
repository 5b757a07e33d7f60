"""Leases on nodes: admission, notice, ending, sanitising, and nodes that fail."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import inlined, machine_int
from tidegate.quota import (
    BACK_OFF_S,
    Plan,
    Policy,
    PolicyCode,
    Snapshot,
    Verdict,
    change,
    displaced_at,
    forget,
    level_called_for,
    note_refused,
    promise,
    shortage,
)
from tidegate.simulate.internal import kill_jobs_on, note_holding, pending_nodes
from tidegate.simulate.model import Cluster, Holder, Jobs, Outcome
from tidegate.simulate.nodes import free_gpus, highest, set_free
from tidegate.simulate.state import (
    AVAILABLE,
    BROKEN_S,
    BUSY,
    FAILED,
    IDLE,
    IS_FAILED,
    IS_LEASED,
    IS_SANITISING,
    LEASED,
    LEASES,
    LEVEL,
    LEVEL_UNTIL_S,
    NEVER,
    NEXT_LEASE_S,
    NEXT_NODE_S,
    SANITISING,
    SHORT_SINCE_S,
    SOLD_S,
    TICK,
    Records,
    State,
)

_ADMITTED: Final = machine_int(Verdict.ADMITTED)
_TIDEGATE: Final = machine_int(PolicyCode.TIDEGATE)
_LEASE: Final = machine_int(Holder.LEASE)
_SANITISING: Final = machine_int(Holder.SANITISING)
_FAILED: Final = machine_int(Holder.FAILED)
_COMPLETED: Final = machine_int(Outcome.COMPLETED)
_RECALLED: Final = machine_int(Outcome.RECALLED)
_BROKEN: Final = machine_int(Outcome.BROKEN)
_LOST_NODE: Final = machine_int(Outcome.FAILED)
_NOBODY: Final = machine_int(-1)
_ZERO: Final = machine_int(0)
_NO_GPUS: Final = machine_int(0)
_OPEN: Final = machine_int(Outcome.OPEN)


@inlined
def _make_available(cluster: Cluster, state: State, node: int) -> None:
    state.node[node].state = AVAILABLE
    state.node[node].clean = 1
    state.tally[IDLE] += 1
    set_free(state.tree, node, cluster.gpus_per_node)


@inlined
def _leave_state(state: State, node: int, now_s: int) -> None:
    """Count and record a node out of sanitising or repair."""
    was_failed = state.node[node].state == IS_FAILED
    state.tally[FAILED if was_failed else SANITISING] -= 1
    holder = _FAILED if was_failed else _SANITISING
    note_holding(state, node, holder, _NOBODY, state.node[node].since_s, now_s)


@inlined
def _sanitise(cluster: Cluster, state: State, node: int, now_s: int) -> None:
    until = now_s + cluster.sanitise_s
    state.node[node].state = IS_SANITISING
    state.node[node].since_s = now_s
    state.node[node].until_s = until
    state.tally[SANITISING] += 1
    state.tally[NEXT_NODE_S] = min(state.tally[NEXT_NODE_S], until)


@inlined
def _comes_back(state: State, node: int) -> int:
    """Return when a node's sanitising or repair ends; NEVER for any other node."""
    held = state.node[node]
    return held.until_s if held.state in (IS_SANITISING, IS_FAILED) else NEVER


@inlined
def _find_next_node(state: State) -> None:
    upcoming = NEVER
    for node in range(state.node.size):
        upcoming = min(upcoming, _comes_back(state, node))
    state.tally[NEXT_NODE_S] = upcoming


@inlined
def free_due_nodes(cluster: Cluster, state: State, now_s: int) -> None:
    """Make nodes available whose sanitising or repair has ended."""
    if state.tally[NEXT_NODE_S] > now_s:
        return
    for node in range(cluster.nodes):
        if _comes_back(state, node) <= now_s:
            _leave_state(state, node, now_s)
            _make_available(cluster, state, node)
    _find_next_node(state)


@inlined
def _lease_due(held: Records, i: int) -> int:
    return held[i].take_s if held[i].take_s >= 0 else held[i].end_s


@inlined
def _lease_of(state: State, request: int) -> int:
    """Return the place of a request's lease among those held; there must be one."""
    place = _ZERO
    while state.held[place].request != request:
        place += 1
    return place


@inlined
def _inherit(state: State, node: int, now_s: int) -> None:
    """Pass a node to the lease it is meant for, in its place by number; it is sanitised before that lease starts."""
    heir = state.node[node].heir
    lease = state.held[_lease_of(state, heir)]
    state.node[node].heir = -1
    lease.coming -= 1
    _join(state, lease, node, now_s)


@inlined
def _join(state: State, lease: Any, node: int, now_s: int) -> None:
    """Put a node among those of a lease, in its place by number."""
    state.node[node].request = lease.request
    state.node[node].since_s = now_s
    before, after = _NOBODY, lease.first_node
    while after > node:
        before = after
        after = state.node[after].after
    state.node[node].after = after
    if before < 0:
        lease.first_node = node
    else:
        state.node[before].after = node


@inlined
def _disinherit(state: State, request: int) -> None:
    """Let the nodes that were meant for a lease go elsewhere: it ends before it had them all."""
    for node in range(state.node.size):
        if state.node[node].heir == request:
            state.node[node].heir = -1
            state.held[_lease_of(state, state.node[node].request)].owed -= 1


@inlined
def _end_lease(
    cluster: Cluster, state: State, leases: Records, i: int, now_s: int, outcome: int
) -> None:
    """End lease ``i`` of those held: its nodes start sanitising."""
    request = state.held[i].request
    leases[request].end_s = now_s
    leases[request].outcome = outcome
    if outcome in (_BROKEN, _LOST_NODE):
        lease = state.held[i]
        broken_s = max(0, lease.firm_until_s - max(now_s, lease.start_s))
        leases[request].broken_s = broken_s
        state.tally[BROKEN_S] += lease.nodes * broken_s
    if state.held[i].coming > 0:
        _disinherit(state, request)
    forget(state.promises, state.held[i].slot)
    node = state.held[i].first_node
    while node >= 0:
        after = state.node[node].after
        note_holding(state, node, _LEASE, request, state.node[node].since_s, now_s)
        if state.node[node].heir >= 0:
            _inherit(state, node, now_s)
        else:
            state.tally[LEASED] -= 1
            state.node[node].request = -1
            _sanitise(cluster, state, node, now_s)
        node = after


@inlined
def _drop(state: State, gone: NDArray[np.bool_]) -> None:
    """Close the gaps that ended leases left, and find out which ends next."""
    held = state.held
    kept = _ZERO
    upcoming = NEVER
    for i in range(state.tally[LEASES]):
        if gone[i]:
            continue
        if kept < i:
            held[kept] = held[i]
        upcoming = min(upcoming, _lease_due(held, kept))
        kept += 1
    state.tally[LEASES] = kept
    state.tally[NEXT_LEASE_S] = upcoming


@inlined
def end_due_leases(cluster: Cluster, state: State, leases: Records, now_s: int) -> None:
    """End the leases whose end or taking time has come."""
    if state.tally[NEXT_LEASE_S] > now_s:
        return
    held = state.held
    gone = np.zeros(state.tally[LEASES], dtype=np.bool_)
    for i in range(gone.size):
        if _lease_due(held, i) <= now_s:
            outcome = _COMPLETED
            if held[i].take_s >= 0:
                outcome = _BROKEN if now_s < held[i].firm_until_s else _RECALLED
            _end_lease(cluster, state, leases, i, now_s, outcome)
            gone[i] = True
    _drop(state, gone)


@inlined
def _replace(cluster: Cluster, state: State, node: int, now_s: int) -> bool:
    """Give a lease an idle node in place of the one that fails, if internal jobs leave one; say whether it did.

    Not to a lease that has not started, is under notice or not whole, nor for a node that was meant for another.
    """
    lease = state.held[_lease_of(state, state.node[node].request)]
    spare = state.tally[IDLE] - pending_nodes(cluster, state)
    if spare <= 0 or lease.start_s >= now_s or state.node[node].heir >= 0:
        return False
    if lease.take_s >= 0 or lease.coming > 0:
        return False
    note_holding(state, node, _LEASE, lease.request, state.node[node].since_s, now_s)
    after = state.node[node].after
    if lease.first_node == node:
        lease.first_node = after
    else:
        before = lease.first_node
        while state.node[before].after != node:
            before = state.node[before].after
        state.node[before].after = after
    state.node[node].request = -1
    other = highest(state.tree, cluster.gpus_per_node)
    set_free(state.tree, other, _NO_GPUS)
    state.tally[IDLE] -= 1
    state.node[other].state = IS_LEASED
    _join(state, lease, other, now_s)
    return True


@inlined
def _is_replaced(cluster: Cluster, policy: Policy, state: State, node: int, now_s: int) -> bool:
    """Whether the node is a lease's, and another has taken its place."""
    if policy.replaces == 0 or state.node[node].state != IS_LEASED:
        return False
    return _replace(cluster, state, node, now_s)


@inlined
def fail_node(
    cluster: Cluster,
    policy: Policy,
    state: State,
    jobs: Jobs,
    leases: Records,
    node: int,
    now_s: int,
    until_s: int,
) -> None:
    """Fail a node: its jobs wait again, the lease that holds it gets another, or ends."""
    if state.node[node].state == AVAILABLE:
        if free_gpus(state.tree, node) < cluster.gpus_per_node:
            kill_jobs_on(cluster, state, jobs, node, now_s)
        set_free(state.tree, node, _NO_GPUS)
        state.tally[IDLE] -= 1
    elif not _is_replaced(cluster, policy, state, node, now_s):
        if state.node[node].state == IS_LEASED:
            gone = np.zeros(state.tally[LEASES], dtype=np.bool_)
            # Twice when the node was about to pass from one lease to another.
            while state.node[node].state == IS_LEASED:
                i = _lease_of(state, state.node[node].request)
                gone[i] = True
                _end_lease(cluster, state, leases, i, now_s, _LOST_NODE)
            _drop(state, gone)
        _leave_state(state, node, now_s)
    state.node[node].state = IS_FAILED
    state.node[node].since_s = now_s
    state.node[node].until_s = until_s
    state.tally[FAILED] += 1
    _find_next_node(state)


@inlined
def close_leasing(cluster: Cluster, state: State, leases: Records, now_s: int) -> None:
    """End every lease at the end of the window; nodes come back at once, nothing is measured any more."""
    for i in range(state.tally[LEASES]):
        _end_lease(cluster, state, leases, i, now_s, _OPEN)
    _drop(state, np.ones(state.tally[LEASES], dtype=np.bool_))
    for node in range(cluster.nodes):
        if state.node[node].state == IS_SANITISING:
            _leave_state(state, node, now_s)
            _make_available(cluster, state, node)
    _find_next_node(state)


@inlined
def note_failed(cluster: Cluster, state: State) -> None:
    """Record the nodes that are still failed, up to their planned repair."""
    for node in range(cluster.nodes):
        if state.node[node].state == IS_FAILED:
            since, until = state.node[node].since_s, state.node[node].until_s
            note_holding(state, node, _FAILED, _NOBODY, since, until)


@inlined
def _hand_over(
    cluster: Cluster, state: State, request: int, nodes: int, now_s: int
) -> tuple[int, bool]:
    """Give the highest idle nodes to a lease; return the first of them, and whether all are clean."""
    first = before = _NOBODY
    all_clean = True
    for _ in range(nodes):
        node = highest(state.tree, cluster.gpus_per_node)
        set_free(state.tree, node, _NO_GPUS)
        state.node[node].state = IS_LEASED
        state.node[node].request = request
        state.node[node].since_s = now_s
        state.node[node].after = -1
        all_clean = all_clean and state.node[node].clean == 1
        if before < 0:
            first = node
        else:
            state.node[before].after = node
        before = node
    state.tally[IDLE] -= nodes
    state.tally[LEASED] += nodes
    return first, all_clean


@inlined
def _bequeath(state: State, plan: Plan, place: int, request: int, nodes: int) -> int:
    """Mean nodes of the leases displaced for a request for its lease; return when the last of those is taken."""
    last_s = _ZERO
    for i in range(plan.displaced_for.size):
        if plan.displaced_for[i] != place:
            continue
        lease = state.held[i]
        last_s = max(last_s, lease.take_s)
        node = lease.first_node
        while node >= 0 and nodes > 0:
            state.node[node].heir = request
            lease.owed += 1
            nodes -= 1
            node = state.node[node].after
    return last_s


@inlined
def _admit(
    cluster: Cluster,
    state: State,
    requests: Records,
    plan: Plan,
    place: int,
    kept: int,
    first: int,
    now_s: int,
) -> int:
    """Sell a lease to the plan's request at ``place``; return when it starts. ``kept`` idle nodes are not lent."""
    number = first + place
    request = requests[number]
    spare = state.tally[IDLE] - pending_nodes(cluster, state) - kept
    at_hand = min(request.nodes, max(0, spare))
    coming = request.nodes - at_hand
    first_node, all_clean = _hand_over(cluster, state, number, at_hand, now_s)
    start = now_s if all_clean else now_s + cluster.sanitise_s
    if coming > 0:
        start = _bequeath(state, plan, place, number, coming) + cluster.sanitise_s
    lease = state.held[state.tally[LEASES]]
    lease.request = number
    lease.nodes = request.nodes
    lease.first_node = first_node
    lease.since_s = now_s
    lease.start_s = start
    lease.end_s = start + request.duration_s
    lease.firm_until_s = start + request.firm_s if request.firm_s > 0 else now_s
    lease.notice_s = request.notice_s
    lease.take_s = -1
    lease.price = request.price
    lease.owed = 0
    lease.coming = coming
    lease.slot = promise(
        state.promises,
        lease.nodes,
        lease.firm_until_s,
        lease.end_s,
        lease.notice_s,
        lease.take_s,
        now_s,
    )
    state.tally[LEASES] += 1
    state.tally[SOLD_S] += request.nodes * request.firm_s
    state.tally[NEXT_LEASE_S] = min(state.tally[NEXT_LEASE_S], lease.end_s)
    return start


@inlined
def apply(
    cluster: Cluster,
    state: State,
    policy: Policy,
    view: Snapshot,
    requests: Records,
    leases: Records,
    plan: Plan,
    first: int,
) -> None:
    """Carry a plan out: give notice, then hand nodes to the requests admitted."""
    held, now_s = state.held, view.now_s
    backs_off = policy.code == _TIDEGATE
    if not backs_off or shortage(view) == 0:
        state.tally[SHORT_SINCE_S] = -1
    elif state.tally[SHORT_SINCE_S] < 0:
        state.tally[SHORT_SINCE_S] = now_s
    is_called = False
    for i in range(plan.recall.size):
        if plan.recall[i]:
            held[i].take_s = now_s + held[i].notice_s
            state.tally[NEXT_LEASE_S] = min(state.tally[NEXT_LEASE_S], held[i].take_s)
            change(
                state.promises,
                held[i].slot,
                held[i].firm_until_s,
                held[i].end_s,
                held[i].notice_s,
                held[i].take_s,
                now_s,
            )
            lease = leases[held[i].request]
            lease.notice_at_s = now_s
            lease.why = plan.why[i]
            lease.need = plan.need[i]
            lease.cost = plan.cost[i]
            lease.against = plan.against[i]
            is_called = is_called or (backs_off and plan.displaced_for[i] < 0)
            if plan.displaced_for[i] >= 0:
                lease.displaced_for = first + plan.displaced_for[i]
    if is_called:
        demand = state.tally[BUSY] + view.pending
        level, until_s = state.tally[LEVEL], state.tally[LEVEL_UNTIL_S]
        state.tally[LEVEL] = level_called_for(level, until_s, demand, now_s)
        state.tally[LEVEL_UNTIL_S] = now_s + BACK_OFF_S
    for i in plan.order:
        request: int = first + i
        leases[request].verdict = plan.verdict[i]
        leases[request].horizon = plan.horizon[i]
        leases[request].room = plan.room[i]
        leases[request].bid = plan.bid[i]
        note_refused(
            state.offers,
            state.tally[TICK],
            displaced_at(policy, view, plan, i),
            requests[request].price,
        )
        if plan.verdict[i] == _ADMITTED:
            start_s = _admit(cluster, state, requests, plan, i, view.kept_back, first, now_s)
            leases[request].start_s = start_s
