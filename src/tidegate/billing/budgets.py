"""Budgets: how much a tenant means to spend in a month, and when it wants to hear."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tidegate.quantity import Money

DEFAULT_SHARES: Final = (Decimal("0.5"), Decimal("0.8"), Decimal(1))


@dataclass(frozen=True)
class Budget:
    """A monthly budget.

    Attributes
    ----------
    id, tenant_id : str
        Which budget of whom.
    amount : Money
        Net of taxes, per calendar month.
    shares : tuple of Decimal
        Shares of the amount at which an alert is sent, each once a month.
    """

    id: str
    tenant_id: str
    amount: Money
    shares: tuple[Decimal, ...] = DEFAULT_SHARES

    def __post_init__(self) -> None:
        if not self.amount.amount > 0:
            raise ValueError("a budget is above 0")
        if not self.shares or not all(share.is_finite() and share > 0 for share in self.shares):
            raise ValueError("an alert comes at a share above 0, and there is at least one")


@dataclass(frozen=True)
class BudgetAlert:
    """A share of a budget has been spent.

    Attributes
    ----------
    budget : Budget
        Which.
    share : Decimal
        The share that was reached.
    spent : Money
        What the month has come to.
    """

    budget: Budget
    share: Decimal
    spent: Money


def alerts(budget: Budget, spent: Money, told: Collection[Decimal]) -> tuple[BudgetAlert, ...]:
    """Return the alerts that are to be sent now, the lowest share first.

    Parameters
    ----------
    budget : Budget
        The budget.
    spent : Money
        What the tenant's usage of the month comes to, before taxes and credits.
    told : collection of Decimal
        Shares that were told this month.
    """
    return tuple(
        BudgetAlert(budget, share, spent)
        for share in sorted(set(budget.shares) - set(told))
        if spent.amount >= (budget.amount * share).amount
        and spent.currency == budget.amount.currency
    )
