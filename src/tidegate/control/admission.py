"""Deciding in a pool: judge the orders, recall leases, carry the plan out in the book."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tidegate.control.book import Book
from tidegate.control.bookings import hand_over, is_booking, nodes_due
from tidegate.control.changes import CALLED_FOR, KEPT_OUT, Decision
from tidegate.control.ids import Prefix, new_id
from tidegate.control.ports import Notice
from tidegate.control.snapshot import take_snapshot
from tidegate.lease.lease import Lease, Order
from tidegate.lease.states import HoldingState, LeaseState, OrderState
from tidegate.quota import Plan, Snapshot, Verdict, displaced_at, shortage

REASONS: Final = {
    Verdict.NOT_SOLD: "not-sold",
    Verdict.NO_ROOM: "no-room",
    Verdict.SHARE: "share",
    Verdict.QUOTA: "quota",
    Verdict.PRICE: "price",
}
"""What an order is told when it is refused."""

STALE: Final = "stale"
"""Refused because the pool's driver has not been heard of for too long."""

NOT_LEASING: Final = "not-leasing"
"""Refused because an operator has stopped leasing in the pool."""


def decide_pool(book: Book, orders: Sequence[Order], now_s: int) -> Plan | None:
    """Decide, and carry the plan out in the book.

    Parameters
    ----------
    book : Book
    orders : sequence of Order
        Orders to be judged, in order: placed, or on the waitlist.
    now_s : int

    Returns
    -------
    Plan or None
        None when there was nothing to decide.
    """
    presses = book.waiting > 0 or nodes_due(book, now_s) > 0
    if not presses:
        book.short_since_s = -1
    if not orders and not (presses and book.leases):
        return None
    at_once = [order for order in orders if not is_booking(order, now_s)]
    later = [order for order in orders if is_booking(order, now_s)]
    if later:
        _judge_bookings(book, later, now_s)
        if not at_once and not (presses and book.leases):
            return None
    orders = at_once
    snapshot = take_snapshot(book, orders, now_s)
    plan = book.engine.decide(snapshot)
    _watch_shortage(book, snapshot)
    if not orders and not plan.recall.any():
        return plan
    leases = list(book.leases.values()) if plan.recall.any() else []
    called = [leases[i] for i in np.flatnonzero(plan.recall)]
    decision = _decision(book, snapshot, plan, orders, called, now_s)
    for lease in called:
        give_notice(book, lease, now_s, decision.id)
    if called:
        book.calm = book.calm.called_for(_internal_demand(book, snapshot), now_s)
    idle = book.roster.lendable
    for i in plan.order.tolist():
        order = orders[i]
        if plan.verdict[i] == Verdict.ADMITTED:
            nodes = [idle.pop() for _ in range(order.nodes)]
            _admit(book, order, nodes, now_s, decision.id)
        else:
            _refuse(book, order, plan, i, now_s, decision.id)
    if book.journal.has_events:  # orders that go on waiting are nothing new
        book.journal.decided(decision)
    return plan


def _decision(
    book: Book,
    snapshot: Snapshot,
    plan: Plan,
    orders: Sequence[Order],
    called: Sequence[Lease],
    now_s: int,
) -> Decision:
    told: dict[str, Any] = {
        "recall": [lease.id for lease in called],
        "verdicts": [
            {
                "order": order.id,
                "verdict": Verdict(int(plan.verdict[i])).name.lower(),
                "horizon_s": _horizon_s(book, plan, i),
                "bid_price": _bid_price(book, plan, i),
            }
            for i, order in enumerate(orders)
        ],
    }
    if called:
        told[CALLED_FOR] = _internal_demand(book, snapshot)
    if kept_out := _kept_out(book, snapshot, plan, orders):
        told[KEPT_OUT] = kept_out
    id = new_id(Prefix.DECISION)
    return Decision(id, book.pool.id, now_s, book.journal.packer.pack(id, snapshot), told)


def _internal_demand(book: Book, snapshot: Snapshot) -> int:
    return book.busy + snapshot.pending


def _watch_shortage(book: Book, snapshot: Snapshot) -> None:
    if shortage(snapshot) == 0:
        book.short_since_s = -1
    elif book.short_since_s < 0:
        book.short_since_s = snapshot.now_s


def _kept_out(
    book: Book, snapshot: Snapshot, plan: Plan, orders: Sequence[Order]
) -> list[tuple[int, int, int]]:
    """Take note of the orders that promises kept out when first judged: latest tick, horizon and price of each."""
    engine, found = book.engine, []
    for i, order in enumerate(orders):
        horizon = displaced_at(engine.policy, snapshot, plan, i)
        if horizon >= 0 and order.state is OrderState.PLACED and engine.tick is not None:
            found.append((engine.tick, horizon, int(snapshot.asked[i]["price"])))
            engine.note_refused(*found[-1])
    return found


def judge_alone(book: Book, order: Order, now_s: int) -> Verdict:
    """Return what an order would be told now; nothing comes of it."""
    snapshot = take_snapshot(book, [order], now_s)
    if is_booking(order, now_s):
        snapshot = snapshot._replace(idle=snapshot.pending + book.pool.pool.nodes, kept_back=0)
    return Verdict(int(book.engine.decide(snapshot).verdict[0]))


def _judge_bookings(book: Book, orders: Sequence[Order], now_s: int) -> None:
    """Judge orders of a later start one by one: by the curve alone, for they need no node now."""
    for order in orders:
        snapshot = take_snapshot(book, [order], now_s)
        snapshot = snapshot._replace(idle=snapshot.pending + book.pool.pool.nodes, kept_back=0)
        plan = book.engine.decide(snapshot)
        decision = _decision(book, snapshot, plan, [order], [], now_s)
        book.journal.decided(decision)
        if plan.verdict[0] == Verdict.ADMITTED and order.start_at_s is not None:
            _promise(book, order, order.start_at_s, LeaseState.BOOKED, now_s, decision.id)
        else:
            _refuse(book, order, plan, 0, now_s, decision.id)


def _horizon_s(book: Book, plan: Plan, i: int) -> int | None:
    return int(book.engine.horizons_s[plan.horizon[i]]) if plan.horizon[i] >= 0 else None


def _bid_price(book: Book, plan: Plan, i: int) -> str | None:
    return str(int(plan.bid[i]) * book.pool.price_step) if plan.bid[i] > 0 else None


def give_notice(book: Book, lease: Lease, now_s: int, decision_id: str | None = None) -> None:
    """Announce that a lease is taken back."""
    take_s = now_s + lease.notice_s
    nodes = tuple(book.roster.in_order(book.roster.nodes_of[lease.id]))
    book.move_lease(
        lease,
        LeaseState.NOTICED,
        now_s,
        noticed_s=now_s,
        take_s=take_s,
        decision_id=decision_id,
    )
    held = [node for node in nodes if book.holdings[node].state is HoldingState.LEASED]
    book.move_nodes(held, HoldingState.NOTICED, now_s, lease_id=lease.id)
    book.journal.command(
        Notice(new_id(Prefix.COMMAND), book.pool.id, lease.id, nodes, take_s), lease.id
    )


def _admit(book: Book, order: Order, nodes: list[str], now_s: int, decision_id: str) -> None:
    start_s = now_s
    if not all(node in book.clean for node in nodes):
        start_s += book.pool.sanitise_s
    lease = _promise(book, order, start_s, LeaseState.STARTING, now_s, decision_id)
    hand_over(book, lease, nodes, now_s)


def _promise(
    book: Book, order: Order, start_s: int, state: LeaseState, now_s: int, decision_id: str
) -> Lease:
    """Admit an order: from now on there is a lease."""
    lease = Lease(
        id=new_id(Prefix.LEASE),
        order_id=order.id,
        tenant_id=order.tenant_id,
        pool_id=order.pool_id,
        product=order.product,
        number=book.next_lease_number(),
        nodes=order.nodes,
        admitted_s=now_s,
        start_s=start_s,
        end_s=start_s + order.duration_s,
        firm_s=order.firm_s,
        firm_until_s=start_s + order.firm_s if order.firm_s > 0 else now_s,
        notice_s=order.notice_s,
        price=order.price,
        currency=order.currency,
        price_detail=order.price_detail,
        state=state,
    )
    book.move_order(
        order,
        OrderState.ADMITTED,
        now_s,
        decided_s=now_s,
        decision_id=decision_id,
        lease_id=lease.id,
    )
    book.add_lease(lease, decision_id)
    return lease


def _refuse(book: Book, order: Order, plan: Plan, i: int, now_s: int, decision_id: str) -> None:
    told: dict[str, Any] = {
        "reason": REASONS[Verdict(int(plan.verdict[i]))],
        "horizon_s": _horizon_s(book, plan, i),
        "decision_id": decision_id,
    }
    waits = order.waits_until_s is not None and now_s < order.waits_until_s
    if waits and order.state is OrderState.PLACED:
        book.move_order(order, OrderState.WAITLISTED, now_s, **told)
    elif not waits:
        book.move_order(order, OrderState.REFUSED, now_s, decided_s=now_s, **told)


def call_back_all(book: Book, now_s: int) -> None:
    """Give notice to every lease, firm or not: the operator has stopped leasing, and what breaks is credited."""
    for lease in [each for each in book.leases.values() if each.take_s is None]:
        give_notice(book, lease, now_s)


def put_off(book: Book, orders: Sequence[Order], reason: str, now_s: int) -> None:
    """Refuse, or let wait, what is asked of a pool that sells nothing now.

    Parameters
    ----------
    reason : str
        :data:`STALE` or :data:`NOT_LEASING`.
    """
    for order in orders:
        waits = order.waits_until_s is not None and now_s < order.waits_until_s
        if waits and order.state is OrderState.PLACED:
            book.move_order(order, OrderState.WAITLISTED, now_s, reason=reason)
        elif not waits:
            book.move_order(order, OrderState.REFUSED, now_s, decided_s=now_s, reason=reason)
