"""A few tenants for the demonstration: they ask for quotes and order, over HTTP as anybody would."""

import random
import secrets
import threading
import time
from calendar import timegm
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import structlog

from tidegate.app.demobills import set_up_bills
from tidegate.app.live import Live, wall_s
from tidegate.control import key_acts, tenant_acts
from tidegate.control.access import SYSTEM, Role
from tidegate.control.keys import KeyWish
from tidegate.control.tenants import Tenant
from tidegate.control.user_acts import UserWish, change_user, create_user, edited
from tidegate.lease.product import ProductKind
from tidegate.web.console.signing_in import Persona

log = structlog.get_logger(__name__)

FACTOR: Final = 600.0
"""How many times as fast as real time the demonstration runs."""

BEFORE_MONTH_END_S: Final = 4 * 3600
"""It begins so long before the end of a month, so that invoices come soon."""


@dataclass(frozen=True)
class _Habit:
    """How a tenant orders: which products, how often (real seconds between), how long (fleet seconds)."""

    name: str
    products: tuple[str, ...]
    every_s: float
    median_s: int


_HABITS: Final = (
    _Habit("Fjord Robotics", ("flex", "preemptible"), 2.0, 5 * 3600),
    _Habit("Tern Genomics", ("day", "flex"), 4.0, 24 * 3600),
    _Habit("Lichen Labs", ("preemptible",), 1.5, 2 * 3600),
)
_MANY: Final = 1000
_NODES: Final = (1, 1, 1, 2, 2, 4, 8)


class Demo:
    """Tenants that live while the system runs.

    Parameters
    ----------
    live : Live
    seed : int
    """

    def __init__(self, live: Live, seed: int = 0) -> None:
        self._live = live
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.keys: dict[str, str] = {}
        self.people: list[Persona] = []

    def prepare(self) -> None:
        """Make the tenants and their keys, a key of an operator, and people for the console."""
        live = self._live
        # A demonstration that goes on in a data folder has its tenants and people already.
        tenants = tenant_acts.list_tenants(live.access, SYSTEM, None, _MANY)
        known = {tenant.name: tenant for tenant in tenants}
        self._person("Operator", Role.OPERATOR, None)
        self._person("Desk", Role.DESK, None)
        self._person("Finance", Role.FINANCE, None)
        self.keys["operator"] = self._key("demo operator", Role.OPERATOR, None)
        leasing: list[Tenant] = []
        for habit in _HABITS:
            tenant = known.get(habit.name) or tenant_acts.create_tenant(
                live.access, SYSTEM, name=habit.name, email=None, wall_s=wall_s()
            )
            leasing.append(tenant)
            self.keys[habit.name] = self._key(habit.name, Role.TENANT, tenant.id)
            if habit is _HABITS[0]:
                self._person(habit.name, Role.TENANT, tenant.id)
        set_up_bills(live.till, leasing, wall_s())

    def _person(self, name: str, role: Role, tenant_id: str | None) -> None:
        password = secrets.token_urlsafe(18)
        email = f"{role}@example.org"
        access = self._live.access
        with access.reading() as store:
            there = store.users.user_of_email(email)
        if there is None:
            create_user(access, SYSTEM, UserWish(email, name, role, tenant_id, password), wall_s())
        else:
            change_user(
                access,
                SYSTEM,
                there.id,
                lambda user: edited(
                    user, wall_s(), name=None, role=None, password=password, is_disabled=None
                ),
                wall_s(),
            )
        self.people.append(Persona(name, email, password))

    def _key(self, name: str, role: Role, tenant_id: str | None) -> str:
        wish = KeyWish(name, role, tenant_id, None)
        made = key_acts.create_key(self._live.access, self._live.seal, SYSTEM, wish, wall_s())
        return made.text

    def start(self, address: str) -> None:
        """Have the tenants begin to order."""
        for habit in _HABITS:
            thread = threading.Thread(
                target=self._live_on,
                args=(address, habit, random.Random(self._random.random())),
                name=habit.name,
                daemon=True,
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Have them stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=15)

    def _live_on(self, address: str, habit: _Habit, chance: random.Random) -> None:
        headers = {"Authorization": f"Bearer {self.keys[habit.name]}"}
        with httpx.Client(base_url=address, headers=headers, timeout=30) as http:
            while not self._stop.wait(chance.expovariate(1 / habit.every_s)):
                try:
                    self._order(http, habit, chance)
                except httpx.HTTPError as error:
                    log.debug("tenant not served", tenant=habit.name, trouble=str(error))

    def _order(self, http: httpx.Client, habit: _Habit, chance: random.Random) -> None:
        ask = self._ask(habit, chance)
        if ask is None:
            return
        quoted = _post(http, "/v1/quotes", ask)
        if quoted.status_code != httpx.codes.CREATED:
            log.info("no quote", tenant=habit.name, answer=quoted.text[:200])
            return
        quote = quoted.json()
        answer = _post(http, "/v1/orders", {"quote_id": quote["id"]}).json()
        log.info(
            "order",
            tenant=habit.name,
            pool=ask["pool_id"],
            product=ask["product"],
            nodes=ask["nodes"],
            state=answer.get("state", answer.get("code")),
            reason=answer.get("reason"),
        )

    def _ask(self, habit: _Habit, chance: random.Random) -> dict[str, Any] | None:
        sold = [
            (pool, pool.offer_of[product])
            for pool in self._live.pools
            for product in habit.products
            if product in pool.offer_of
        ]
        if not sold:
            return None
        pool, offer = chance.choice(sold)
        least_s = offer.product.guarantee_s if offer.product.kind is ProductKind.RESERVED else 1800
        wanted_s = round(habit.median_s * chance.lognormvariate(0, 0.7))
        return {
            "pool_id": pool.id,
            "product": offer.product.id,
            "nodes": min(chance.choice(_NODES), pool.pool.nodes),
            "duration_s": max(least_s, wanted_s),
        }


def _post(http: httpx.Client, path: str, body: dict[str, Any]) -> httpx.Response:
    return http.post(path, json=body, headers={"Idempotency-Key": uuid4().hex})


def start_of_demo(now_s: float | None = None) -> int:
    """Return when the demonstration's time begins: some hours before the end of last month, UTC."""
    today = time.gmtime(time.time() if now_s is None else now_s)
    return timegm((today.tm_year, today.tm_mon, 1, 0, 0, 0)) - BEFORE_MONTH_END_S
