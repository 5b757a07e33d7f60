"""The life of leases in the running system: what a tenant, and an operator, would miss."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.control.living import START_S, Living, a_database, a_pool, an_order

from tidegate.control.ids import Prefix, new_id
from tidegate.control.wishes import Wish, WishKind
from tidegate.drivers.embedded.cluster import Failure
from tidegate.drivers.embedded.jobs import JobList
from tidegate.fleet import OnFailure
from tidegate.lease.lease import EndReason, Lease, Order, Quote
from tidegate.lease.states import HoldingState, LeaseState, OrderState, QuoteState
from tidegate.store import Database
from tidegate.store.views import ViewTables

H = 3600
POOL = a_pool(4, risk=0.5)


@pytest.fixture
def memory(tmp_path: Path) -> Database:
    return a_database(tmp_path)


def jobs(*rows: tuple[int, int, int]) -> JobList:
    submit, duration, gpus = zip(*rows, strict=True)
    return JobList([START_S + each for each in submit], duration, gpus)


def lease_of(living: Living, order: Order) -> Lease:
    judged = living.store.order(order.id)
    assert judged is not None
    assert judged.lease_id is not None, judged.reason
    lease = living.store.lease(judged.lease_id)
    assert lease is not None
    return lease


def a_busy_day(database: Database) -> Living:
    """Leases that complete, are recalled, broken, and lose a node; orders refused; a quote withdrawn."""
    pool = a_pool(6, risk=0.5, on_failure=OnFailure.END)
    living = Living(
        database,
        pool,
        jobs((10 * H, 2 * H, 6 * 8), (20 * H, H, 4 * 8), (21 * H, 60, 3)),
        [Failure(START_S + 15 * H, 5, START_S + 16 * H)],
    )
    quotes = [
        Quote(
            new_id(Prefix.QUOTE), "ten_one", pool.id, "flex", 1, H, None, Decimal("1.40"), "USD",
            {}, START_S, START_S + 900,
        )
        for _ in range(2)
    ]  # fmt: skip
    living.store.add_quote(quotes[0], "key_one")
    living.store.add_quote(quotes[1], "key_one")
    living.store.withdraw_quote(quotes[0], START_S, "key_one")
    living.step()
    living.place(an_order(pool, quote_id=quotes[1].id, duration_s=H))
    for hour in range(2, 30, 2):
        living.run_until(START_S + hour * H)
        product = ("flex", "preemptible", "day")[hour // 2 % 3]
        living.place(an_order(pool, product, nodes=2, duration_s=(hour % 5 + 1) * H))
        living.step()
    living.run_until(START_S + 40 * H)
    return living


def test_a_busy_day_has_it_all(memory: Database):
    living = a_busy_day(memory)
    with memory.reading() as connection:
        kinds = {
            row[0]
            for row in connection.exec_driver_sql("SELECT DISTINCT kind FROM event").fetchall()
        }
    assert {
        "quote.open", "quote.taken", "quote.withdrawn", "order.placed", "order.admitted",
        "order.refused", "lease.starting", "lease.running", "lease.noticed", "lease.ended",
        "lease.failed", "nodes.moved",
    } <= kinds  # fmt: skip
    assert living.line.book.leases == {}


def test_a_lease_runs_to_its_end_and_its_nodes_are_sanitised(memory: Database):
    living = Living(memory, POOL, quiet_days=14)
    living.step()
    order = living.place(an_order(POOL, nodes=2, duration_s=H))
    living.clock.time_s += 60
    living.step()
    admitted = lease_of(living, order)
    assert admitted.state is LeaseState.STARTING
    living.clock.time_s += 1
    living.step()
    running = lease_of(living, order)
    assert (running.state, running.start_s) == (LeaseState.RUNNING, START_S + 60)
    living.run_until(running.end_s + 1)
    ended = lease_of(living, order)
    assert (ended.state, ended.reason) == (LeaseState.ENDED, EndReason.COMPLETED)
    assert ended.ended_s == running.end_s
    assert living.line.book.roster.count(HoldingState.SANITISING) == 2
    living.run_until(running.end_s + 301)
    assert living.line.book.roster.count(HoldingState.FREE) == 4


def test_recalled_when_internal_work_comes_with_its_notice_kept(memory: Database):
    living = Living(memory, POOL, jobs((2 * H, H, 4 * 8)))
    living.step()
    order = living.place(an_order(POOL, "preemptible", nodes=3, duration_s=9 * H))
    living.clock.time_s += 300
    living.step()
    living.run_until(START_S + 2 * H + 1)
    noticed = lease_of(living, order)
    assert noticed.state is LeaseState.NOTICED
    assert noticed.take_s == START_S + 2 * H + 120
    living.run_until(START_S + 2 * H + 121)
    taken = lease_of(living, order)
    assert (taken.state, taken.reason, taken.broken_s) == (LeaseState.ENDED, "recalled", 0)
    living.run_until(START_S + 2 * H + 421)
    assert living.line.book.roster.count(HoldingState.INTERNAL) == 4


def test_what_internal_jobs_wait_for_is_shown_between_two_ticks(memory: Database):
    living = Living(memory, POOL, jobs((H + 7, H, 4 * 8)))
    living.step()
    living.place(an_order(POOL, "preemptible", nodes=3, duration_s=9 * H))
    views = ViewTables(memory)

    def waited_for() -> int:
        return views.pools()[0].pending_nodes

    living.run_until(START_S + H + 6)
    assert waited_for() == 0
    living.run_until(START_S + H + 8)
    assert waited_for() == 4
    living.run_until(START_S + H + 7 + 120 + 301)
    assert waited_for() == 0


def test_a_node_that_fails_ends_its_lease_and_frees_the_others(memory: Database):
    pool = a_pool(4, risk=0.5, on_failure=OnFailure.END)
    living = Living(
        memory, pool, quiet_days=14, failures=[Failure(START_S + H, 3, START_S + 2 * H)]
    )
    living.step()
    order = living.place(an_order(POOL, "day", nodes=2, duration_s=24 * H))
    living.clock.time_s += 300
    living.step()
    living.run_until(START_S + H + 1)
    failed = lease_of(living, order)
    assert (failed.state, failed.reason) == (LeaseState.FAILED, EndReason.NODE_FAILED)
    assert failed.broken_s == failed.firm_until_s - failed.ended_s  # type: ignore[operator]
    living.step()
    book = living.line.book
    assert (book.roster.count(HoldingState.FAILED), book.roster.count(HoldingState.SANITISING)) == (
        1,
        1,
    )


def test_an_order_waits_for_room_and_gets_it(memory: Database):
    living = Living(memory, POOL, quiet_days=14)
    living.step()
    first = living.place(an_order(POOL, "preemptible", nodes=4, duration_s=H))
    second = living.place(
        an_order(POOL, "preemptible", nodes=1, duration_s=H, waits_until_s=START_S + 3 * H)
    )
    third = living.place(
        an_order(POOL, "preemptible", nodes=4, duration_s=H, waits_until_s=START_S + H // 2)
    )
    living.clock.time_s += 60
    living.step()
    assert lease_of(living, first).nodes == 4
    waiting = living.store.order(second.id)
    assert waiting is not None
    assert (waiting.state, waiting.reason) == (OrderState.WAITLISTED, "no-room")
    living.run_until(START_S + 3 * H)
    assert lease_of(living, second).state is LeaseState.ENDED
    refused = living.store.order(third.id)
    assert refused is not None
    assert refused.state is OrderState.REFUSED


def test_a_restart_in_the_middle_changes_nothing(memory: Database):
    living = Living(memory, POOL, jobs((2 * H, H, 3 * 8)))
    living.step()
    order = living.place(an_order(POOL, "preemptible", nodes=3, duration_s=9 * H))
    living.clock.time_s += 300
    for at_s in range(START_S + 600, START_S + 4 * H, 300):
        living.step()
        living.begin()
        living.run_until(at_s)
    ended = lease_of(living, order)
    assert (ended.state, ended.ended_s) == (LeaseState.ENDED, START_S + 2 * H + 120)


def test_a_frontier_pool_is_refused_at_every_door(memory: Database):
    """Even when somebody writes an order past the first door, the loop refuses it."""
    frontier = a_pool(4, tier=replace(POOL.pool).tier.FRONTIER, id="gb200")
    living = Living(memory, frontier)
    living.step()
    order = living.store.place(replace(an_order(POOL), pool_id="gb200"))
    living.clock.time_s += 300
    living.step()
    judged = living.store.order(order.id)
    assert judged is not None
    assert (judged.state, judged.reason) == (OrderState.REFUSED, "not-sold")


def test_a_reserved_lease_starts_when_it_was_booked_for(memory: Database):
    living = Living(memory, POOL, quiet_days=14)
    living.step()
    living.clock.time_s += 300
    start_s = START_S + 6 * H
    booked = living.place(an_order(POOL, "day", nodes=3, duration_s=24 * H, start_at_s=start_s))
    meanwhile = living.place(an_order(POOL, "preemptible", nodes=4, duration_s=12 * H))
    living.step()
    lease = lease_of(living, booked)
    assert (lease.state, lease.start_s, lease.end_s) == (
        LeaseState.BOOKED,
        start_s,
        start_s + 24 * H,
    )
    assert lease_of(living, meanwhile).state is LeaseState.STARTING
    living.run_until(start_s + 1)
    living.step()
    # The lease past its firm time made room, and its nodes were sanitised.
    assert lease_of(living, meanwhile).reason == EndReason.RECALLED
    running = lease_of(living, booked)
    assert (running.state, running.start_s) == (LeaseState.RUNNING, start_s)
    assert len(living.line.book.roster.nodes_of[running.id]) == 3


def test_what_is_booked_is_not_promised_to_others(memory: Database):
    living = Living(memory, POOL, quiet_days=14)
    living.step()
    living.clock.time_s += 300
    living.place(an_order(POOL, "day", nodes=4, duration_s=24 * H, start_at_s=START_S + 6 * H))
    living.step()
    late = living.place(an_order(POOL, "day", nodes=1, duration_s=24 * H))
    also = living.place(
        an_order(POOL, "day", nodes=1, duration_s=24 * H, start_at_s=START_S + 9 * H)
    )
    living.step()
    for order in (late, also):
        judged = living.store.order(order.id)
        assert judged is not None
        assert (judged.state, judged.reason) == (OrderState.REFUSED, "quota")


def test_a_booking_that_cannot_start_is_a_broken_promise(memory: Database):
    living = Living(memory, POOL, jobs((5 * H, 40 * H, 4 * 8)), quiet_days=14)
    living.step()
    living.clock.time_s += 300
    order = living.place(
        an_order(POOL, "day", nodes=2, duration_s=24 * H, start_at_s=START_S + 6 * H)
    )
    living.step()
    living.run_until(START_S + 8 * H)
    broken = lease_of(living, order)
    assert (broken.state, broken.reason) == (LeaseState.BROKEN, EndReason.NOT_STARTED)
    assert broken.broken_s == 24 * H
    assert living.line.book.booked == {}


def test_a_booking_outlives_its_leader(memory: Database):
    living = Living(memory, POOL, quiet_days=14)
    living.step()
    living.clock.time_s += 300
    start_s = START_S + 6 * H
    order = living.place(an_order(POOL, "day", nodes=2, duration_s=24 * H, start_at_s=start_s))
    living.step()
    living.begin()
    living.run_until(start_s + 1)
    living.begin()
    living.run_until(start_s + H)
    assert lease_of(living, order).state is LeaseState.RUNNING


def test_a_quote_that_is_held_keeps_its_nodes_for_its_order(memory: Database):
    living = Living(memory, POOL, quiet_days=14)
    living.step()
    living.clock.time_s += 300
    now_s = living.clock.time_s
    quote = Quote(
        new_id(Prefix.QUOTE), "ten_one", POOL.id, "flex", 3, H, None, Decimal("1.40"), "USD", {},
        now_s, now_s + 900,
    )  # fmt: skip
    living.store.add_quote(quote, "key_one")
    living.store.wish(
        Wish(new_id(Prefix.WISH), POOL.id, quote.id, WishKind.HOLD, now_s + 600, "key_one", now_s)
    )
    living.step()
    held = living.store.quote(quote.id)
    assert held is not None
    assert (held.state, held.held_until_s) == (QuoteState.HELD, now_s + 600)
    other = living.place(an_order(POOL, "preemptible", nodes=2, duration_s=H))
    small = living.place(an_order(POOL, "preemptible", nodes=1, duration_s=H))
    living.step()
    refused = living.store.order(other.id)
    assert refused is not None
    assert refused.reason == "no-room"
    assert lease_of(living, small).nodes == 1
    living.clock.time_s += 60
    order = living.place(an_order(POOL, "flex", nodes=3, duration_s=H, quote_id=quote.id))
    living.step()
    assert lease_of(living, order).nodes == 3


def test_a_hold_ends_and_a_quote_expires(memory: Database):
    living = Living(memory, POOL, quiet_days=14)
    living.step()
    living.clock.time_s += 300
    now_s = living.clock.time_s
    quote = Quote(
        new_id(Prefix.QUOTE), "ten_one", POOL.id, "flex", 4, H, None, Decimal("1.40"), "USD", {},
        now_s, now_s + 900,
    )  # fmt: skip
    living.store.add_quote(quote, "key_one")
    wish = Wish(new_id(Prefix.WISH), POOL.id, quote.id, WishKind.HOLD, now_s + 60, "k", now_s)
    living.store.wish(wish)
    living.step()
    assert living.line.book.holds
    living.clock.time_s += 61
    order = living.place(an_order(POOL, "preemptible", nodes=4, duration_s=H))
    living.step()
    assert lease_of(living, order).nodes == 4
    opened = living.store.quote(quote.id)
    assert opened is not None
    assert (opened.state, opened.held_until_s) == (QuoteState.OPEN, None)
    # Its nodes are lent now, and cannot be kept any more.
    again = replace(wish, id=new_id(Prefix.WISH), value=now_s + 300)
    living.store.wish(again)
    living.step()
    told = living.store.wished(again.id)
    assert told is not None
    assert told.trouble
    living.clock.time_s = now_s + 901
    living.step()
    expired = living.store.quote(quote.id)
    assert expired is not None
    assert expired.state is QuoteState.EXPIRED
