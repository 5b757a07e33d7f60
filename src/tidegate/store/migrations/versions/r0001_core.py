"""Tables of the lease's life."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "event",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("at_s", BIG, nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
    )
    op.create_index("ix_event_subject", "event", ["subject", "seq"], unique=False)
    op.create_index("ix_event_tenant_id", "event", ["tenant_id", "seq"], unique=False)

    op.create_table(
        "event_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_seq", BIG, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_event_counter_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_event_counter"),
    )
    op.create_table(
        "leadership",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("epoch", BIG, nullable=False),
        sa.Column("until", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leadership"),
    )
    op.create_table(
        "pool",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=200), nullable=False),
        sa.Column("chip", sa.String(length=200), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("nodes", sa.Integer(), nullable=False),
        sa.Column("gpus_per_node", sa.Integer(), nullable=False),
        sa.Column("sanitise_s", sa.Integer(), nullable=False),
        sa.Column("facts_at_s", BIG, nullable=True),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("started_jobs", BIG, nullable=False),
        sa.Column("late_jobs", BIG, nullable=False),
        sa.CheckConstraint(
            "tier IN ('frontier', 'legacy', 'mainstay', 'retired')", name="ck_pool_tier"
        ),
        sa.CheckConstraint(
            "nodes > 0 AND gpus_per_node > 0 AND sanitise_s >= 0", name="ck_pool_size"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pool"),
        sa.UniqueConstraint("id", "tier", name="uq_pool_id_tier"),
    )
    op.create_table(
        "command",
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("lease_id", sa.String(length=40), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_s", BIG, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("done_s", BIG, nullable=True),
        sa.Column("was_refused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_command_pool_id"),
        sa.PrimaryKeyConstraint("pool_id", "number", name="pk_command"),
        sa.UniqueConstraint("token", name="uq_command_token"),
    )
    op.create_index(
        "ix_command_waiting",
        "command",
        ["pool_id", "number"],
        unique=False,
        sqlite_where=sa.text("done_s IS NULL"),
        postgresql_where=sa.text("done_s IS NULL"),
    )

    op.create_table(
        "decision",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("at_s", BIG, nullable=False),
        sa.Column("epoch", BIG, nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_decision_pool_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_index("ix_decision_pool_id", "decision", ["pool_id", "at_s"], unique=False)

    op.create_table(
        "demand_tick",
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("tick", BIG, autoincrement=False, nullable=False),
        sa.Column("demand_nodes", sa.Integer(), nullable=False),
        sa.Column("busy_nodes", sa.Integer(), nullable=False),
        sa.Column("pending_nodes", sa.Integer(), nullable=False),
        sa.Column("failed_nodes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_demand_tick_pool_id"),
        sa.PrimaryKeyConstraint("pool_id", "tick", name="pk_demand_tick"),
    )
    op.create_table(
        "quote",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("nodes", sa.Integer(), nullable=False),
        sa.Column("duration_s", BIG, nullable=False),
        sa.Column("start_at_s", BIG, nullable=True),
        sa.Column("price", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_detail", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_s", BIG, nullable=False),
        sa.Column("expires_s", BIG, nullable=False),
        sa.Column("held_until_s", BIG, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('expired', 'held', 'open', 'taken', 'withdrawn')", name="ck_quote_state"
        ),
        sa.CheckConstraint("nodes > 0 AND duration_s > 0", name="ck_quote_size"),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_quote_pool_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quote"),
    )
    op.create_index("ix_quote_state", "quote", ["state", "expires_s"], unique=False)
    op.create_index("ix_quote_tenant_id", "quote", ["tenant_id", "id"], unique=False)

    op.create_table(
        "lease_order",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("nodes", sa.Integer(), nullable=False),
        sa.Column("duration_s", BIG, nullable=False),
        sa.Column("start_at_s", BIG, nullable=True),
        sa.Column("firm_s", BIG, nullable=False),
        sa.Column("notice_s", BIG, nullable=False),
        sa.Column("price", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_detail", sa.Text(), nullable=False),
        sa.Column("quote_id", sa.String(length=40), nullable=True),
        sa.Column("extends_id", sa.String(length=40), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("placed_s", BIG, nullable=False),
        sa.Column("waits_until_s", BIG, nullable=True),
        sa.Column("decided_s", BIG, nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("horizon_s", BIG, nullable=True),
        sa.Column("decision_id", sa.String(length=40), nullable=True),
        sa.Column("lease_id", sa.String(length=40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('admitted', 'cancelled', 'placed', 'refused', 'waitlisted')",
            name="ck_lease_order_state",
        ),
        sa.CheckConstraint(
            "nodes > 0 AND duration_s > 0 AND firm_s >= 0 AND notice_s >= 0",
            name="ck_lease_order_size",
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_lease_order_pool_id"),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name="fk_lease_order_quote_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lease_order"),
        sa.UniqueConstraint("quote_id", name="uq_lease_order_quote_id"),
        sa.UniqueConstraint(
            "tenant_id", "idempotency_key", name="uq_lease_order_tenant_id_idempotency_key"
        ),
    )
    op.create_index(
        "ix_lease_order_open",
        "lease_order",
        ["pool_id", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('placed', 'waitlisted')"),
        postgresql_where=sa.text("state IN ('placed', 'waitlisted')"),
    )
    op.create_index("ix_lease_order_tenant_id", "lease_order", ["tenant_id", "id"], unique=False)

    op.create_table(
        "lease",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("live_tier", sa.String(length=16), nullable=True),
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("nodes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("admitted_s", BIG, nullable=False),
        sa.Column("start_s", BIG, nullable=False),
        sa.Column("end_s", BIG, nullable=False),
        sa.Column("firm_until_s", BIG, nullable=False),
        sa.Column("firm_s", BIG, nullable=False),
        sa.Column("notice_s", BIG, nullable=False),
        sa.Column("noticed_s", BIG, nullable=True),
        sa.Column("take_s", BIG, nullable=True),
        sa.Column("ended_s", BIG, nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("broken_s", BIG, nullable=False),
        sa.Column("price", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_detail", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('booked', 'noticed', 'running', 'starting')) = (live_tier IS NOT NULL) "
            "AND (live_tier IS NULL OR live_tier IN ('legacy', 'mainstay'))",
            name="ck_lease_tier",
        ),
        sa.CheckConstraint(
            "state IN ('booked', 'broken', 'ended', 'failed', 'noticed', 'running', 'starting')",
            name="ck_lease_state",
        ),
        sa.CheckConstraint(
            "nodes > 0 AND end_s >= start_s AND start_s >= admitted_s", name="ck_lease_size"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["lease_order.id"], name="fk_lease_order_id"),
        sa.ForeignKeyConstraint(
            ["pool_id", "live_tier"],
            ["pool.id", "pool.tier"],
            name="fk_lease_pool_id_live_tier",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_lease_pool_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lease"),
        sa.UniqueConstraint("id", "pool_id", name="uq_lease_id_pool_id"),
        sa.UniqueConstraint("order_id", name="uq_lease_order_id"),
        sa.UniqueConstraint("pool_id", "number", name="uq_lease_pool_id_number"),
    )
    op.create_index(
        "ix_lease_live",
        "lease",
        ["pool_id", "number"],
        unique=False,
        sqlite_where=sa.text("live_tier IS NOT NULL"),
        postgresql_where=sa.text("live_tier IS NOT NULL"),
    )
    op.create_index("ix_lease_tenant_id", "lease", ["tenant_id", "id"], unique=False)
    op.create_index("ix_lease_ended_s", "lease", ["ended_s"], unique=False)

    op.create_table(
        "holding",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("node", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lease_id", sa.String(length=40), nullable=True),
        sa.Column("since_s", BIG, nullable=False),
        sa.Column("until_s", BIG, nullable=True),
        sa.CheckConstraint(
            "NOT (state IN ('leased', 'noticed')) OR lease_id IS NOT NULL", name="ck_holding_lease"
        ),
        sa.CheckConstraint(
            "state IN ('draining', 'failed', 'free', 'internal', 'leased', 'noticed', 'sanitising')",
            name="ck_holding_state",
        ),
        sa.CheckConstraint("until_s IS NULL OR until_s >= since_s", name="ck_holding_order"),
        sa.ForeignKeyConstraint(
            ["lease_id", "pool_id"],
            ["lease.id", "lease.pool_id"],
            name="fk_holding_lease_id_pool_id",
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_holding_pool_id"),
        sa.PrimaryKeyConstraint("id", name="pk_holding"),
    )
    op.create_index(
        "ix_holding_lease_id",
        "holding",
        ["lease_id"],
        unique=False,
        sqlite_where=sa.text("lease_id IS NOT NULL"),
        postgresql_where=sa.text("lease_id IS NOT NULL"),
    )
    op.create_index("ix_holding_until_s", "holding", ["pool_id", "until_s"], unique=False)
    op.create_index(
        "uq_holding_open",
        "holding",
        ["pool_id", "node"],
        unique=True,
        sqlite_where=sa.text("until_s IS NULL"),
        postgresql_where=sa.text("until_s IS NULL"),
    )
    op.execute("INSERT INTO event_counter (id, last_seq) VALUES (1, 0)")


def downgrade() -> None:
    """Undo it."""
    for table in (
        "holding",
        "lease",
        "lease_order",
        "quote",
        "demand_tick",
        "decision",
        "command",
        "pool",
        "leadership",
        "event_counter",
        "event",
    ):
        op.drop_table(table)
