"""What the tables know of a pool: what a new leader begins with."""

from typing import Any

import sqlalchemy as sa

from tidegate.control.changes import CALLED_FOR, KEPT_OUT, Calm, Kept, Numbered, Watch
from tidegate.lease.lease import Lease, Order
from tidegate.lease.states import OrderState
from tidegate.quota.bid import REMEMBERED_S
from tidegate.store.leaserows import command_of, holding_of, thing_of
from tidegate.store.tables import core


def read_kept(connection: sa.Connection, pool_id: str) -> Kept:
    """Return what is known of a pool."""
    lease, order, command = core.lease, core.lease_order, core.command
    holding, ticks, pool = core.holding, core.demand_tick, core.pool

    def rows(query: sa.Select[Any]) -> list[sa.RowMapping]:
        return list(connection.execute(query).mappings())

    def highest(column: sa.Column[int], table: sa.Table) -> int:
        found = connection.execute(sa.select(sa.func.max(column)).where(table.c.pool_id == pool_id))
        return found.scalar() or 0

    sums = connection.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(lease.c.nodes * lease.c.firm_s), 0),
            sa.func.coalesce(sa.func.sum(lease.c.nodes * lease.c.broken_s + lease.c.lost_s), 0),
        ).where(lease.c.pool_id == pool_id)
    ).one()
    watch = connection.execute(sa.select(pool).where(pool.c.id == pool_id)).mappings().one()
    return Kept(
        leases=[
            thing_of(Lease, row)
            for row in rows(
                sa.select(lease)
                .where(lease.c.pool_id == pool_id, lease.c.live_tier.is_not(None))
                .order_by(lease.c.number)
            )
        ],
        holdings=[
            holding_of(row)
            for row in rows(
                sa.select(holding)
                .where(holding.c.pool_id == pool_id, holding.c.until_s.is_(None))
                .order_by(holding.c.id)
            )
        ],
        waitlist=[
            thing_of(Order, row)
            for row in rows(
                sa.select(order)
                .where(order.c.pool_id == pool_id, order.c.state == OrderState.WAITLISTED.value)
                .order_by(order.c.id)
            )
        ],
        commands=[
            Numbered(row["number"], command_of(row["kind"], row["body"]), row["lease_id"])
            for row in rows(
                sa.select(command)
                .where(command.c.pool_id == pool_id, command.c.done_s.is_(None))
                .order_by(command.c.number)
            )
        ],
        last_command=highest(command.c.number, command),
        last_lease=highest(lease.c.number, lease),
        ticks=[
            (row["tick"], row["demand_nodes"])
            for row in rows(
                sa.select(ticks.c.tick, ticks.c.demand_nodes)
                .where(ticks.c.pool_id == pool_id)
                .order_by(ticks.c.tick)
            )
        ],
        sold_s=int(sums[0]),
        broken_s=int(sums[1]),
        watch=Watch(
            watch["facts_at_s"],
            watch["is_stale"],
            watch["trouble"],
            watch["started_jobs"],
            watch["late_jobs"],
            watch["drift"],
            watch["pending_nodes"],
        ),
        calm=_calm(connection, pool_id),
        kept_out=_kept_out(connection, pool_id),
    )


def _told(connection: sa.Connection, pool_id: str, word: str, span_s: int) -> list[tuple[int, Any]]:
    """Return what the decisions of late say under a word, each with its time."""
    table = core.decision
    latest_s = connection.execute(
        sa.select(sa.func.max(table.c.at_s)).where(table.c.pool_id == pool_id)
    ).scalar()
    rows = connection.execute(
        sa.select(table.c.at_s, table.c.plan)
        .where(
            table.c.pool_id == pool_id,
            table.c.at_s > (latest_s or 0) - span_s,
            sa.type_coerce(table.c.plan, sa.Text).contains(f'"{word}":', autoescape=True),
        )
        .order_by(table.c.at_s, table.c.id)
    )
    return [(at_s, plan[word]) for at_s, plan in rows]


def _calm(connection: sa.Connection, pool_id: str) -> Calm:
    """Return what is kept for internal work, as far back as a chain of recalls goes within a day."""
    calm = Calm()
    for at_s, demand in _told(connection, pool_id, CALLED_FOR, 86_400):
        calm = calm.called_for(demand, at_s)
    return calm


def _kept_out(connection: sa.Connection, pool_id: str) -> list[tuple[int, int, int]]:
    """Return the offers that promises kept out, as far back as they still count."""
    return [
        (tick, horizon, price)
        for _, offers in _told(connection, pool_id, KEPT_OUT, REMEMBERED_S)
        for tick, horizon, price in offers
    ]
