"""The control plane over a real cluster, on the machine's clock: what it decides comes true, and is billed."""

import time
from dataclasses import replace
from pathlib import Path

from tests.billing.making import terms
from tests.control.living import HandClock, Living, a_database, a_pool, an_order
from tests.control.moneyhouse import RULES
from tests.slurm.cluster import wait_until
from tests.slurm.leasing import RED

from tidegate.control.ids import Prefix, new_id
from tidegate.control.metering import meter
from tidegate.control.pools import LivePool
from tidegate.control.ports import Driver
from tidegate.control.wishes import Wish, WishKind
from tidegate.lease.events import Event
from tidegate.lease.lease import Lease, Order
from tidegate.lease.states import HoldingState, LeaseState
from tidegate.store.events import read_events
from tidegate.store.money import SqlMoney


class WallTime(HandClock):
    """The machine's clock, or one that is ahead of it, in the place of one that is moved by hand."""

    def __init__(self, ahead_s: int = 0) -> None:
        self._ahead_s = ahead_s
        super().__init__(int(time.time()) + ahead_s)

    def now_s(self) -> int:
        self.time_s = int(time.time()) + self._ahead_s
        return self.time_s


def with_notice(pool: LivePool, notice_s: int) -> LivePool:
    """The pool with this notice for whatever it sells."""
    offers = tuple(
        replace(offer, product=replace(offer.product, notice_s=notice_s)) for offer in pool.offers
    )
    return replace(pool, offers=offers)


class Ruled(Living):
    """A pool of a real cluster under the control plane, which looks when it is told to."""

    def __init__(
        self,
        folder: Path,
        driver: Driver,
        nodes: int,
        *,
        notice_s: int | None = None,
        ahead_s: int = 0,
        **policy: object,
    ) -> None:
        pool = a_pool(nodes, risk=0.5, sanitise_s=2, **policy)  # type: ignore[arg-type] # its keywords
        if notice_s is not None:
            pool = with_notice(pool, notice_s)
        clock = WallTime(ahead_s)
        super().__init__(
            a_database(folder), pool, driver=driver, start_s=clock.now_s(), quiet_days=14
        )
        self.clock = clock
        self.money = SqlMoney(self.database)
        self.begin()

    def look_until(self, true: object, what: str, seconds: float = 60) -> None:
        """Step each 50 ms until something is so."""
        assert callable(true)

        def looked() -> bool:
            self.step()
            return bool(true())

        wait_until(looked, what, seconds)

    def order(self, nodes: int, product: str = "day", tenant: str = RED) -> Order:
        return self.place(
            an_order(
                self.pool,
                product,
                nodes=nodes,
                duration_s=24 * 3600,
                tenant_id=tenant,
                price_detail=terms().as_json(),
            )
        )

    def ordered(self, nodes: int, product: str = "day", tenant: str = RED) -> Order:
        """Order a lease, and wait until it runs."""
        self.step()
        order = self.order(nodes, product, tenant)
        self.look_until(lambda: self.is_running(order), "the lease runs")
        return order

    def is_running(self, order: Order) -> bool:
        """Whether its tenant has the nodes of an order."""
        judged = self.store.order(order.id)
        return bool(judged and judged.lease_id) and self.lease(order).state is LeaseState.RUNNING

    def give_back(self, lease: Lease) -> None:
        """Have a tenant end its lease."""
        now_s = int(time.time())
        wish = Wish(new_id(Prefix.WISH), self.pool.id, lease.id, WishKind.END, 0, "key_test", now_s)
        self.store.wish(wish)

    @property
    def is_quiet(self) -> bool:
        """Whether no node is in any lease, or on its way back from one."""
        free = self.line.book.roster.count(HoldingState.FREE, HoldingState.INTERNAL)
        return free == self.pool.pool.nodes and self.line.desk.is_idle

    def lease(self, order: Order) -> Lease:
        judged = self.store.order(order.id)
        assert judged is not None
        assert judged.lease_id is not None, (judged.state, judged.reason)
        found = self.store.lease(judged.lease_id)
        assert found is not None
        return found

    def told(self, *kinds: str) -> list[Event]:
        with self.database.reading() as connection:
            return [event for event in read_events(connection) if event.kind in kinds]

    def metered_s(self, lease: Lease, now_s: int | None = None) -> dict[str, int]:
        """Seconds in the ledger, by node."""
        meter(self.money, RULES, int(time.time()) if now_s is None else now_s)
        found: dict[str, int] = {}
        with self.money.reading() as store:
            for record in store.meter.ledger([lease.id]):
                node = record.node.rpartition("/")[2]
                found[node] = found.get(node, 0) + record.gpu_seconds // 8
        return found
