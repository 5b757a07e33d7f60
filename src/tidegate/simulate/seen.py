"""What a decision is made from: the state of a play as a snapshot."""

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import inlined
from tidegate.quota import Record, Snapshot, kept_back, pass_time
from tidegate.simulate.internal import pending_nodes
from tidegate.simulate.model import Cluster
from tidegate.simulate.nodes import free_gpus
from tidegate.simulate.state import (
    BROKEN_S,
    BUSY,
    FAILED_PERIODS,
    IDLE,
    IS_SANITISING,
    KEPT_PERIODS,
    LATE,
    LEASED,
    LEASES,
    LEVEL,
    LEVEL_UNTIL_S,
    NO_JOB,
    SANITISING,
    SHORT_SINCE_S,
    SOLD_S,
    STARTED,
    WAITING,
    Records,
    State,
)


@inlined
def _widest(cluster: Cluster, state: State) -> int:
    """Return the nodes that the widest waiting job asks for, when they fit in a block; else 0."""
    for size in range(state.queue.size - 1, cluster.gpus_per_node - 2, -1):
        if state.queue[size].head != NO_JOB:
            wide = state.queue[size].size
            return wide if wide <= cluster.block_nodes else 0
    return 0


@inlined
def _in_blocks(
    cluster: Cluster,
    state: State,
    lacks: bool,  # noqa: FBT001  compiled code takes no keywords
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count, block by block, the nodes idle or on their way back, and those of leases; nothing unless nodes lack."""
    per_block = cluster.block_nodes
    blocks = (cluster.nodes + per_block - 1) // per_block if per_block > 0 and lacks else 0
    free = np.zeros(blocks, dtype=np.int64)
    held = np.zeros(blocks * state.tally[LEASES], dtype=np.int64)
    if blocks > 0:
        for node in range(cluster.nodes):
            is_idle = free_gpus(state.tree, node) == cluster.gpus_per_node
            if is_idle or state.node[node].state == IS_SANITISING:
                free[node // per_block] += 1
        for i in range(state.tally[LEASES]):
            node = state.held[i].first_node
            while node >= 0:
                held[i * blocks + node // per_block] += 1
                node = state.node[node].after
    return free, held


@inlined
def snapshot(
    cluster: Cluster,
    state: State,
    requests: Records,
    first: int,
    past: int,
    now_s: int,
    horizons_s: NDArray[np.int64],
    curve: NDArray[np.int64],
) -> Snapshot:
    """Return what a decision is made from; requests ``first`` to ``past`` are to be judged.

    ``horizons_s`` and ``curve`` have shape (horizons,).
    """
    pass_time(state.promises, now_s)
    pending = pending_nodes(cluster, state)
    lacks = pending > state.tally[IDLE] + state.tally[SANITISING]
    free_in_block, held_in_block = _in_blocks(cluster, state, lacks)
    return Snapshot(
        now_s=now_s,
        idle=state.tally[IDLE],
        pending=pending,
        sanitising=state.tally[SANITISING],
        leased=state.tally[LEASED],
        sanitise_s=cluster.sanitise_s,
        horizons_s=horizons_s,
        curve=curve,
        kept_back=kept_back(
            state.tally[LEVEL], state.tally[LEVEL_UNTIL_S], state.tally[BUSY] + pending, now_s
        ),
        short_since_s=state.tally[SHORT_SINCE_S],
        wide=_widest(cluster, state),
        free_in_block=free_in_block,
        held_in_block=held_in_block,
        promised=state.promises.nodes,
        displaced=state.offers.displaced,
        held=state.held[: state.tally[LEASES]],
        asked=requests[first:past],
        nodes=cluster.nodes,
        failed_periods=state.tally[FAILED_PERIODS],
        kept_periods=state.tally[KEPT_PERIODS],
        waiting=state.tally[WAITING],
        record=Record(
            sold_s=state.tally[SOLD_S],
            broken_s=state.tally[BROKEN_S],
            started=state.tally[STARTED],
            late=state.tally[LATE],
        ),
    )
