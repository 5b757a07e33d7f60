"""``/v1/budgets``: what tenants mean to spend in a month."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.amounts import MoneyIn, MoneyOut, money_out
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape
from tidegate.billing import Budget
from tidegate.control import budgets
from tidegate.errors import Place, RequestError

router = APIRouter(prefix="/budgets", tags=["budgets"])

Share = Annotated[str, Field(pattern=r"^[0-9](\.[0-9]{1,3})?$", examples=["0.8"])]


class BudgetOut(Shape):
    """A budget."""

    id: str
    tenant_id: str
    amount: MoneyOut
    shares: list[str] = Field(description="Shares of the amount at which `budget.reached` tells.")


class BudgetIn(Body):
    """A budget to be set."""

    tenant_id: str | None = Field(default=None, max_length=40, description="Yours when left out.")
    amount: MoneyIn
    shares: list[Share] = Field(default=["0.5", "0.8", "1"], min_length=1, max_length=10)


def _out(budget: Budget) -> BudgetOut:
    return BudgetOut(
        id=budget.id,
        tenant_id=budget.tenant_id,
        amount=money_out(budget.amount),
        shares=[f"{share:f}" for share in budget.shares],
    )


@router.get("", summary="List budgets")
def list_budgets(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[BudgetOut]:
    """List budgets."""
    return paging.page(
        query,
        lambda after, limit: budgets.list_budgets(services.till.door, actor, after, limit),
        _out,
    )


@router.post("", status_code=201, response_model=BudgetOut, summary="Set a budget")
def add_budget(services: Given, actor: Asking, once: Doing, body: BudgetIn) -> Response:
    """Set a budget per calendar month, net of taxes."""

    def add() -> BudgetOut:
        shares = tuple(Decimal(share) for share in body.shares)
        try:
            return _out(
                budgets.add_budget(
                    services.till.door, actor, body.tenant_id, body.amount.money, shares
                )
            )
        except ValueError as error:
            raise RequestError(
                "TG-API-FIELD",
                f"{error}.",
                place=Place(field="amount"),
                expected="an amount and shares above 0.",
            ) from error

    return once(add, at="/v1/budgets")


@router.delete("/{budget_id}", status_code=204, summary="Take a budget away")
def drop_budget(services: Given, actor: Asking, budget_id: Id) -> None:
    """Take a budget away."""
    budgets.drop_budget(services.till.door, actor, budget_id)
