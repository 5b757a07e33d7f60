"""The books held against themselves: what was billed against what was metered, and that against what was held."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tidegate.billing import LineKey, RatedLine, Source, due, month_of, rate
from tidegate.control.access import Act, Actor, Reach, require
from tidegate.control.invoicing import CREDIT_NOTES, INVOICE_MARK, INVOICES, PREFIXES
from tidegate.control.metering import MARK
from tidegate.control.money_store import MoneyStore, Till
from tidegate.errors import AccessError
from tidegate.meter import settle

_EVERYBODY: Final = Reach(None)
_ALL: Final = 10_000_000
_AT_ONCE: Final = 200


@dataclass
class BookCheck:
    """What a check of the books came to.

    Attributes
    ----------
    invoices, credit_notes, leases : int
        Looked at.
    gpu_seconds : int
        In the ledger.
    wrong : list of str
        What must not be; empty when the books are right.
    pending : list of str
        What late facts have changed, and the next pass or bill will set right.
    """

    invoices: int = 0
    credit_notes: int = 0
    leases: int = 0
    gpu_seconds: int = 0
    wrong: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)


def check_books(till: Till, actor: Actor) -> BookCheck:
    """Hold the books against themselves; nothing is changed.

    Looked at are the sums of all documents, their numbers, what is left of credits, the lines of every lease
    against the ledger, and the ledger against the holdings.

    Raises
    ------
    AccessError
        For whom the books of everybody are none of its business.
    """
    require(actor, Act.INVOICES_WRITE)
    if actor.reach.tenant_id is not None:
        raise AccessError("TG-ACCESS-RIGHT", "The books are of everybody.")
    told = BookCheck()
    with till.door.reading() as store:
        _check_documents(store, told)
        _check_leases(store, till, told)
    return told


def _check_documents(store: MoneyStore, told: BookCheck) -> None:
    kept = store.bills.invoices(_EVERYBODY, None, _ALL)
    notes = store.credits.credit_notes(_EVERYBODY, None, _ALL)
    told.invoices, told.credit_notes = len(kept), len(notes)
    stored = store.bills.stored_totals()
    for each in kept:
        invoice = each.invoice
        if stored[invoice.number] != (invoice.total.amount, invoice.amount_due.amount):
            told.wrong.append(f"{invoice.number}: its lines do not sum to what it asks for.")
        if invoice.amount_due.amount < 0:
            told.wrong.append(f"{invoice.number}: more is used up than it asks for.")
    for note in notes:
        if stored[note.note.number][0] != note.note.total.amount:
            told.wrong.append(f"{note.note.number}: its lines do not sum to what it gives back.")
        if note.left.amount < 0:
            told.wrong.append(f"{note.note.number}: more of it is used up than there was.")
    for source_id, left in store.credits.overdrawn(Source.PREPAID):
        told.wrong.append(f"prepayment {source_id}: {-left} more is used up than there was.")
    numbers = {
        INVOICES: [each.invoice.number for each in kept],
        CREDIT_NOTES: [each.note.number for each in notes],
    }
    for kind, given in numbers.items():
        told.wrong += _gaps(PREFIXES[kind], given)


def _gaps(prefix: str, numbers: list[str]) -> Iterator[str]:
    by_year: dict[str, list[int]] = {}
    for number in numbers:
        _, year, place = number.split("-")
        by_year.setdefault(year, []).append(int(place))
    for year, places in by_year.items():
        missing = set(range(1, max(places) + 1)) - set(places)
        for lacking in sorted(missing):
            yield f"{prefix}-{year}-{lacking:06d} is missing."


def _check_leases(store: MoneyStore, till: Till, told: BookCheck) -> None:
    metered_s = store.meter.look_at_mark(MARK) or 0
    invoiced_s = store.meter.look_at_mark(INVOICE_MARK)
    leases = store.accounts.leases_metered(0)
    told.leases = len(leases)
    for place in range(0, len(leases), _AT_ONCE):
        some = leases[place : place + _AT_ONCE]
        ids = [lease.lease_id for lease in some]
        ledger = store.meter.ledger(ids)
        told.gpu_seconds += sum(record.gpu_seconds for record in ledger)
        held = store.meter.held(ids, 0)
        stops = store.meter.stops({each.lease_id for each in held})
        for record in settle(ids, held, ledger, stops, metered_s).records:
            told.pending.append(
                f"{record.lease_id} on {record.node}: {record.gpu_seconds} GPU-seconds are not in the ledger."
            )
        if invoiced_s is None:
            continue
        wanted: dict[LineKey, RatedLine] = {}
        for lease in some:
            own = [record for record in ledger if record.lease_id == lease.lease_id]
            wanted |= rate(lease, own, till.rules.zone)
        last = month_of(invoiced_s - 1, till.rules.zone)
        for line in due(wanted, store.bills.billed(ids), last):
            told.pending.append(f"{line.lease_id}: {line.amount} of {line.product} is not billed.")
