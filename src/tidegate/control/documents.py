"""Invoices, credit notes, prepayments and accounts: read, paid, given."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tidegate.billing import (
    BillTo,
    CreditLine,
    CreditNote,
    CreditReason,
    month_of,
    tax_lines,
)
from tidegate.control.access import Act, Actor, existing, require
from tidegate.control.audit import entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.invoicing import CREDIT_NOTES, Numbers, note_event
from tidegate.control.money_kept import KeptCreditNote, KeptInvoice, Prepayment
from tidegate.control.money_store import (
    MoneyDoor,
    MoneyRules,
    MoneyStore,
    money_event,
    require_tenant,
)
from tidegate.errors import Place, RequestError
from tidegate.quantity import Money

INVOICE_PAID = "invoice.paid"
PREPAYMENT_RECEIVED = "prepayment.received"


def list_invoices(
    door: MoneyDoor,
    actor: Actor,
    before_id: str | None,
    limit: int,
    period_start_s: int | None = None,
) -> list[KeptInvoice]:
    """Return invoices within the actor's reach, youngest first, from behind ``before_id``."""
    require(actor, Act.INVOICES_READ)
    with door.reading() as store:
        return store.bills.invoices(actor.reach, before_id, limit, period_start_s)


def read_invoice(door: MoneyDoor, actor: Actor, invoice_id: str) -> KeptInvoice:
    """Return an invoice.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``.
    """
    require(actor, Act.INVOICES_READ)
    with door.reading() as store:
        return existing(store.bills.invoice(invoice_id, actor.reach), "invoice", invoice_id)


def pay_invoice(
    door: MoneyDoor, actor: Actor, invoice_id: str, *, paid_s: int, wall_s: int
) -> KeptInvoice:
    """Note that an invoice has been paid; a second time changes nothing."""
    require(actor, Act.INVOICES_WRITE)
    with door.changing() as store:
        found = existing(store.bills.invoice(invoice_id, actor.reach), "invoice", invoice_id)
        if found.paid_s is not None:
            return found
        tenant_id = found.invoice.tenant.tenant_id
        store.bills.pay(invoice_id, paid_s)
        _audit(store, actor, "invoices.pay", invoice_id, tenant_id, wall_s, {"paid_s": paid_s})
        data = {"number": found.invoice.number}
        store.events.append(
            [money_event(INVOICE_PAID, invoice_id, tenant_id, data, paid_s, actor=actor.id)]
        )
    return replace(found, paid_s=paid_s)


def list_credit_notes(
    door: MoneyDoor, actor: Actor, before_id: str | None, limit: int
) -> list[KeptCreditNote]:
    """Return credit notes within the actor's reach, youngest first, from behind ``before_id``."""
    require(actor, Act.INVOICES_READ)
    with door.reading() as store:
        return store.credits.credit_notes(actor.reach, before_id, limit)


def read_credit_note(door: MoneyDoor, actor: Actor, note_id: str) -> KeptCreditNote:
    """Return a credit note."""
    require(actor, Act.INVOICES_READ)
    with door.reading() as store:
        return existing(store.credits.credit_note(note_id, actor.reach), "credit note", note_id)


def give_credit(
    door: MoneyDoor,
    actor: Actor,
    rules: MoneyRules,
    *,
    tenant_id: str,
    amount: Money,
    text: str,
    now_s: int,
    wall_s: int,
) -> KeptCreditNote:
    """Give a tenant credit out of goodwill: net, with the taxes of this month on top.

    Raises
    ------
    AccessError, RequestError
        ``TG-BILL-AMOUNT`` when the amount is not positive, or finer than the currency.
    """
    require(actor, Act.INVOICES_WRITE)
    _check_amount(amount)
    with door.changing() as store:
        tenant = replace(
            store.accounts.account(require_tenant(store, actor, tenant_id), amount.currency),
            currency=amount.currency,
        )
        line = CreditLine(text, month_of(now_s, rules.zone), amount)
        note = CreditNote(
            number=Numbers(store, now_s, rules.zone)(CREDIT_NOTES),
            tenant=tenant,
            issued_s=now_s,
            reason=CreditReason.GOODWILL,
            lease_id=None,
            event_id=None,
            lines=(line,),
            corrected=(),
            taxes=tax_lines([(line.period, line.amount)], tenant, rules.taxes),
        )
        note_id = new_id(Prefix.CREDIT_NOTE)
        store.credits.add_credit_note(note_id, note)
        data = {"number": note.number, "amount": str(amount.amount), "currency": amount.currency}
        _audit(store, actor, "credit_notes.give", note_id, tenant_id, wall_s, data)
        store.events.append([note_event(note_id, note, now_s, actor=actor.id)])
    return KeptCreditNote(note_id, note, note.total)


def prepay(door: MoneyDoor, actor: Actor, payment: Prepayment, *, wall_s: int) -> Prepayment:
    """Take in money that a tenant has paid before it owes it.

    Raises
    ------
    AccessError, RequestError
        ``TG-BILL-AMOUNT``; ``TG-API-CONFLICT`` when the payment's reference was taken in before.
    """
    require(actor, Act.INVOICES_WRITE)
    _check_amount(payment.amount)
    with door.changing() as store:
        require_tenant(store, actor, payment.tenant_id)
        if not store.credits.add_prepayment(payment):
            raise RequestError(
                "TG-API-CONFLICT", f"The payment {payment.reference!r} was taken in before."
            )
        data = {
            "amount": str(payment.amount.amount),
            "currency": payment.amount.currency,
            "reference": payment.reference,
        }
        _audit(store, actor, "prepayments.add", payment.id, payment.tenant_id, wall_s, data)
        event = money_event(
            PREPAYMENT_RECEIVED,
            payment.id,
            payment.tenant_id,
            data,
            payment.paid_s,
            actor=actor.id,
        )
        store.events.append([event])
    return payment


def list_prepayments(
    door: MoneyDoor, actor: Actor, before_id: str | None, limit: int
) -> list[Prepayment]:
    """Return prepayments within the actor's reach, youngest first, from behind ``before_id``."""
    require(actor, Act.INVOICES_READ)
    with door.reading() as store:
        return store.credits.prepayments(actor.reach, before_id, limit)


def read_account(door: MoneyDoor, actor: Actor, tenant_id: str, rules: MoneyRules) -> BillTo:
    """Return how a tenant is billed."""
    require(actor, Act.INVOICES_READ)
    with door.reading() as store:
        return store.accounts.account(require_tenant(store, actor, tenant_id), rules.currency)


def change_account(
    door: MoneyDoor,
    actor: Actor,
    tenant_id: str,
    rules: MoneyRules,
    change: Callable[[BillTo], BillTo],
    *,
    wall_s: int,
) -> BillTo:
    """Change how a tenant is billed from now on; documents that are out stay as they are.

    Parameters
    ----------
    change : callable
        Makes the new account of the one that is there; what it raises leaves everything as it was.
    """
    require(actor, Act.INVOICES_WRITE)
    with door.changing() as store:
        before = store.accounts.account(require_tenant(store, actor, tenant_id), rules.currency)
        account = change(before)
        store.accounts.save_account(account)
        data = {"name": account.name, "currency": account.currency, "country": account.country}
        _audit(store, actor, "accounts.save", account.tenant_id, account.tenant_id, wall_s, data)
    return account


def _check_amount(amount: Money) -> None:
    if not amount.amount > 0 or amount != amount.rounded():
        raise RequestError(
            "TG-BILL-AMOUNT",
            "the amount cannot be booked.",
            place=Place(field="amount"),
            expected=f"an amount above 0 in whole minor units of {amount.currency}.",
        )


def _audit(
    store: MoneyStore,
    actor: Actor,
    act: str,
    subject: str,
    tenant_id: str,
    wall_s: int,
    data: Mapping[str, object],
) -> None:
    store.audit.add(
        entry(
            new_id(Prefix.AUDIT_ENTRY),
            actor,
            act,
            subject,
            wall_s=wall_s,
            tenant_id=tenant_id,
            data=data,
        )
    )
