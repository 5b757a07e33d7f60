"""Who asks, what a role may do, and whose things it sees.

Every use case takes an :class:`Actor` and calls :func:`require`. What is read or changed is then kept within
:attr:`Actor.reach`: that is the one place where a tenant is held to what is its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from tidegate.errors import AccessError, Place, RequestError

T = TypeVar("T")


class Role(StrEnum):
    """What somebody is to the fleet."""

    OPERATOR = "operator"
    """Runs the fleet: everything."""
    DESK = "desk"
    """Sells: products, prices, quotes, orders, leases, tenants."""
    FINANCE = "finance"
    """Accounts: prices, usage, invoices, credit notes."""
    TENANT = "tenant"
    """Buys: its own quotes, orders, leases, usage, invoices, keys and webhooks."""
    VIEWER = "viewer"
    """Looks, and changes nothing; of one tenant when it belongs to one."""


class Act(StrEnum):
    """What can be done; also the scopes that an API key can be held to."""

    POOLS_READ = "pools:read"
    POOLS_WRITE = "pools:write"
    QUOTA_READ = "quota:read"
    DECISIONS_READ = "decisions:read"
    PRODUCTS_READ = "products:read"
    PRICES_READ = "prices:read"
    PRICES_WRITE = "prices:write"
    QUOTES_READ = "quotes:read"
    QUOTES_WRITE = "quotes:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    LEASES_READ = "leases:read"
    LEASES_WRITE = "leases:write"
    NOTICES_READ = "notices:read"
    NOTICES_WRITE = "notices:write"
    EVENTS_READ = "events:read"
    USAGE_READ = "usage:read"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"
    BUDGETS_READ = "budgets:read"
    BUDGETS_WRITE = "budgets:write"
    TENANTS_READ = "tenants:read"
    TENANTS_WRITE = "tenants:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"


_ALL: Final = frozenset(Act)
_SHOP: Final = frozenset(
    {
        Act.POOLS_READ,
        Act.QUOTA_READ,
        Act.PRODUCTS_READ,
        Act.PRICES_READ,
        Act.QUOTES_READ,
        Act.ORDERS_READ,
        Act.LEASES_READ,
        Act.NOTICES_READ,
        Act.EVENTS_READ,
        Act.USAGE_READ,
        Act.INVOICES_READ,
        Act.BUDGETS_READ,
        Act.TENANTS_READ,
    }
)

RIGHTS: Final[Mapping[Role, frozenset[Act]]] = {
    Role.OPERATOR: _ALL,
    Role.DESK: _SHOP
    | {
        Act.DECISIONS_READ,
        Act.PRICES_WRITE,
        Act.QUOTES_WRITE,
        Act.ORDERS_WRITE,
        Act.LEASES_WRITE,
        Act.NOTICES_WRITE,
        Act.BUDGETS_WRITE,
        Act.TENANTS_WRITE,
        Act.USERS_READ,
    },
    Role.FINANCE: _SHOP
    | {Act.DECISIONS_READ, Act.PRICES_WRITE, Act.INVOICES_WRITE, Act.BUDGETS_WRITE, Act.AUDIT_READ},
    Role.TENANT: _SHOP
    | {
        Act.QUOTES_WRITE,
        Act.ORDERS_WRITE,
        Act.LEASES_WRITE,
        Act.NOTICES_WRITE,
        Act.BUDGETS_WRITE,
        Act.KEYS_READ,
        Act.KEYS_WRITE,
        Act.WEBHOOKS_READ,
        Act.WEBHOOKS_WRITE,
    },
    Role.VIEWER: _SHOP,
}
"""What each role may do, where nothing narrows it."""


@dataclass(frozen=True)
class Reach:
    """Whose things somebody sees: one tenant's, or everybody's.

    Attributes
    ----------
    tenant_id : str or None
        The only tenant within reach; None for all of them.
    """

    tenant_id: str | None

    def covers(self, tenant_id: str | None) -> bool:
        """Whether a thing of that tenant (None: of the owner's own) lies within reach."""
        return self.tenant_id is None or self.tenant_id == tenant_id


@dataclass(frozen=True)
class Actor:
    """Somebody who asks.

    Attributes
    ----------
    id : str
        Id of the user or API key; stands in events and in the audit log.
    role : Role
    tenant_id : str or None
        The tenant that somebody belongs to; never None for the role ``tenant``.
    scopes : frozenset of Act, or None
        What an API key is held to; None for everything that its role may do.

    Raises
    ------
    ValueError
        If a tenant's actor names no tenant, or one who runs the fleet names one.
    """

    id: str
    role: Role
    tenant_id: str | None = None
    scopes: frozenset[Act] | None = None

    def __post_init__(self) -> None:
        if self.role is Role.TENANT and self.tenant_id is None:
            raise ValueError("an actor of the role tenant belongs to a tenant")
        if self.role not in (Role.TENANT, Role.VIEWER) and self.tenant_id is not None:
            raise ValueError(f"an actor of the role {self.role} belongs to no tenant")

    @property
    def reach(self) -> Reach:
        """Whose things this actor sees."""
        return Reach(self.tenant_id)


SYSTEM: Final = Actor("system", Role.OPERATOR)
"""The running system itself: the loop, the driver's facts, the month's end."""


def may(actor: Actor, act: Act) -> bool:
    """Whether an actor may do something at all; on whose things is :attr:`Actor.reach`."""
    return act in RIGHTS[actor.role] and (actor.scopes is None or act in actor.scopes)


def require(actor: Actor, act: Act) -> None:
    """Let an actor go on only when it may.

    Raises
    ------
    AccessError
        ``TG-ACCESS-RIGHT`` when its role may not, ``TG-ACCESS-SCOPE`` when its key may not.
    """
    if act not in RIGHTS[actor.role]:
        raise AccessError("TG-ACCESS-RIGHT", f"The role {actor.role} has no right to {act}.")
    if actor.scopes is not None and act not in actor.scopes:
        raise AccessError(
            "TG-ACCESS-SCOPE",
            f"This key has not the scope {act}.",
            expected=f"a key with the scope {act}, or without scopes.",
        )


def not_found(kind: str, name: str) -> RequestError:
    """What is answered for a thing that does not exist, and for one that is another's: the same."""
    return RequestError("TG-API-NOT-FOUND", f"There is no {kind} {name!r}.")


def existing(thing: T | None, kind: str, name: str) -> T:
    """Return a thing that was looked for.

    Raises
    ------
    RequestError
        ``TG-API-NOT-FOUND`` when there is none.
    """
    if thing is None:
        raise not_found(kind, name)
    return thing


def tenant_of(actor: Actor, asked: str | None) -> str:
    """Tenant for which something is done: an actor's own, or the one that the owner's people name.

    Raises
    ------
    RequestError
        ``TG-API-NOT-FOUND`` when a tenant names another than itself: that one does not exist for it;
        ``TG-API-FIELD`` when nobody is named.
    """
    tenant_id = asked or actor.tenant_id
    if tenant_id is None:
        raise RequestError(
            "TG-API-FIELD",
            "names no tenant.",
            place=Place(field="tenant_id"),
            expected="the tenant for whom this is done.",
        )
    if not actor.reach.covers(tenant_id):
        raise not_found("tenant", tenant_id)
    return tenant_id
