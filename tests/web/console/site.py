"""The console in front of a small running system, with people who sign in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
from tests.api.calling import caller
from tests.api.house import NOW_S, POOLS, UNLIMITED, House, house, wall_s
from tests.finance.fleets import books_of

from tidegate.app.console import console_on, install_console
from tidegate.app.financelive import LiveFinance
from tidegate.control import steering as deeds
from tidegate.control.access import SYSTEM, Role
from tidegate.control.asking import Ask
from tidegate.control.rates import Limiter
from tidegate.control.tenants import Tenant
from tidegate.control.user_acts import UserWish, create_user
from tidegate.finance.books import Books
from tidegate.lease.lease import Order
from tidegate.web import signin
from tidegate.web.console.services import MarketDesk
from tidegate.web.console.signing_in import sign_in_page

PASSWORD = "correct horse battery staple"


class Visitor:
    """A browser without scripts: it keeps cookies and sends forms."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(f"/console{path}", headers=headers)

    def post(self, path: str, **fields: str) -> httpx.Response:
        page = self.http.get("/console/").headers["location"]
        token = token_in(self.http.get(page).text)
        return self.http.post(f"/console{path}", data={"form_token": token, **fields})


def token_in(html: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', html)
    assert found, html[:500]
    return found[1]


class Site:
    """What a test is given."""

    def __init__(self, built: House) -> None:
        self.house = built
        self.pool = next(iter(built.services.pools))

    def visitor(self, role: Role, tenant: Tenant | None = None) -> Visitor:
        """Somebody who has signed in."""
        name = tenant.name if tenant else str(role)
        email = f"{name}-{role}@example.org"
        services = self.house.services
        wish = UserWish(email, name, role, tenant.id if tenant else None, PASSWORD)
        create_user(services.access, SYSTEM, wish, wall_s())
        http = caller(self.house.transport, None)
        token = token_in(http.get("/signin").text)
        form = {"form_token": token, "email": email, "password": PASSWORD, "next": "/console/"}
        assert http.post("/signin", data=form).status_code == 303
        return Visitor(http)

    def lease(self, tenant: Tenant, product: str = "preemptible", nodes: int = 1) -> Order:
        """Have a tenant lease something."""
        ask = Ask(self.pool, product, nodes, 6 * 3600, tenant_id=tenant.id)
        order = self.house.services.sales.order(SYSTEM, ask)
        assert order.lease_id, order.reason
        return order

    def steering(self) -> deeds.Steering:
        """What was said of the pool."""
        return self.house.services.steering.steering(self.pool)


def books() -> Books:
    """What the house's first pool cost: 64 GPUs in two cohorts."""
    pool = POOLS[0].pool
    made = books_of(
        ("h100-2024", "H100-SXM", 40, Decimal(30_000)),
        ("h100-2025", "H100-SXM", 24, Decimal(26_000)),
        in_service=date(2025, 1, 1),
        costs={"space": Decimal("0.1"), "operations": Decimal("0.05"), "capital_rate": Decimal("0.1")},
        market_rent=Decimal(2),
    )  # fmt: skip
    return replace(made, holdings=tuple(replace(each, pool=pool) for each in made.holdings))


def finance_on(small: House) -> LiveFinance:
    """Finance of the house, from its own meters and bills."""
    return LiveFinance(books(), {"h100": 64}, small.services.till, NOW_S, "fleet.toml")


@contextmanager
def built(folder: Path, market: MarketDesk | None = None) -> Iterator[Site]:
    """Build one on SQLite."""
    with house(folder) as small:
        services = small.services
        app = small.transport.inner.app  # the application behind the transport
        assert app is not None
        doors = signin.Doors(
            services.seal, services.access, services.wall_s, Limiter(UNLIMITED, lambda: 0.0),
            page=sign_in_page,
        )  # fmt: skip
        console = console_on(services, small.loop.clock, finance=finance_on(small), market=market)
        install_console(app, doors, console)  # type: ignore[arg-type]
        yield Site(small)
