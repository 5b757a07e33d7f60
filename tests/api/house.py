"""A small running system for the tests of its doors: a database, a seal, some who ask."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.api.calling import AppTransport, caller, serving
from tests.control.living import Living, a_pool

from tidegate.api import Services, create_app
from tidegate.api.limits import Limits
from tidegate.control import key_acts, tenant_acts
from tidegate.control.access import SYSTEM, Act, Reach, Role
from tidegate.control.answers import Answers
from tidegate.control.changes import Changes
from tidegate.control.intake import Intake
from tidegate.control.keyring import Keyring
from tidegate.control.keys import KeyWish
from tidegate.control.lease_acts import LeaseActs
from tidegate.control.money_store import MoneyRules, Till
from tidegate.control.outlook import Outlooks
from tidegate.control.quotes import Quotes
from tidegate.control.rates import Rate
from tidegate.control.sales import Sales
from tidegate.control.seal import Seal
from tidegate.control.standing import Standings
from tidegate.control.tenants import Tenant
from tidegate.control.webhook_acts import Webhooks
from tidegate.control.webhooks import wrong_address
from tidegate.fleet import Tier, catalogue
from tidegate.lease import book_of_offers, standard_offers
from tidegate.lease.lease import Order
from tidegate.post import HttpSender
from tidegate.store import Database, migrate, open_database
from tidegate.store.access import SqlAccess
from tidegate.store.leases import LeaseTables
from tidegate.store.money import SqlMoney
from tidegate.store.steering import SteeringTables
from tidegate.store.views import ViewTables

NOW_S = 1_775_000_000
"""The fleet's clock stands still: 31 March 2026, 23:33:20 UTC."""

BOOK = book_of_offers(
    "USD", [("H100-SXM", o) for o in standard_offers(catalogue()["H100-SXM"], "USD", None).offers]
)
POOLS = (a_pool(), a_pool(4, id="gb200", tier=Tier.FRONTIER))
UNLIMITED = Rate(burst=1_000_000, per_second=1_000_000.0)


class Loop(Living):
    """A pool's loop in a thread of its own; it steps when the bell rings, on a clock that the test moves."""

    def __init__(self, *given: Any, **more: Any) -> None:
        self.bell = threading.Event()
        self.answers: Answers[Order] = Answers()
        self.turn = threading.Lock()
        super().__init__(*given, **more)
        self.intake.wake = self.bell.set

    def _judged(self, pool_id: str, changes: Changes) -> None:
        super()._judged(pool_id, changes)
        self.answers.tell(changes.orders.items())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run until the end."""
        stopped = threading.Event()

        def run() -> None:
            while not stopped.is_set():
                if self.bell.wait(0.05):
                    self.bell.clear()
                    with self.turn:
                        self.step()

        thread = threading.Thread(target=run)
        thread.start()
        self.intake.open()
        try:
            yield
        finally:
            self.intake.close()
            stopped.set()
            thread.join()

    def pass_time(self, seconds: int) -> None:
        """Let time go on."""
        with self.turn:
            self.run_until(self.clock.time_s + seconds)


@dataclass
class House:
    """What a test is given."""

    services: Services
    transport: AppTransport
    anna: Tenant
    bert: Tenant
    loop: Loop

    @property
    def anna_reach(self) -> Reach:
        """What anna sees."""
        return Reach(self.anna.id)

    @property
    def everybody(self) -> Reach:
        """What the owner sees."""
        return Reach(None)

    def key(self, role: Role, tenant: Tenant | None = None, scopes: set[Act] | None = None) -> str:
        """Text of a new key."""
        wish = KeyWish(
            "test",
            role,
            tenant.id if tenant else None,
            frozenset(scopes) if scopes is not None else None,
        )
        return key_acts.create_key(
            self.services.access, self.services.seal, SYSTEM, wish, wall_s()
        ).text

    def caller(
        self, role: Role, tenant: Tenant | None = None, scopes: set[Act] | None = None
    ) -> httpx.Client:
        """Somebody who asks."""
        return caller(self.transport, self.key(role, tenant, scopes))

    def stranger(self) -> httpx.Client:
        """Somebody without a key."""
        return caller(self.transport, None)


@contextmanager
def house(folder: Path, limits: Limits | None = None, url: str | None = None) -> Iterator[House]:
    """Build one, on SQLite in the folder when no address is given."""
    database = open_database(url or f"sqlite:///{folder / 'tidegate.db'}")
    migrate(database)
    LeaseTables(database).set_up(POOLS)
    loop = Loop(database, POOLS[0], start_s=NOW_S - 3_600)
    loop.run_until(NOW_S)
    services = services_on(database, limits or Limits(UNLIMITED, UNLIMITED), loop=loop)
    anna, bert = (
        tenant_acts.create_tenant(
            services.access,
            SYSTEM,
            name=name,
            email=f"{name}@example.org",
            wall_s=wall_s(),
        )
        for name in ("anna", "bert")
    )
    with serving(create_app(services)) as transport, loop.running():
        yield House(services, transport, anna, bert, loop)
    database.close()


def services_on(
    database: Database, limits: Limits, till: Till | None = None, loop: Loop | None = None
) -> Services:
    """What an application is given."""
    seal = Seal(b"0123456789abcdef" * 2)
    door = SqlAccess(database)
    now_s = loop.clock.now_s if loop else lambda: NOW_S
    till = till or Till(SqlMoney(database), MoneyRules(), BOOK, now_s)
    pools = {pool.id: pool for pool in POOLS}
    tables = LeaseTables(database)
    steering = SteeringTables(database, wall_s)
    outlooks = Outlooks(tables, steering, pools, now_s)
    wake: Callable[[str], None] = (lambda _: loop.bell.set()) if loop else (lambda _: None)
    answers: Answers[Order] = loop.answers if loop else Answers()
    keyring, standings = Keyring(door, seal), Standings(till)
    database.watch(["api_key"], keyring.forget)
    database.watch(["tenant", "billing_account", "price_book"], standings.forget)
    quotes = Quotes(tables, till, pools, outlooks, standings, wake=wake, wait_s=60.0)
    return Services(
        seal=seal,
        access=door,
        keyring=keyring,
        webhooks=Webhooks(door, seal, NoSender(), wall_s),
        till=till,
        views=ViewTables(database),
        pools=pools,
        steering=steering,
        outlooks=outlooks,
        quotes=quotes,
        sales=Sales(
            tables,
            till,
            pools,
            quotes=quotes,
            outlooks=outlooks,
            wake=wake,
            verdicts=answers,
            intake=loop.intake if loop else Intake(),
            standings=standings,
            wait_s=60.0,
        ),
        lease_acts=LeaseActs(tables, pools, now_s, wake=wake, wait_s=60.0),
        wall_s=wall_s,
        limits=limits,
    )


def wall_s() -> int:
    """The wall clock."""
    return int(time.time())


class NoSender(HttpSender):
    """Looks no name up: `inside.test` is the one host that must not be called."""

    def check_url(self, url: str) -> None:
        if "inside.test" in url:
            raise wrong_address("leads into the network")


def once() -> dict[str, str]:
    """Header of a request that is meant anew."""
    return {"Idempotency-Key": uuid4().hex}
