"""``/v1/invoices``: the bills of tenants."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.amounts import MoneyOut, money_out
from tidegate.api.services import Given
from tidegate.api.shapes import Id, Shape, Time
from tidegate.billing import RatedLine, TaxLine, month_name
from tidegate.billing.table import lines_csv
from tidegate.control import documents
from tidegate.control.money_kept import KeptInvoice
from tidegate.web.invoice import invoice_pdf

router = APIRouter(prefix="/invoices", tags=["invoices"])


class LineOut(Shape):
    """A rated line."""

    kind: str = Field(description="`usage`, or `correction` of a month that had been invoiced.")
    lease_id: str
    pool: str
    site: str
    chip: str
    product: str
    month: str = Field(description="In which it was used.", examples=["2026-03"])
    month_start: Time
    start: Time
    end: Time
    price_id: str
    band: str = Field(description="Time-of-day band; empty outside of all.")
    list_rate: str = Field(description="Price of a GPU-hour before discounts.")
    rate: str = Field(description="Price of a GPU-hour that is billed.")
    gpu_seconds: int
    amount: str


class TaxOut(Shape):
    """A tax."""

    tax_id: str
    name: str
    rate: str = Field(description="Share of `net`.")
    net: str
    amount: str


class AppliedOut(Shape):
    """What pays for an invoice beforehand."""

    source: str = Field(description="`credit-note` or `prepaid`.")
    source_id: str = Field(description="Number of the credit note, or id of the prepayment.")
    amount: str


class InvoiceOut(Shape):
    """An invoice; amounts in its currency."""

    id: str
    number: str
    tenant_id: str
    tenant_name: str
    month: str = Field(description="The month, of the billing zone.", examples=["2026-03"])
    period_start: Time
    period_end: Time
    issued_at: Time
    due_at: Time
    paid_at: Time | None
    currency: str
    net: str
    tax: str
    total: str
    payable: str = Field(description="Total less credit notes.")
    amount_due: str = Field(description="Payable less prepayments.")
    lines: list[LineOut]
    taxes: list[TaxOut]
    applied: list[AppliedOut]


class InvoiceSum(Shape):
    """An invoice in a list: without its lines."""

    id: str
    number: str
    tenant_id: str
    month: str = Field(description="The month, of the billing zone.", examples=["2026-03"])
    period_start: Time
    period_end: Time
    issued_at: Time
    due_at: Time
    paid_at: Time | None
    net: MoneyOut
    total: MoneyOut
    amount_due: MoneyOut


def pdf_answer(content: bytes, name: str) -> Response:
    """Answer with a PDF, to be saved under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def csv_answer(content: str, name: str) -> Response:
    """Answer with a CSV file, to be saved under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(content, media_type="text/csv", headers=headers)


def line_out(line: RatedLine, zone: str) -> LineOut:
    """Return a rated line as it is sent."""
    return LineOut(
        kind=str(line.kind),
        lease_id=line.lease_id,
        pool=line.pool,
        site=line.site,
        chip=line.chip,
        product=line.product,
        month=month_name(line.period, zone),
        month_start=line.period.start_s,
        start=line.start_s,
        end=line.end_s,
        price_id=line.price_id,
        band=line.rate.band,
        list_rate=f"{line.rate.list_rate:f}",
        rate=f"{line.rate.rate:f}",
        gpu_seconds=line.gpu_seconds,
        amount=f"{line.amount.amount:f}",
    )


def tax_out(tax: TaxLine) -> TaxOut:
    """Return a tax as it is sent."""
    return TaxOut(
        tax_id=tax.tax_id,
        name=tax.name,
        rate=f"{tax.rate:f}",
        net=f"{tax.net.amount:f}",
        amount=f"{tax.amount.amount:f}",
    )


def _sum(kept: KeptInvoice, zone: str) -> InvoiceSum:
    invoice = kept.invoice
    return InvoiceSum(
        id=kept.id,
        number=invoice.number,
        tenant_id=invoice.tenant.tenant_id,
        month=month_name(invoice.period, zone),
        period_start=invoice.period.start_s,
        period_end=invoice.period.end_s,
        issued_at=invoice.issued_s,
        due_at=invoice.due_s,
        paid_at=kept.paid_s,
        net=money_out(invoice.net),
        total=money_out(invoice.total),
        amount_due=money_out(invoice.amount_due),
    )


def _out(kept: KeptInvoice, zone: str) -> InvoiceOut:
    invoice = kept.invoice
    return InvoiceOut(
        id=kept.id,
        number=invoice.number,
        tenant_id=invoice.tenant.tenant_id,
        tenant_name=invoice.tenant.name,
        month=month_name(invoice.period, zone),
        period_start=invoice.period.start_s,
        period_end=invoice.period.end_s,
        issued_at=invoice.issued_s,
        due_at=invoice.due_s,
        paid_at=kept.paid_s,
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
    till = services.till
    return paging.page(
        query,
        lambda before, limit: documents.list_invoices(till.door, actor, before, limit),
        lambda kept: _sum(kept, till.rules.zone),
        lambda kept: kept.id,
    )


@router.get("/{invoice_id}", response_model=InvoiceOut, summary="Read an invoice")
def read_invoice(request: Request, services: Given, actor: Asking, invoice_id: Id) -> Response:
    """Read an invoice with its lines."""
    till = services.till
    kept = documents.read_invoice(till.door, actor, invoice_id)
    return tagged(request, _out(kept, till.rules.zone))


@router.get(
    "/{invoice_id}/pdf",
    summary="Read an invoice as PDF",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def read_invoice_pdf(services: Given, actor: Asking, invoice_id: Id) -> Response:
    """Read an invoice as PDF/A."""
    till = services.till
    invoice = documents.read_invoice(till.door, actor, invoice_id).invoice
    return pdf_answer(invoice_pdf(invoice, till.rules.issuer, till.rules.zone), invoice.number)


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
