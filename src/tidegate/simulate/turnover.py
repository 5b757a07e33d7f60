"""Nodes between two holders: sanitising, and repair."""

from typing import Final

from tidegate.compiled import inlined, machine_int
from tidegate.simulate.internal import note_holding
from tidegate.simulate.model import Cluster, Holder
from tidegate.simulate.nodes import set_free
from tidegate.simulate.state import (
    AVAILABLE,
    FAILED,
    IDLE,
    IS_FAILED,
    IS_SANITISING,
    NEVER,
    NEXT_NODE_S,
    SANITISING,
    State,
)

_SANITISING: Final = machine_int(Holder.SANITISING)
_FAILED: Final = machine_int(Holder.FAILED)
_NOBODY: Final = machine_int(-1)


@inlined
def make_available(cluster: Cluster, state: State, node: int) -> None:
    """Make a node idle, and clean."""
    state.node[node].state = AVAILABLE
    state.node[node].clean = 1
    state.tally[IDLE] += 1
    set_free(state.tree, node, cluster.gpus_per_node)


@inlined
def leave_state(state: State, node: int, now_s: int) -> None:
    """Count and record a node out of sanitising or repair."""
    was_failed = state.node[node].state == IS_FAILED
    state.tally[FAILED if was_failed else SANITISING] -= 1
    holder = _FAILED if was_failed else _SANITISING
    note_holding(state, node, holder, _NOBODY, state.node[node].since_s, now_s)


@inlined
def sanitise(cluster: Cluster, state: State, node: int, now_s: int) -> None:
    """Start sanitising a node."""
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
def find_next_node(state: State) -> None:
    """Find out when the next node comes back."""
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
            leave_state(state, node, now_s)
            make_available(cluster, state, node)
    find_next_node(state)
