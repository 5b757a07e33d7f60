"""Who may do what, and whose things they see."""

import pytest

from tidegate.control.access import RIGHTS, Act, Actor, Role, may, require, tenant_of
from tidegate.errors import AccessError, RequestError

DESK = Actor("usr_d", Role.DESK)
TENANT = Actor("key_t", Role.TENANT, "ten_a")


def test_every_role_has_its_rights():
    assert set(RIGHTS) == set(Role)
    assert RIGHTS[Role.OPERATOR] == set(Act)


def test_a_viewer_changes_nothing():
    assert not [act for act in RIGHTS[Role.VIEWER] if not act.endswith(":read")]


def test_a_tenant_touches_neither_pools_nor_prices_nor_the_audit_log():
    barred = {Act.POOLS_WRITE, Act.PRICES_WRITE, Act.AUDIT_READ, Act.TENANTS_WRITE, Act.USERS_READ}
    assert not any(may(TENANT, act) for act in barred | {Act.INVOICES_WRITE, Act.DECISIONS_READ})


def test_a_scope_narrows_and_never_widens():
    narrow = Actor("key_t", Role.TENANT, "ten_a", frozenset({Act.LEASES_READ, Act.AUDIT_READ}))
    assert may(narrow, Act.LEASES_READ)
    assert not may(narrow, Act.AUDIT_READ)
    with pytest.raises(AccessError, match="TG-ACCESS-SCOPE"):
        require(narrow, Act.ORDERS_WRITE)
    with pytest.raises(AccessError, match="TG-ACCESS-RIGHT"):
        require(narrow, Act.AUDIT_READ)


def test_a_tenant_reaches_its_own_things_only():
    assert TENANT.reach.covers("ten_a")
    assert not TENANT.reach.covers("ten_b")
    assert not TENANT.reach.covers(None)
    assert DESK.reach.covers("ten_b")
    assert DESK.reach.covers(None)


def test_an_actor_without_its_tenant_cannot_exist():
    with pytest.raises(ValueError, match="belongs to a tenant"):
        Actor("usr_x", Role.TENANT)
    with pytest.raises(ValueError, match="belongs to no tenant"):
        Actor("usr_x", Role.OPERATOR, "ten_a")


def test_who_a_thing_is_done_for():
    assert tenant_of(TENANT, None) == "ten_a"
    assert tenant_of(DESK, "ten_b") == "ten_b"
    with pytest.raises(RequestError, match="TG-API-NOT-FOUND"):
        tenant_of(TENANT, "ten_b")
    with pytest.raises(RequestError, match="TG-API-FIELD"):
        tenant_of(DESK, None)
