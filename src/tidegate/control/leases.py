"""Leases that end: at their end, at their taking, or because a node is gone."""

from tidegate.control.book import Book
from tidegate.control.ids import Prefix, new_id
from tidegate.control.ports import Sanitise, Take
from tidegate.lease.lease import EndReason, Lease
from tidegate.lease.states import HoldingState, LeaseState


def end_due(book: Book, now_s: int) -> None:
    """End the leases whose end or taking time has come."""
    if book.rows.first_due_s > now_s:
        return
    for lease in [lease for lease in book.leases.values() if lease.due_s <= now_s]:
        if lease.take_s is None:
            end_lease(book, lease, LeaseState.ENDED, EndReason.COMPLETED, now_s)
        else:
            end_recalled(book, lease, now_s)


def end_recalled(book: Book, lease: Lease, now_s: int) -> None:
    """End a lease that is under notice: at its taking, or before when its tenant has left."""
    state = LeaseState.BROKEN if breaks(lease, now_s) else LeaseState.ENDED
    end_lease(book, lease, state, EndReason.RECALLED, now_s)


def give_back(book: Book, lease: Lease, now_s: int, actor: str) -> None:
    """End a lease whose tenant wishes it; one that was to be taken in its firm time is broken all the same."""
    if breaks(lease, now_s):
        end_lease(book, lease, LeaseState.BROKEN, EndReason.RECALLED, now_s, actor=actor)
    else:
        end_lease(book, lease, LeaseState.ENDED, EndReason.GIVEN_BACK, now_s, actor=actor)


def breaks(lease: Lease, now_s: int) -> bool:
    """Whether a lease that ends now was told to leave in its firm time.

    What its tenant does with a notice makes no difference: who leaves before a taking that breaks the promise has not
    given it up, and who leaves before one that keeps it has not been deprived.
    """
    return lease.take_s is not None and max(lease.take_s, now_s) < lease.firm_until_s


def end_lease(
    book: Book,
    lease: Lease,
    state: LeaseState,
    reason: EndReason,
    now_s: int,
    *,
    actor: str | None = None,
) -> None:
    """End a lease: its nodes leave the tenant, and are sanitised.

    Parameters
    ----------
    book : Book
    lease : Lease
        One that lives.
    state : LeaseState
        ``ended``, ``broken`` or ``failed``; of the last two the firm time not kept is recorded.
    reason : EndReason
    now_s : int
    actor : str or None
        Who ended it; None for the system itself.
    """
    broken_s = 0
    if state is not LeaseState.ENDED:
        broken_s = max(0, lease.firm_until_s - max(now_s, lease.start_s))
    nodes = book.roster.in_order(book.roster.nodes_of[lease.id])
    more = {} if actor is None else {"actor": actor}
    book.move_lease(
        lease, state, now_s, ended_s=now_s, reason=reason.value, broken_s=broken_s, **more
    )
    release(book, lease, nodes, now_s)


def release(book: Book, lease: Lease, nodes: list[str], now_s: int) -> None:
    """Have nodes leave a lease, and be sanitised."""
    held = [node for node in nodes if book.holdings[node].state is not HoldingState.FAILED]
    if not held:
        return
    book.move_nodes(held, HoldingState.DRAINING, now_s)
    pool = book.pool.id
    book.journal.command(Take(new_id(Prefix.COMMAND), pool, lease.id, tuple(held)), lease.id)
    book.journal.command(Sanitise(new_id(Prefix.COMMAND), pool, tuple(held)), lease.id)
