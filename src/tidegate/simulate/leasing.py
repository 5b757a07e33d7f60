"""How leases begin and are called back: a plan is carried out."""

from typing import Final

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
    level_called_for,
    note_refused,
    promise,
    shortage,
)
from tidegate.simulate.internal import pending_nodes
from tidegate.simulate.model import Cluster
from tidegate.simulate.nodes import highest, set_free
from tidegate.simulate.state import (
    BUSY,
    IDLE,
    IS_LEASED,
    LEASED,
    LEASES,
    LEVEL,
    LEVEL_UNTIL_S,
    NEXT_LEASE_S,
    SHORT_SINCE_S,
    SOLD_S,
    TICK,
    Records,
    State,
)

_ADMITTED: Final = machine_int(Verdict.ADMITTED)
_TIDEGATE: Final = machine_int(PolicyCode.TIDEGATE)
_NOBODY: Final = machine_int(-1)
_ZERO: Final = machine_int(0)
_NO_GPUS: Final = machine_int(0)


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
