"""Tables of prices, meters and bills."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What was metered and billed is never changed: it is corrected by adding to it.
_APPEND_ONLY = ("meter_record", "rated_line", "credit_note", "applied")
_REFUSAL = "what was metered and billed is only ever added to"

_REFUSE_POSTGRES = f"""
CREATE FUNCTION refuse_money_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$
"""

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "billing_account",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_billing_account"),
    )
    op.create_table(
        "budget",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("shares", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_budget"),
    )
    op.create_index("ix_budget_tenant_id", "budget", ["tenant_id", "id"], unique=False)
    op.create_table(
        "grant_award",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("chip", sa.String(length=200), nullable=False),
        sa.Column("gpu_hours", BIG, nullable=False),
        sa.Column("from_s", BIG, nullable=False),
        sa.Column("until_s", BIG, nullable=False),
        sa.CheckConstraint("gpu_hours > 0 AND until_s > from_s", name="ck_grant_award_size"),
        sa.PrimaryKeyConstraint("id", name="pk_grant_award"),
    )
    op.create_index("ix_grant_award_tenant_id", "grant_award", ["tenant_id", "id"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("period_start_s", BIG, nullable=False),
        sa.Column("period_end_s", BIG, nullable=False),
        sa.Column("issued_s", BIG, nullable=False),
        sa.Column("due_s", BIG, nullable=False),
        sa.Column("total", sa.String(64), nullable=False),
        sa.Column("amount_due", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("paid_s", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_invoice"),
        sa.UniqueConstraint("number", name="uq_invoice_number"),
        sa.UniqueConstraint(
            "tenant_id",
            "currency",
            "period_start_s",
            name="uq_invoice_tenant_id_currency_period_start_s",
        ),
    )
    op.create_index("ix_invoice_tenant_id", "invoice", ["tenant_id", "id"], unique=False)
    op.create_table(
        "meter_conflict",
        sa.Column("node", sa.String(length=401), nullable=False),
        sa.Column("start_s", BIG, autoincrement=False, nullable=False),
        sa.Column("end_s", BIG, nullable=False),
        sa.Column("lease_ids", sa.Text(), nullable=False),
        sa.Column("seen_s", BIG, nullable=False),
        sa.PrimaryKeyConstraint("node", "start_s", name="pk_meter_conflict"),
    )
    op.create_table(
        "meter_record",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("lease_id", sa.String(length=40), nullable=False),
        sa.Column("node", sa.String(length=401), nullable=False),
        sa.Column("gpus", sa.Integer(), nullable=False),
        sa.Column("start_s", BIG, nullable=False),
        sa.Column("end_s", BIG, nullable=False),
        sa.Column("recorded_s", BIG, nullable=False),
        sa.CheckConstraint("end_s > start_s AND gpus <> 0", name="ck_meter_record_size"),
        sa.PrimaryKeyConstraint("id", name="pk_meter_record"),
    )
    op.create_index("ix_meter_record_lease_id", "meter_record", ["lease_id", "end_s"], unique=False)
    op.create_index("ix_meter_record_recorded_s", "meter_record", ["recorded_s"], unique=False)
    op.create_table(
        "money_mark",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("at_s", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_money_mark"),
    )
    op.create_table(
        "number_range",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_number_range"),
    )
    op.create_table(
        "prepayment",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("paid_s", BIG, nullable=False),
        sa.Column("expires_s", BIG, nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prepayment"),
        sa.UniqueConstraint("tenant_id", "reference", name="uq_prepayment_tenant_id_reference"),
    )
    op.create_index("ix_prepayment_tenant_id", "prepayment", ["tenant_id", "id"], unique=False)
    op.create_table(
        "price_book",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("adopted_s", BIG, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_book"),
    )
    op.create_table(
        "applied",
        sa.Column("invoice_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.CheckConstraint("source IN ('credit-note', 'prepaid')", name="ck_applied_source"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="fk_applied_invoice_id"),
        sa.PrimaryKeyConstraint("invoice_id", "source", "source_id", name="pk_applied"),
    )
    op.create_index("ix_applied_source", "applied", ["source", "source_id"], unique=False)
    op.create_table(
        "budget_alert",
        sa.Column("budget_id", sa.String(length=40), nullable=False),
        sa.Column("period_start_s", BIG, autoincrement=False, nullable=False),
        sa.Column("share", sa.String(64), nullable=False),
        sa.Column("told_s", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budget.id"], name="fk_budget_alert_budget_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("budget_id", "period_start_s", "share", name="pk_budget_alert"),
    )
    op.create_table(
        "credit_note",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("issued_s", BIG, nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("lease_id", sa.String(length=40), nullable=True),
        sa.Column("event_seq", BIG, nullable=True),
        sa.Column("total", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "reason <> 'break' OR event_seq IS NOT NULL", name="ck_credit_note_event"
        ),
        sa.CheckConstraint(
            "reason IN ('break', 'correction', 'goodwill')", name="ck_credit_note_reason"
        ),
        sa.ForeignKeyConstraint(["event_seq"], ["event.seq"], name="fk_credit_note_event_seq"),
        sa.PrimaryKeyConstraint("id", name="pk_credit_note"),
        sa.UniqueConstraint("number", name="uq_credit_note_number"),
    )
    op.create_index("ix_credit_note_lease_id", "credit_note", ["lease_id"], unique=False)
    op.create_index("ix_credit_note_tenant_id", "credit_note", ["tenant_id", "id"], unique=False)
    op.create_table(
        "rated_line",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("invoice_id", sa.String(length=40), nullable=True),
        sa.Column("credit_note_id", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("lease_id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("pool", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=200), nullable=False),
        sa.Column("chip", sa.String(length=200), nullable=False),
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("product_kind", sa.String(length=16), nullable=False),
        sa.Column("period_start_s", BIG, nullable=False),
        sa.Column("period_end_s", BIG, nullable=False),
        sa.Column("start_s", BIG, nullable=False),
        sa.Column("end_s", BIG, nullable=False),
        sa.Column("price_id", sa.String(length=200), nullable=False),
        sa.Column("band", sa.String(length=200), nullable=False),
        sa.Column("list_rate", sa.String(64), nullable=False),
        sa.Column("rate", sa.String(64), nullable=False),
        sa.Column("gpu_seconds", BIG, nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("kind IN ('correction', 'usage')", name="ck_rated_line_kind"),
        sa.CheckConstraint(
            "(invoice_id IS NULL) <> (credit_note_id IS NULL)", name="ck_rated_line_document"
        ),
        sa.ForeignKeyConstraint(
            ["credit_note_id"], ["credit_note.id"], name="fk_rated_line_credit_note_id"
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="fk_rated_line_invoice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rated_line"),
    )
    op.create_index("ix_rated_line_credit_note_id", "rated_line", ["credit_note_id"], unique=False)
    op.create_index("ix_rated_line_invoice_id", "rated_line", ["invoice_id"], unique=False)
    op.create_index("ix_rated_line_lease_id", "rated_line", ["lease_id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE_POSTGRES)
        for table in _APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_money_change()"
            )
        return
    for table in _APPEND_ONLY:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )


def downgrade() -> None:
    """Undo it."""
    for table in (
        "rated_line",
        "credit_note",
        "budget_alert",
        "applied",
        "price_book",
        "prepayment",
        "number_range",
        "money_mark",
        "meter_record",
        "meter_conflict",
        "invoice",
        "grant_award",
        "budget",
        "billing_account",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_money_change()")
