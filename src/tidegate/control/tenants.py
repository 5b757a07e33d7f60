"""Tenants: those who lease."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from tidegate.control.access import Act, Actor, Reach, existing, require


@dataclass(frozen=True)
class Tenant:
    """Somebody who leases.

    Attributes
    ----------
    id : str
    name : str
    email : str or None
        Where notices go.
    created_s : int
    suspended_s : int or None
        From then on nothing new is sold to it; what it holds goes on.
    """

    id: str
    name: str
    email: str | None
    created_s: int
    suspended_s: int | None = None


class TenantStore(Protocol):
    """Where tenants are kept."""

    def tenant(self, tenant_id: str, reach: Reach, *, to_change: bool = False) -> Tenant | None:
        """Tenant by id, when within reach; held against other writers when it is to be changed."""
        ...

    def tenants(self, reach: Reach, after_id: str | None, limit: int) -> list[Tenant]:
        """Tenants within reach in order of id, from behind ``after_id``."""
        ...

    def price_classes(self) -> Mapping[str, str]:
        """Class in the price book of each tenant that has one."""
        ...

    def save_tenant(self, tenant: Tenant) -> None:
        """Add a tenant, or replace the one of that id."""
        ...


def find_tenant(
    store: TenantStore, actor: Actor, tenant_id: str, *, to_change: bool = False
) -> Tenant:
    """Tenant that an actor sees.

    Raises
    ------
    AccessError
        When it may not look.
    RequestError
        ``TG-API-NOT-FOUND``.
    """
    require(actor, Act.TENANTS_WRITE if to_change else Act.TENANTS_READ)
    return existing(store.tenant(tenant_id, actor.reach, to_change=to_change), "tenant", tenant_id)


def suspend(tenant: Tenant, wall_s: int, *, is_suspended: bool) -> Tenant:
    """Tenant with sales stopped or allowed again; the first time of stopping stays."""
    if not is_suspended:
        return replace(tenant, suspended_s=None)
    return replace(tenant, suspended_s=wall_s if tenant.suspended_s is None else tenant.suspended_s)
