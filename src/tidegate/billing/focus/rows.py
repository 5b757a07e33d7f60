"""From an invoice to charges: its rated lines, its taxes, and the credit notes that pay for it.

The billed costs of an invoice's charges sum to what it asks for (``Invoice.payable``). What was prepaid is a means of
payment and not a charge.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, TypeAlias

from tidegate.billing.account import Issuer
from tidegate.billing.documents import (
    Applied,
    CreditNote,
    CreditReason,
    Invoice,
    Source,
    TaxLine,
)
from tidegate.billing.focus.columns import FocusVersion, columns
from tidegate.billing.periods import Period
from tidegate.billing.rating import LineKind, RatedLine

Charge: TypeAlias = Mapping[str, str | Decimal | None]
"""A row: every column of the version, None for null; times and JSON as text."""

_SERVICE: Final = "GPU Leasing"
_QUANTITY_STEP: Final = Decimal("0.000000000001")
"""GPU-hours are written to a millionth of a millionth; costs at unit prices are worked out from that."""


def charges(
    invoice: Invoice,
    issuer: Issuer,
    notes: Mapping[str, CreditNote],
    version: FocusVersion = FocusVersion.V1_2,
) -> Iterator[Charge]:
    """Yield the charges of an invoice.

    Parameters
    ----------
    invoice : Invoice
        The invoice.
    issuer : Issuer
        Who sent it: provider, publisher and issuer are one.
    notes : mapping of str to CreditNote
        Credit notes by number: those that the invoice uses up.
    version : FocusVersion
        The version of the specification.
    """
    names = [column.name for column in columns(version)]
    for charge in _charges(invoice, notes):
        whole = _common(invoice, issuer, version) | charge
        yield {name: whole.get(name) for name in names}


def _charges(
    invoice: Invoice, notes: Mapping[str, CreditNote]
) -> Iterator[dict[str, str | Decimal | None]]:
    for line in invoice.lines:
        yield _usage(line)
    for tax in invoice.taxes:
        yield _tax(invoice, tax)
    for part in invoice.applied:
        if part.source is Source.CREDIT_NOTE:
            yield _credit(invoice, part, notes[part.source_id])


def _common(
    invoice: Invoice, issuer: Issuer, version: FocusVersion
) -> dict[str, str | Decimal | None]:
    provider = (
        ("ProviderName", "PublisherName")
        if version is FocusVersion.V1_2
        else ("ServiceProviderName", "HostProviderName")
    )
    return {
        "BillingAccountId": invoice.tenant.tenant_id,
        "BillingAccountName": invoice.tenant.name,
        "BillingCurrency": invoice.tenant.currency,
        "BillingPeriodStart": _time(invoice.period.start_s),
        "BillingPeriodEnd": _time(invoice.period.end_s),
        "InvoiceId": invoice.number,
        "InvoiceIssuerName": issuer.name,
        "ServiceCategory": "Compute",
        "ServiceName": _SERVICE,
        "ServiceSubcategory": "Virtual Machines",
        **dict.fromkeys(provider, issuer.name),
    }


def _usage(line: RatedLine) -> dict[str, str | Decimal | None]:
    hours = _hours(line)
    sku = f"{line.chip}/{line.product}"
    details: dict[str, str | int] = {
        "GpuCount": 1,
        "InstanceSeries": line.chip,
        "x_Band": line.rate.band or "base",
        "x_FirmHorizonRule": str(line.product_kind),
    }
    what = f"{line.chip} {line.product}" + (f", {line.rate.band}" if line.rate.band else "")
    return {
        "BilledCost": line.amount.amount,
        "ChargeCategory": "Usage",
        "ChargeClass": "Correction" if line.kind is LineKind.CORRECTION else None,
        "ChargeDescription": (
            f"{what}: {round(hours, 3)} GPU-hours at {line.rate.rate} {line.amount.currency}"
        ),
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _time(line.start_s),
        "ChargePeriodEnd": _time(line.end_s),
        "ConsumedQuantity": Decimal(line.gpu_seconds),
        "ConsumedUnit": "GPU-Seconds",
        "ContractedCost": line.rate.rate * hours,
        "ContractedUnitPrice": line.rate.rate,
        "EffectiveCost": line.amount.amount,
        "ListCost": line.rate.list_rate * hours,
        "ListUnitPrice": line.rate.list_rate,
        "PricingCategory": "Standard",
        "PricingQuantity": hours,
        "PricingUnit": "GPU-Hours",
        "RegionId": line.site,
        "RegionName": line.site,
        "ResourceId": line.lease_id,
        "ResourceType": "GPU Lease",
        "SkuId": sku,
        "SkuMeter": "GPU Time",
        "SkuPriceDetails": json.dumps(details, sort_keys=True, separators=(",", ":")),
        "SkuPriceId": f"{sku}/{line.rate.band or 'base'}",
        "x_Band": line.rate.band or None,
        "x_Chip": line.chip,
        "x_GpuSeconds": Decimal(line.gpu_seconds),
        "x_Pool": line.pool,
        "x_PriceId": line.price_id or None,
        "x_Product": line.product,
    }


def _tax(invoice: Invoice, tax: TaxLine) -> dict[str, str | Decimal | None]:
    taxed = [line for line in invoice.lines if line.period in tax.periods]
    listed = sum((line.rate.list_rate * _hours(line) for line in taxed), Decimal(0))
    contracted = sum((line.rate.rate * _hours(line) for line in taxed), Decimal(0))
    return {
        "BilledCost": tax.amount.amount,
        "ChargeCategory": "Tax",
        "ChargeDescription": f"{tax.name}, {tax.rate * 100:f} % of {tax.net}",
        "ChargeFrequency": "One-Time",
        **_whole(invoice.period),
        "ContractedCost": contracted * tax.rate,
        "EffectiveCost": tax.amount.amount,
        "ListCost": listed * tax.rate,
    }


def _credit(invoice: Invoice, part: Applied, note: CreditNote) -> dict[str, str | Decimal | None]:
    given = -part.amount.amount
    why = {
        CreditReason.BREAK: f"broken promise of lease {note.lease_id}",
        CreditReason.CORRECTION: "correction of an earlier invoice",
        CreditReason.GOODWILL: "goodwill",
    }[note.reason]
    return {
        "BilledCost": given,
        "ChargeCategory": "Credit",
        "ChargeClass": "Correction" if note.reason is CreditReason.CORRECTION else None,
        "ChargeDescription": f"Credit note {note.number}: {why}",
        "ChargeFrequency": "One-Time",
        **_whole(invoice.period),
        "ContractedCost": given,
        "EffectiveCost": given,
        "ListCost": given,
        "x_CreditNoteNumber": note.number,
        "x_EventNumber": note.event_id,
    }


def _hours(line: RatedLine) -> Decimal:
    return (Decimal(line.gpu_seconds) / 3600).quantize(_QUANTITY_STEP, rounding=ROUND_HALF_EVEN)


def _whole(period: Period) -> dict[str, str | Decimal | None]:
    return {"ChargePeriodStart": _time(period.start_s), "ChargePeriodEnd": _time(period.end_s)}


def _time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
