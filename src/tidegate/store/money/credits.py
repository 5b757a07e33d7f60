"""Credit notes and prepayments as rows, and what is left of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tidegate.billing import Balance, CreditNote, CreditReason, Source
from tidegate.control.access import Reach
from tidegate.control.money_kept import KeptCreditNote, Prepayment
from tidegate.quantity import Money
from tidegate.store.money.documents import note_of, note_row
from tidegate.store.money.lines import add_lines, in_parts, lines_by, page_of
from tidegate.store.reach import within
from tidegate.store.rows import add_new
from tidegate.store.tables import money


class SqlCredits:
    """A :class:`tidegate.control.money_ports.CreditStore` on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

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

    def _used(self, sources: Iterable[tuple[Source, str]]) -> dict[tuple[Source, str], list[Any]]:
        used: dict[tuple[Source, str], list[Any]] = defaultdict(list)
        for asked in in_parts([source_id for _, source_id in sources]):
            query = sa.select(money.applied).where(money.applied.c.source_id.in_(asked))
            for row in self._connection.execute(query):
                used[Source(row.source), row.source_id].append(row.amount)
        return used

    def add_credit_note(self, note_id: str, note: CreditNote) -> None:
        """Keep a credit note."""
        self._connection.execute(sa.insert(money.credit_note).values(note_row(note_id, note)))
        owner = money.rated_line.c.credit_note_id
        add_lines(self._connection, note.corrected, owner, note_id)

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
        return self._notes(page_of(money.credit_note, reach, before_id, limit))

    def credit_notes_by_number(
        self, numbers: Collection[str], reach: Reach
    ) -> dict[str, CreditNote]:
        """Credit notes within reach by their numbers."""
        found: dict[str, CreditNote] = {}
        for asked in in_parts(sorted(numbers)):
            query = within(
                sa.select(money.credit_note).where(money.credit_note.c.number.in_(asked)),
                money.credit_note.c.tenant_id,
                reach,
            )
            found |= {kept.note.number: kept.note for kept in self._notes(query)}
        return found

    def credits_of(self, lease_id: str) -> list[CreditNote]:
        """Credit notes for a lease's break."""
        query = sa.select(money.credit_note).where(
            money.credit_note.c.lease_id == lease_id,
            money.credit_note.c.reason == str(CreditReason.BREAK),
        )
        return [kept.note for kept in self._notes(query)]

    def _notes(self, query: sa.Select[Any]) -> list[KeptCreditNote]:
        rows = self._connection.execute(query).all()
        lines = lines_by(
            self._connection, money.rated_line.c.credit_note_id, [row.id for row in rows]
        )
        used = self._used((Source.CREDIT_NOTE, row.number) for row in rows)
        return [
            KeptCreditNote(
                row.id,
                note_of(row, lines[row.id]),
                _left(row.total, row.currency, used[Source.CREDIT_NOTE, row.number]),
            )
            for row in rows
        ]

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
            for row in self._connection.execute(page_of(money.prepayment, reach, before_id, limit))
        ]


def _left(total: Any, currency: str, used: Iterable[Any]) -> Money:
    return Money(total - sum(used), currency)
