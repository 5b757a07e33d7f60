"""``/v1/prepayments``: money that tenants have paid before they owe it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.amounts import MoneyIn, MoneyOut, money_out
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Shape, Time, TimeIn
from tidegate.control import documents
from tidegate.control.ids import Prefix, new_id
from tidegate.control.money_kept import Prepayment

router = APIRouter(prefix="/prepayments", tags=["prepayments"])


class PrepaymentOut(Shape):
    """A prepayment."""

    id: str
    tenant_id: str
    amount: MoneyOut
    paid_at: Time
    expires_at: Time | None
    reference: str


class PrepaymentIn(Body):
    """A payment to be taken in."""

    tenant_id: str = Field(min_length=1, max_length=40)
    amount: MoneyIn
    expires_at: TimeIn | None = Field(default=None, description="Not used from then on.")
    reference: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Of the payment; taken in once for a tenant.",
    )


def _out(payment: Prepayment) -> PrepaymentOut:
    return PrepaymentOut(
        id=payment.id,
        tenant_id=payment.tenant_id,
        amount=money_out(payment.amount),
        paid_at=payment.paid_s,
        expires_at=payment.expires_s,
        reference=payment.reference,
    )


@router.get("", summary="List prepayments")
def list_prepayments(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[PrepaymentOut]:
    """List prepayments, the youngest first."""
    return paging.page(
        query,
        lambda before, limit: documents.list_prepayments(services.till.door, actor, before, limit),
        _out,
    )


@router.post("", status_code=201, response_model=PrepaymentOut, summary="Take in a prepayment")
def add_prepayment(services: Given, actor: Asking, once: Doing, body: PrepaymentIn) -> Response:
    """Take in money that a tenant has paid; its next invoices use it up."""

    def take_in() -> PrepaymentOut:
        payment = Prepayment(
            new_id(Prefix.PREPAYMENT),
            body.tenant_id,
            body.amount.money,
            services.till.now_s(),
            body.expires_at,
            body.reference,
        )
        return _out(documents.prepay(services.till.door, actor, payment, wall_s=services.wall_s()))

    return once(take_in, at="/v1/prepayments")
