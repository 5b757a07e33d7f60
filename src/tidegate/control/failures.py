"""Nodes that fail under a lease: others for the same lease when they may be promised, else a smaller lease.

The rule, for each lease that nodes have left:

1. Its meter stops when they failed, as the driver has it.
2. A lease that runs and is not under notice gets free nodes instead, clean ones first, as many as are idle beyond what
   internal work waits for, and as keep the set of leases safe on a curve without the failed ones.
3. For nodes that it does not get it is smaller from now on. What of their time was firm is a promise not kept: it is
   recorded, and credited. A lease without any node has failed.
4. A lease that has not started, and any lease where the pool's owner says so, ends.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from tidegate.control.book import Book
from tidegate.control.bookings import Held, hand_over, less_promised, nodes_due
from tidegate.control.ids import Prefix, new_id
from tidegate.control.leases import end_lease
from tidegate.control.ports import HandOver, Take
from tidegate.control.snapshot import kept_for_others
from tidegate.fleet import OnFailure
from tidegate.lease.events import NODES_LOST, NODES_REPLACED
from tidegate.lease.lease import EndReason, Lease
from tidegate.lease.states import HoldingState, LeaseState
from tidegate.quota import counted_horizons, promised_s

TRIES: Final = 3
"""How often a driver may refuse nodes meant for a lease before the lease does without."""


def take_failures(book: Book, failed: Mapping[str, Sequence[str]], now_s: int) -> None:
    """Say what becomes of leases whose nodes have failed.

    Parameters
    ----------
    book : Book
        In which these nodes have failed already.
    failed : mapping of str to sequence of str
        Lease to nodes that it held, or that were being made ready for it.
    now_s : int
    """
    for lease_id, nodes in failed.items():
        lease = book.leases.get(lease_id)
        if lease is None:
            continue
        if book.pool.pool.policy.on_failure is OnFailure.END or lease.state is LeaseState.STARTING:
            end_lease(book, lease, LeaseState.FAILED, EndReason.NODE_FAILED, now_s)
        else:
            _make_whole(book, lease, nodes, now_s)
        # Last, so that its reservation never is without a node: what its tenant has queued there stays.
        book.journal.command(
            Take(new_id(Prefix.COMMAND), book.pool.id, lease_id, tuple(nodes)), lease_id
        )


def take_refusal(book: Book, command: HandOver, now_s: int) -> None:
    """Take note that a driver will not hand nodes over: the lease is without them, and gets others."""
    lease = book.leases.get(command.lease_id)
    if lease is None:
        return
    nodes = book.roster.in_order(book.roster.nodes_of[lease.id] & set(command.nodes))
    book.move_nodes(nodes, HoldingState.FREE, now_s)
    if nodes and lease.state is not LeaseState.STARTING:
        _make_whole(book, lease, nodes, now_s, refused=nodes)


def _make_whole(
    book: Book, lease: Lease, gone: Sequence[str], now_s: int, refused: Collection[str] = ()
) -> None:
    """Give a lease other nodes for those that are gone; for want of any it is smaller."""
    book.refusals[lease.id] += bool(refused)
    others: list[str] = []
    if lease.state is LeaseState.RUNNING and book.refusals[lease.id] < TRIES:
        others = _others(book, lease, now_s, refused)
    if others:
        hand_over(book, lease, others, now_s)
        data = {"failed": list(gone), "nodes": others}
        book.journal.tell(NODES_REPLACED, lease.id, data, now_s, tenant_id=lease.tenant_id)
    if len(book.roster.nodes_of[lease.id]) < lease.nodes:
        _do_without(book, lease, gone[len(others) :], now_s)


def _others(book: Book, lease: Lease, now_s: int, refused: Collection[str]) -> list[str]:
    """Return the nodes that a lease gets, clean ones first, from above."""
    kept = kept_for_others(book, (), now_s)
    free = book.roster.lendable
    spare = len(free) - sum(nodes for nodes, _ in kept) - book.pending - nodes_due(book, now_s)
    short = lease.nodes - len(book.roster.nodes_of[lease.id])
    idle = [node for node in reversed(free) if node not in refused]
    idle.sort(key=lambda node: node not in book.clean)
    return idle[: max(0, min(short, spare, _room(book, lease, short, kept, now_s)))]


def _room(book: Book, lease: Lease, short: int, kept: Sequence[Held], now_s: int) -> int:
    """Return how many of the nodes that a lease is short of may be promised: it is counted with all of them."""
    book.curve = book.engine.curve(book.roster.lost)
    curve, horizons_s = less_promised(book, now_s, kept), book.engine.horizons_s
    granted_s = book.pool.floor_s - book.pool.sanitise_s
    promised = book.rows.promised(now_s)
    firm_s = promised_s(lease.firm_until_s - now_s, lease.notice_s, lease.end_s - now_s)
    counts = counted_horizons(horizons_s, firm_s, granted_s)
    return short - int((promised - curve)[:counts].max(initial=0))


def _do_without(book: Book, lease: Lease, lost: Sequence[str], now_s: int) -> None:
    """Let a lease go on with the nodes that it has; the firm time of the others is not kept."""
    left = len(book.roster.nodes_of[lease.id])
    if not left:
        end_lease(book, lease, LeaseState.FAILED, EndReason.NODE_FAILED, now_s)
        return
    since_s = min(max(book.holdings[node].since_s for node in lost), now_s)
    short = lease.nodes - left
    lost_s = short * max(0, lease.firm_until_s - max(since_s, lease.start_s))
    data = {
        "nodes": list(lost),
        "since_s": since_s,
        "lost": short,
        "of": lease.nodes,
        "lost_s": lost_s,
    }
    book.journal.tell(NODES_LOST, lease.id, data, now_s, tenant_id=lease.tenant_id)
    book.change_lease(lease, now_s, nodes=left, lost_s=lease.lost_s + lost_s)
