"""What a reader may go to, by role: one list for the menu and for the first page."""

from dataclasses import dataclass
from typing import Final

from tidegate.control.access import Act, Actor, Role, may


def _(text: str) -> str:
    return text


@dataclass(frozen=True)
class Place:
    """A page of the menu.

    Attributes
    ----------
    name : str
        Name of its route.
    title : str
        Marked for the catalogues.
    act : Act
        What one must be allowed to do.
    """

    name: str
    title: str
    act: Act


OWNER: Final[tuple[tuple[str, tuple[Place, ...]], ...]] = (
    (
        _("Run"),
        (
            Place("overview", _("The tide"), Act.POOLS_READ),
            Place("leases", _("Leases"), Act.LEASES_READ),
            Place("audit", _("Audit log"), Act.AUDIT_READ),
        ),
    ),
    (
        _("Sell"),
        (
            Place("desk", _("Desk"), Act.ORDERS_READ),
            Place("prices", _("Prices"), Act.PRICES_READ),
            Place("market", _("Market"), Act.PRICES_READ),
            Place("tenants", _("Tenants"), Act.TENANTS_READ),
            Place("invoices", _("Invoices"), Act.INVOICES_READ),
        ),
    ),
    (
        _("Count"),
        (
            Place("finance", _("Coverage"), Act.INVOICES_READ),
            Place("finance-books", _("Books"), Act.INVOICES_READ),
            Place("finance-tiers", _("Tiers and headroom"), Act.INVOICES_READ),
        ),
    ),
)
"""The menu of those who run the fleet."""

TENANT: Final[tuple[tuple[str, tuple[Place, ...]], ...]] = (
    (
        _("Use"),
        (
            Place("portal", _("My leases"), Act.LEASES_READ),
            Place("portal-new", _("Lease GPUs"), Act.ORDERS_WRITE),
            Place("portal-notice-help", _("At a notice"), Act.LEASES_READ),
        ),
    ),
    (
        _("Pay"),
        (
            Place("portal-usage", _("Usage and budget"), Act.USAGE_READ),
            Place("invoices", _("Invoices"), Act.INVOICES_READ),
        ),
    ),
    (
        _("Connect"),
        (
            Place("portal-keys", _("API keys"), Act.KEYS_READ),
            Place("portal-webhooks", _("Webhooks"), Act.WEBHOOKS_READ),
        ),
    ),
)
"""The menu of a tenant's people."""

_FIRST: Final = {Role.OPERATOR: "overview", Role.DESK: "desk", Role.FINANCE: "invoices"}


def menu(actor: Actor) -> tuple[tuple[str, tuple[Place, ...]], ...]:
    """Return the groups of pages that an actor may see."""
    groups = OWNER if actor.tenant_id is None else TENANT
    kept = ((title, tuple(p for p in places if may(actor, p.act))) for title, places in groups)
    return tuple((title, places) for title, places in kept if places)


def first_place(actor: Actor) -> str:
    """Return the page that an actor begins with."""
    return "portal" if actor.tenant_id is not None else _FIRST.get(actor.role, "overview")
