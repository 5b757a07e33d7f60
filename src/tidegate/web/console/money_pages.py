"""Usage, budget, invoices: what was used, and what it comes to."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response

from tidegate.billing import month_of
from tidegate.billing.table import lines_csv
from tidegate.control import budgets
from tidegate.control.access import Act, require
from tidegate.control.documents import (
    list_credit_notes,
    list_invoices,
    read_credit_note,
    read_invoice,
)
from tidegate.control.usage import UsageHour
from tidegate.control.usage import usage as usage_by_hour
from tidegate.quantity import Money
from tidegate.web.console.frame import Frame
from tidegate.web.console.services import Console, Given
from tidegate.web.invoice import credit_note_pdf, invoice_pdf
from tidegate.web.signin import FORM, Visitor, page_headers

router: Final = APIRouter()

HOURS: Final = 72
"""Of usage that the page knows."""

SHOWN_S: Final = 24 * 3600
"""Of it that stands open; what is older is folded away."""

DOCUMENTS: Final = 100


def _(text: str) -> str:
    return text


@router.get("/invoices", name="console:invoices")
def invoices(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show invoices and credit notes."""
    require(visitor.actor, Act.INVOICES_READ)
    frame = Frame(request, visitor, "invoices")
    bills = list_invoices(console.money, frame.actor, None, DOCUMENTS)
    notes = list_credit_notes(console.money, frame.actor, None, DOCUMENTS)
    documents = [
        {
            "id": kept.id,
            "number": kept.invoice.number,
            "tenant": kept.invoice.tenant.name,
            "is_credit": False,
            "from_s": kept.invoice.period.start_s,
            "to_s": kept.invoice.period.end_s - 1,
            "issued_s": kept.invoice.issued_s,
            "total": kept.invoice.total.amount,
            "currency": kept.invoice.tenant.currency,
        }
        for kept in bills
    ] + [
        {
            "id": kept.id,
            "number": kept.note.number,
            "tenant": kept.note.tenant.name,
            "is_credit": True,
            "from_s": kept.note.issued_s,
            "to_s": kept.note.issued_s,
            "issued_s": kept.note.issued_s,
            "total": -kept.note.total.amount,
            "currency": kept.note.tenant.currency,
        }
        for kept in notes
    ]
    documents.sort(key=lambda it: -int(str(it["issued_s"])))
    return frame.page("portal-invoices", documents=documents)


@router.get("/invoices/{invoice}.pdf", name="console:invoice-pdf")
def invoice_as_pdf(visitor: Visitor, console: Given, invoice: str) -> Response:
    """Give an invoice as PDF."""
    bill = read_invoice(console.money, visitor.actor, invoice).invoice
    content = invoice_pdf(bill, console.rules.issuer, console.rules.zone)
    return _file(content, f"{bill.number}.pdf", "application/pdf")


@router.get("/invoices/{invoice}.csv", name="console:invoice-csv")
def invoice_as_csv(visitor: Visitor, console: Given, invoice: str) -> Response:
    """Give an invoice's lines as CSV."""
    bill = read_invoice(console.money, visitor.actor, invoice).invoice
    content = lines_csv([bill], console.rules.zone).encode()
    return _file(content, f"{bill.number}.csv", "text/csv; charset=utf-8")


@router.get("/credit-notes/{note}.pdf", name="console:credit-note-pdf")
def credit_note_as_pdf(visitor: Visitor, console: Given, note: str) -> Response:
    """Give a credit note as PDF."""
    found = read_credit_note(console.money, visitor.actor, note).note
    content = credit_note_pdf(found, console.rules.issuer, console.rules.zone)
    return _file(content, f"{found.number}.pdf", "application/pdf")


def _file(content: bytes, name: str, kind: str) -> Response:
    headers = {**page_headers(), "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)


@router.get("/usage", name="console:portal-usage")
def usage(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show usage by hour, and the budget."""
    return _usage_page(Frame(request, visitor, "portal-usage"), console, {})


@router.get("/usage.json", name="console:portal-usage-data")
def usage_data(request: Request, visitor: Visitor, console: Given) -> dict[str, Any]:
    """Return GPU-hours by hour, for the chart."""
    frame = Frame(request, visitor, "portal-usage")
    now_s = console.clock.now_s()
    first_s = now_s // 3600 * 3600 - (HOURS - 1) * 3600
    by_hour = dict.fromkeys(range(first_s, now_s + 1, 3600), 0)
    for row in usage_by_hour(console.money, frame.actor, first_s, now_s + 1):
        by_hour[row.start_s] = by_hour.get(row.start_s, 0) + row.gpu_seconds
    points = [[1000 * hour_s, seconds / 3600] for hour_s, seconds in sorted(by_hour.items())]
    name = frame.texts.say(_("GPU-hours"))
    bars = {"name": name, "colour": "product-1", "bars": True, "points": points}
    return {"x": "time", "unit": name, "series": [bars]}


def _usage_page(
    frame: Frame, console: Console, wrongs: dict[str, str], status: int = 200
) -> Response:
    now_s = console.clock.now_s()
    first_s = now_s // 3600 * 3600 - (HOURS - 1) * 3600
    rows = _by_product(usage_by_hour(console.money, frame.actor, first_s, now_s + 1))
    shown = [row for row in rows if row["hour_s"] > now_s - SHOWN_S]
    return frame.page(
        "portal-usage",
        status,
        usage=shown,
        older=rows[len(shown) :],
        budget=budget_of(frame, console),
        wrongs=wrongs,
        may_change=Act.BUDGETS_WRITE in frame.rights,
    )


def _by_product(rows: Sequence[UsageHour]) -> list[dict[str, Any]]:
    """Return usage by hour, chip and product, the latest hour first."""
    groups: dict[tuple[int, str, str], list[UsageHour]] = defaultdict(list)
    for row in rows:
        groups[-row.start_s, row.chip, row.product].append(row)
    return [
        {
            "hour_s": -minus_hour_s,
            "chip": chip,
            "product": product,
            "leases": len(group),
            "gpu_hours": sum(row.gpu_seconds for row in group) / 3600,
        }
        for (minus_hour_s, chip, product), group in sorted(groups.items())
    ]


def budget_of(frame: Frame, console: Console) -> dict[str, Any] | None:
    """Return a tenant's first budget and how far it is used; None without one."""
    tenant_id = frame.actor.tenant_id
    found = budgets.list_budgets(console.money, frame.actor, None, 1) if tenant_id else []
    if not found or tenant_id is None:
        return None
    amount = found[0].amount
    month = month_of(console.clock.now_s(), console.rules.zone)
    with console.money.reading() as store:
        spent = budgets.spent_in(store, console.rules, tenant_id, amount.currency, month)
    share = float(spent.amount / amount.amount)
    return {
        "id": found[0].id,
        "amount": amount.amount,
        "used": spent.amount,
        "currency": amount.currency,
        "share": share,
        "share_capped": min(1.0, share),
    }


@router.post("/usage/budget", name="console:portal-budget", dependencies=[FORM])
def set_budget(
    request: Request,
    visitor: Visitor,
    console: Given,
    amount: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Set the month's budget, in place of the one there is."""
    frame = Frame(request, visitor, "portal-usage")
    require(frame.actor, Act.BUDGETS_WRITE)
    try:
        wanted = Decimal(amount)
    except InvalidOperation:
        wanted = Decimal(0)
    if not wanted.is_finite() or wanted <= 0:
        say = frame.texts.say
        return _usage_page(frame, console, {"amount": say(_("A number above 0."))}, 422)
    with console.money.reading() as store:
        currency = store.accounts.account(
            frame.actor.tenant_id or "", console.rules.currency
        ).currency
    for old in budgets.list_budgets(console.money, frame.actor, None, DOCUMENTS):
        budgets.drop_budget(console.money, frame.actor, old.id)
    shares = (Decimal("0.5"), Decimal("0.8"), Decimal(1))
    budgets.add_budget(console.money, frame.actor, None, Money(wanted, currency), shares)
    return frame.go("portal-usage", "budget")
