"""``/v1/credit-notes``: money given back, and what is left of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.amounts import MoneyIn, MoneyOut, money_out
from tidegate.api.resources.papers import Documents, LineOut, TaxOut, line_out, tax_out
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape, Time
from tidegate.billing import month_name
from tidegate.control import documents
from tidegate.control.money_kept import KeptCreditNote
from tidegate.web.invoice import credit_note_pdf

router = APIRouter(prefix="/credit-notes", tags=["credit notes"])

_NOTES = Documents(
    documents.list_credit_notes, documents.read_credit_note, lambda kept: kept.note, credit_note_pdf
)


class CreditLineOut(Shape):
    """What is given back for a month."""

    text: str
    month: str = Field(description="Of the billing zone.", examples=["2026-03"])
    month_start: Time
    amount: str


class CreditNoteOut(Shape):
    """A credit note; amounts are positive."""

    id: str
    number: str
    tenant_id: str
    issued_at: Time
    reason: str = Field(description="`break`, `correction` or `goodwill`.")
    lease_id: str | None
    event: int | None = Field(description="Number of the event that proves a break.")
    net: MoneyOut
    total: MoneyOut
    left: MoneyOut = Field(description="Not used up by an invoice yet.")
    lines: list[CreditLineOut]
    corrected: list[LineOut]
    taxes: list[TaxOut]


class CreditNoteIn(Body):
    """A credit out of goodwill, net."""

    tenant_id: str = Field(min_length=1, max_length=40)
    net: MoneyIn
    text: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")


def _out(kept: KeptCreditNote, zone: str) -> CreditNoteOut:
    note = kept.note
    return CreditNoteOut(
        id=kept.id,
        number=note.number,
        tenant_id=note.tenant.tenant_id,
        issued_at=note.issued_s,
        reason=str(note.reason),
        lease_id=note.lease_id,
        event=None if note.event_id is None else int(note.event_id),
        net=money_out(note.net),
        total=money_out(note.total),
        left=money_out(kept.left),
        lines=[
            CreditLineOut(
                text=line.text,
                month=month_name(line.period, zone),
                month_start=line.period.start_s,
                amount=f"{line.amount.amount:f}",
            )
            for line in note.lines
        ],
        corrected=[line_out(line, zone) for line in note.corrected],
        taxes=[tax_out(tax) for tax in note.taxes],
    )


@router.get("", summary="List credit notes")
def list_credit_notes(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[CreditNoteOut]:
    """List credit notes, the youngest first."""
    return _NOTES.page(services, actor, query, paging, _out)


@router.get("/{note_id}", response_model=CreditNoteOut, summary="Read a credit note")
def read_credit_note(request: Request, services: Given, actor: Asking, note_id: Id) -> Response:
    """Read a credit note."""
    return _NOTES.one(request, services, actor, note_id, _out)


@router.get(
    "/{note_id}/pdf",
    summary="Read a credit note as PDF",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def read_credit_note_pdf(services: Given, actor: Asking, note_id: Id) -> Response:
    """Read a credit note as PDF/A."""
    return _NOTES.printed(services, actor, note_id)


@router.post("", status_code=201, response_model=CreditNoteOut, summary="Give a credit")
def give_credit(services: Given, actor: Asking, once: Doing, body: CreditNoteIn) -> Response:
    """Give a tenant credit out of goodwill; it is taken off its next invoice."""
    return once(
        lambda: _out(
            documents.give_credit(
                services.till.door,
                actor,
                services.till.rules,
                tenant_id=body.tenant_id,
                amount=body.net.money,
                text=body.text,
                now_s=services.till.now_s(),
                wall_s=services.wall_s(),
            ),
            services.till.rules.zone,
        ),
        at="/v1/credit-notes",
    )
