"""What metering and billing ask of a store: small protocols, all of one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from tidegate.billing import (
    Balance,
    BilledLease,
    BillTo,
    Budget,
    CreditNote,
    Grant,
    Invoice,
    NumberRange,
    Period,
    RatedLine,
    Source,
)
from tidegate.control.access import Reach
from tidegate.control.money_kept import BrokenLease, KeptCreditNote, KeptInvoice, Prepayment
from tidegate.lease.events import Event
from tidegate.lease.pricebook import PriceBook
from tidegate.lease.states import HoldingState
from tidegate.meter import Conflict, Held, MeterRecord


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

    def pool_seconds(self, from_s: int, until_s: int) -> Mapping[str, Mapping[HoldingState, int]]:
        """GPU-seconds of each pool within a time, by what its nodes were; what nobody watched is in none of them."""
        ...

    def record(self, records: Iterable[MeterRecord]) -> None:
        """Add to the ledger."""
        ...

    def note_conflict(self, conflict: Conflict, seen_s: int) -> bool:
        """Remember a conflict; return whether it is new."""
        ...


class AccountStore(Protocol):
    """Accounts, and leases as billing sees them."""

    def has_tenant(self, tenant_id: str) -> bool:
        """Whether there is such a tenant."""
        ...

    def is_suspended(self, tenant_id: str) -> bool:
        """Whether nothing new is sold to a tenant."""
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
        """Leases that were broken since a time, or lost nodes that were firm."""
        ...


class BillStore(Protocol):
    """Invoices, the numbers of documents, and what was billed."""

    def billed(self, lease_ids: Collection[str]) -> list[RatedLine]:
        """All lines of invoices and credit notes of leases."""
        ...

    def is_invoiced(self, tenant_id: str, currency: str, period: Period) -> bool:
        """Whether a month has been invoiced to a tenant in a currency."""
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

    def stored_totals(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """Total, and what is due of it, of every document by its number, as they were when it was made."""
        ...


class CreditStore(Protocol):
    """Credit notes and prepayments, and what is left of them."""

    def balances(self, tenant_id: str) -> list[Balance]:
        """What is left of a tenant's credit notes and prepayments."""
        ...

    def overdrawn(self, source: Source) -> list[tuple[str, Decimal]]:
        """Sources of which more has been used up than there was, with what is left."""
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

    def credits_of(self, lease_id: str) -> list[CreditNote]:
        """Credit notes for a lease's break."""
        ...

    def add_prepayment(self, prepayment: Prepayment) -> bool:
        """Take in a payment; return False when its reference was taken in before."""
        ...

    def prepayments(self, reach: Reach, before_id: str | None, limit: int) -> list[Prepayment]:
        """Prepayments within reach, youngest first."""
        ...


class PlanStore(Protocol):
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


class EventSink(Protocol):
    """Takes events: the last thing to be done in a transaction."""

    def append(self, events: Sequence[Event]) -> None:
        """Write events."""
        ...
