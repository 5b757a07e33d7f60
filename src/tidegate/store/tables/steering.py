"""Tables of what operators have said of pools while they run."""

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from tidegate.store.tables.metadata import METADATA
from tidegate.store.types import BIG

_ID = sa.String(40)
_NAME = sa.String(200)

steering = Table(
    "steering",
    METADATA,
    Column("pool_id", _NAME, ForeignKey("pool.id"), primary_key=True),
    Column("risk", sa.Float(53)),  # None: that of the fleet file
    Column("leasing", sa.String(16), nullable=False),
    Column("tier", sa.String(16)),
    Column("version", sa.Integer, nullable=False),
    CheckConstraint("risk IS NULL OR (risk > 0 AND risk < 1)", name="risk"),
    CheckConstraint("leasing IN ('open', 'draining', 'stopped')", name="leasing"),
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("pool_id", _NAME, ForeignKey("pool.id"), primary_key=True),
    Column("node", _NAME, primary_key=True),
    Column("reason", _NAME, nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("since_s", BIG, nullable=False),
)

announced_run = Table(
    "announced_run",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("pool_id", _NAME, ForeignKey("pool.id"), nullable=False),
    Column("name", _NAME, nullable=False),
    Column("from_s", BIG, nullable=False),
    Column("to_s", BIG, nullable=False),
    Column("gpus", sa.Integer, nullable=False),
    Column("is_firm", sa.Boolean, nullable=False),
    Column("actor", _NAME, nullable=False),
    CheckConstraint("to_s > from_s AND gpus > 0", name="size"),
)
