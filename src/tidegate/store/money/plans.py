"""Budgets, grants and price books as rows."""

from decimal import Decimal

import sqlalchemy as sa

from tidegate.billing import Budget, Grant
from tidegate.control.access import Reach
from tidegate.lease.bookjson import book_data, book_of
from tidegate.lease.pricebook import PriceBook
from tidegate.quantity import Money
from tidegate.store.reach import within
from tidegate.store.rows import add_new, upsert
from tidegate.store.tables import money


class SqlPlans:
    """A :class:`tidegate.control.money_ports.PlanStore` on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def budgets(self, reach: Reach, after_id: str | None = None, limit: int = 1000) -> list[Budget]:
        """Budgets within reach, in order of id."""
        table = money.budget
        query = within(sa.select(table), table.c.tenant_id, reach)
        if after_id is not None:
            query = query.where(table.c.id > after_id)
        return [
            Budget(
                row.id,
                row.tenant_id,
                Money(row.amount, row.currency),
                tuple(Decimal(share) for share in row.shares),
            )
            for row in self._connection.execute(query.order_by(table.c.id).limit(limit))
        ]

    def save_budget(self, budget: Budget) -> None:
        """Add a budget, or replace the one of that id."""
        row = {
            "id": budget.id,
            "tenant_id": budget.tenant_id,
            "amount": budget.amount.amount,
            "currency": budget.amount.currency,
            "shares": [str(share) for share in budget.shares],
        }
        upsert(self._connection, money.budget, row, ["id"])

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
        table = money.grant_award
        query = within(sa.select(table), table.c.tenant_id, reach)
        if after_id is not None:
            query = query.where(table.c.id > after_id)
        return [
            Grant(
                row.id,
                row.tenant_id,
                row.project,
                row.chip,
                row.gpu_hours,
                row.from_s,
                row.until_s,
            )
            for row in self._connection.execute(query.order_by(table.c.id).limit(limit))
        ]

    def save_grant(self, grant: Grant) -> None:
        """Add a grant, or replace the one of that id."""
        row = {
            "id": grant.id,
            "tenant_id": grant.tenant_id,
            "project": grant.project,
            "chip": grant.chip,
            "gpu_hours": grant.gpu_hours,
            "from_s": grant.from_s,
            "until_s": grant.until_s,
        }
        upsert(self._connection, money.grant_award, row, ["id"])

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
