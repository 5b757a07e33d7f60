"""Nodes that fail: what becomes of the jobs and the lease on them."""

from typing import Final

import numpy as np

from tidegate.compiled import inlined, machine_int
from tidegate.quota import Policy
from tidegate.simulate.internal import kill_jobs_on, note_holding, pending_nodes
from tidegate.simulate.leaseends import drop, end_lease, join, lease_of
from tidegate.simulate.model import Cluster, Holder, Jobs, Outcome
from tidegate.simulate.nodes import free_gpus, highest, set_free
from tidegate.simulate.state import (
    AVAILABLE,
    FAILED,
    IDLE,
    IS_FAILED,
    IS_LEASED,
    LEASES,
    Records,
    State,
)
from tidegate.simulate.turnover import find_next_node, leave_state

_LEASE: Final = machine_int(Holder.LEASE)
_FAILED: Final = machine_int(Holder.FAILED)
_LOST_NODE: Final = machine_int(Outcome.FAILED)
_NOBODY: Final = machine_int(-1)
_NO_GPUS: Final = machine_int(0)


@inlined
def _replace(cluster: Cluster, state: State, node: int, now_s: int) -> bool:
    """Give a lease an idle node in place of the one that fails, if internal jobs leave one; say whether it did.

    Not to a lease that has not started, is under notice or not whole, nor for a node that was meant for another.
    """
    lease = state.held[lease_of(state, state.node[node].request)]
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
    join(state, lease, other, now_s)
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
                i = lease_of(state, state.node[node].request)
                gone[i] = True
                end_lease(cluster, state, leases, i, now_s, _LOST_NODE)
            drop(state, gone)
        leave_state(state, node, now_s)
    state.node[node].state = IS_FAILED
    state.node[node].since_s = now_s
    state.node[node].until_s = until_s
    state.tally[FAILED] += 1
    find_next_node(state)


@inlined
def note_failed(cluster: Cluster, state: State) -> None:
    """Record the nodes that are still failed, up to their planned repair."""
    for node in range(cluster.nodes):
        if state.node[node].state == IS_FAILED:
            since, until = state.node[node].since_s, state.node[node].until_s
            note_holding(state, node, _FAILED, _NOBODY, since, until)
