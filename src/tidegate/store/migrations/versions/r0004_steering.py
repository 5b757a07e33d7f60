"""Tables of what operators have said of pools while they run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(200)


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "steering",
        sa.Column("pool_id", NAME, nullable=False),
        sa.Column("risk", sa.Float(53), nullable=True),
        sa.Column("leasing", sa.String(16), nullable=False),
        sa.Column("tier", sa.String(16), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "risk IS NULL OR (risk > 0 AND risk < 1)", name=op.f("ck_steering_risk")
        ),
        sa.CheckConstraint(
            "leasing IN ('open', 'draining', 'stopped')", name=op.f("ck_steering_leasing")
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_steering_pool_id_pool")),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_steering")),
    )
    op.create_table(
        "quarantine",
        sa.Column("pool_id", NAME, nullable=False),
        sa.Column("node", NAME, nullable=False),
        sa.Column("reason", NAME, nullable=False),
        sa.Column("actor", NAME, nullable=False),
        sa.Column("since_s", BIG, nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_quarantine_pool_id_pool")),
        sa.PrimaryKeyConstraint("pool_id", "node", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "announced_run",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("pool_id", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("from_s", BIG, nullable=False),
        sa.Column("to_s", BIG, nullable=False),
        sa.Column("gpus", sa.Integer(), nullable=False),
        sa.Column("is_firm", sa.Boolean(), nullable=False),
        sa.Column("actor", NAME, nullable=False),
        sa.CheckConstraint("to_s > from_s AND gpus > 0", name=op.f("ck_announced_run_size")),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pool.id"], name=op.f("fk_announced_run_pool_id_pool")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announced_run")),
    )


def downgrade() -> None:
    """Undo it."""
    for table in ("announced_run", "quarantine", "steering"):
        op.drop_table(table)
