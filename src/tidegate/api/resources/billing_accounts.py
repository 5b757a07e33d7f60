"""``/v1/billing-accounts``: how tenants are billed."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tidegate.api.etags import IfMatch, require_match, tagged
from tidegate.api.guard import Asking
from tidegate.api.resources.amounts import Currency
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape
from tidegate.billing import BillTo
from tidegate.control import documents

router = APIRouter(prefix="/billing-accounts", tags=["billing accounts"])

Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class AccountOut(Shape):
    """How a tenant is billed."""

    tenant_id: str
    name: str
    currency: str
    address: list[str]
    country: str
    tax_id: str
    tenant_class: str | None = Field(description="Its class in the price book.")
    reverse_charge: bool = Field(description="The tenant owes the tax itself; none is charged.")


class AccountIn(Body):
    """How a tenant is to be billed from now on."""

    name: Line
    currency: Currency
    address: list[Line] = Field(default=[], max_length=6)
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$", description="ISO 3166-1 alpha-2.")
    tax_id: str = Field(default="", max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")
    tenant_class: Line | None = Field(default=None, description="Its class in the price book.")
    reverse_charge: bool = False


def _out(account: BillTo) -> AccountOut:
    return AccountOut(
        tenant_id=account.tenant_id,
        name=account.name,
        currency=account.currency,
        address=list(account.address),
        country=account.country,
        tax_id=account.tax_id,
        tenant_class=account.tenant_class,
        reverse_charge=account.reverse_charge,
    )


@router.get("/{tenant_id}", response_model=AccountOut, summary="Read a billing account")
def read_account(request: Request, services: Given, actor: Asking, tenant_id: Id) -> Response:
    """Read how a tenant is billed."""
    till = services.till
    return tagged(request, _out(documents.read_account(till.door, actor, tenant_id, till.rules)))


@router.put("/{tenant_id}", response_model=AccountOut, summary="Change a billing account")
def save_account(
    request: Request,
    services: Given,
    actor: Asking,
    tenant_id: Id,
    body: AccountIn,
    if_match: IfMatch = None,
) -> Response:
    """Change how a tenant is billed from now on; bills that are out stay as they are."""

    def change(before: BillTo) -> BillTo:
        require_match(if_match, _out(before))
        return BillTo(
            tenant_id=tenant_id,
            name=body.name,
            currency=body.currency,
            address=tuple(body.address),
            country=body.country,
            tax_id=body.tax_id,
            reverse_charge=body.reverse_charge,
            tenant_class=body.tenant_class,
        )

    till = services.till
    after = documents.change_account(
        till.door, actor, tenant_id, till.rules, change, wall_s=services.wall_s()
    )
    return tagged(request, _out(after))
