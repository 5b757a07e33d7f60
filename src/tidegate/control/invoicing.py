"""Billing: breaks are credited and months invoiced, each once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tidegate.billing import (
    BilledLease,
    CreditNote,
    CreditReason,
    Invoice,
    LineKey,
    Period,
    RatedLine,
    bill_month,
    break_credit,
    month_before,
    month_name,
    month_of,
    rate,
    tax_lines,
)
from tidegate.control.ids import Prefix, new_id
from tidegate.control.metering import MARK, meter_leases, meter_within
from tidegate.control.money_kept import BrokenLease
from tidegate.control.money_store import CASHIER, MoneyDoor, MoneyRules, MoneyStore, money_event
from tidegate.lease.events import Event
from tidegate.meter import MeterRecord

INVOICE_ISSUED: Final = "invoice.issued"
CREDIT_NOTE_ISSUED: Final = "credit_note.issued"

INVOICES: Final = "invoice"
CREDIT_NOTES: Final = "credit-note"
PREFIXES: Final[Mapping[str, str]] = {INVOICES: "INV", CREDIT_NOTES: "CRN"}
INVOICE_MARK: Final = "invoices"
_CREDIT_MARK: Final = "credits"


class Numbers:
    """Takes numbers of documents in one transaction."""

    def __init__(self, store: MoneyStore, at_s: int, zone: str) -> None:
        self._store, self._at_s, self._zone = store, at_s, zone

    def __call__(self, kind: str) -> str:
        """Return the next number of a kind."""
        numbers = self._store.bills.numbers(kind, PREFIXES[kind])
        number, after = numbers.take(self._at_s, self._zone)
        self._store.bills.save_numbers(kind, after)
        return number


def wanted_lines(
    store: MoneyStore, leases: Sequence[BilledLease], zone: str
) -> dict[LineKey, RatedLine]:
    """Return what the ledger of some leases comes to."""
    ledger: dict[str, list[MeterRecord]] = {}
    for record in store.meter.sums([lease.lease_id for lease in leases]):
        ledger.setdefault(record.lease_id, []).append(record)
    found: dict[LineKey, RatedLine] = {}
    for lease in leases:
        found |= rate(lease, ledger.get(lease.lease_id, ()), zone)
    return found


def credit_breaks(door: MoneyDoor, rules: MoneyRules, now_s: int) -> list[CreditNote]:
    """Credit every break that has not been, or not in full.

    The ledger of these leases is brought into line first, so that what is given back is all that they will ever be
    charged.
    """
    made: list[CreditNote] = []
    with door.changing() as store:
        # Two who meter the same leases at the same time would both add what is lacking.
        store.meter.mark(MARK)
        store.meter.mark(_CREDIT_MARK)
        all_broken = broken_of_late(store, rules, now_s)
        _, events = meter_leases(store, [each.lease.lease_id for each in all_broken], now_s)
        for broken in all_broken:
            note = _credit(store, rules, broken, now_s)
            if note is not None:
                note_id = new_id(Prefix.CREDIT_NOTE)
                store.credits.add_credit_note(note_id, note)
                made.append(note)
                events.append(note_event(note_id, note, now_s))
        store.meter.set_mark(_CREDIT_MARK, now_s)
        if events:
            store.events.append(events)
    return made


def broken_of_late(store: MoneyStore, rules: MoneyRules, now_s: int) -> list[BrokenLease]:
    """Return the leases whose credit may still be lacking, or change.

    However long nobody ran: what was broken since shortly before breaks were last credited is among them.
    """
    done_s = store.meter.look_at_mark(_CREDIT_MARK)
    return store.accounts.broken(0 if done_s is None else min(now_s, done_s) - rules.late_s)


def _credit(
    store: MoneyStore, rules: MoneyRules, broken: BrokenLease, now_s: int
) -> CreditNote | None:
    lease = broken.lease
    before = store.credits.credits_of(lease.lease_id)
    charged: Mapping[LineKey, RatedLine] = wanted_lines(store, [lease], rules.zone)
    if broken.lost < 1:
        # What these nodes were charged is their share of what the lease was, up to when they failed.
        before = [note for note in before if note.event_id == str(broken.event_seq)]
        ledger = store.meter.ledger([lease.lease_id])
        charged = rate(lease, _until(ledger, broken.broken_s), rules.zone)
    lines = break_credit(
        charged.values(),
        [line for note in before for line in note.lines],
        month_of(broken.broken_s, rules.zone),
        rules.breaks.of_share(broken.lost),
    )
    if not lines:
        return None
    account = replace(
        store.accounts.account(lease.tenant_id, lease.currency), currency=lease.currency
    )
    return CreditNote(
        number=Numbers(store, now_s, rules.zone)(CREDIT_NOTES),
        tenant=account,
        issued_s=now_s,
        reason=CreditReason.BREAK,
        lease_id=lease.lease_id,
        event_id=str(broken.event_seq),
        lines=lines,
        corrected=(),
        taxes=tax_lines([(line.period, line.amount) for line in lines], account, rules.taxes),
    )


def _until(ledger: Iterable[MeterRecord], end_s: int) -> list[MeterRecord]:
    return [
        replace(record, end_s=min(record.end_s, end_s))
        for record in ledger
        if record.start_s < end_s
    ]


def invoice_months(door: MoneyDoor, rules: MoneyRules, now_s: int) -> list[Invoice]:
    """Invoice every month that is over and has not been.

    Each tenant's bill is one transaction, and the month is done when all of them are: after a crash it goes on
    where it was.
    """
    made: list[Invoice] = []
    while (period := _open_month(door, rules, now_s)) is not None:
        with door.changing() as store:
            meter_within(store, rules, now_s)
        since_s = month_before(period, rules.zone).start_s
        with door.reading() as store:
            leases = store.accounts.leases_metered(since_s)
        for tenant_id, currency in sorted({(each.tenant_id, each.currency) for each in leases}):
            with door.changing() as store:
                invoice = _bill(store, rules, period, tenant_id, currency, now_s)
            if invoice is not None:
                made.append(invoice)
        with door.changing() as store:
            store.meter.mark(INVOICE_MARK)
            store.meter.set_mark(INVOICE_MARK, period.end_s)
    return made


def _open_month(door: MoneyDoor, rules: MoneyRules, now_s: int) -> Period | None:
    """Return the first month that is over and not invoiced; None when there is none."""
    with door.reading() as store:
        done_s = store.meter.look_at_mark(INVOICE_MARK)
    if done_s is None:
        with door.changing() as store:
            store.meter.mark(INVOICE_MARK)
            store.meter.set_mark(INVOICE_MARK, month_of(now_s, rules.zone).start_s)
        return None
    period = month_of(done_s, rules.zone)
    return period if period.end_s + rules.invoice_after_s <= now_s else None


def _bill(
    store: MoneyStore,
    rules: MoneyRules,
    period: Period,
    tenant_id: str,
    currency: str,
    now_s: int,
) -> Invoice | None:
    store.meter.mark(INVOICE_MARK)
    if store.bills.is_invoiced(tenant_id, currency, period):
        return None
    since_s = month_before(period, rules.zone).start_s
    leases = [
        lease
        for lease in store.accounts.leases_metered(since_s, tenant_id)
        if lease.currency == currency
    ]
    bill = bill_month(
        replace(store.accounts.account(tenant_id, currency), currency=currency),
        period,
        wanted_lines(store, leases, rules.zone),
        store.bills.billed([lease.lease_id for lease in leases]),
        rules=rules.taxes,
        balances=store.credits.balances(tenant_id),
        issued_s=now_s,
        terms_days=rules.issuer.terms_days,
        number=Numbers(store, now_s, rules.zone),
    )
    events: list[Event] = []
    if bill.credit_note is not None:
        note_id = new_id(Prefix.CREDIT_NOTE)
        store.credits.add_credit_note(note_id, bill.credit_note)
        events.append(note_event(note_id, bill.credit_note, now_s))
    if bill.invoice is not None:
        invoice_id = new_id(Prefix.INVOICE)
        store.bills.add_invoice(invoice_id, bill.invoice)
        events.append(_invoice_event(invoice_id, bill.invoice, rules.zone, now_s))
    if events:
        store.events.append(events)
    return bill.invoice


def _invoice_event(invoice_id: str, invoice: Invoice, zone: str, now_s: int) -> Event:
    data = {
        "number": invoice.number,
        "month": month_name(invoice.period, zone),
        "currency": invoice.tenant.currency,
        "total": str(invoice.total.amount),
        "amount_due": str(invoice.amount_due.amount),
        "due_s": invoice.due_s,
    }
    return money_event(INVOICE_ISSUED, invoice_id, invoice.tenant.tenant_id, data, now_s)


def note_event(note_id: str, note: CreditNote, now_s: int, *, actor: str = CASHIER) -> Event:
    """Return the event of a credit note."""
    data = {
        "number": note.number,
        "reason": str(note.reason),
        "lease_id": note.lease_id,
        "event": note.event_id,
        "currency": note.tenant.currency,
        "total": str(note.total.amount),
    }
    return money_event(CREDIT_NOTE_ISSUED, note_id, note.tenant.tenant_id, data, now_s, actor=actor)
