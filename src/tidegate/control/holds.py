"""Quotes whose nodes are kept for a while: counted like leases that might begin until the hold is over."""

from collections.abc import Sequence

from tidegate.control.admission import judge_alone
from tidegate.control.book import Book
from tidegate.control.wishes import Wish
from tidegate.lease.lease import Order, Quote
from tidegate.lease.states import QuoteState
from tidegate.quota import Verdict

NO_ROOM = "its nodes cannot be kept now"
NOT_OPEN = "it is no longer open"


def grant_hold(book: Book, wish: Wish, quote: Quote | None, now_s: int) -> str:
    """Keep a quote's nodes until the time wished for, when an order of it could be admitted; else say why not."""
    if quote is None or quote.state is not QuoteState.OPEN or now_s >= quote.expires_s:
        return NOT_OPEN
    offer = book.pool.offer_of.get(quote.product)
    if offer is None or book.watch.is_stale:
        return NO_ROOM
    until_s = min(wish.value, quote.expires_s)
    firm_s = offer.product.guaranteed_s(quote.duration_s)
    as_order = Order(
        id=quote.id,
        tenant_id=quote.tenant_id,
        pool_id=quote.pool_id,
        product=quote.product,
        nodes=quote.nodes,
        # It may begin at any moment until then.
        duration_s=until_s - now_s + quote.duration_s,
        firm_s=until_s - now_s + firm_s,
        notice_s=offer.product.notice_s,
        price=quote.price,
        currency=quote.currency,
        price_detail={},
        actor=wish.actor,
        placed_s=now_s,
        start_at_s=quote.start_at_s,
    )
    if judge_alone(book, as_order, now_s) is not Verdict.ADMITTED:
        return NO_ROOM
    book.holds[quote.id] = book.move_quote(quote, QuoteState.HELD, now_s, held_until_s=until_s)
    return ""


def holds_first(book: Book, orders: Sequence[Order]) -> list[Order]:
    """Return orders with those first that take what is held for them."""
    return sorted(orders, key=lambda order: order.quote_id not in book.holds)
