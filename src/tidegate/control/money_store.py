"""The running system's money: its rules, its stores, and the doors to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from tidegate.billing import BreakPolicy, Issuer, TaxRule
from tidegate.control.access import Actor, not_found, tenant_of
from tidegate.control.audit import AuditStore
from tidegate.control.door import Door
from tidegate.control.money_ports import (
    AccountStore,
    BillStore,
    CreditStore,
    EventSink,
    MeterStore,
    PlanStore,
)
from tidegate.lease.events import Event
from tidegate.lease.pricebook import PriceBook


@dataclass(frozen=True)
class MoneyRules:
    """How the fleet bills; from the billing file.

    Attributes
    ----------
    issuer : Issuer
        Who sends the invoices.
    currency : str
        Of tenants that have no other.
    zone : str
        IANA zone of the months.
    taxes : tuple of TaxRule
    breaks : BreakPolicy
    meter_every_s : int
        How often what is held is written into the ledger.
    late_s : int
        For how long after a lease's end facts are still looked at.
    invoice_after_s : int
        How long after a month's end it is billed.
    """

    issuer: Issuer = field(default_factory=lambda: Issuer("Tidegate"))
    currency: str = "USD"
    zone: str = "UTC"
    taxes: tuple[TaxRule, ...] = ()
    breaks: BreakPolicy = field(default_factory=BreakPolicy)
    meter_every_s: int = 3600
    late_s: int = 2 * 86_400
    invoice_after_s: int = 3600


@dataclass(frozen=True)
class MoneyStore:
    """The stores of one transaction."""

    meter: MeterStore
    accounts: AccountStore
    bills: BillStore
    credits: CreditStore
    plans: PlanStore
    audit: AuditStore
    events: EventSink


MoneyDoor: TypeAlias = Door[MoneyStore]
"""Opens transactions."""


@dataclass(frozen=True)
class Till:
    """What the doors of the running system need for money.

    Attributes
    ----------
    door : MoneyDoor
    rules : MoneyRules
    offered : PriceBook
        What the fleet's own offers say, for when no price book was adopted.
    now_s : callable
        The fleet's clock.
    """

    door: MoneyDoor
    rules: MoneyRules
    offered: PriceBook
    now_s: Callable[[], int]


def require_tenant(store: MoneyStore, actor: Actor, tenant_id: str | None) -> str:
    """Tenant for whom something is done: within the actor's reach, and there.

    Raises
    ------
    RequestError
        ``TG-API-NOT-FOUND``, ``TG-API-FIELD``.
    """
    found = tenant_of(actor, tenant_id)
    if not store.accounts.has_tenant(found):
        raise not_found("tenant", found)
    return found


CASHIER: Final = "system:money"
"""The actor of what the running system does with money by itself."""


def money_event(
    kind: str,
    subject: str,
    tenant_id: str | None,
    data: Mapping[str, Any],
    at_s: int,
    *,
    actor: str = CASHIER,
) -> Event:
    """Return an event of this room."""
    return Event(at_s, actor, kind, subject, data, tenant_id=tenant_id)
