"""What somebody has changed by hand in a pool's scheduler."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.add_column("pool", sa.Column("drift", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Undo it."""
    op.drop_column("pool", "drift")
