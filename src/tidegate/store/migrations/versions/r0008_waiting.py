"""How many nodes a pool's internal jobs wait for now, not only at the last tick."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.add_column(
        "pool", sa.Column("pending_nodes", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_column("pool", "pending_nodes")
