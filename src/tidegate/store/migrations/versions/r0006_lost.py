"""What leases lost on nodes that failed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add it."""
    op.add_column("lease", sa.Column("lost_s", BIG, nullable=False, server_default=sa.text("0")))
    op.create_index(
        "ix_lease_lost",
        "lease",
        ["id"],
        unique=False,
        sqlite_where=sa.text("lost_s > 0"),
        postgresql_where=sa.text("lost_s > 0"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index("ix_lease_lost", table_name="lease")
    op.drop_column("lease", "lost_s")
