"""Table of what tenants ask of their leases and orders."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "wish",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("pool_id", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("made_s", BIG, nullable=False),
        sa.Column("done_s", BIG, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('cancel', 'end', 'extend', 'hold', 'shrink')", name="ck_wish_kind"
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name="fk_wish_pool_id"),
        sa.PrimaryKeyConstraint("id", name="pk_wish"),
    )
    op.create_index(
        "ix_wish_open",
        "wish",
        ["pool_id", "id"],
        unique=False,
        sqlite_where=sa.text("done_s IS NULL"),
        postgresql_where=sa.text("done_s IS NULL"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("wish")
