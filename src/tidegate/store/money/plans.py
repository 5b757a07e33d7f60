"""Budgets, grants and price books as rows."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tidegate.billing import Budget, Grant
from tidegate.control.access import Reach
from tidegate.lease.bookjson import book_data, book_of
from tidegate.lease.pricebook import PriceBook
from tidegate.quantity import Money
from tidegate.store.rows import Rows, add_new
from tidegate.store.tables import money


def _read_budget(row: Any) -> Budget:
    shares = tuple(Decimal(share) for share in row.shares)
    return Budget(row.id, row.tenant_id, Money(row.amount, row.currency), shares)


def _write_budget(budget: Budget) -> dict[str, Any]:
    return {
        "id": budget.id,
        "tenant_id": budget.tenant_id,
        "amount": budget.amount.amount,
        "currency": budget.amount.currency,
        "shares": [str(share) for share in budget.shares],
    }


def _read_grant(row: Any) -> Grant:
    return Grant(**row._mapping)


class SqlPlans:
    """A :class:`tidegate.control.money_ports.PlanStore` on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._budgets = Rows(connection, money.budget, "tenant_id", _read_budget, _write_budget)
        self._grants = Rows(connection, money.grant_award, "tenant_id", _read_grant, asdict)

    def budgets(self, reach: Reach, after_id: str | None = None, limit: int = 1000) -> list[Budget]:
        """Budgets within reach, in order of id."""
        return self._budgets.page(reach, after_id, limit)

    def save_budget(self, budget: Budget) -> None:
        """Add a budget, or replace the one of that id."""
        self._budgets.save(budget)

    def drop_budget(self, budget_id: str) -> None:
        """Take a budget away, and what was told of it."""
        self._connection.execute(sa.delete(money.budget).where(money.budget.c.id == budget_id))

    def told(self, budget_id: str, period_start_s: int) -> set[Decimal]:
        """Shares that were told in a month."""
        table = money.budget_alert
        query = sa.select(table.c.share).where(
            table.c.budget_id == budget_id, table.c.period_start_s == period_start_s
        )
        return set(self._connection.execute(query).scalars())

    def tell(self, budget_id: str, period_start_s: int, share: Decimal, told_s: int) -> None:
        """Remember that a share was told."""
        row = {
            "budget_id": budget_id,
            "period_start_s": period_start_s,
            "share": share,
            "told_s": told_s,
        }
        add_new(self._connection, money.budget_alert, row)

    def grants(self, reach: Reach, after_id: str | None = None, limit: int = 1000) -> list[Grant]:
        """Grants within reach, in order of id."""
        return self._grants.page(reach, after_id, limit)

    def save_grant(self, grant: Grant) -> None:
        """Add a grant, or replace the one of that id."""
        self._grants.save(grant)

    def price_book(self) -> PriceBook | None:
        """The price book in force; None when none was ever adopted."""
        table = money.price_book
        body = self._connection.execute(
            sa.select(table.c.body).order_by(table.c.id.desc()).limit(1)
        ).scalar()
        return None if body is None else book_of(body)

    def adopt(self, book: PriceBook, source: str, adopted_s: int) -> None:
        """Put a price book into force."""
        self._connection.execute(
            sa.insert(money.price_book).values(
                adopted_s=adopted_s, source=source, body=book_data(book)
            )
        )
