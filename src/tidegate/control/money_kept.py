"""What is kept of money, beside the documents themselves."""

from dataclasses import dataclass
from fractions import Fraction

from tidegate.billing import BilledLease, CreditNote, Invoice
from tidegate.quantity import Money


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
    """A lease whose promise was broken, and the event that proves it.

    Attributes
    ----------
    lease : BilledLease
    broken_s : int
        When.
    event_seq : int
    lost : Fraction
        The share of its nodes that failed and were not replaced; 1 when all of it was broken.
    """

    lease: BilledLease
    broken_s: int
    event_seq: int
    lost: Fraction = Fraction(1)
