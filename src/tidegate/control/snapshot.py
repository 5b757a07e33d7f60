"""The snapshot that a decision is made from: the one place where the book becomes one."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.control.book import Book
from tidegate.control.bookings import less_promised, nodes_due
from tidegate.lease.lease import Order
from tidegate.lease.states import HoldingState
from tidegate.quota import REQUEST, Asked, Snapshot, kept_back

_COMING: Final = (HoldingState.FREE, HoldingState.DRAINING, HoldingState.SANITISING)


def _asked(book: Book, order: Order, now_s: int) -> Asked:
    # A later start is promised from now on: the nodes must not be promised to others meanwhile.
    ahead_s = max(0, (order.start_at_s or 0) - now_s)
    return Asked(
        time_s=now_s,
        product=0,
        nodes=order.nodes,
        duration_s=ahead_s + order.duration_s,
        firm_s=ahead_s + order.firm_s,
        notice_s=order.notice_s,
        price=book.pool.steps(order.price),
    )


def kept_for_others(book: Book, orders: Sequence[Order], now_s: int) -> list[tuple[int, int]]:
    """Return what is kept for quotes that none of these orders takes: nodes, and how long they may be firm."""
    taken = {order.quote_id for order in orders}
    kept = []
    for quote in book.holds.values():
        offer = book.pool.offer_of.get(quote.product)
        if quote.id in taken or offer is None or (quote.held_until_s or 0) <= now_s:
            continue
        ahead_s = (quote.held_until_s or 0) - now_s
        kept.append((quote.nodes, ahead_s + offer.product.guaranteed_s(quote.duration_s)))
    return kept


def _in_blocks(
    book: Book,
    lacks: bool,  # noqa: FBT001
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return the widest waiting job that fits a block, the nodes of each block that nobody holds, and each lease's."""
    per_block, nothing = book.pool.pool.block_nodes, np.zeros(0, dtype=np.int64)
    wide = book.widest if book.widest <= per_block else 0
    if not lacks or wide <= 1:
        return wide, nothing, nothing
    rank = book.roster.rank
    free = np.zeros(-(-book.pool.pool.nodes // per_block), dtype=np.int64)
    for node, holding in book.holdings.items():
        if holding.lease_id is None and holding.state in _COMING:
            free[rank.get(node, 0) // per_block] += 1
    held = np.zeros((len(book.leases), free.size), dtype=np.int64)
    for i, lease_id in enumerate(book.leases):
        for node in book.roster.nodes_of[lease_id]:
            held[i, rank.get(node, 0) // per_block] += 1
    return wide, free, held.ravel()


def take_snapshot(book: Book, orders: Sequence[Order], now_s: int) -> Snapshot:
    """Return the pool as a decision sees it.

    Parameters
    ----------
    book : Book
    orders : sequence of Order
        To be judged, in order.
    now_s : int
    """
    held, due = book.rows.rows, nodes_due(book, now_s)
    kept = kept_for_others(book, orders, now_s)
    free, pending = len(book.roster.lendable), book.pending + due
    # What is kept for a quote is not lent to others; internal work it does not keep away.
    idle = max(min(free, pending), free - sum(nodes for nodes, _ in kept))
    wide, free_in_block, held_in_block = _in_blocks(book, pending > idle + book.roster.between)
    return Snapshot(
        now_s=now_s,
        idle=idle,
        pending=pending,
        sanitising=book.roster.between,
        leased=book.rows.nodes,
        sanitise_s=book.pool.sanitise_s,
        horizons_s=book.engine.horizons_s,
        curve=less_promised(book, now_s, kept),
        kept_back=kept_back(book.calm.level, book.calm.until_s, book.busy + pending, now_s),
        short_since_s=book.short_since_s,
        wide=wide,
        free_in_block=free_in_block,
        held_in_block=held_in_block,
        promised=book.rows.promised(now_s),
        displaced=book.engine.displaced,
        held=held,
        asked=np.array([_asked(book, order, now_s) for order in orders], dtype=REQUEST),
        nodes=book.pool.pool.nodes,
        waiting=book.waiting + (due > 0),
        record=book.record,
    )
