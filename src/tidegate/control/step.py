"""One step of a pool: ends, facts, tick, decision. Nothing here speaks to anybody."""

from collections.abc import Sequence
from dataclasses import replace

from tidegate.control.admission import NOT_LEASING, STALE, call_back_all, decide_pool, put_off
from tidegate.control.book import Book
from tidegate.control.bookings import begin_due, find_others
from tidegate.control.changes import Tick
from tidegate.control.holds import holds_first
from tidegate.control.pools import TICK_S
from tidegate.control.ports import PoolFacts
from tidegate.control.reconcile import reconcile
from tidegate.control.steering import Leasing
from tidegate.forecast import Observation
from tidegate.lease.events import DRIFT, POOL_FRESH, POOL_STALE
from tidegate.lease.lease import Order
from tidegate.lease.states import HoldingState


def see(book: Book, facts: PoolFacts, done: int, now_s: int, stuck: str = "") -> None:
    """Take in what the driver shows, and at a tick of the grid observe demand and renew the curve.

    Parameters
    ----------
    stuck : str
        What the driver has failed at for too long, though it can be looked at; empty when nothing.
    """
    watch = book.watch
    waiting = facts.waiting
    _tell_stale(book, stuck, now_s, is_stale=bool(stuck))
    drift = "; ".join(facts.drift)
    if drift and drift != watch.drift:
        book.journal.tell(DRIFT, book.pool.id, {"found": list(facts.drift)}, now_s)
    book.watch_driver(
        replace(
            watch,
            facts_at_s=facts.at_s,
            is_stale=bool(stuck),
            trouble=stuck,
            started_jobs=max(watch.started_jobs, waiting.started_jobs),
            late_jobs=max(watch.late_jobs, waiting.late_jobs),
            drift=drift,
            pending_nodes=waiting.pending_nodes,
        )
    )
    reconcile(book, facts, done, now_s)
    tick = facts.at_s // TICK_S
    if book.engine.tick is None or tick > book.engine.tick:
        demand = min(book.pool.pool.nodes, waiting.busy_nodes + waiting.pending_nodes)
        failed = book.roster.count(HoldingState.FAILED)
        book.engine.observe(tick, Observation(demand))
        book.journal.observed(
            Tick(book.pool.id, tick, demand, waiting.busy_nodes, waiting.pending_nodes, failed)
        )
        book.curve = book.engine.curve(book.roster.lost)


def see_trouble(book: Book, trouble: str, now_s: int, stale_after_s: int, stuck: str = "") -> None:
    """Take note that the driver was not heard of, or said what cannot be."""
    watch = book.watch
    is_old = watch.facts_at_s is None or now_s - watch.facts_at_s > stale_after_s
    # Once it is stale, it is so until it has been seen again.
    is_stale = watch.is_stale or is_old or bool(stuck)
    _tell_stale(book, trouble or stuck, now_s, is_stale=is_stale)
    book.watch_driver(replace(watch, is_stale=is_stale, trouble=trouble or stuck or watch.trouble))


def _tell_stale(book: Book, trouble: str, now_s: int, *, is_stale: bool) -> None:
    if is_stale is not book.watch.is_stale:
        data = {"trouble": trouble} if is_stale else {}
        book.journal.tell(POOL_STALE if is_stale else POOL_FRESH, book.pool.id, data, now_s)


def decide_step(book: Book, placed: Sequence[Order], now_s: int) -> None:
    """Judge the orders placed and those on the waitlist, and recall what is needed."""
    for order in placed:
        book.place(order)
    orders = holds_first(book, [*book.waitlist.values(), *placed])
    if book.watch.is_stale:
        put_off(book, orders, STALE, now_s)
        return
    leasing = book.steering.leasing
    if leasing is Leasing.STOPPED:
        call_back_all(book, now_s)
    if leasing is not Leasing.OPEN:
        put_off(book, orders, NOT_LEASING, now_s)
        orders = []
    find_others(book, now_s)
    begin_due(book, now_s)
    decide_pool(book, orders, now_s)
