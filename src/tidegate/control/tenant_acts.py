"""What is done with tenants: taken on, changed, suspended."""

from collections.abc import Callable
from dataclasses import replace

from tidegate.control.access import Act, Actor, require
from tidegate.control.access_store import AccessDoor
from tidegate.control.audit import AuditEntry, entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.tenants import Tenant, find_tenant, suspend


def create_tenant(
    door: AccessDoor, actor: Actor, *, name: str, email: str | None, wall_s: int
) -> Tenant:
    """Take on a tenant.

    Raises
    ------
    AccessError
    """
    require(actor, Act.TENANTS_WRITE)
    tenant = Tenant(new_id(Prefix.TENANT), name, email, wall_s)
    with door.changing() as store:
        store.tenants.save_tenant(tenant)
        store.audit.add(_entry(actor, "tenants.create", tenant, wall_s))
    return tenant


def list_tenants(door: AccessDoor, actor: Actor, after_id: str | None, limit: int) -> list[Tenant]:
    """Tenants within the actor's reach: a tenant sees itself."""
    require(actor, Act.TENANTS_READ)
    with door.reading() as store:
        return store.tenants.tenants(actor.reach, after_id, limit)


def read_tenant(door: AccessDoor, actor: Actor, tenant_id: str) -> Tenant:
    """Tenant by id.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``.
    """
    with door.reading() as store:
        return find_tenant(store.tenants, actor, tenant_id)


def change_tenant(
    door: AccessDoor,
    actor: Actor,
    tenant_id: str,
    change: Callable[[Tenant], Tenant],
    wall_s: int,
) -> Tenant:
    """Change what is known of a tenant.

    Parameters
    ----------
    change : callable
        Makes the new one of the one that is there; what it raises leaves everything as it was.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``.
    """
    with door.changing() as store:
        before = find_tenant(store.tenants, actor, tenant_id, to_change=True)
        after = change(before)
        if after != before:
            store.tenants.save_tenant(after)
            store.audit.add(_entry(actor, "tenants.change", after, wall_s))
    return after


def edited(
    tenant: Tenant,
    wall_s: int,
    *,
    name: str | None,
    email: str | None,
    is_suspended: bool | None,
) -> Tenant:
    """Tenant with those things changed that are given; an empty ``email`` removes it."""
    after = replace(
        tenant,
        name=name if name is not None else tenant.name,
        email=(email or None) if email is not None else tenant.email,
    )
    return after if is_suspended is None else suspend(after, wall_s, is_suspended=is_suspended)


def _entry(actor: Actor, act: str, tenant: Tenant, wall_s: int) -> AuditEntry:
    data = {
        "name": tenant.name,
        "email": tenant.email,
        "suspended_s": tenant.suspended_s,
    }
    return entry(
        new_id(Prefix.AUDIT_ENTRY),
        actor,
        act,
        tenant.id,
        wall_s=wall_s,
        tenant_id=tenant.id,
        data=data,
    )
