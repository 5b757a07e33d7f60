"""What metering and billing ask of a store, and the rules by which they go."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from tidegate.billing import (
    Balance,
    BilledLease,
    BillTo,
    BreakPolicy,
    Budget,
    CreditNote,
    Grant,
    Invoice,
    Issuer,
    NumberRange,
    Period,
    RatedLine,
    Source,
    TaxRule,
)
from tidegate.control.access import Actor, Reach, not_found, tenant_of
from tidegate.control.audit import AuditStore
from tidegate.lease.events import Event
from tidegate.lease.pricebook import PriceBook
from tidegate.meter import Conflict, Held, MeterRecord
from tidegate.quantity import Money


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
class KeptInvoice:
    """An invoice with its id, and when it was paid."""

    id: str
    invoice: Invoice
    paid_s: int | None = None


@dataclass(frozen=True)
class KeptCreditNote:
    """A credit note with its id, and what is left of it."""

    id: str
    note: CreditNote
    left: Money


@dataclass(frozen=True)
class Prepayment:
    """Money that a tenant has paid before it is owed.

    Attributes
    ----------
    id, tenant_id : str
    amount : Money
    paid_s : int
    expires_s : int or None
    reference : str
        Of the payment; taken in once.
    """

    id: str
    tenant_id: str
    amount: Money
    paid_s: int
    expires_s: int | None
    reference: str


@dataclass(frozen=True)
class BrokenLease:
    """A lease whose promise was broken, and the event that proves it."""

    lease: BilledLease
    broken_s: int
    event_seq: int


class MeterStore(Protocol):
    """Holdings as the facts have them, and the meter's ledger."""

    def mark(self, name: str) -> int | None:
        """How far something has been done, None for not at all; others who ask wait until the transaction ends."""
        ...

    def look_at_mark(self, name: str) -> int | None:
        """How far something has been done, without keeping others waiting."""
        ...

    def set_mark(self, name: str, at_s: int) -> None:
        """Remember how far."""
        ...

    def to_settle(self, since_s: int) -> list[str]:
        """Leases that have begun and not ended before a time."""
        ...

    def held(self, lease_ids: Collection[str], from_s: int) -> list[Held]:
        """What leases have held since a time, and what others have held of the same nodes at the same times."""
        ...

    def stops(self, lease_ids: Collection[str]) -> Mapping[str, int]:
        """When those of the leases that have ended did."""
        ...

    def ledger(self, lease_ids: Collection[str], from_s: int = 0) -> list[MeterRecord]:
        """What was recorded of leases that ends after a time."""
        ...

    def sums(self, lease_ids: Collection[str]) -> list[MeterRecord]:
        """All that was recorded of leases, nodes of the same time added up into one record without a name."""
        ...

    def record(self, records: Iterable[MeterRecord]) -> None:
        """Add to the ledger."""
        ...

    def note_conflict(self, conflict: Conflict, seen_s: int) -> bool:
        """Remember a conflict; return whether it is new."""
        ...


class BillStore(Protocol):
    """Accounts, leases as billing sees them, documents."""

    def is_suspended(self, tenant_id: str) -> bool:
        """Whether nothing new is sold to a tenant."""
        ...

    def has_tenant(self, tenant_id: str) -> bool:
        """Whether there is such a tenant."""
        ...

    def account(self, tenant_id: str, currency: str) -> BillTo:
        """Tenant as it is billed; in ``currency`` when it has none of its own."""
        ...

    def save_account(self, account: BillTo) -> None:
        """Keep how a tenant is billed."""
        ...

    def leases_metered(self, since_s: int, tenant_id: str | None = None) -> list[BilledLease]:
        """Leases of which something was recorded since a time."""
        ...

    def leases_in(self, reach: Reach, from_s: int, until_s: int) -> list[BilledLease]:
        """Leases of which something was metered within a time."""
        ...

    def broken(self, since_s: int) -> list[BrokenLease]:
        """Leases that were broken since a time."""
        ...

    def billed(self, lease_ids: Collection[str]) -> list[RatedLine]:
        """All lines of invoices and credit notes of leases."""
        ...

    def is_invoiced(self, tenant_id: str, currency: str, period: Period) -> bool:
        """Whether a month has been invoiced to a tenant in a currency."""
        ...

    def balances(self, tenant_id: str) -> list[Balance]:
        """What is left of a tenant's credit notes and prepayments."""
        ...

    def numbers(self, name: str, prefix: str) -> NumberRange:
        """A range of numbers, locked until the transaction ends."""
        ...

    def save_numbers(self, name: str, numbers: NumberRange) -> None:
        """Keep how far a range has been used."""
        ...

    def add_invoice(self, invoice_id: str, invoice: Invoice) -> None:
        """Keep an invoice with its lines and what it uses up."""
        ...

    def invoice(self, invoice_id: str, reach: Reach) -> KeptInvoice | None:
        """Invoice by id, when within reach."""
        ...

    def invoices(
        self, reach: Reach, before_id: str | None, limit: int, period_start_s: int | None = None
    ) -> list[KeptInvoice]:
        """Invoices within reach, youngest first, from behind ``before_id``."""
        ...

    def pay(self, invoice_id: str, paid_s: int) -> None:
        """Note that an invoice was paid."""
        ...

    def add_credit_note(self, note_id: str, note: CreditNote) -> None:
        """Keep a credit note."""
        ...

    def credit_note(self, note_id: str, reach: Reach) -> KeptCreditNote | None:
        """Credit note by id, when within reach."""
        ...

    def credit_notes(self, reach: Reach, before_id: str | None, limit: int) -> list[KeptCreditNote]:
        """Credit notes within reach, youngest first, from behind ``before_id``."""
        ...

    def credit_notes_by_number(
        self, numbers: Collection[str], reach: Reach
    ) -> Mapping[str, CreditNote]:
        """Credit notes within reach by their numbers."""
        ...

    def stored_totals(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """Total, and what is due of it, of every document by its number, as they were when it was made."""
        ...

    def overdrawn(self, source: Source) -> list[tuple[str, Decimal]]:
        """Sources of which more has been used up than there was, with what is left."""
        ...

    def credits_of(self, lease_id: str) -> list[CreditNote]:
        """Credit notes for a lease's break."""
        ...

    def add_prepayment(self, prepayment: Prepayment) -> bool:
        """Take in a payment; return False when its reference was taken in before."""
        ...

    def prepayments(self, reach: Reach, before_id: str | None, limit: int) -> list[Prepayment]:
        """Prepayments within reach, youngest first."""
        ...


class BudgetStore(Protocol):
    """Budgets, grants, price books."""

    def budgets(self, reach: Reach, after_id: str | None = None, limit: int = 1000) -> list[Budget]:
        """Budgets within reach, in order of id."""
        ...

    def save_budget(self, budget: Budget) -> None:
        """Add a budget, or replace the one of that id."""
        ...

    def drop_budget(self, budget_id: str) -> None:
        """Take a budget away."""
        ...

    def told(self, budget_id: str, period_start_s: int) -> set[Decimal]:
        """Shares that were told in a month."""
        ...

    def tell(self, budget_id: str, period_start_s: int, share: Decimal, told_s: int) -> None:
        """Remember that a share was told."""
        ...

    def grants(self, reach: Reach, after_id: str | None = None, limit: int = 1000) -> list[Grant]:
        """Grants within reach, in order of id."""
        ...

    def save_grant(self, grant: Grant) -> None:
        """Add a grant, or replace the one of that id."""
        ...

    def price_book(self) -> PriceBook | None:
        """The price book in force; None when none was ever adopted."""
        ...

    def adopt(self, book: PriceBook, source: str, adopted_s: int) -> None:
        """Put a price book into force."""
        ...


@dataclass(frozen=True)
class MoneyStore:
    """The stores of one transaction."""

    meter: MeterStore
    bills: BillStore
    plans: BudgetStore
    audit: AuditStore
    events: "EventSink"


class EventSink(Protocol):
    """Takes events: the last thing to be done in a transaction."""

    def append(self, events: Sequence[Event]) -> None:
        """Write events."""
        ...


class MoneyDoor(Protocol):
    """Opens transactions."""

    def changing(self) -> AbstractContextManager[MoneyStore]:
        """One that writes: committed at the end, rolled back when anything is raised."""
        ...

    def reading(self) -> AbstractContextManager[MoneyStore]:
        """One that only reads, and sees one state of everything."""
        ...


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
    if not store.bills.has_tenant(found):
        raise not_found("tenant", found)
    return found


def money_event(
    kind: str, subject: str, tenant_id: str | None, data: Mapping[str, Any], at_s: int
) -> Event:
    """Return an event of this room, told by the running system itself."""
    return Event(at_s, "system:money", kind, subject, data, tenant_id=tenant_id)
