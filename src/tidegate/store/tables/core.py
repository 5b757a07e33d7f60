"""Tables of the lease's life: pools, quotes, orders, leases, holdings, events, and the loop's own."""

from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Table

from tidegate.fleet.tier import Tier
from tidegate.lease.states import (
    BILLABLE,
    LIVE_LEASES,
    HoldingState,
    LeaseState,
    OrderState,
    QuoteState,
)
from tidegate.store.tables.metadata import METADATA
from tidegate.store.types import BIG, DecimalText, JsonText

_ID = sa.String(40)
_NAME = sa.String(200)
_STATE = sa.String(16)


def _one_of(column: str, values: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(sorted(repr(str(value)) for value in values))})"


pool = Table(
    "pool",
    METADATA,
    Column("id", _NAME, primary_key=True),
    Column("site", _NAME, nullable=False),
    Column("chip", _NAME, nullable=False),
    Column("tier", _STATE, nullable=False),
    Column("nodes", sa.Integer, nullable=False),
    Column("gpus_per_node", sa.Integer, nullable=False),
    Column("sanitise_s", sa.Integer, nullable=False),
    # How its driver is doing, and the counts of internal jobs that outlive a driver's own.
    Column("facts_at_s", BIG),
    Column("is_stale", sa.Boolean, nullable=False, default=True),
    Column("trouble", sa.Text, nullable=False, default=""),
    Column("started_jobs", BIG, nullable=False, default=0),
    Column("late_jobs", BIG, nullable=False, default=0),
    Column("drift", sa.Text, nullable=False, default="", server_default=""),
    Column("pending_nodes", sa.Integer, nullable=False, default=0, server_default="0"),
    sa.UniqueConstraint("id", "tier"),
    CheckConstraint(_one_of("tier", Tier), name="tier"),
    CheckConstraint("nodes > 0 AND gpus_per_node > 0 AND sanitise_s >= 0", name="size"),
)

quote = Table(
    "quote",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("tenant_id", _ID, nullable=False),
    Column("pool_id", _NAME, ForeignKey("pool.id"), nullable=False),
    Column("product", _NAME, nullable=False),
    Column("nodes", sa.Integer, nullable=False),
    Column("duration_s", BIG, nullable=False),
    Column("start_at_s", BIG),  # None: as soon as may be
    Column("price", DecimalText, nullable=False),  # of a GPU-hour
    Column("currency", sa.String(3), nullable=False),
    Column("price_detail", JsonText, nullable=False),  # how the price came about
    Column("state", _STATE, nullable=False),
    Column("opened_s", BIG, nullable=False),
    Column("expires_s", BIG, nullable=False),
    Column("held_until_s", BIG),
    Column("version", sa.Integer, nullable=False, default=1),
    CheckConstraint(_one_of("state", QuoteState), name="state"),
    CheckConstraint("nodes > 0 AND duration_s > 0", name="size"),
    Index("ix_quote_tenant_id", "tenant_id", "id"),
    Index("ix_quote_state", "state", "expires_s"),
)

lease_order = Table(
    "lease_order",  # `order` is a word of SQL
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("tenant_id", _ID, nullable=False),
    Column("pool_id", _NAME, ForeignKey("pool.id"), nullable=False),
    Column("product", _NAME, nullable=False),
    Column("nodes", sa.Integer, nullable=False),
    Column("duration_s", BIG, nullable=False),
    Column("start_at_s", BIG),
    Column("firm_s", BIG, nullable=False),
    Column("notice_s", BIG, nullable=False),
    Column("price", DecimalText, nullable=False),
    Column("currency", sa.String(3), nullable=False),
    Column("price_detail", JsonText, nullable=False),
    Column("quote_id", _ID, ForeignKey("quote.id")),
    Column("extends_id", _ID),  # the lease that it makes longer
    Column("idempotency_key", sa.String(255)),
    Column("actor", _NAME, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("placed_s", BIG, nullable=False),
    Column("waits_until_s", BIG),  # on the waitlist until then; None: judged once
    Column("decided_s", BIG),
    Column("reason", sa.String(32)),  # why it was refused
    Column("horizon_s", BIG),  # the first horizon that bound
    Column("decision_id", _ID),
    Column("lease_id", _ID),
    Column("version", sa.Integer, nullable=False, default=1),
    sa.UniqueConstraint("tenant_id", "idempotency_key"),
    sa.UniqueConstraint("quote_id"),
    CheckConstraint(_one_of("state", OrderState), name="state"),
    CheckConstraint("nodes > 0 AND duration_s > 0 AND firm_s >= 0 AND notice_s >= 0", name="size"),
    Index("ix_lease_order_tenant_id", "tenant_id", "id"),
    Index(
        "ix_lease_order_open",
        "pool_id",
        "id",
        sqlite_where=sa.text("state IN ('placed', 'waitlisted')"),
        postgresql_where=sa.text("state IN ('placed', 'waitlisted')"),
    ),
)

_LEASABLE = [tier for tier in Tier if tier.may_lease]

lease = Table(
    "lease",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("number", BIG, nullable=False),  # leases of a pool are weighed in this order
    Column("order_id", _ID, ForeignKey("lease_order.id"), nullable=False, unique=True),
    Column("tenant_id", _ID, nullable=False),
    Column("pool_id", _NAME, nullable=False),
    # The pool's tier while the lease lives. The foreign key below keeps it the pool's, the check keeps it one
    # that may be leased: neither a lease on a frontier pool nor a move of a leased pool to that tier gets through.
    Column("live_tier", _STATE),
    Column("product", _NAME, nullable=False),
    Column("nodes", sa.Integer, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("admitted_s", BIG, nullable=False),
    Column("start_s", BIG, nullable=False),  # expected while starting
    Column("end_s", BIG, nullable=False),  # wanted
    Column("firm_until_s", BIG, nullable=False),
    Column("firm_s", BIG, nullable=False),  # firm time sold
    Column("notice_s", BIG, nullable=False),
    Column("noticed_s", BIG),
    Column("take_s", BIG),
    Column("ended_s", BIG),
    Column("reason", sa.String(32)),  # how it ended
    Column("broken_s", BIG, nullable=False, default=0),  # firm time not kept
    # Firm node-seconds not kept on nodes that failed and were not replaced.
    Column("lost_s", BIG, nullable=False, default=0, server_default=sa.text("0")),
    Column("price", DecimalText, nullable=False),
    Column("currency", sa.String(3), nullable=False),
    Column("price_detail", JsonText, nullable=False),
    Column("version", sa.Integer, nullable=False, default=1),
    sa.UniqueConstraint("pool_id", "number"),
    sa.UniqueConstraint("id", "pool_id"),
    ForeignKeyConstraint(["pool_id"], ["pool.id"]),
    ForeignKeyConstraint(["pool_id", "live_tier"], ["pool.id", "pool.tier"], onupdate="CASCADE"),
    CheckConstraint(_one_of("state", LeaseState), name="state"),
    CheckConstraint(
        f"({_one_of('state', LIVE_LEASES)}) = (live_tier IS NOT NULL) "
        f"AND (live_tier IS NULL OR {_one_of('live_tier', _LEASABLE)})",
        name="tier",
    ),
    CheckConstraint("nodes > 0 AND end_s >= start_s AND start_s >= admitted_s", name="size"),
    Index("ix_lease_tenant_id", "tenant_id", "id"),
    Index("ix_lease_ended_s", "ended_s"),
    Index(
        "ix_lease_lost",
        "id",
        sqlite_where=sa.text("lost_s > 0"),
        postgresql_where=sa.text("lost_s > 0"),
    ),
    Index(
        "ix_lease_live",
        "pool_id",
        "number",
        sqlite_where=sa.text("live_tier IS NOT NULL"),
        postgresql_where=sa.text("live_tier IS NOT NULL"),
    ),
)

holding = Table(
    "holding",
    METADATA,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("pool_id", _NAME, ForeignKey("pool.id"), nullable=False),
    Column("node", _NAME, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("lease_id", _ID),
    Column("since_s", BIG, nullable=False),
    Column("until_s", BIG),  # None: still so
    ForeignKeyConstraint(["lease_id", "pool_id"], ["lease.id", "lease.pool_id"]),
    CheckConstraint(_one_of("state", HoldingState), name="state"),
    CheckConstraint("until_s IS NULL OR until_s >= since_s", name="order"),
    CheckConstraint(f"NOT ({_one_of('state', BILLABLE)}) OR lease_id IS NOT NULL", name="lease"),
    # A node is in one state, and in one pair of hands.
    Index(
        "uq_holding_open",
        "pool_id",
        "node",
        unique=True,
        sqlite_where=sa.text("until_s IS NULL"),
        postgresql_where=sa.text("until_s IS NULL"),
    ),
    Index(
        "ix_holding_lease_id",
        "lease_id",
        sqlite_where=sa.text("lease_id IS NOT NULL"),
        postgresql_where=sa.text("lease_id IS NOT NULL"),
    ),
    Index("ix_holding_until_s", "pool_id", "until_s"),
)

event = Table(
    "event",
    METADATA,
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("at_s", BIG, nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("kind", sa.String(40), nullable=False),
    Column("subject", _NAME, nullable=False),
    Column("tenant_id", _ID),  # who may see it; None: the owner alone
    Column("data", JsonText, nullable=False),
    Column("decision_id", _ID),
    Index("ix_event_subject", "subject", "seq"),
    Index("ix_event_tenant_id", "tenant_id", "seq"),
)

event_counter = Table(
    "event_counter",
    METADATA,
    # One row. Whoever writes events takes their numbers here, last thing before the commit: numbers become
    # visible in order and without gaps, so that a reader who remembers the last one misses none.
    Column("id", sa.Integer, primary_key=True, autoincrement=False),
    Column("last_seq", BIG, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

decision = Table(
    "decision",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("pool_id", _NAME, ForeignKey("pool.id"), nullable=False),
    Column("at_s", BIG, nullable=False),
    Column("epoch", BIG, nullable=False),  # of the leader that decided
    Column("snapshot", sa.LargeBinary, nullable=False),  # compressed JSON
    Column("plan", JsonText, nullable=False),
    Index("ix_decision_pool_id", "pool_id", "at_s"),
)

command = Table(
    "command",
    METADATA,
    Column("pool_id", _NAME, ForeignKey("pool.id"), primary_key=True),
    # The commands of a pool are carried out in this order.
    Column("number", BIG, primary_key=True, autoincrement=False),
    Column("token", _ID, nullable=False, unique=True),
    Column("kind", sa.String(16), nullable=False),
    Column("lease_id", _ID),
    Column("body", JsonText, nullable=False),
    Column("made_s", BIG, nullable=False),
    Column("tries", sa.Integer, nullable=False, default=0),
    Column("trouble", sa.Text, nullable=False, default=""),
    Column("done_s", BIG),
    Column("was_refused", sa.Boolean, nullable=False, default=False),
    Index(
        "ix_command_waiting",
        "pool_id",
        "number",
        sqlite_where=sa.text("done_s IS NULL"),
        postgresql_where=sa.text("done_s IS NULL"),
    ),
)

wish = Table(
    # What tenants ask of leases and orders that are there; the loop grants it or refuses.
    "wish",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("pool_id", _NAME, ForeignKey("pool.id"), nullable=False),
    Column("subject", _ID, nullable=False),
    Column("kind", _STATE, nullable=False),
    Column("value", BIG, nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("made_s", BIG, nullable=False),
    Column("done_s", BIG),
    Column("trouble", sa.Text, nullable=False),
    CheckConstraint("kind IN ('cancel', 'end', 'extend', 'hold', 'shrink')", name="kind"),
    Index(
        "ix_wish_open",
        "pool_id",
        "id",
        sqlite_where=sa.text("done_s IS NULL"),
        postgresql_where=sa.text("done_s IS NULL"),
    ),
)

demand_tick = Table(
    "demand_tick",
    METADATA,
    Column("pool_id", _NAME, ForeignKey("pool.id"), primary_key=True),
    Column("tick", BIG, primary_key=True, autoincrement=False),
    Column("demand_nodes", sa.Integer, nullable=False),
    Column("busy_nodes", sa.Integer, nullable=False),
    Column("pending_nodes", sa.Integer, nullable=False),
    Column("failed_nodes", sa.Integer, nullable=False),
)

leadership = Table(
    "leadership",
    METADATA,
    Column("name", _NAME, primary_key=True),
    Column("holder", _NAME, nullable=False),
    Column("epoch", BIG, nullable=False),  # goes up with every new holder: the fence
    Column("until", sa.Float(53), nullable=False),  # by the database's clock
)
