"""``/v1/invoices``: the bills of tenants."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.amounts import MoneyOut, money_out
from tidegate.api.resources.papers import Documents, LineOut, TaxOut, csv_answer, line_out, tax_out
from tidegate.api.services import Given
from tidegate.api.shapes import Id, Shape, Time
from tidegate.billing import month_name
from tidegate.billing.table import lines_csv
from tidegate.control import documents
from tidegate.control.money_kept import KeptInvoice
from tidegate.web.invoice import invoice_pdf

router = APIRouter(prefix="/invoices", tags=["invoices"])

_INVOICES = Documents(
    documents.list_invoices, documents.read_invoice, lambda kept: kept.invoice, invoice_pdf
)


class AppliedOut(Shape):
    """What pays for an invoice beforehand."""

    source: str = Field(description="`credit-note` or `prepaid`.")
    source_id: str = Field(description="Number of the credit note, or id of the prepayment.")
    amount: str


class InvoiceHead(Shape):
    """What every answer tells of an invoice."""

    id: str
    number: str
    tenant_id: str
    month: str = Field(description="The month, of the billing zone.", examples=["2026-03"])
    period_start: Time
    period_end: Time
    issued_at: Time
    due_at: Time
    paid_at: Time | None


class InvoiceOut(InvoiceHead):
    """An invoice; amounts in its currency."""

    tenant_name: str
    currency: str
    net: str
    tax: str
    total: str
    payable: str = Field(description="Total less credit notes.")
    amount_due: str = Field(description="Payable less prepayments.")
    lines: list[LineOut]
    taxes: list[TaxOut]
    applied: list[AppliedOut]


class InvoiceSum(InvoiceHead):
    """An invoice in a list: without its lines."""

    net: MoneyOut
    total: MoneyOut
    amount_due: MoneyOut


def _head(kept: KeptInvoice, zone: str) -> dict[str, Any]:
    invoice = kept.invoice
    return {
        "id": kept.id,
        "number": invoice.number,
        "tenant_id": invoice.tenant.tenant_id,
        "month": month_name(invoice.period, zone),
        "period_start": invoice.period.start_s,
        "period_end": invoice.period.end_s,
        "issued_at": invoice.issued_s,
        "due_at": invoice.due_s,
        "paid_at": kept.paid_s,
    }


def _sum(kept: KeptInvoice, zone: str) -> InvoiceSum:
    invoice = kept.invoice
    return InvoiceSum(
        **_head(kept, zone),
        net=money_out(invoice.net),
        total=money_out(invoice.total),
        amount_due=money_out(invoice.amount_due),
    )


def _out(kept: KeptInvoice, zone: str) -> InvoiceOut:
    invoice = kept.invoice
    return InvoiceOut(
        **_head(kept, zone),
        tenant_name=invoice.tenant.name,
        currency=invoice.tenant.currency,
        net=f"{invoice.net.amount:f}",
        tax=f"{invoice.tax.amount:f}",
        total=f"{invoice.total.amount:f}",
        payable=f"{invoice.payable.amount:f}",
        amount_due=f"{invoice.amount_due.amount:f}",
        lines=[line_out(line, zone) for line in invoice.lines],
        taxes=[tax_out(tax) for tax in invoice.taxes],
        applied=[
            AppliedOut(
                source=str(part.source),
                source_id=part.source_id,
                amount=f"{part.amount.amount:f}",
            )
            for part in invoice.applied
        ],
    )


@router.get("", summary="List invoices")
def list_invoices(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[InvoiceSum]:
    """List invoices, the youngest first."""
    return _INVOICES.page(services, actor, query, paging, _sum)


@router.get("/{invoice_id}", response_model=InvoiceOut, summary="Read an invoice")
def read_invoice(request: Request, services: Given, actor: Asking, invoice_id: Id) -> Response:
    """Read an invoice with its lines."""
    return _INVOICES.one(request, services, actor, invoice_id, _out)


@router.get(
    "/{invoice_id}/pdf",
    summary="Read an invoice as PDF",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def read_invoice_pdf(services: Given, actor: Asking, invoice_id: Id) -> Response:
    """Read an invoice as PDF/A."""
    return _INVOICES.printed(services, actor, invoice_id)


@router.get(
    "/{invoice_id}/csv",
    summary="Read an invoice's lines as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def read_invoice_csv(services: Given, actor: Asking, invoice_id: Id) -> Response:
    """Read the lines of an invoice as CSV, for spreadsheets."""
    till = services.till
    invoice = documents.read_invoice(till.door, actor, invoice_id).invoice
    return csv_answer(lines_csv([invoice], till.rules.zone), invoice.number)


@router.post(
    "/{invoice_id}/paid", status_code=200, response_model=InvoiceOut, summary="Mark as paid"
)
def pay_invoice(services: Given, actor: Asking, once: Doing, invoice_id: Id) -> Response:
    """Note that an invoice has been paid, now by the fleet's clock."""
    return once(
        lambda: _out(
            documents.pay_invoice(
                services.till.door,
                actor,
                invoice_id,
                paid_s=services.till.now_s(),
                wall_s=services.wall_s(),
            ),
            services.till.rules.zone,
        ),
        status=200,
    )
