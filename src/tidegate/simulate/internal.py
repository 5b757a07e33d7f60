"""Internal jobs: waiting, starting, ending, being killed."""

from typing import Final

from tidegate.compiled import inlined, machine_int
from tidegate.simulate import heap as ends
from tidegate.simulate.model import Cluster, Holder, Jobs
from tidegate.simulate.nodes import free_gpus, lowest, set_free
from tidegate.simulate.state import (
    BUSY,
    FLOOR_S,
    HEAP,
    HOLDINGS,
    IDLE,
    LATE,
    LEASED,
    NEVER,
    NO_JOB,
    SINCE_S,
    STARTED,
    USED_GPUS,
    WAITING,
    WAITING_GPUS,
    WAITING_NODES,
    State,
)

_INTERNAL: Final = machine_int(Holder.INTERNAL)
_NO_JOB: Final = machine_int(NO_JOB)
_ADD: Final = machine_int(1)
_DROP: Final = machine_int(-1)


@inlined
def note_holding(state: State, node: int, holder: int, number: int, since: int, until: int) -> None:
    """Record that a node was held over [since, until), when holdings are recorded at all."""
    if state.holdings.shape[0] > 0 and until > since:
        row = state.holdings[state.tally[HOLDINGS]]
        row[0], row[1], row[2], row[3], row[4] = node, holder, number, since, until
        state.tally[HOLDINGS] += 1


@inlined
def whole_nodes(cluster: Cluster, gpus: int) -> int:
    """Return the whole nodes that a job takes; 0 for a job that shares a node."""
    g = cluster.gpus_per_node
    return (gpus + g - 1) // g if gpus >= g else 0


@inlined
def _take(cluster: Cluster, state: State, node: int, gpus: int) -> None:
    free = free_gpus(state.tree, node)
    if free == cluster.gpus_per_node:
        state.tally[IDLE] -= 1
        state.tally[BUSY] += 1
        state.node[node].clean = 0
    set_free(state.tree, node, free - gpus)


@inlined
def _give(cluster: Cluster, state: State, node: int, gpus: int) -> None:
    free = free_gpus(state.tree, node) + gpus
    if free == cluster.gpus_per_node:
        state.tally[IDLE] += 1
        state.tally[BUSY] -= 1
    set_free(state.tree, node, free)


@inlined
def _fits(cluster: Cluster, state: State, gpus: int) -> bool:
    nodes = whole_nodes(cluster, gpus)
    return state.tally[IDLE] >= nodes if nodes else state.tree[1] >= gpus


@inlined
def _start(cluster: Cluster, state: State, jobs: Jobs, job: int, now_s: int) -> None:
    gpus, g = jobs.gpus[job], cluster.gpus_per_node
    nodes = whole_nodes(cluster, gpus)
    if nodes == 0:
        node = lowest(state.tree, gpus)
        _take(cluster, state, node, gpus)
        state.job_node[job] = node
        state.tally[USED_GPUS] += gpus
    else:
        before = -1
        for _ in range(nodes):
            node = lowest(state.tree, g)
            _take(cluster, state, node, g)
            if before < 0:
                state.job_node[job] = node
            else:
                state.node[before].after = node
            before = node
        state.node[before].after = -1
        state.tally[USED_GPUS] += nodes * g
    state.job_start[job] = now_s
    if jobs.submit_s[job] >= state.tally[SINCE_S]:
        state.tally[STARTED] += 1
    if now_s - jobs.submit_s[job] > state.tally[FLOOR_S] and state.tally[LEASED] > 0:
        state.tally[LATE] += 1
    ends.push(state.heap, state.tally[HEAP], ends.key(now_s + jobs.duration_s[job], job))
    state.tally[HEAP] += 1


@inlined
def _release(cluster: Cluster, state: State, jobs: Jobs, job: int, now_s: int) -> None:
    gpus, g = jobs.gpus[job], cluster.gpus_per_node
    node = state.job_node[job]
    since = state.job_start[job]
    if gpus < g:
        _give(cluster, state, node, gpus)
        state.tally[USED_GPUS] -= gpus
        note_holding(state, node, _INTERNAL, job, since, now_s)
        return
    while node >= 0:
        _give(cluster, state, node, g)
        state.tally[USED_GPUS] -= g
        note_holding(state, node, _INTERNAL, job, since, now_s)
        node = state.node[node].after


@inlined
def _is_live(state: State, jobs: Jobs, key: int) -> bool:
    """Whether a key of the heap stands for a job that still runs (a killed one leaves its key)."""
    job = ends.job_of(key)
    start = state.job_start[job]
    return start >= 0 and start + jobs.duration_s[job] == ends.end_of(key)


@inlined
def next_end(state: State, jobs: Jobs) -> int:
    """Return when the next running job ends; keys that killed jobs left behind are dropped."""
    while state.tally[HEAP] > 0:
        key = state.heap[0]
        if _is_live(state, jobs, key):
            return ends.end_of(key)
        ends.pop(state.heap, state.tally[HEAP])
        state.tally[HEAP] -= 1
    return NEVER


@inlined
def end_jobs(cluster: Cluster, state: State, jobs: Jobs, now_s: int) -> None:
    """End the jobs that are due."""
    while state.tally[HEAP] > 0 and ends.end_of(state.heap[0]) <= now_s:
        key = ends.pop(state.heap, state.tally[HEAP])
        state.tally[HEAP] -= 1
        if _is_live(state, jobs, key):
            _release(cluster, state, jobs, ends.job_of(key), now_s)


@inlined
def _count_waiting(cluster: Cluster, state: State, gpus: int, sign: int) -> None:
    nodes = whole_nodes(cluster, gpus)
    state.tally[WAITING] += sign
    if nodes:
        state.tally[WAITING_NODES] += sign * nodes
    else:
        state.tally[WAITING_GPUS] += sign * gpus


@inlined
def _enqueue(cluster: Cluster, state: State, jobs: Jobs, job: int) -> None:
    """Put a job into the queue of its size, in its place by number."""
    gpus, after = jobs.gpus[job], state.job_node
    nodes = whole_nodes(cluster, gpus)
    waiting = state.queue[state.size_of_nodes[nodes] if nodes else gpus - 1]
    _count_waiting(cluster, state, gpus, _ADD)
    if waiting.head == NO_JOB or waiting.tail < job:
        if waiting.head == NO_JOB:
            waiting.head = job
        else:
            after[waiting.tail] = job
        waiting.tail = job
        after[job] = NO_JOB
    elif job < waiting.head:
        after[job] = waiting.head
        waiting.head = job
    else:
        before = waiting.head
        while after[before] < job:
            before = after[before]
        after[job] = after[before]
        after[before] = job


@inlined
def submit(cluster: Cluster, state: State, jobs: Jobs, job: int, now_s: int) -> None:
    """Take a job in: start it when nobody waits and it fits, else let it wait."""
    if state.tally[WAITING] == 0 and _fits(cluster, state, jobs.gpus[job]):
        _start(cluster, state, jobs, job, now_s)
    else:
        _enqueue(cluster, state, jobs, job)


@inlined
def schedule(cluster: Cluster, state: State, jobs: Jobs, now_s: int) -> None:
    """Start waiting jobs, first fit in order of submission.

    Starting a job only takes room, so a job that does not fit now will not fit later in the same walk: the walk is
    the same as starting, again and again, the earliest job that fits.
    """
    queue = state.queue
    small = cluster.gpus_per_node - 1
    while state.tally[WAITING] > 0:
        job = _NO_JOB
        chosen = -1
        for size in range(min(small, state.tree[1])):
            if queue[size].head < job:
                job = queue[size].head
                chosen = size
        for size in range(small, queue.size):
            if queue[size].size > state.tally[IDLE]:
                break
            if queue[size].head < job:
                job = queue[size].head
                chosen = size
        if chosen < 0:
            return
        queue[chosen].head = state.job_node[job]
        _count_waiting(cluster, state, jobs.gpus[job], _DROP)
        _start(cluster, state, jobs, job, now_s)


@inlined
def _is_on(cluster: Cluster, state: State, jobs: Jobs, job: int, node: int) -> bool:
    at = state.job_node[job]
    if jobs.gpus[job] < cluster.gpus_per_node:
        return at == node
    while at >= 0:
        if at == node:
            return True
        at = state.node[at].after
    return False


@inlined
def kill_jobs_on(cluster: Cluster, state: State, jobs: Jobs, node: int, now_s: int) -> None:
    """Stop the jobs on a failing node; they wait again, in their old place, with their whole duration."""
    for place in range(state.tally[HEAP]):
        key = state.heap[place]
        job = ends.job_of(key)
        if _is_live(state, jobs, key) and _is_on(cluster, state, jobs, job, node):
            _release(cluster, state, jobs, job, now_s)
            state.job_start[job] = -1
            _enqueue(cluster, state, jobs, job)


@inlined
def note_running(cluster: Cluster, state: State, jobs: Jobs) -> None:
    """Record the jobs that still run, up to their planned ends."""
    for place in range(state.tally[HEAP]):
        key = state.heap[place]
        if _is_live(state, jobs, key):
            job = ends.job_of(key)
            node = state.job_node[job]
            while node >= 0:
                note_holding(state, node, _INTERNAL, job, state.job_start[job], ends.end_of(key))
                if jobs.gpus[job] < cluster.gpus_per_node:
                    break
                node = state.node[node].after


@inlined
def pending_nodes(cluster: Cluster, state: State) -> int:
    """Return the nodes that waiting jobs ask for."""
    g = cluster.gpus_per_node
    return state.tally[WAITING_NODES] + (state.tally[WAITING_GPUS] + g - 1) // g
