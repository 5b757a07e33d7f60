"""Invoices as rows, the numbers of documents, and what was billed."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tidegate.billing import Invoice, NumberRange, Period, RatedLine
from tidegate.control.access import Reach
from tidegate.control.money_kept import KeptInvoice
from tidegate.store.money.documents import invoice_of, invoice_row
from tidegate.store.money.lines import add_lines, in_parts, lines_by, page_of, rated_lines
from tidegate.store.reach import within
from tidegate.store.rows import add_new
from tidegate.store.tables import money


class SqlBills:
    """A :class:`tidegate.control.money_ports.BillStore` on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def billed(self, lease_ids: Collection[str]) -> list[RatedLine]:
        """All lines of invoices and credit notes of leases."""
        column = money.rated_line.c.lease_id
        return [line for _, line in rated_lines(self._connection, column, list(lease_ids))]

    def numbers(self, name: str, prefix: str) -> NumberRange:
        """A range of numbers, locked until the transaction ends."""
        table = money.number_range
        add_new(self._connection, table, {"name": name, "year": 0, "last": 0})
        row = self._connection.execute(
            sa.select(table).where(table.c.name == name).with_for_update()
        ).one()
        return NumberRange(prefix, row.year, row.last)

    def save_numbers(self, name: str, numbers: NumberRange) -> None:
        """Keep how far a range has been used."""
        self._connection.execute(
            sa.update(money.number_range)
            .where(money.number_range.c.name == name)
            .values(year=numbers.year, last=numbers.last)
        )

    def is_invoiced(self, tenant_id: str, currency: str, period: Period) -> bool:
        """Whether a month has been invoiced to a tenant in a currency."""
        query = sa.select(money.invoice.c.id).where(
            money.invoice.c.tenant_id == tenant_id,
            money.invoice.c.currency == currency,
            money.invoice.c.period_start_s == period.start_s,
        )
        return self._connection.execute(query).first() is not None

    def add_invoice(self, invoice_id: str, invoice: Invoice) -> None:
        """Keep an invoice with its lines and what it uses up."""
        self._connection.execute(sa.insert(money.invoice).values(invoice_row(invoice_id, invoice)))
        owner = money.rated_line.c.invoice_id
        add_lines(self._connection, invoice.lines, owner, invoice_id)
        if invoice.applied:
            self._connection.execute(
                sa.insert(money.applied),
                [
                    {
                        "invoice_id": invoice_id,
                        "source": str(part.source),
                        "source_id": part.source_id,
                        "amount": part.amount.amount,
                    }
                    for part in invoice.applied
                ],
            )

    def invoice(self, invoice_id: str, reach: Reach) -> KeptInvoice | None:
        """Invoice by id, when within reach."""
        query = within(
            sa.select(money.invoice).where(money.invoice.c.id == invoice_id),
            money.invoice.c.tenant_id,
            reach,
        )
        return next(iter(self._invoices(query)), None)

    def invoices(
        self, reach: Reach, before_id: str | None, limit: int, period_start_s: int | None = None
    ) -> list[KeptInvoice]:
        """Invoices within reach, youngest first."""
        query = page_of(money.invoice, reach, before_id, limit)
        if period_start_s is not None:
            query = query.where(money.invoice.c.period_start_s == period_start_s)
        return self._invoices(query)

    def _invoices(self, query: sa.Select[Any]) -> list[KeptInvoice]:
        rows = self._connection.execute(query).all()
        ids = [row.id for row in rows]
        lines = lines_by(self._connection, money.rated_line.c.invoice_id, ids)
        applied: dict[str, list[Any]] = defaultdict(list)
        for asked in in_parts(ids):
            of_parts = (
                sa.select(money.applied)
                .where(money.applied.c.invoice_id.in_(asked))
                .order_by(money.applied.c.source, money.applied.c.source_id)
            )
            for row in self._connection.execute(of_parts):
                applied[row.invoice_id].append(row)
        return [
            KeptInvoice(row.id, invoice_of(row, lines[row.id], applied[row.id]), row.paid_s)
            for row in rows
        ]

    def pay(self, invoice_id: str, paid_s: int) -> None:
        """Note that an invoice was paid."""
        self._connection.execute(
            sa.update(money.invoice).where(money.invoice.c.id == invoice_id).values(paid_s=paid_s)
        )

    def stored_totals(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Total, and what is due of it, of every document by its number."""
        invoices = sa.select(
            money.invoice.c.number, money.invoice.c.total, money.invoice.c.amount_due
        )
        notes = sa.select(money.credit_note.c.number, money.credit_note.c.total)
        found = {
            row.number: (row.total, row.amount_due) for row in self._connection.execute(invoices)
        }
        return found | {
            row.number: (row.total, row.total) for row in self._connection.execute(notes)
        }
