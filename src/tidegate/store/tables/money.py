"""Tables of prices, meters and bills. Amounts are decimals as text; nothing here is ever computed in SQL."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint

from tidegate.billing import CreditReason, LineKind, Source
from tidegate.store.tables.metadata import METADATA
from tidegate.store.types import BIG, DecimalText, JsonText

_ID: Final = sa.String(40)
_NAME: Final = sa.String(200)
_NUMBER: Final = sa.String(40)
_KIND: Final = sa.String(16)
_CURRENCY: Final = sa.String(3)


def _one_of(column: str, values: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(sorted(repr(str(value)) for value in values))})"


billing_account = Table(
    "billing_account",
    METADATA,
    Column("tenant_id", _ID, primary_key=True),
    Column("body", JsonText, nullable=False),
)

price_book = Table(
    "price_book",
    METADATA,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("adopted_s", BIG, nullable=False),
    Column("source", _NAME, nullable=False),
    Column("body", JsonText, nullable=False),
)

money_mark = Table(
    "money_mark",
    METADATA,
    # How far something has been done. Its row is locked first of all by whoever does more of it.
    Column("name", sa.String(60), primary_key=True),
    Column("at_s", BIG, nullable=False),
)

meter_record = Table(
    "meter_record",
    METADATA,
    # The meter's ledger: only ever added to.
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("lease_id", _ID, nullable=False),
    Column("node", sa.String(401), nullable=False),  # pool and node
    Column("gpus", sa.Integer, nullable=False),
    Column("start_s", BIG, nullable=False),
    Column("end_s", BIG, nullable=False),
    Column("recorded_s", BIG, nullable=False),
    CheckConstraint("end_s > start_s AND gpus <> 0", name="size"),
    Index("ix_meter_record_lease_id", "lease_id", "end_s"),
    Index("ix_meter_record_recorded_s", "recorded_s"),
)

meter_conflict = Table(
    "meter_conflict",
    METADATA,
    Column("node", sa.String(401), primary_key=True),
    Column("start_s", BIG, primary_key=True, autoincrement=False),
    Column("end_s", BIG, nullable=False),
    Column("lease_ids", JsonText, nullable=False),
    Column("seen_s", BIG, nullable=False),
)

number_range = Table(
    "number_range",
    METADATA,
    Column("name", sa.String(20), primary_key=True),
    Column("year", sa.Integer, nullable=False),
    Column("last", sa.Integer, nullable=False),
)

invoice = Table(
    "invoice",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("number", _NUMBER, nullable=False, unique=True),
    Column("tenant_id", _ID, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("period_start_s", BIG, nullable=False),
    Column("period_end_s", BIG, nullable=False),
    Column("issued_s", BIG, nullable=False),
    Column("due_s", BIG, nullable=False),
    Column("total", DecimalText, nullable=False),
    Column("amount_due", DecimalText, nullable=False),
    Column("body", JsonText, nullable=False),  # the tenant as it was then, and the taxes
    Column("paid_s", BIG),
    # A month is billed once, whatever is repeated.
    UniqueConstraint("tenant_id", "currency", "period_start_s"),
    Index("ix_invoice_tenant_id", "tenant_id", "id"),
)

credit_note = Table(
    "credit_note",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("number", _NUMBER, nullable=False, unique=True),
    Column("tenant_id", _ID, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("issued_s", BIG, nullable=False),
    Column("reason", _KIND, nullable=False),
    Column("lease_id", _ID),
    Column("event_seq", BIG, ForeignKey("event.seq")),
    Column("total", DecimalText, nullable=False),
    Column("body", JsonText, nullable=False),
    CheckConstraint(_one_of("reason", CreditReason), name="reason"),
    # A break's credit names the event that proves it.
    CheckConstraint("reason <> 'break' OR event_seq IS NOT NULL", name="event"),
    Index("ix_credit_note_tenant_id", "tenant_id", "id"),
    Index("ix_credit_note_lease_id", "lease_id"),
)

rated_line = Table(
    "rated_line",
    METADATA,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("invoice_id", _ID, ForeignKey("invoice.id")),
    Column("credit_note_id", _ID, ForeignKey("credit_note.id")),
    Column("kind", _KIND, nullable=False),
    Column("lease_id", _ID, nullable=False),
    Column("tenant_id", _ID, nullable=False),
    Column("pool", _NAME, nullable=False),
    Column("site", _NAME, nullable=False),
    Column("chip", _NAME, nullable=False),
    Column("product", _NAME, nullable=False),
    Column("product_kind", _KIND, nullable=False),
    Column("period_start_s", BIG, nullable=False),
    Column("period_end_s", BIG, nullable=False),
    Column("start_s", BIG, nullable=False),
    Column("end_s", BIG, nullable=False),
    Column("price_id", _NAME, nullable=False),
    Column("band", _NAME, nullable=False),
    Column("list_rate", DecimalText, nullable=False),
    Column("rate", DecimalText, nullable=False),
    Column("gpu_seconds", BIG, nullable=False),
    Column("amount", DecimalText, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    CheckConstraint(_one_of("kind", LineKind), name="kind"),
    CheckConstraint("(invoice_id IS NULL) <> (credit_note_id IS NULL)", name="document"),
    Index("ix_rated_line_lease_id", "lease_id"),
    Index("ix_rated_line_invoice_id", "invoice_id"),
    Index("ix_rated_line_credit_note_id", "credit_note_id"),
)

prepayment = Table(
    "prepayment",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("tenant_id", _ID, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("amount", DecimalText, nullable=False),
    Column("paid_s", BIG, nullable=False),
    Column("expires_s", BIG),
    Column("reference", _NAME, nullable=False),  # of the payment: it is taken in once
    UniqueConstraint("tenant_id", "reference"),
    Index("ix_prepayment_tenant_id", "tenant_id", "id"),
)

applied = Table(
    "applied",
    METADATA,
    # What invoices have used up of credit notes (by number) and prepayments (by id).
    Column("invoice_id", _ID, ForeignKey("invoice.id"), primary_key=True),
    Column("source", _KIND, primary_key=True),
    Column("source_id", _NUMBER, primary_key=True),
    Column("amount", DecimalText, nullable=False),
    CheckConstraint(_one_of("source", Source), name="source"),
    Index("ix_applied_source", "source", "source_id"),
)

budget = Table(
    "budget",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("tenant_id", _ID, nullable=False),
    Column("amount", DecimalText, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("shares", JsonText, nullable=False),
    Index("ix_budget_tenant_id", "tenant_id", "id"),
)

budget_alert = Table(
    "budget_alert",
    METADATA,
    # Each share is told once a month.
    Column("budget_id", _ID, ForeignKey("budget.id", ondelete="CASCADE"), primary_key=True),
    Column("period_start_s", BIG, primary_key=True, autoincrement=False),
    Column("share", DecimalText, primary_key=True),
    Column("told_s", BIG, nullable=False),
)

grant_award = Table(
    "grant_award",  # `grant` is a word of SQL
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("tenant_id", _ID, nullable=False),
    Column("project", _NAME, nullable=False),
    Column("chip", _NAME, nullable=False),
    Column("gpu_hours", BIG, nullable=False),
    Column("from_s", BIG, nullable=False),
    Column("until_s", BIG, nullable=False),
    CheckConstraint("gpu_hours > 0 AND until_s > from_s", name="size"),
    Index("ix_grant_award_tenant_id", "tenant_id", "id"),
)
