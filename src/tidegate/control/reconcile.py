"""From what a driver shows to what the book says: the nodes' moves, and what contradicts them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from tidegate.control.book import Book
from tidegate.control.failures import take_failures
from tidegate.control.ids import Prefix, new_id
from tidegate.control.leases import end_lease, end_recalled
from tidegate.control.ports import GiveBack, NodeFact, NodeState, PoolFacts, Sanitise, Take
from tidegate.errors import DriverError
from tidegate.lease.events import DRIFT
from tidegate.lease.lease import EndReason, Holding, Lease
from tidegate.lease.states import BILLABLE, HoldingState, LeaseState

AHEAD_S: Final = 300
"""How far a driver's clock may be ahead of ours before its answer cannot be true."""

NOTHING: Final[Mapping[str, NodeFact]] = MappingProxyType({})
"""No fact has been settled yet."""

_SEEN_AS: Final = {
    NodeState.FREE: HoldingState.FREE,
    NodeState.INTERNAL: HoldingState.INTERNAL,
    NodeState.DRAINING: HoldingState.DRAINING,
    NodeState.SANITISING: HoldingState.SANITISING,
    NodeState.FAILED: HoldingState.FAILED,
}


def check_facts(
    facts: PoolFacts,
    pool: str,
    most_nodes: int,
    now_s: int,
    settled: Mapping[str, NodeFact] = NOTHING,
) -> None:
    """Refuse an answer that cannot be true, as a whole.

    Parameters
    ----------
    settled : mapping of str to NodeFact
        Facts of an earlier answer that have been checked, by node: one that comes again need not be.

    Raises
    ------
    DriverError
        ``TG-DRIVER-ANSWER``, naming the node and the field.
    """

    def refuse(what: str, expected: str) -> DriverError:
        return DriverError("TG-DRIVER-ANSWER", f"pool {pool}: {what}.", expected=expected)

    if facts.pool != pool:
        raise refuse(f"the answer is of pool {facts.pool}", f"facts of {pool}.")
    if not 0 <= facts.at_s <= now_s + AHEAD_S:
        raise refuse(f"seen at {facts.at_s}, which is not yet", f"a time up to {now_s}.")
    seen: set[str] = set()
    for fact in facts.nodes:
        if settled.get(fact.node) is fact and fact.node not in seen:
            seen.add(fact.node)
            continue
        if not fact.node or fact.node in seen:
            raise refuse(f"node {fact.node!r} stands there twice", "each node once.")
        seen.add(fact.node)
        if not 0 <= fact.since_s <= facts.at_s:
            raise refuse(
                f"node {fact.node} is {fact.state} since {fact.since_s}",
                f"a time up to {facts.at_s}.",
            )
        if fact.state is NodeState.LEASED and not fact.lease_id:
            raise refuse(f"node {fact.node} is leased to nobody", "the lease that holds it.")
    if len(seen) > most_nodes:
        raise refuse(f"{len(seen)} nodes", f"at most {most_nodes}, as the fleet file says.")
    waiting = facts.waiting
    for name in (
        "busy_nodes",
        "pending_nodes",
        "widest_nodes",
        "waiting_jobs",
        "started_jobs",
        "late_jobs",
    ):
        if getattr(waiting, name) < 0:
            raise refuse(f"{name} is {getattr(waiting, name)}", "a number that is not negative.")
    if waiting.busy_nodes > len(seen):
        raise refuse(f"{waiting.busy_nodes} nodes are busy", f"at most {len(seen)}.")


class _Sorting:
    """Nodes sorted by what becomes of them, so that one event tells of many."""

    def __init__(self) -> None:
        self.moves: dict[tuple[HoldingState, str | None, int], list[str]] = defaultdict(list)
        self.failed: dict[tuple[str, int], list[str]] = defaultdict(list)
        self.lost: dict[str, list[str]] = defaultdict(list)
        self.done: list[str] = []
        self.left: dict[str, set[str]] = defaultdict(set)
        self.strays: dict[str, list[str]] = defaultdict(list)
        self.retaken: list[str] = []
        self.drift: list[str] = []


def reconcile(book: Book, facts: PoolFacts, done: int, now_s: int) -> None:
    """Bring the book into line with what the driver shows.

    Parameters
    ----------
    book : Book
    facts : PoolFacts
        Checked.
    done : int
        Number of the last command that had been carried out when the driver was looked at: of nodes that later
        commands touch, the facts say nothing but that they have failed.
    now_s : int
    """
    sorting = _Sorting()
    book.roster.order([fact.node for fact in facts.nodes])
    settled = book.settled
    for fact in facts.nodes:
        # Most nodes are as they were, and the book agrees.
        if settled.get(fact.node) is fact:
            continue
        if _agrees(book.holdings.get(fact.node), fact):
            settled[fact.node] = fact
        else:
            _sort(book, fact, sorting, is_current=book.journal.fence.get(fact.node, 0) <= done)
    if len(facts.nodes) < len(book.holdings):
        shown = {fact.node for fact in facts.nodes}
        for node, holding in book.holdings.items():
            if node not in shown and holding.state is not HoldingState.FAILED:
                sorting.failed[holding.lease_id or "", now_s].append(node)
    book.clean = {
        fact.node for fact in facts.nodes if fact.is_clean and fact.state is NodeState.FREE
    }
    book.busy = facts.waiting.busy_nodes
    book.pending = facts.waiting.pending_nodes
    book.widest = facts.waiting.widest_nodes
    book.waiting = facts.waiting.waiting_jobs
    _carry_out(book, sorting, now_s)
    _start(book, now_s)


def _agrees(holding: Holding | None, fact: NodeFact) -> bool:
    """Whether the book has a node just as the driver shows it."""
    if holding is None:
        return False
    if holding.lease_id is None:
        # A node that is drained is to be sanitised next: that is never the last word.
        is_there = holding.state is not HoldingState.DRAINING
        return is_there and _SEEN_AS.get(fact.state) is holding.state
    is_ours = fact.state is NodeState.LEASED and fact.lease_id == holding.lease_id
    return is_ours and holding.state in BILLABLE and not fact.is_left


def _sort(book: Book, fact: NodeFact, sorting: _Sorting, *, is_current: bool) -> None:
    """Say what a fact means for its node."""
    holding = book.holdings.get(fact.node)
    if holding is None:
        state = _SEEN_AS.get(fact.state, HoldingState.DRAINING)
        sorting.moves[state, None, fact.since_s].append(fact.node)
        if fact.state is NodeState.LEASED:
            sorting.strays[fact.lease_id or ""].append(fact.node)
        return
    if fact.state is NodeState.FAILED:
        if holding.state is not HoldingState.FAILED:
            sorting.failed[holding.lease_id or "", fact.since_s].append(fact.node)
        return
    if not is_current:
        return
    if holding.lease_id is not None:
        _sort_leased(holding.state, holding.lease_id, fact, sorting)
    elif fact.state is NodeState.LEASED:
        sorting.strays[fact.lease_id or ""].append(fact.node)
    elif holding.state is HoldingState.SANITISING and fact.state in (
        NodeState.FREE,
        NodeState.INTERNAL,
    ):
        sorting.done.append(fact.node)
        sorting.moves[_SEEN_AS[fact.state], None, fact.since_s].append(fact.node)
    elif holding.state is HoldingState.DRAINING and fact.state in (
        NodeState.FREE,
        NodeState.DRAINING,
    ):
        # Drained, and not sanitised though it was told to: nobody's until it has been.
        if not fact.is_clean:
            sorting.retaken.append(fact.node)
        else:
            # Sanitised between two looks.
            sorting.done.append(fact.node)
            sorting.moves[HoldingState.FREE, None, fact.since_s].append(fact.node)
    else:
        seen = _SEEN_AS[fact.state]
        if seen is not holding.state:
            sorting.moves[seen, None, fact.since_s].append(fact.node)


def _sort_leased(state: HoldingState, lease_id: str, fact: NodeFact, sorting: _Sorting) -> None:
    """Say what a fact means for a node that the book has in a lease."""
    is_ours = fact.lease_id == lease_id
    if fact.state is NodeState.LEASED and is_ours:
        if state is HoldingState.SANITISING:
            sorting.moves[HoldingState.LEASED, lease_id, fact.since_s].append(fact.node)
        elif state is HoldingState.NOTICED and fact.is_left:
            sorting.left[lease_id].add(fact.node)
        return
    if state is HoldingState.SANITISING and fact.state is NodeState.SANITISING:
        return
    # In other hands, or in nobody's, though it was handed over.
    sorting.lost[lease_id].append(fact.node)
    sorting.drift.append(
        f"{fact.node} should be with {lease_id} and is {fact.state}"
        + (f" with {fact.lease_id}" if fact.lease_id else "")
    )
    if fact.state is NodeState.LEASED and fact.lease_id:
        sorting.strays[fact.lease_id].append(fact.node)


def _carry_out(book: Book, sorting: _Sorting, now_s: int) -> None:
    pool = book.pool.id
    for (state, lease_id, since_s), nodes in sorting.moves.items():
        book.move_nodes(nodes, state, since_s, lease_id=lease_id, at_s=now_s)
    failed: dict[str, list[str]] = defaultdict(list)
    for (lease_id, since_s), nodes in sorting.failed.items():
        book.move_nodes(nodes, HoldingState.FAILED, since_s, at_s=now_s)
        failed[lease_id] += nodes
    for lease_id in sorting.lost:
        _lose(book, lease_id, now_s)
    for lease_id, left in sorting.left.items():
        lease = book.leases.get(lease_id)
        if lease is not None and left == book.roster.nodes_of[lease_id]:
            end_recalled(book, lease, now_s)
    if sorting.done:
        book.journal.command(GiveBack(new_id(Prefix.COMMAND), pool, tuple(sorting.done)))
    if sorting.retaken:
        book.journal.command(Sanitise(new_id(Prefix.COMMAND), pool, tuple(sorting.retaken)))
    for lease_id, nodes in sorting.strays.items():
        _take_stray(book, lease_id, nodes, now_s)
    if sorting.drift:
        book.journal.tell(DRIFT, pool, {"found": sorting.drift}, now_s)
    take_failures(book, failed, now_s)


def _lose(book: Book, lease_id: str, now_s: int) -> None:
    """End a lease of which the driver shows nodes in other hands."""
    lease: Lease | None = book.leases.get(lease_id)
    if lease is not None:
        end_lease(book, lease, LeaseState.FAILED, EndReason.NODES_LOST, now_s)


def _take_stray(book: Book, lease_id: str, nodes: Iterable[str], now_s: int) -> None:
    """Take nodes back that a driver shows in a lease which does not have them."""
    pool = book.pool.id
    mine = [node for node in nodes if book.holdings[node].lease_id is None]
    if not mine:
        return
    book.journal.tell(
        DRIFT, pool, {"found": [f"{node} is with {lease_id}, unasked" for node in mine]}, now_s
    )
    book.move_nodes(
        [node for node in mine if book.holdings[node].state is not HoldingState.DRAINING],
        HoldingState.DRAINING,
        now_s,
    )
    book.journal.command(Take(new_id(Prefix.COMMAND), pool, lease_id, tuple(mine)), lease_id)
    book.journal.command(Sanitise(new_id(Prefix.COMMAND), pool, tuple(mine)), lease_id)


def _start(book: Book, now_s: int) -> None:
    """Let leases run whose nodes are all with their tenants."""
    for lease in [each for each in book.leases.values() if each.state is LeaseState.STARTING]:
        nodes = book.roster.nodes_of[lease.id]
        holdings = [book.holdings[node] for node in nodes]
        if len(nodes) < lease.nodes or any(each.state not in BILLABLE for each in holdings):
            continue
        start_s = max(holding.since_s for holding in holdings)
        late_s = start_s - lease.start_s
        shifted = {}
        if late_s:
            shifted = {"start_s": start_s, "end_s": lease.end_s + late_s}
            if lease.firm_s:
                shifted["firm_until_s"] = lease.firm_until_s + late_s
        book.move_lease(lease, LeaseState.RUNNING, now_s, **shifted)
