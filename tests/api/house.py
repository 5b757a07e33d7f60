"""A small running system for the tests of its doors: a database, a seal, some who ask."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
from tests.api.calling import AppTransport, caller, serving
from tests.control.living import a_pool

from tidegate.api import Services, create_app
from tidegate.api.limits import Limits
from tidegate.control import key_acts, tenant_acts
from tidegate.control.access import SYSTEM, Act, Role
from tidegate.control.keys import KeyWish
from tidegate.control.money_store import MoneyRules, Till
from tidegate.control.rates import Rate
from tidegate.control.seal import Seal
from tidegate.control.tenants import Tenant
from tidegate.control.webhook_acts import Webhooks
from tidegate.control.webhooks import wrong_address
from tidegate.fleet import Tier, catalogue
from tidegate.lease import book_of_offers, standard_offers
from tidegate.post import HttpSender
from tidegate.store import Database, migrate, open_database
from tidegate.store.access import SqlAccess
from tidegate.store.leases import LeaseTables
from tidegate.store.money import SqlMoney
from tidegate.store.views import ViewTables

NOW_S = 1_775_000_000
"""The fleet's clock stands still: 31 March 2026, 23:33:20 UTC."""

BOOK = book_of_offers(
    "USD", [("H100-SXM", o) for o in standard_offers(catalogue()["H100-SXM"], "USD", None).offers]
)
POOLS = (a_pool(), a_pool(4, id="gb200", tier=Tier.FRONTIER))
UNLIMITED = Rate(burst=1_000_000, per_second=1_000_000.0)


@dataclass
class House:
    """What a test is given."""

    services: Services
    transport: AppTransport
    anna: Tenant
    bert: Tenant

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
def house(folder: Path, limits: Limits | None = None) -> Iterator[House]:
    """Build one on SQLite."""
    database = open_database(f"sqlite:///{folder / 'tidegate.db'}")
    migrate(database)
    LeaseTables(database).set_up(POOLS)
    services = services_on(database, limits or Limits(UNLIMITED, UNLIMITED))
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
    with serving(create_app(services)) as transport:
        yield House(services, transport, anna, bert)
    database.close()


def services_on(database: Database, limits: Limits, till: Till | None = None) -> Services:
    """What an application is given."""
    seal = Seal(b"0123456789abcdef" * 2)
    door = SqlAccess(database)
    return Services(
        seal=seal,
        access=door,
        webhooks=Webhooks(door, seal, NoSender(), wall_s),
        till=till or Till(SqlMoney(database), MoneyRules(), BOOK, lambda: NOW_S),
        views=ViewTables(database),
        pools={pool.id: pool for pool in POOLS},
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
