"""Rows of invoices and credit notes, and the documents that they hold."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tidegate.billing import (
    Applied,
    BilledLease,
    BillTo,
    CreditLine,
    CreditNote,
    CreditReason,
    Invoice,
    LineKind,
    Period,
    RatedLine,
    Source,
    TaxLine,
)
from tidegate.lease.lease import EndReason
from tidegate.lease.product import ProductKind
from tidegate.lease.terms import PriceTerms, Rate
from tidegate.quantity import Money


def account_data(account: BillTo) -> dict[str, Any]:
    """Return how a tenant is billed as plain data."""
    return {
        "tenant_id": account.tenant_id,
        "name": account.name,
        "currency": account.currency,
        "address": list(account.address),
        "country": account.country,
        "tax_id": account.tax_id,
        "reverse_charge": account.reverse_charge,
        "tenant_class": account.tenant_class,
    }


def account_of(data: Mapping[str, Any]) -> BillTo:
    """Return what :func:`account_data` was made from."""
    return BillTo(**{**data, "address": tuple(data["address"])})


def tax_data(taxes: Sequence[TaxLine]) -> list[dict[str, Any]]:
    """Return taxes as plain data."""
    return [
        {
            "tax_id": tax.tax_id,
            "name": tax.name,
            "rate": str(tax.rate),
            "net": str(tax.net.amount),
            "amount": str(tax.amount.amount),
            "periods": [list(period) for period in tax.periods],
        }
        for tax in taxes
    ]


def taxes_of(data: Sequence[Mapping[str, Any]], currency: str) -> tuple[TaxLine, ...]:
    """Return what :func:`tax_data` was made from."""
    return tuple(
        TaxLine(
            tax["tax_id"],
            tax["name"],
            Decimal(tax["rate"]),
            Money(Decimal(tax["net"]), currency),
            Money(Decimal(tax["amount"]), currency),
            tuple(Period(*period) for period in tax["periods"]),
        )
        for tax in data
    )


def line_row(line: RatedLine) -> dict[str, Any]:
    """Return the columns of a rated line."""
    return {
        "kind": str(line.kind),
        "lease_id": line.lease_id,
        "tenant_id": line.tenant_id,
        "pool": line.pool,
        "site": line.site,
        "chip": line.chip,
        "product": line.product,
        "product_kind": str(line.product_kind),
        "period_start_s": line.period.start_s,
        "period_end_s": line.period.end_s,
        "start_s": line.start_s,
        "end_s": line.end_s,
        "price_id": line.price_id,
        "band": line.rate.band,
        "list_rate": line.rate.list_rate,
        "rate": line.rate.rate,
        "gpu_seconds": line.gpu_seconds,
        "amount": line.amount.amount,
        "currency": line.amount.currency,
    }


def line_of(row: Any) -> RatedLine:
    """Return the line of a row."""
    return RatedLine(
        kind=LineKind(row.kind),
        lease_id=row.lease_id,
        tenant_id=row.tenant_id,
        pool=row.pool,
        site=row.site,
        chip=row.chip,
        product=row.product,
        product_kind=ProductKind(row.product_kind),
        period=Period(row.period_start_s, row.period_end_s),
        start_s=row.start_s,
        end_s=row.end_s,
        price_id=row.price_id,
        rate=Rate(row.band, row.list_rate, row.rate),
        gpu_seconds=row.gpu_seconds,
        amount=Money(row.amount, row.currency),
    )


def invoice_row(invoice_id: str, invoice: Invoice) -> dict[str, Any]:
    """Return the columns of an invoice, without its lines."""
    return {
        "id": invoice_id,
        "number": invoice.number,
        "tenant_id": invoice.tenant.tenant_id,
        "currency": invoice.tenant.currency,
        "period_start_s": invoice.period.start_s,
        "period_end_s": invoice.period.end_s,
        "issued_s": invoice.issued_s,
        "due_s": invoice.due_s,
        "total": invoice.total.amount,
        "amount_due": invoice.amount_due.amount,
        "body": {"tenant": account_data(invoice.tenant), "taxes": tax_data(invoice.taxes)},
    }


def invoice_of(row: Any, lines: Sequence[RatedLine], applied: Sequence[Any]) -> Invoice:
    """Return the invoice of its rows."""
    return Invoice(
        number=row.number,
        tenant=account_of(row.body["tenant"]),
        period=Period(row.period_start_s, row.period_end_s),
        issued_s=row.issued_s,
        due_s=row.due_s,
        lines=tuple(lines),
        taxes=taxes_of(row.body["taxes"], row.currency),
        applied=tuple(
            Applied(Source(part.source), part.source_id, Money(part.amount, row.currency))
            for part in applied
        ),
    )


def note_row(note_id: str, note: CreditNote) -> dict[str, Any]:
    """Return the columns of a credit note, without the lines that it corrects."""
    return {
        "id": note_id,
        "number": note.number,
        "tenant_id": note.tenant.tenant_id,
        "currency": note.tenant.currency,
        "issued_s": note.issued_s,
        "reason": str(note.reason),
        "lease_id": note.lease_id,
        "event_seq": int(note.event_id) if note.event_id else None,
        "total": note.total.amount,
        "body": {
            "tenant": account_data(note.tenant),
            "taxes": tax_data(note.taxes),
            "lines": [
                {
                    "text": line.text,
                    "period": list(line.period),
                    "amount": str(line.amount.amount),
                }
                for line in note.lines
            ],
        },
    }


def note_of(row: Any, corrected: Sequence[RatedLine]) -> CreditNote:
    """Return the credit note of its rows."""
    return CreditNote(
        number=row.number,
        tenant=account_of(row.body["tenant"]),
        issued_s=row.issued_s,
        reason=CreditReason(row.reason),
        lease_id=row.lease_id,
        event_id=None if row.event_seq is None else str(row.event_seq),
        lines=tuple(
            CreditLine(
                line["text"], Period(*line["period"]), Money(Decimal(line["amount"]), row.currency)
            )
            for line in row.body["lines"]
        ),
        corrected=tuple(corrected),
        taxes=taxes_of(row.body["taxes"], row.currency),
    )


def billed_lease_of(row: Any) -> BilledLease:
    """Return the lease of a row, with the terms that came with its quote."""
    detail = row.price_detail
    if "rates" in detail:
        terms = PriceTerms.from_json(detail)
        if row.reason == EndReason.GIVEN_BACK and row.noticed_s is None:
            terms = terms.kept_for(row.ended_s - row.start_s)
    else:
        # A lease without terms of a price book has one rate, at all times.
        only = Rate("", row.price, row.price)
        kind = ProductKind.PREEMPTIBLE
        terms = PriceTerms("", row.chip, row.product, kind, row.currency, "UTC", (), (only,))
    return BilledLease(
        lease_id=row.id,
        tenant_id=row.tenant_id,
        pool=row.pool_id,
        site=row.site,
        chip=row.chip,
        product=row.product,
        terms=((0, terms),),
    )
