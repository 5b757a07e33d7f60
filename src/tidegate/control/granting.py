"""Granting what tenants wish of their leases and orders, in the book."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tidegate.control.book import Book
from tidegate.control.holds import grant_hold
from tidegate.control.leases import give_back, release
from tidegate.control.wishes import Wish, WishKind
from tidegate.lease.lease import EndReason, Lease, Quote
from tidegate.lease.states import HoldingState, LeaseState, OrderState

GONE: Final = "it has ended"
UNDER_NOTICE: Final = "it is being taken back"
TOO_SMALL: Final = "it has no more nodes than that"
NOT_LATER: Final = "that is not later than its end"
NOT_STARTED: Final = "it has not started yet"
JUDGED: Final = "it has been judged already"


def grant_wishes(
    book: Book,
    wishes: Sequence[Wish],
    now_s: int,
    quote_of: Callable[[str], Quote | None] = lambda quote_id: None,
) -> None:
    """Grant or refuse wishes in the book; quotes are looked up with ``quote_of``."""
    for wish in wishes:
        if wish.kind is WishKind.HOLD:
            trouble = grant_hold(book, wish, quote_of(wish.subject), now_s)
        else:
            trouble = _grant(book, wish, now_s)
        book.journal.granted(replace(wish, done_s=now_s, trouble=trouble))


def _grant(book: Book, wish: Wish, now_s: int) -> str:
    if wish.kind is WishKind.CANCEL:
        return _cancel(book, wish, now_s)
    if wish.subject in book.booked:
        return _give_up(book, book.booked[wish.subject], wish, now_s)
    lease = book.leases.get(wish.subject)
    if lease is None:
        return GONE
    match wish.kind:
        case WishKind.END:
            give_back(book, lease, now_s, wish.actor)
            return ""
        case WishKind.SHRINK:
            return _shrink(book, lease, wish, now_s)
        case _:
            return _extend(book, lease, wish, now_s)


def _cancel(book: Book, wish: Wish, now_s: int) -> str:
    order = book.waitlist.get(wish.subject)
    if order is None:
        return JUDGED
    book.move_order(order, OrderState.CANCELLED, now_s, decided_s=now_s, actor=wish.actor)
    return ""


def _give_up(book: Book, lease: Lease, wish: Wish, now_s: int) -> str:
    if wish.kind is not WishKind.END:
        return NOT_STARTED
    book.move_lease(
        lease,
        LeaseState.ENDED,
        now_s,
        ended_s=now_s,
        reason=EndReason.GIVEN_BACK.value,
        actor=wish.actor,
    )
    return ""


def _shrink(book: Book, lease: Lease, wish: Wish, now_s: int) -> str:
    if not 0 < wish.value < lease.nodes:
        return TOO_SMALL
    if lease.state is not LeaseState.RUNNING:
        return UNDER_NOTICE if lease.state is LeaseState.NOTICED else NOT_STARTED
    held = book.roster.in_order(book.roster.nodes_of[lease.id])
    # A failed node goes first; then the highest, so that internal jobs find a block below.
    held.sort(key=lambda node: book.holdings[node].state is HoldingState.FAILED)
    gone = held[wish.value :]
    changed = book.change_lease(lease, now_s, nodes=wish.value, actor=wish.actor)
    release(book, changed, gone, now_s)
    return ""


def _extend(book: Book, lease: Lease, wish: Wish, now_s: int) -> str:
    if lease.state is LeaseState.NOTICED:
        return UNDER_NOTICE
    if wish.value <= lease.end_s:
        return NOT_LATER
    # Its firm time does not grow: what is added is held as long as nobody needs it, with the product's notice.
    book.change_lease(lease, now_s, end_s=wish.value, actor=wish.actor)
    return ""
