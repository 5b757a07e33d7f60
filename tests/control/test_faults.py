"""Drivers that hang, lie, lose nodes, fail or refuse: survived, and shown."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.control.living import START_S, HandClock, Living, a_database, a_pool, an_order

from tidegate.control import outbox
from tidegate.control.changes import Changes
from tidegate.control.intake import Intake
from tidegate.control.leader import Leadership, Loop, Pace
from tidegate.control.loop import Line
from tidegate.control.outbox import CallsInTime, Desk
from tidegate.control.ports import HandOver, NodeFact, NodeState, PoolFacts
from tidegate.drivers.embedded.cluster import ClusterSpec
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.drivers.embedded.jobs import JobList
from tidegate.errors import DriverError
from tidegate.lease.events import DRIFT, POOL_FRESH, POOL_STALE, Event
from tidegate.lease.lease import EndReason, Lease, Order
from tidegate.lease.states import HoldingState, LeaseState, OrderState
from tidegate.store import Database
from tidegate.store.events import read_events
from tidegate.store.leadership import LeadershipTable
from tidegate.store.leases import LeaseTables
from tidegate.store.steering import SteeringTables

POOL = a_pool(4, risk=0.5)


class Twisted(EmbeddedDriver):
    """An embedded driver whose answers, or deeds, are twisted on the way."""

    def twist(
        self,
        facts: Callable[[PoolFacts], PoolFacts] = lambda facts: facts,
        hand_over: Callable[[HandOver], None] = lambda command: None,
    ) -> None:
        self._twist_facts, self._twist_hand_over = facts, hand_over

    def facts(self, pool: str) -> PoolFacts:
        return self._twist_facts(super().facts(pool))

    def hand_over(self, command: HandOver) -> None:
        self._twist_hand_over(command)
        super().hand_over(command)


@pytest.fixture
def living(tmp_path: Path) -> Living:
    made = Living(a_database(tmp_path), POOL, quiet_days=14, stale_after_s=30)
    twisted = Twisted(made.clock, [made.spec])
    twisted.twist()
    made.drive(twisted, stale_after_s=30)
    made.step()
    made.clock.time_s += 300
    return made


def twisted(living: Living) -> Twisted:
    assert isinstance(living.driver, Twisted)
    return living.driver


def leased(living: Living, nodes: int = 2) -> Lease:
    order = living.place(an_order(POOL, "flex", nodes=nodes, duration_s=6 * 3600))
    living.step()
    living.step()
    return lease_of(living, order)


def lease_of(living: Living, order: Order) -> Lease:
    judged = living.store.order(order.id)
    assert judged is not None
    assert judged.lease_id is not None, judged.reason
    lease = living.store.lease(judged.lease_id)
    assert lease is not None
    return lease


def told(database: Database, kind: str) -> list[Event]:
    with database.reading() as connection:
        return [event for event in read_events(connection) if event.kind == kind]


def first_node(facts: PoolFacts, **changed: Any) -> PoolFacts:
    return replace(facts, nodes=(replace(facts.nodes[0], **changed), *facts.nodes[1:]))


LIES: dict[str, Callable[[PoolFacts], PoolFacts]] = {
    "of another pool": lambda f: replace(f, pool="other"),
    "of a time to come": lambda f: replace(f, at_s=f.at_s + 10**6),
    "of a negative time": lambda f: replace(f, at_s=-1),
    "a node twice": lambda f: replace(f, nodes=(*f.nodes[1:], f.nodes[1])),
    "a node without a name": lambda f: first_node(f, node=""),
    "since a time to come": lambda f: first_node(f, since_s=f.at_s + 1),
    "leased to nobody": lambda f: first_node(f, state=NodeState.LEASED, lease_id=None),
    "more nodes than there are": lambda f: replace(
        f, nodes=(*f.nodes, NodeFact("new", NodeState.FREE, None, f.at_s))
    ),
    "a negative count": lambda f: replace(f, waiting=replace(f.waiting, pending_nodes=-1)),
    "busier than it is large": lambda f: replace(f, waiting=replace(f.waiting, busy_nodes=99)),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_cannot_be_true_is_set_aside_and_shown(living: Living, lie: str):
    lease = leased(living)
    before = dict(living.line.book.holdings)
    twisted(living).twist(facts=LIES[lie])
    living.clock.time_s += 60
    living.step()
    assert dict(living.line.book.holdings) == before
    watch = living.line.book.watch
    assert watch.is_stale
    assert "TG-DRIVER-ANSWER" in living.line.book.watch.trouble
    order = living.place(an_order(POOL, "preemptible"))
    living.step()
    refused = living.store.order(order.id)
    assert refused is not None
    assert (refused.state, refused.reason) == (OrderState.REFUSED, "stale")
    twisted(living).twist()
    living.step()
    assert not living.line.book.watch.is_stale
    assert len(told(living.database, POOL_STALE)) == 1
    assert len(told(living.database, POOL_FRESH)) == 2
    assert living.store.lease(lease.id) == lease


def test_a_node_that_vanishes_is_replaced_and_may_come_back(living: Living):
    lease = leased(living)
    node = sorted(living.line.book.roster.nodes_of[lease.id])[0]
    twisted(living).twist(
        facts=lambda f: replace(f, nodes=tuple(n for n in f.nodes if n.node != node))
    )
    living.clock.time_s += 60
    living.step()
    assert living.line.book.holdings[node].state is HoldingState.FAILED
    assert node not in living.line.book.roster.nodes_of[lease.id]
    twisted(living).twist()
    # It comes back: it was taken from the lease, which has another, and is sanitised.
    for _ in range(3):
        living.step()
    living.run_until(living.clock.time_s + 900)
    assert living.line.book.roster.count(HoldingState.FREE) == 2
    going_on = living.store.lease(lease.id)
    assert going_on is not None
    assert (going_on.state, len(living.line.book.roster.nodes_of[lease.id])) == (
        LeaseState.RUNNING,
        2,
    )


def test_a_node_shown_in_other_hands_ends_the_lease_and_is_taken_back(living: Living):
    lease = leased(living)
    node = sorted(living.line.book.roster.nodes_of[lease.id])[0]

    def stolen(facts: PoolFacts) -> PoolFacts:
        nodes = tuple(
            replace(n, lease_id="lea_other") if n.node == node else n for n in facts.nodes
        )
        return replace(facts, nodes=nodes)

    twisted(living).twist(facts=stolen)
    living.clock.time_s += 60
    living.step()
    failed = living.store.lease(lease.id)
    assert failed is not None
    assert (failed.state, failed.reason) == (LeaseState.FAILED, EndReason.NODES_LOST)
    found = [line for event in told(living.database, DRIFT) for line in event.data["found"]]
    assert any(node in line and "lea_other" in line for line in found)
    twisted(living).twist()
    living.run_until(living.clock.time_s + 900)
    assert living.line.book.roster.count(HoldingState.FREE) == 4


def test_a_command_that_fails_is_sent_again_until_it_is_done(
    living: Living, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "RETRY_S", (0.0,))
    tries = []

    def down(command: HandOver) -> None:
        tries.append(command.token)
        if len(tries) < 4:
            raise ConnectionError("nobody there")

    twisted(living).twist(hand_over=down)
    order = living.place(an_order(POOL, "preemptible", nodes=2))
    for _ in range(4):
        living.step()
    assert len(tries) == 4
    assert len(set(tries)) == 1
    assert lease_of(living, order).state is LeaseState.RUNNING
    assert living.line.desk.backlog == 0


def test_other_nodes_are_found_when_some_cannot_be_had(living: Living):
    asked: list[HandOver] = []

    def busy_once(command: HandOver) -> None:
        asked.append(command)
        if len(asked) == 1:
            raise DriverError("TG-DRIVER-BUSY", "an internal job was faster.")

    def on_the_highest(facts: PoolFacts) -> PoolFacts:
        if not asked:
            return facts
        job = replace(facts.nodes[-1], state=NodeState.INTERNAL, is_clean=False)
        return replace(facts, nodes=(*facts.nodes[:-1], job))

    twisted(living).twist(facts=on_the_highest, hand_over=busy_once)
    order = living.place(an_order(POOL, "flex", nodes=2))
    for _ in range(3):
        living.clock.time_s += 1
        living.step()
    assert lease_of(living, order).state is LeaseState.RUNNING
    first, second = (set(command.nodes) for command in asked)
    assert first == {"h100-3", "h100-2"}
    assert second == {"h100-2", "h100-1"}
    assert told(living.database, DRIFT)


def test_without_other_nodes_the_lease_ends_before_it_starts(living: Living):
    def busy(command: HandOver) -> None:
        raise DriverError("TG-DRIVER-BUSY", "internal jobs were faster.")

    def full(facts: PoolFacts) -> PoolFacts:
        nodes = tuple(replace(n, state=NodeState.INTERNAL, is_clean=False) for n in facts.nodes)
        return replace(facts, nodes=nodes)

    twisted(living).twist(hand_over=busy)
    order = living.place(an_order(POOL, "flex", nodes=2))
    living.step()
    twisted(living).twist(facts=full, hand_over=busy)
    living.step()
    lease = lease_of(living, order)
    assert (lease.state, lease.reason) == (LeaseState.FAILED, EndReason.NOT_STARTED)
    assert lease.broken_s == lease.firm_s


def test_the_driver_itself_refuses_a_frontier_pool():
    spec = ClusterSpec("gb200", 2, 4, 300, 900, False, START_S, JobList((), (), ()))
    driver = EmbeddedDriver(HandClock(), [spec])
    driver.facts("gb200")
    with pytest.raises(DriverError) as caught:
        driver.hand_over(HandOver("cmd_1", "gb200", "lea_1", "ten_1", "flex", ("gb200-0",)))
    assert caught.value.code == "TG-DRIVER-FRONTIER"
    assert all(fact.state is NodeState.FREE for fact in driver.facts("gb200").nodes)


class Real(HandClock):
    """The machine's clock, from the tests' moment on."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def now_s(self) -> int:
        return START_S + 300 + int(time.monotonic() - self._began)


def wait_for(what: Callable[[], bool], within_s: float = 20.0) -> None:
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it does not come about"
        time.sleep(0.01)


def test_a_driver_that_hangs_holds_up_nobody_else(tmp_path: Path):
    database = a_database(tmp_path)
    pools = [a_pool(4, risk=0.5, id="one"), a_pool(4, risk=0.5, id="two")]
    store, clock = LeaseTables(database), Real()
    store.set_up(pools)
    go_on = threading.Event()
    go_on.set()

    def hang(facts: PoolFacts) -> PoolFacts:
        if facts.pool == "one":
            go_on.wait()
        return facts

    driver = Twisted(
        clock,
        [
            ClusterSpec(pool.id, 4, 8, 300, 900, True, START_S, JobList((), (), ()))
            for pool in pools
        ],
    )
    driver.twist(facts=hang)
    calls = [CallsInTime(0.2, pool.id) for pool in pools]
    lines = [
        Line(
            pool,
            store,
            SteeringTables(database, lambda: int(time.time())),
            Desk(pool.id, driver, store, clock.now_s, call),
            clock,
            stale_after_s=1,
            tell=_nobody,
        )
        for pool, call in zip(pools, calls, strict=True)
    ]
    pace = Pace(look_s=0.05, orders_s=0.02)
    leadership = Leadership(LeadershipTable(database), "me", pace)
    loop = Loop(lines, leadership, pace, Intake())
    leadership.start()
    loop.start()
    try:
        wait_for(lambda: loop.leads and not lines[0].book.watch.is_stale)
        go_on.clear()
        wait_for(lambda: lines[0].book.watch.is_stale)
        assert "TG-DRIVER-HUNG" in lines[0].book.watch.trouble
        orders = [store.place(an_order(pool, "preemptible")) for pool in pools]
        for pool in pools:
            loop.wake(pool.id)
        wait_for(lambda: not store.placed("one") and not store.placed("two"))
        hung, other = (store.order(order.id) for order in orders)
        assert hung is not None
        assert other is not None
        assert (hung.state, hung.reason) == (OrderState.REFUSED, "stale")
        assert other.reason != "stale"
        go_on.set()
        wait_for(lambda: not lines[0].book.watch.is_stale)
    finally:
        go_on.set()
        loop.stop()
        leadership.stop()
        for call in calls:
            call.close()
        database.close()


def _nobody(pool_id: str, changes: Changes) -> None:
    """Is told."""
