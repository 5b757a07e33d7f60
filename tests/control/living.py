"""A control plane on a clock that the test moves, with its driver called in between."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from tidegate.control.changes import Changes
from tidegate.control.ids import Prefix, new_id
from tidegate.control.intake import Intake
from tidegate.control.loop import Line, step_at_once
from tidegate.control.outbox import Desk
from tidegate.control.pools import LivePool
from tidegate.control.ports import DemandPoint, Driver
from tidegate.control.store import LEADER
from tidegate.drivers.embedded.cluster import ClusterSpec, Failure
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.drivers.embedded.jobs import JobList
from tidegate.fleet import LeasePolicy, OnFailure, Pool, Site, Tier, catalogue
from tidegate.lease import Offer, standard_offers
from tidegate.lease.lease import Order
from tidegate.quota import FLICKER_S
from tidegate.store import Database, migrate, open_database
from tidegate.store.leadership import LeadershipTable
from tidegate.store.leases import LeaseTables
from tidegate.store.steering import SteeringTables

START_S = 1_617_000_000  # a tick of the grid


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_s: int = START_S) -> None:
        self.time_s = now_s

    def now_s(self) -> int:
        return self.time_s

    def wait(self, seconds: float) -> None:
        raise AssertionError("nothing waits on this clock")


def a_pool(
    nodes: int = 8,
    *,
    gpus_per_node: int = 8,
    tier: Tier = Tier.MAINSTAY,
    risk: float = 0.05,
    reserve_nodes: int = 0,
    wait_price: Decimal = Decimal(10),
    sanitise_s: int = 300,
    on_failure: OnFailure = OnFailure.REPLACE,
    block_nodes: int = 0,
    id: str = "h100",
) -> LivePool:
    chip = catalogue()["H100-SXM"]
    offers: tuple[Offer, ...] = standard_offers(chip, "USD", Decimal(2)).offers
    if not tier.may_lease:
        offers = ()
    policy = LeasePolicy(
        tuple(offer.product.id for offer in offers), risk, reserve_nodes, wait_price, on_failure
    )
    pool = Pool(id, Site("north", "UTC"), chip, nodes, gpus_per_node, tier, (), policy, block_nodes)
    return LivePool(pool, offers, "USD", sanitise_s)


def an_order(pool: LivePool, product: str = "flex", *, nodes: int = 1, **more: Any) -> Order:
    offer = pool.offer_of[product]
    duration_s = more.pop("duration_s", 4 * 3600)
    terms: dict[str, Any] = {
        "id": new_id(Prefix.ORDER),
        "tenant_id": "ten_one",
        "pool_id": pool.id,
        "product": product,
        "nodes": nodes,
        "duration_s": duration_s,
        "firm_s": offer.product.guaranteed_s(duration_s),
        "notice_s": offer.product.notice_s,
        "price": offer.price,
        "currency": pool.currency,
        "price_detail": {},
        "actor": "key_test",
        "placed_s": START_S,
    }
    return Order(**(terms | more))


def a_database(folder: Path) -> Database:
    database = open_database(f"sqlite:///{folder / 'tidegate.db'}")
    migrate(database)
    return database


class QuietPast:
    """A feed that knows of days without internal demand."""

    def __init__(self, days: int, until_s: int = START_S) -> None:
        self._from_s, self._until_s = until_s - days * 86_400, until_s

    def demand(self, pool: str, since_s: int) -> list[DemandPoint]:
        first_s = max(self._from_s, since_s)
        return [DemandPoint(at_s, 0) for at_s in range(first_s, self._until_s, 300)]


class Living:
    """One pool, run step by step."""

    def __init__(
        self,
        database: Database,
        pool: LivePool,
        jobs: JobList | None = None,
        failures: Sequence[Failure] = (),
        *,
        driver: Driver | None = None,
        start_s: int = START_S,
        stale_after_s: int = 10**9,
        quiet_days: int = 0,
    ) -> None:
        self._feed = QuietPast(quiet_days, start_s) if quiet_days else None
        self.database = database
        self.pool = pool
        self.clock = HandClock(start_s)
        self.store = LeaseTables(database)
        self.store.set_up([pool])
        self.steering = SteeringTables(database, lambda: START_S)
        self.spec = ClusterSpec(
            pool.id,
            pool.pool.nodes,
            pool.pool.gpus_per_node,
            pool.sanitise_s,
            pool.floor_s,
            pool.pool.tier.may_lease,
            start_s,
            jobs or JobList((), (), ()),
            failures,
        )
        self.embedded = EmbeddedDriver(self.clock, [self.spec])
        self.driver: Driver = driver or self.embedded
        self.judged: dict[str, Order] = {}
        self.written: list[Changes] = []
        self.intake = Intake()
        self.line = self.begin(stale_after_s)

    def drive(self, driver: EmbeddedDriver, stale_after_s: int = 10**9) -> None:
        """Lead anew, with another driver."""
        self.embedded = self.driver = driver
        self.begin(stale_after_s)

    def begin(self, stale_after_s: int = 10**9) -> Line:
        """Lead anew, as after a restart."""
        desk = Desk(self.pool.id, self.driver, self.store, self.clock.now_s)
        line = Line(
            self.pool,
            self.store,
            self.steering,
            desk,
            self.clock,
            stale_after_s=stale_after_s,
            tell=self._judged,
            intake=self.intake,
            feed=self._feed,
        )
        epoch = LeadershipTable(self.database).lead(LEADER, "test", 3600)
        assert epoch is not None
        line.begin(epoch)
        self.line = line
        return line

    def _judged(self, pool_id: str, changes: Changes) -> None:
        assert pool_id == self.pool.id
        self.judged |= changes.orders
        self.written.append(changes)

    def place(self, order: Order) -> Order:
        return self.store.place(replace(order, placed_s=self.clock.time_s))

    def step(self) -> None:
        step_at_once(self.line)

    def next_s(self) -> int | None:
        """When something is due by itself."""
        due = [lease.due_s for lease in self.line.book.leases.values()]
        upcoming = self.embedded.next_s(self.pool.id)
        if upcoming is not None:
            due.append(upcoming)
        since_s = self.line.book.short_since_s
        if since_s >= 0 and since_s + FLICKER_S > self.clock.time_s:
            due.append(since_s + FLICKER_S)
        return min(due, default=None)

    def run_until(self, stop_s: int) -> None:
        """Step at all that is due, and at every tick, before a moment; come to it without a step."""
        while True:
            tick_s = (self.clock.time_s // 300 + 1) * 300
            now_s = max(min(tick_s, self.next_s() or tick_s), self.clock.time_s + 1)
            if now_s >= stop_s:
                self.clock.time_s = stop_s
                return
            self.clock.time_s = now_s
            self.step()
