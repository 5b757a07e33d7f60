"""How leases end: their nodes start sanitising, or pass to the lease that displaced them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import inlined, machine_int
from tidegate.quota import forget
from tidegate.simulate.internal import note_holding
from tidegate.simulate.model import Cluster, Holder, Outcome
from tidegate.simulate.state import (
    BROKEN_S,
    IS_SANITISING,
    LEASED,
    LEASES,
    NEVER,
    NEXT_LEASE_S,
    Records,
    State,
)
from tidegate.simulate.turnover import find_next_node, leave_state, make_available, sanitise

_LEASE: Final = machine_int(Holder.LEASE)
_COMPLETED: Final = machine_int(Outcome.COMPLETED)
_RECALLED: Final = machine_int(Outcome.RECALLED)
_BROKEN: Final = machine_int(Outcome.BROKEN)
_LOST_NODE: Final = machine_int(Outcome.FAILED)
_NOBODY: Final = machine_int(-1)
_ZERO: Final = machine_int(0)
_OPEN: Final = machine_int(Outcome.OPEN)


@inlined
def _lease_due(held: Records, i: int) -> int:
    return held[i].take_s if held[i].take_s >= 0 else held[i].end_s


@inlined
def lease_of(state: State, request: int) -> int:
    """Return the place of a request's lease among those held; there must be one."""
    place = _ZERO
    while state.held[place].request != request:
        place += 1
    return place


@inlined
def join(state: State, lease: Any, node: int, now_s: int) -> None:
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
def _inherit(state: State, node: int, now_s: int) -> None:
    """Pass a node to the lease it is meant for, in its place by number; it is sanitised before that lease starts."""
    heir = state.node[node].heir
    lease = state.held[lease_of(state, heir)]
    state.node[node].heir = -1
    lease.coming -= 1
    join(state, lease, node, now_s)


@inlined
def _disinherit(state: State, request: int) -> None:
    """Let the nodes that were meant for a lease go elsewhere: it ends before it had them all."""
    for node in range(state.node.size):
        if state.node[node].heir == request:
            state.node[node].heir = -1
            state.held[lease_of(state, state.node[node].request)].owed -= 1


@inlined
def end_lease(
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
            sanitise(cluster, state, node, now_s)
        node = after


@inlined
def drop(state: State, gone: NDArray[np.bool_]) -> None:
    """Close the gaps that ended leases left, shape (leases,), and find out which ends next."""
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
            end_lease(cluster, state, leases, i, now_s, outcome)
            gone[i] = True
    drop(state, gone)


@inlined
def close_leasing(cluster: Cluster, state: State, leases: Records, now_s: int) -> None:
    """End every lease at the end of the window; nodes come back at once, nothing is measured any more."""
    for i in range(state.tally[LEASES]):
        end_lease(cluster, state, leases, i, now_s, _OPEN)
    drop(state, np.ones(state.tally[LEASES], dtype=np.bool_))
    for node in range(cluster.nodes):
        if state.node[node].state == IS_SANITISING:
            leave_state(state, node, now_s)
            make_available(cluster, state, node)
    find_next_node(state)
