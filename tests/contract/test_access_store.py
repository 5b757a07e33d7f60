"""What the doors ask of their store when many ask at once, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from tidegate.control.access import SYSTEM, Act, Actor, Reach, Role
from tidegate.control.audit import entry, seal_entries, verify
from tidegate.control.keys import ApiKey
from tidegate.control.once import Ticket
from tidegate.control.seal import Seal
from tidegate.control.sessions import SessionRow
from tidegate.control.tenants import Tenant
from tidegate.control.users import User
from tidegate.control.webhooks import Delivery, Endpoint
from tidegate.store import Database
from tidegate.store.access import SqlAccess

T = TypeVar("T")

ALL = Reach(None)
AT_ONCE = 8
ANNA, BERT = (Tenant(f"ten_{name}", name, None, 1) for name in ("anna", "bert"))


@pytest.fixture
def door(database: Database) -> SqlAccess:
    built = SqlAccess(database)
    with built.changing() as store:
        for tenant in (ANNA, BERT):
            store.tenants.save_tenant(tenant)
    return built


def all_at_once(deed: Callable[[int], T]) -> list[T]:
    """Do something in threads that begin together."""
    barrier = Barrier(AT_ONCE)

    def one(n: int) -> T:
        barrier.wait(timeout=30)
        return deed(n)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_what_is_kept_comes_back_as_it_was(door: SqlAccess):
    scopes = frozenset({Act.LEASES_READ, Act.NOTICES_READ})
    key = ApiKey("key_1", "näme", Role.TENANT, "ten_anna", scopes, bytes(range(32)), 1, 2, None)
    user = User("usr_1", "a@b.c", "A", Role.VIEWER, "ten_anna", "hash", "https://id x", 1, 5)
    hook = Endpoint("whk_1", "ten_anna", "https://x/", ("lease.*",), "s", 1, "o", 2, 3, "gone")
    with door.changing() as store:
        store.keys.save_key(key)
        store.users.save_user(user)
        store.hooks.save_endpoint(hook)
        store.sessions.save_session(SessionRow("d" * 64, "usr_1", 1, 2))
    with door.reading() as store:
        assert store.keys.key("key_1", Reach("ten_anna")) == key
        assert store.keys.key("key_1", Reach("ten_bert")) is None
        assert store.users.user_of_subject("https://id x") == user
        assert store.users.user("usr_1", Reach("ten_bert")) is None
        assert store.hooks.endpoint("whk_1", ALL) == hook
        assert store.hooks.endpoints(Reach("ten_bert"), None, 9) == []
        assert store.sessions.session("d" * 64) == SessionRow("d" * 64, "usr_1", 1, 2)
        assert store.tenants.tenants(Reach("ten_anna"), None, 9) == [ANNA]
        assert store.tenants.tenants(ALL, "ten_anna", 9) == [BERT]


def test_of_many_with_one_key_one_begins(door: SqlAccess):
    def begin(n: int) -> bool:
        with door.changing() as store:
            return store.tickets.add(Ticket("key_1", "k", f"print {n}", 1)) is None

    assert sum(all_at_once(begin)) == 1


def test_of_many_who_take_over_an_abandoned_request_one_does(door: SqlAccess):
    old = Ticket("key_1", "k", "print", 1)
    with door.changing() as store:
        store.tickets.add(old)

    def take(n: int) -> bool:
        with door.changing() as store:
            return store.tickets.take_over(old, 100)

    assert sum(all_at_once(take)) == 1


def test_a_delivery_is_claimed_by_one_courier(door: SqlAccess):
    with door.changing() as store:
        store.hooks.save_endpoint(Endpoint("whk_1", None, "https://x/", (), "s", 1))
        for n in range(40):
            store.deliveries.save_delivery(
                Delivery(f"dlv_{n:02}", "whk_1", None, n + 1, "x", "{}", 1, 1)
            )

    def claim(_: int) -> list[str]:
        with door.changing() as store:
            return [delivery.id for delivery, _ in store.deliveries.claim_due(10, 10)]

    claimed = [delivery_id for ids in all_at_once(claim) for delivery_id in ids]
    assert len(claimed) == len(set(claimed)) == 40


def test_an_event_goes_to_a_receiver_once(door: SqlAccess):
    with door.changing() as store:
        store.hooks.save_endpoint(Endpoint("whk_1", None, "https://x/", (), "s", 1))

    def read_on(_: int) -> int:
        with door.changing() as store:
            seen = store.bookmarks.place("courier")
            store.bookmarks.move("courier", seen + 1)
            return seen

    assert sorted(all_at_once(read_on)) == list(range(AT_ONCE))


def test_many_deeds_and_many_sealers_make_one_chain(door: SqlAccess):
    seal = Seal(b"0123456789abcdef" * 2)

    def act(n: int) -> int:
        with door.changing() as store:
            store.audit.add(entry(f"aud_{n}", SYSTEM, "x.y", "z", wall_s=1))
        with door.changing() as store:
            return seal_entries(seal, store.audit)

    assert sum(all_at_once(act)) == AT_ONCE
    with door.reading() as store:
        found = verify(seal, store.audit)
    assert (found.sealed, found.unsealed, found.broken) == (AT_ONCE, 0, None)


def test_a_change_waits_for_the_one_before_it(door: SqlAccess):
    def rename(n: int) -> str:
        with door.changing() as store:
            tenant = store.tenants.tenant("ten_anna", ALL, to_change=True)
            assert tenant
            store.tenants.save_tenant(Tenant(tenant.id, f"{tenant.name}+{n}", None, 1))
        return f"+{n}"

    added = all_at_once(rename)
    with door.reading() as store:
        tenant = store.tenants.tenant("ten_anna", ALL)
    assert tenant
    assert sorted(tenant.name.removeprefix("anna").split("+")[1:]) == sorted(
        each[1:] for each in added
    )
    assert Actor("x", Role.OPERATOR).reach.covers("ten_anna")
