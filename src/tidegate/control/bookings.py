"""Reserved leases with a later start: promised now, given nodes when their time comes.

Until then a booking holds no node. It is held against the quota curve like a lease that is firm from now to its end, so
that nothing else is promised what it will need; when its start is as near as the recall floor it asks for its nodes as
internal work does, so that leases past their firm time make room.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.control.book import Book
from tidegate.control.ids import Prefix, new_id
from tidegate.control.ports import HandOver
from tidegate.lease.lease import EndReason, Lease, Order
from tidegate.lease.states import HoldingState, LeaseState
from tidegate.quota import counted_horizons

Held = tuple[int, int]
"""Nodes, and how long from now they are firm."""


def is_booking(order: Order, now_s: int) -> bool:
    """Whether an order asks for a later start."""
    return order.start_at_s is not None and order.start_at_s > now_s


def less_promised(book: Book, now_s: int, more: Sequence[Held] = ()) -> NDArray[np.int64]:
    """Return the quota curve less what bookings, and others that hold no nodes yet, will need."""
    promised = [(lease.nodes, lease.firm_until_s - now_s) for lease in book.booked.values()]
    promised += more
    if not promised:
        return book.curve
    curve = book.curve.copy()
    horizons_s = book.engine.horizons_s
    granted_s = book.pool.floor_s - book.pool.sanitise_s
    for nodes, firm_s in promised:
        curve[: counted_horizons(horizons_s, firm_s, granted_s)] -= nodes
    return curve


def nodes_due(book: Book, now_s: int) -> int:
    """Return the nodes that bookings need within the recall floor."""
    soon_s = now_s + book.pool.floor_s
    return sum(lease.nodes for lease in book.booked.values() if lease.start_s <= soon_s)


def begin_due(book: Book, now_s: int) -> None:
    """Give bookings whose time has come their nodes; one that cannot have them in time is a broken promise."""
    pool = book.pool
    for lease in sorted(book.booked.values(), key=lambda each: (each.start_s, each.number)):
        if now_s < lease.start_s - pool.sanitise_s:
            return
        idle = book.roster.lendable
        if len(idle) - book.pending >= lease.nodes:
            nodes = [idle.pop() for _ in range(lease.nodes)]
            is_clean = all(node in book.clean for node in nodes)
            if is_clean and now_s < lease.start_s:
                continue
            ready_s = max(lease.start_s, now_s + (0 if is_clean else pool.sanitise_s))
            _begin(book, lease, nodes, ready_s, now_s)
        elif now_s >= lease.start_s + pool.floor_s:
            book.move_lease(
                lease,
                LeaseState.BROKEN,
                now_s,
                ended_s=now_s,
                reason=EndReason.NOT_STARTED.value,
                broken_s=lease.firm_s,
            )


def _begin(book: Book, lease: Lease, nodes: list[str], ready_s: int, now_s: int) -> None:
    late_s = ready_s - lease.start_s
    book.move_lease(
        lease,
        LeaseState.STARTING,
        now_s,
        number=book.next_lease_number(),
        start_s=ready_s,
        end_s=lease.end_s + late_s,
        firm_until_s=lease.firm_until_s + late_s,
    )
    hand_over(book, lease, nodes, now_s)


def hand_over(book: Book, lease: Lease, nodes: Sequence[str], now_s: int) -> None:
    """Have nodes made ready for a lease, and given to its tenant."""
    book.move_nodes(nodes, HoldingState.SANITISING, now_s, lease_id=lease.id)
    book.clean.difference_update(nodes)
    command = HandOver(
        new_id(Prefix.COMMAND), book.pool.id, lease.id, lease.tenant_id, lease.product, tuple(nodes)
    )
    book.journal.command(command, lease.id)


def find_others(book: Book, now_s: int) -> None:
    """Give other nodes to leases whose nodes the driver would not hand over; without any, they have failed."""
    without = [book.leases[id] for id in book.roster.without]
    starting = [lease for lease in without if lease.state is LeaseState.STARTING]
    for lease in sorted(starting, key=lambda lease: lease.number):
        idle = book.roster.lendable
        is_in_time = now_s <= lease.start_s + book.pool.floor_s
        if is_in_time and len(idle) - book.pending >= lease.nodes:
            hand_over(book, lease, [idle.pop() for _ in range(lease.nodes)], now_s)
        else:
            book.move_lease(
                lease,
                LeaseState.FAILED,
                now_s,
                ended_s=now_s,
                reason=EndReason.NOT_STARTED.value,
                broken_s=max(0, lease.firm_until_s - lease.start_s),
            )
