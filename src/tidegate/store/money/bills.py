"""Accounts, invoices, credit notes and prepayments as rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from tidegate.billing import (
    Balance,
    CreditNote,
    CreditReason,
    Invoice,
    NumberRange,
    Period,
    RatedLine,
    Source,
)
from tidegate.control.access import Reach
from tidegate.control.money_kept import KeptCreditNote, KeptInvoice, Prepayment
from tidegate.quantity import Money
from tidegate.store.money.documents import (
    invoice_of,
    invoice_row,
    line_of,
    line_row,
    note_of,
    note_row,
)
from tidegate.store.reach import within
from tidegate.store.rows import add_new
from tidegate.store.tables import money

_AT_ONCE: Final = 500


class SqlBills:
    """A :class:`tidegate.control.money_ports.BillStore` on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def billed(self, lease_ids: Collection[str]) -> list[RatedLine]:
        """All lines of invoices and credit notes of leases."""
        return self._lines(money.rated_line.c.lease_id, list(lease_ids))

    def _lines(self, column: sa.Column[str], values: Sequence[str]) -> list[RatedLine]:
        found: list[RatedLine] = []
        for place in range(0, len(values), _AT_ONCE):
            query = (
                sa.select(money.rated_line)
                .where(column.in_(values[place : place + _AT_ONCE]))
                .order_by(money.rated_line.c.id)
            )
            found += [line_of(row) for row in self._connection.execute(query)]
        return found

    # --------------------------------------------------------------------------------------------------- balances

    def balances(self, tenant_id: str) -> list[Balance]:
        """What is left of a tenant's credit notes and prepayments."""
        notes = self._connection.execute(
            sa.select(money.credit_note).where(money.credit_note.c.tenant_id == tenant_id)
        ).all()
        paid = self._connection.execute(
            sa.select(money.prepayment).where(money.prepayment.c.tenant_id == tenant_id)
        ).all()
        used = self._used(
            [(Source.CREDIT_NOTE, note.number) for note in notes]
            + [(Source.PREPAID, each.id) for each in paid]
        )
        found = [
            Balance(
                Source.CREDIT_NOTE,
                note.number,
                _left(note.total, note.currency, used[Source.CREDIT_NOTE, note.number]),
                note.issued_s,
            )
            for note in notes
        ]
        found += [
            Balance(
                Source.PREPAID,
                each.id,
                _left(each.amount, each.currency, used[Source.PREPAID, each.id]),
                each.paid_s,
                each.expires_s,
            )
            for each in paid
        ]
        return [balance for balance in found if balance.left.amount > 0]

    def _used(self, sources: Iterable[tuple[Source, str]]) -> dict[tuple[Source, str], list[Any]]:
        ids = [source_id for _, source_id in sources]
        used: dict[tuple[Source, str], list[Any]] = defaultdict(list)
        for place in range(0, len(ids), _AT_ONCE):
            query = sa.select(money.applied).where(
                money.applied.c.source_id.in_(ids[place : place + _AT_ONCE])
            )
            for row in self._connection.execute(query):
                used[Source(row.source), row.source_id].append(row.amount)
        return used

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

    # --------------------------------------------------------------------------------------------------- invoices

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
        self._add_lines(invoice.lines, invoice_id=invoice_id)
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

    def _add_lines(
        self,
        lines: Sequence[RatedLine],
        *,
        invoice_id: str | None = None,
        credit_note_id: str | None = None,
    ) -> None:
        if lines:
            owner = {"invoice_id": invoice_id, "credit_note_id": credit_note_id}
            self._connection.execute(
                sa.insert(money.rated_line), [line_row(line) | owner for line in lines]
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
        query = _page(money.invoice, reach, before_id, limit)
        if period_start_s is not None:
            query = query.where(money.invoice.c.period_start_s == period_start_s)
        return self._invoices(query)

    def _invoices(self, query: sa.Select[Any]) -> list[KeptInvoice]:
        rows = self._connection.execute(query).all()
        ids = [row.id for row in rows]
        lines: dict[str, list[RatedLine]] = defaultdict(list)
        applied: dict[str, list[Any]] = defaultdict(list)
        for place in range(0, len(ids), _AT_ONCE):
            asked = ids[place : place + _AT_ONCE]
            of_lines = (
                sa.select(money.rated_line)
                .where(money.rated_line.c.invoice_id.in_(asked))
                .order_by(money.rated_line.c.id)
            )
            for row in self._connection.execute(of_lines):
                lines[row.invoice_id].append(line_of(row))
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

    # ----------------------------------------------------------------------------------------------- credit notes

    def add_credit_note(self, note_id: str, note: CreditNote) -> None:
        """Keep a credit note."""
        self._connection.execute(sa.insert(money.credit_note).values(note_row(note_id, note)))
        self._add_lines(note.corrected, credit_note_id=note_id)

    def credit_note(self, note_id: str, reach: Reach) -> KeptCreditNote | None:
        """Credit note by id, when within reach."""
        query = within(
            sa.select(money.credit_note).where(money.credit_note.c.id == note_id),
            money.credit_note.c.tenant_id,
            reach,
        )
        return next(iter(self._notes(query)), None)

    def credit_notes(self, reach: Reach, before_id: str | None, limit: int) -> list[KeptCreditNote]:
        """Credit notes within reach, youngest first."""
        return self._notes(_page(money.credit_note, reach, before_id, limit))

    def credit_notes_by_number(
        self, numbers: Collection[str], reach: Reach
    ) -> dict[str, CreditNote]:
        """Credit notes within reach by their numbers."""
        asked = sorted(numbers)
        found: dict[str, CreditNote] = {}
        for place in range(0, len(asked), _AT_ONCE):
            query = within(
                sa.select(money.credit_note).where(
                    money.credit_note.c.number.in_(asked[place : place + _AT_ONCE])
                ),
                money.credit_note.c.tenant_id,
                reach,
            )
            found |= {kept.note.number: kept.note for kept in self._notes(query)}
        return found

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

    def overdrawn(self, source: Source) -> list[tuple[str, Decimal]]:
        """Prepayments or credit notes of which more has been used up than there was."""
        query = (
            sa.select(
                money.credit_note.c.number.label("id"), money.credit_note.c.total.label("had")
            )
            if source is Source.CREDIT_NOTE
            else sa.select(money.prepayment.c.id, money.prepayment.c.amount.label("had"))
        )
        had = {row.id: row.had for row in self._connection.execute(query)}
        used = self._used((source, source_id) for source_id in had)
        left = {each: amount - sum(used[source, each]) for each, amount in had.items()}
        return [(each, amount) for each, amount in left.items() if amount < 0]

    def credits_of(self, lease_id: str) -> list[CreditNote]:
        """Credit notes for a lease's break."""
        query = sa.select(money.credit_note).where(
            money.credit_note.c.lease_id == lease_id,
            money.credit_note.c.reason == str(CreditReason.BREAK),
        )
        return [kept.note for kept in self._notes(query)]

    def _notes(self, query: sa.Select[Any]) -> list[KeptCreditNote]:
        rows = self._connection.execute(query).all()
        lines: dict[str, list[RatedLine]] = defaultdict(list)
        ids = [row.id for row in rows]
        for place in range(0, len(ids), _AT_ONCE):
            of_lines = (
                sa.select(money.rated_line)
                .where(money.rated_line.c.credit_note_id.in_(ids[place : place + _AT_ONCE]))
                .order_by(money.rated_line.c.id)
            )
            for row in self._connection.execute(of_lines):
                lines[row.credit_note_id].append(line_of(row))
        used = self._used((Source.CREDIT_NOTE, row.number) for row in rows)
        return [
            KeptCreditNote(
                row.id,
                note_of(row, lines[row.id]),
                _left(row.total, row.currency, used[Source.CREDIT_NOTE, row.number]),
            )
            for row in rows
        ]

    # ------------------------------------------------------------------------------------------------ prepayments

    def add_prepayment(self, prepayment: Prepayment) -> bool:
        """Take in a payment; return False when its reference was taken in before."""
        row = {
            "id": prepayment.id,
            "tenant_id": prepayment.tenant_id,
            "currency": prepayment.amount.currency,
            "amount": prepayment.amount.amount,
            "paid_s": prepayment.paid_s,
            "expires_s": prepayment.expires_s,
            "reference": prepayment.reference,
        }
        return add_new(self._connection, money.prepayment, row)

    def prepayments(self, reach: Reach, before_id: str | None, limit: int) -> list[Prepayment]:
        """Prepayments within reach, youngest first."""
        return [
            Prepayment(
                row.id,
                row.tenant_id,
                Money(row.amount, row.currency),
                row.paid_s,
                row.expires_s,
                row.reference,
            )
            for row in self._connection.execute(_page(money.prepayment, reach, before_id, limit))
        ]


def _page(table: sa.Table, reach: Reach, before_id: str | None, limit: int) -> sa.Select[Any]:
    query = within(sa.select(table), table.c.tenant_id, reach)
    if before_id is not None:
        query = query.where(table.c.id < before_id)
    return query.order_by(table.c.id.desc()).limit(limit)


def _left(total: Any, currency: str, used: Iterable[Any]) -> Money:
    return Money(total - sum(used), currency)
