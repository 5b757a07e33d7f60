"""The running system over a real cluster, without its pages: the loop in its threads, and a store."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.billing.making import terms
from tests.control.living import QuietPast, a_database, a_pool, an_order
from tests.slurm.cluster import wait_until
from tests.slurm.leasing import H100, RED, WallClock
from tests.slurm.ruled import with_notice

from tidegate.control.intake import Intake
from tidegate.control.leader import Leadership, Loop, Pace
from tidegate.control.loop import Line
from tidegate.control.outbox import CallsInTime, Desk
from tidegate.control.pools import LivePool
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.lease.lease import Order
from tidegate.lease.states import HoldingState, LeaseState
from tidegate.store import Database
from tidegate.store.leadership import LeadershipTable
from tidegate.store.leases import LeaseTables
from tidegate.store.steering import SteeringTables


@dataclass
class House:
    """What a desk would do, and see."""

    pool: LivePool
    database: Database
    store: LeaseTables
    loop: Loop
    line: Line

    def order(self, nodes: int, waits_s: int | None = 120) -> Order:
        """Order a preemptible lease."""
        now_s = int(time.time())
        order = self.store.place(
            an_order(
                self.pool,
                "preemptible",
                nodes=nodes,
                duration_s=24 * 3600,
                tenant_id=RED,
                price_detail=terms().as_json(),
                placed_s=now_s,
                waits_until_s=None if waits_s is None else now_s + waits_s,
            )
        )
        self.loop.wake(self.pool.id)
        return order

    def lease(self, nodes: int) -> str:
        """Order a preemptible lease, and wait until it runs."""
        return self.begun(self.order(nodes))

    def begun(self, order: Order, seconds: float = 180) -> str:
        """Wait until the lease of an order runs, and return its id; its decision may have to be compiled."""
        wait_until(lambda: self._state(order.id) is LeaseState.RUNNING, "the lease runs", seconds)
        judged = self.store.order(order.id)
        assert judged is not None
        assert judged.lease_id is not None
        return judged.lease_id

    def _state(self, order_id: str) -> LeaseState | None:
        judged = self.store.order(order_id)
        assert judged is None or judged.state.value != "refused", judged.reason
        lease = judged and judged.lease_id and self.store.lease(judged.lease_id)
        return lease.state if lease else None

    def is_open(self, lease_id: str) -> bool:
        """Whether a lease is over, and all nodes have been given back."""
        lease = self.store.lease(lease_id)
        assert lease is not None
        between = self.line.book.roster.count(HoldingState.DRAINING, HoldingState.SANITISING)
        return not lease.is_live and not between and self.line.desk.is_idle

    def wait_idle(self) -> None:
        """Wait until every node is free."""
        since_s = int(time.time()) + 1

        def idle() -> bool:
            book = self.line.book
            is_new = (book.watch.facts_at_s or 0) > since_s
            return is_new and book.roster.count(HoldingState.FREE) == self.pool.pool.nodes

        wait_until(idle, "all nodes are free", 60)


@contextmanager
def running(
    driver: SlurmDriver,
    folder: Path,
    notice_s: int,
    *,
    nodes: int = 8,
    stale_after_s: int = 60,
    deadline_s: float = 30,
) -> Iterator[House]:
    """Run the loop at its usual pace over a pool that sells preemptible leases with this notice."""
    pool = with_notice(a_pool(nodes, risk=0.5, sanitise_s=1, id=H100), notice_s)
    database = a_database(folder)
    store = LeaseTables(database)
    store.set_up([pool])
    clock, call = WallClock(), CallsInTime(deadline_s, "calls")
    line = Line(
        pool,
        store,
        SteeringTables(database, clock.now_s),
        Desk(pool.id, driver, store, clock.now_s, call),
        clock,
        stale_after_s=stale_after_s,
        tell=lambda pool_id, changes: None,
        feed=QuietPast(14, clock.now_s()),
    )
    pace = Pace()
    leadership = Leadership(LeadershipTable(database), "bench", pace)
    loop = Loop([line], leadership, pace, Intake())
    leadership.start()
    loop.start()
    try:
        wait_until(lambda: loop.leads and not line.book.watch.is_stale, "it leads", 180)
        yield House(pool, database, store, loop, line)
    finally:
        loop.stop()
        leadership.stop()
        call.close()
        database.close()
