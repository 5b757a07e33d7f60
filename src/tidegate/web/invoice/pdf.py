"""From a document to a PDF: what it says as plain data, set by a Typst template.

The data reach the template as JSON and are set as text: nothing that a tenant calls itself is taken for markup.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import typst

from tidegate.billing import (
    CreditNote,
    CreditReason,
    Invoice,
    Issuer,
    LineKind,
    RatedLine,
    Source,
    TaxLine,
    month_name,
)
from tidegate.quantity import Money, minor_units

_TEMPLATE: Final = "document.typ"
_STANDARD: Final[Literal["a-2a"]] = "a-2a"
"""PDF/A-2a: for archives, and readable aloud."""

_REASONS: Final[Mapping[CreditReason, str]] = {
    CreditReason.BREAK: "A firm promise was not kept.",
    CreditReason.CORRECTION: "More was billed than was used.",
    CreditReason.GOODWILL: "Given out of goodwill.",
}
_TEXTS: Final[Mapping[str, str]] = {
    "refund": "Refund of all that the lease was charged",
    "credit": "Credit on top of the refund",
    "correction": "Correction of what was billed",
}


def invoice_pdf(invoice: Invoice, issuer: Issuer, zone: str = "UTC") -> bytes:
    """Return an invoice as PDF/A.

    Parameters
    ----------
    invoice : Invoice
    issuer : Issuer
    zone : str
        IANA zone of the dates.
    """
    usage = [line for line in invoice.lines if line.kind is LineKind.USAGE]
    corrections = [line for line in invoice.lines if line.kind is LineKind.CORRECTION]
    sections = [
        {"title": "Usage", "lines": [_line(line, zone) for line in usage]},
        {
            "title": "Corrections of earlier months",
            "lines": [_line(line, zone) for line in corrections],
        },
    ]
    sums = [("Net", _amount(invoice.net)), *(_tax(tax) for tax in invoice.taxes)]
    sums.append(("Total", _amount(invoice.total)))
    sums += [
        (
            f"Credit note {part.source_id}"
            if part.source is Source.CREDIT_NOTE
            else f"Prepaid {part.source_id}",
            _amount(-part.amount),
        )
        for part in invoice.applied
    ]
    notes = ["GPU-hours are shown to a thousandth; amounts are worked out from whole seconds."]
    if invoice.tenant.reverse_charge:
        notes.append("Reverse charge: the recipient accounts for the tax.")
    data = {
        **_parties(invoice.tenant.name, invoice.tenant.address, invoice.tenant.tax_id, issuer),
        "title": "Invoice",
        "number": invoice.number,
        "facts": [
            ("Month", month_name(invoice.period, zone)),
            ("Issued", _day(invoice.issued_s, zone)),
            ("Due", _day(invoice.due_s, zone)),
            ("Currency", invoice.tenant.currency),
        ],
        "sections": [section for section in sections if section["lines"]],
        "given": [],
        "sums": sums,
        "final": ("Amount due", f"{_amount(invoice.amount_due)} {invoice.tenant.currency}"),
        "payment": list(issuer.payment) if invoice.amount_due.amount > 0 else [],
        "notes": notes,
    }
    return _set(data, invoice.issued_s)


def credit_note_pdf(note: CreditNote, issuer: Issuer, zone: str = "UTC") -> bytes:
    """Return a credit note as PDF/A."""
    facts = [("Issued", _day(note.issued_s, zone)), ("Currency", note.tenant.currency)]
    if note.lease_id is not None:
        facts.append(("Lease", note.lease_id))
    if note.event_id is not None:
        facts.append(("Proved by event", note.event_id))
    sections = []
    if note.corrected:
        lines = [_line(line, zone) for line in note.corrected]
        sections.append({"title": "Taken back", "lines": lines})
    data = {
        **_parties(note.tenant.name, note.tenant.address, note.tenant.tax_id, issuer),
        "title": "Credit note",
        "number": note.number,
        "facts": facts,
        "sections": sections,
        "given": [
            {
                "what": _TEXTS.get(line.text, line.text),
                "month": month_name(line.period, zone),
                "amount": _amount(line.amount),
            }
            for line in note.lines
        ],
        "sums": [("Net", _amount(note.net)), *(_tax(tax) for tax in note.taxes)],
        "final": ("Credit", f"{_amount(note.total)} {note.tenant.currency}"),
        "payment": [],
        "notes": [_REASONS[note.reason], "It is taken off the next invoices."],
    }
    return _set(data, note.issued_s)


def _set(data: Mapping[str, Any], at_s: int) -> bytes:
    template = files("tidegate.web").joinpath("templates", _TEMPLATE).read_bytes()
    try:
        return _compiled(template, data, at_s, _STANDARD)
    except typst.TypstError:
        # An archive wants every letter to be in a font. A name in a script that no font here has is shown with
        # empty boxes, in a document that is no archive's; no invoice fails for it.
        return _compiled(template, data, at_s, None)


def _compiled(
    template: bytes, data: Mapping[str, Any], at_s: int, standard: Literal["a-2a"] | None
) -> bytes:
    done = typst.compile(
        template,
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=standard or [],
        timestamp=at_s,
    )
    assert isinstance(done, bytes)
    return done


def _parties(name: str, address: tuple[str, ...], tax_id: str, issuer: Issuer) -> dict[str, Any]:
    return {
        "issuer": {
            "name": issuer.name,
            "lines": [*issuer.address, *([f"Tax id {issuer.tax_id}"] if issuer.tax_id else [])],
        },
        "tenant": {
            "name": name,
            "lines": [*address, *([f"Tax id {tax_id}"] if tax_id else [])],
        },
    }


def _line(line: RatedLine, zone: str) -> dict[str, str]:
    hours = Decimal(line.gpu_seconds) / 3600
    discounted = line.rate.list_rate != line.rate.rate
    return {
        "what": f"{line.chip}, {line.product}" + (f", {line.rate.band}" if line.rate.band else ""),
        "lease": line.lease_id,
        "span": _span(line, zone),
        "hours": f"{hours:,.3f}",
        "rate": _rate(line.rate.rate, line.amount.currency),
        "list": _rate(line.rate.list_rate, line.amount.currency) if discounted else "",
        "amount": _amount(line.amount),
    }


def _span(line: RatedLine, zone: str) -> str:
    here = ZoneInfo(zone)
    first, last = (datetime.fromtimestamp(s, here) for s in (line.start_s, line.end_s))
    return f"{first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M}"


def _tax(tax: TaxLine) -> tuple[str, str]:
    share = f"{(tax.rate * 100).normalize():f}"
    return f"{tax.name}, {share} % of {_amount(tax.net)}", _amount(tax.amount)


def _amount(money: Money) -> str:
    return f"{money.rounded().amount:,f}"


def _rate(rate: Decimal, currency: str) -> str:
    """Write a rate with the digits that it has, and at least those of its currency."""
    digits = max(minor_units(currency), -int(rate.as_tuple().exponent))
    return f"{rate:,.{digits}f}"


def _day(at_s: int, zone: str) -> str:
    return datetime.fromtimestamp(at_s, ZoneInfo(zone)).strftime("%Y-%m-%d")
