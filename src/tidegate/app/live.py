"""The wiring of the running system: one process, its threads, and what its HTTP interface is given."""

import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from tidegate.app.datafolder import open_folder
from tidegate.app.doors import open_mailer, open_seal, open_sender, open_signin
from tidegate.app.fleetlive import World, embedded_spec, live_pools, world_in
from tidegate.app.slurmfile import SlurmFile
from tidegate.app.telemetry import Telemetry
from tidegate.app.till import open_till
from tidegate.control.answers import Answers
from tidegate.control.cashier import Cashier
from tidegate.control.changes import Changes
from tidegate.control.clock import FastClock, RealClock
from tidegate.control.courier import Clocks, Courier
from tidegate.control.intake import Intake
from tidegate.control.keyring import Keyring
from tidegate.control.leader import Leadership, Loop, Pace
from tidegate.control.loop import Line
from tidegate.control.outbox import CallsInTime, Desk
from tidegate.control.outlook import Outlooks, outlook_of
from tidegate.control.pools import TICK_S, LivePool
from tidegate.control.ports import Feed
from tidegate.control.standing import Standings
from tidegate.control.warm import warm_up
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.feed import SlurmFeed
from tidegate.errors import StoreError
from tidegate.lease import book_of_offers
from tidegate.lease.lease import Order
from tidegate.plan import Scenario
from tidegate.settings import Settings
from tidegate.store import Database, migrate, open_database
from tidegate.store.access import SqlAccess
from tidegate.store.leadership import LeadershipTable
from tidegate.store.leases import LeaseTables
from tidegate.store.steering import SteeringTables
from tidegate.web.signin import Doors

log = structlog.get_logger(__name__)

FASTEST_LOOK_S: Final = 0.1
"""Least real seconds between two looks at an embedded cluster."""
SOON_S: Final = 0.2
"""Real seconds after which an embedded cluster that was commanded is looked at again."""


@dataclass(frozen=True)
class Plan:
    """What is to run.

    Attributes
    ----------
    scenario : Scenario
        The fleet.
    world_start_s : int
        When the fleet's time begins, for a data folder that has none yet.
    factor : float
        How many times as fast as real time.
    slurm : SlurmFile or None
        The cluster that the pools stand in; None for embedded ones, which play the fleet's logs.
    """

    scenario: Scenario
    world_start_s: int
    factor: float = 1.0
    slurm: SlurmFile | None = None


class Live:
    """The running system.

    Parameters
    ----------
    settings : Settings
    plan : Plan
    """

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self.settings = settings
        self.scenario = plan.scenario
        folder = open_folder(settings.data_dir)
        self.seal = open_seal(settings)
        warm_up()  # before time begins to run
        self.world = world_in(folder, _start_s(plan), plan.factor)
        self.clock = _clock_of(self.world)
        self.pools = live_pools(plan.scenario)
        self.database = _opened(settings)
        self.store = LeaseTables(self.database)
        self.store.set_up(self.pools)
        self.steering = SteeringTables(self.database, wall_s)
        self.pool_of = {pool.id: pool for pool in self.pools}
        self.outlooks = Outlooks(self.store, self.steering, self.pool_of, self.clock.now_s)
        self.telemetry = Telemetry()
        self.verdicts: Answers[Order] = Answers()
        self.intake = Intake()
        self.driver: EmbeddedDriver | SlurmDriver
        self._feed: Feed
        if plan.slurm is None:
            self.driver = self._feed = EmbeddedDriver(
                self.clock,
                [
                    embedded_spec(case, pool, self.world.start_s)
                    for case, pool in zip(plan.scenario.cases, self.pools, strict=True)
                ],
                folder / "embedded",
            )
        else:
            self.driver = SlurmDriver(plan.slurm.site, plan.slurm.commands, self.clock)
            self._feed = SlurmFeed(plan.slurm.site, plan.slurm.commands, self.clock)
        look_s = max(FASTEST_LOOK_S, 1.0 / self.world.factor)
        # A real cluster's answers cost more than an embedded one's.
        pace = Pace(look_s, look_s if plan.slurm else min(look_s, SOON_S))
        self._calls = [
            CallsInTime(settings.driver_deadline_s, f"calls {pool.id}") for pool in self.pools
        ]
        self.lines = [
            self._line(pool, call) for pool, call in zip(self.pools, self._calls, strict=True)
        ]
        self._line_of = {line.pool.id: line for line in self.lines}
        holder = settings.replica or f"{socket.gethostname()}-{os.getpid()}"
        self.leadership = Leadership(LeadershipTable(self.database), holder, pace)
        self.loop = Loop(self.lines, self.leadership, pace, self.intake, self.telemetry.stepped)
        self.telemetry.watch(self.loop, self.lines, self.clock.now_s)
        offers = [(pool.pool.chip.id, offer) for pool in self.pools for offer in pool.offers]
        offered = book_of_offers(plan.scenario.currency, offers)
        self.till = open_till(self.database, settings, offered, self.clock.now_s)
        self.standings = Standings(self.till)
        self.access = SqlAccess(self.database)
        self.keyring = Keyring(self.access, self.seal)
        self.database.watch(["api_key"], self.keyring.forget)
        self.database.watch(["tenant", "billing_account", "price_book"], self.standings.forget)
        self.sender = open_sender(settings)
        self.mailer = open_mailer(settings)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def _line(self, pool: LivePool, call: CallsInTime) -> Line:
        return Line(
            pool,
            self.store,
            self.steering,
            Desk(pool.id, self.driver, self.store, self.clock.now_s, call),
            self.clock,
            stale_after_s=round(self.settings.stale_after_s * self.world.factor),
            tell=self._written,
            intake=self.intake,
            feed=self._feed,
        )

    def _written(self, pool_id: str, changes: Changes) -> None:
        self.verdicts.tell(changes.orders.items())
        self.telemetry.written(pool_id, changes)
        if changes.ticks:
            self.outlooks.show(outlook_of(self._line_of[pool_id].book, self.clock.now_s()))

    def signin(self) -> Doors:
        """Return what sign-in needs."""
        return open_signin(self.settings, self.access, self.seal)

    # ------------------------------------------------------------------------------------------------------- running

    @property
    def is_alive(self) -> bool:
        """Whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads) and self.loop.is_alive

    def readiness(self) -> list[str]:
        """Return what keeps this replica from serving; nothing when it is ready."""
        try:
            with self.database.reading() as connection:
                self.database.time_s(connection)
        except StoreError as error:
            return [str(error)]
        return [] if self.leadership.has_asked else ["nobody is known to lead yet"]

    def start(self) -> None:
        """Start the threads."""
        courier = Courier(
            self.access, self.seal, self.sender, self.mailer, Clocks(self.clock.now_s, wall_s)
        )
        self._threads = [
            threading.Thread(target=self._count, name="cashier", daemon=True),
            threading.Thread(target=courier.run, args=(self._stop,), name="courier", daemon=True),
        ]
        self.leadership.start()
        self.loop.start()
        for thread in self._threads:
            thread.start()

    def _count(self) -> None:
        cashier = Cashier(self.till)
        while not self._stop.wait(1.0):
            if not self.loop.leads:
                continue
            try:
                cashier.turn()
            except Exception:
                log.exception("the cashier's turn failed; it is taken again")

    def stop(self) -> None:
        """Finish what has begun, give the leadership up, close everything."""
        self._stop.set()
        self.clock.stop()
        self.loop.stop()
        for thread in self._threads:
            thread.join(timeout=10)
        self.leadership.stop()
        for call in self._calls:
            call.close()
        self.driver.close()
        self.sender.close()
        self.keyring.close()
        self.standings.close()
        self.database.close()
        log.info("stopped")


def wall_s() -> int:
    """Return the time on the wall."""
    return int(time.time())


def _start_s(plan: Plan) -> int:
    """Return when time begins; embedded clusters live from tick to tick."""
    return plan.world_start_s if plan.slurm else plan.world_start_s // TICK_S * TICK_S


def _clock_of(world: World) -> FastClock | RealClock:
    if world.factor == 1.0 and abs(world.start_s - world.started_at) <= TICK_S:
        return RealClock()
    return FastClock(world.start_s, world.factor, world.started_at)


def _opened(settings: Settings) -> Database:
    database = open_database(settings.database)
    migrate(database)
    return database


def pools_told(pools: Sequence[LivePool]) -> str:
    """Return the pools in a few words."""
    return ", ".join(f"{pool.id} ({pool.pool.nodes} nodes, {pool.pool.tier})" for pool in pools)
