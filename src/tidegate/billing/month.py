"""The bill of a month: from what is wanted and what was billed to an invoice and a credit note."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tidegate.billing.account import BillTo, TaxRule
from tidegate.billing.credits import Balance, apply_credits
from tidegate.billing.documents import (
    CreditLine,
    CreditNote,
    CreditReason,
    Invoice,
    Source,
    tax_lines,
)
from tidegate.billing.periods import Period
from tidegate.billing.rating import LineKey, LineKind, RatedLine, due
from tidegate.quantity import Money

_DAY_S: Final = 86_400


@dataclass(frozen=True)
class Bill:
    """What a month brings a tenant; either may be missing, and both when there is nothing to bill."""

    invoice: Invoice | None
    credit_note: CreditNote | None


def bill_month(  # noqa: PLR0913 - what a bill depends on
    tenant: BillTo,
    period: Period,
    wanted: Mapping[LineKey, RatedLine],
    billed: Iterable[RatedLine],
    *,
    rules: Sequence[TaxRule],
    balances: Sequence[Balance],
    issued_s: int,
    terms_days: int,
    number: Callable[[str], str],
) -> Bill:
    """Make the bill of a month.

    Parameters
    ----------
    tenant : BillTo
        Who is billed; only lines in its currency are.
    period : Period
        The month.
    wanted : mapping of LineKey to RatedLine
        What the meter's ledger comes to, of all the tenant's leases.
    billed : iterable of RatedLine
        All lines that were invoiced or credited before.
    rules : sequence of TaxRule
        Taxes.
    balances : sequence of Balance
        Credit notes and prepayments that are left.
    issued_s : int
        When the bill is made.
    terms_days : int
        Days until it is due.
    number : callable
        Takes the next number of ``"invoice"`` or ``"credit-note"``.

    Returns
    -------
    Bill
        What was billed too much before goes into the credit note, all else into the invoice, which
        the credit note pays for at once.
    """
    lines = [line for line in due(wanted, billed, period) if _is_in(line, tenant.currency)]
    lines.sort(key=lambda line: (line.kind is LineKind.CORRECTION, line.lease_id, line.start_s))
    taken_back = tuple(line for line in lines if line.amount.amount < 0)
    charged = tuple(line for line in lines if not line.amount.amount < 0)
    note = None
    if taken_back:
        note = _correction_note(tenant, taken_back, rules, issued_s)
        note = replace(note, number=number("credit-note"))
        balances = [
            *balances,
            Balance(Source.CREDIT_NOTE, note.number, note.total, issued_s),
        ]
    invoice = None
    if charged:
        nets = [(line.period, line.amount) for line in charged]
        invoice = Invoice(
            number=number("invoice"),
            tenant=tenant,
            period=period,
            issued_s=issued_s,
            due_s=issued_s + terms_days * _DAY_S,
            lines=charged,
            taxes=tax_lines(nets, tenant, rules),
        )
        applied = apply_credits(invoice.total, balances, issued_s)
        invoice = replace(invoice, applied=applied)
    return Bill(invoice, note)


def _is_in(line: RatedLine, currency: str) -> bool:
    return line.amount.currency == currency


def _correction_note(
    tenant: BillTo, lines: tuple[RatedLine, ...], rules: Sequence[TaxRule], issued_s: int
) -> CreditNote:
    by_month: dict[Period, Money] = {}
    for line in lines:
        given = -line.amount
        by_month[line.period] = by_month[line.period] + given if line.period in by_month else given
    given_back = tuple(CreditLine("correction", p, money) for p, money in by_month.items())
    return CreditNote(
        number="",
        tenant=tenant,
        issued_s=issued_s,
        reason=CreditReason.CORRECTION,
        lease_id=None,
        event_id=None,
        lines=given_back,
        corrected=lines,
        taxes=tax_lines([(line.period, line.amount) for line in given_back], tenant, rules),
    )
