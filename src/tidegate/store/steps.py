"""What a step of the loop has come to, written: all rows of one kind by one statement."""

from dataclasses import asdict

import sqlalchemy as sa

from tidegate.control.changes import Changes
from tidegate.control.store import LEADER
from tidegate.errors import FencedError
from tidegate.store import quotes
from tidegate.store.bulk import add_rows, change_rows
from tidegate.store.events import append_events
from tidegate.store.leaserows import body_of, kind_of, values_of
from tidegate.store.tables import core

_ORDER_MOVES = ("state", "version", "decided_s", "reason", "horizon_s", "decision_id", "lease_id")
"""What changes in an order once it is there."""

_LEASE_MOVES = (
    *("number", "live_tier", "nodes", "state", "start_s", "end_s", "firm_until_s", "firm_s"),
    *("noticed_s", "take_s", "ended_s", "reason", "broken_s", "lost_s", "version"),
)
"""What changes in a lease once it is there."""


def write_step(connection: sa.Connection, pool_id: str, epoch: int, changes: Changes) -> None:
    """Write what a step has come to.

    Raises
    ------
    FencedError
        When the leader of this epoch does not lead any more.
    """
    _fence(connection, epoch)
    if changes.decision is not None:
        decision = changes.decision
        connection.execute(
            sa.insert(core.decision).values(
                id=decision.id,
                pool_id=pool_id,
                at_s=decision.at_s,
                epoch=epoch,
                snapshot=decision.snapshot,
                plan=dict(decision.plan),
            )
        )
    for quote in changes.quotes.values():
        quotes.move(connection, quote)
    _write_orders(connection, changes)
    _write_leases(connection, pool_id, changes)
    _write_holdings(connection, changes)
    _write_commands(connection, pool_id, changes)
    add_rows(connection, core.demand_tick, [asdict(tick) for tick in changes.ticks])
    _write_watch(connection, pool_id, changes)
    for wish in changes.wishes:
        connection.execute(
            sa.update(core.wish)
            .where(core.wish.c.id == wish.id)
            .values(done_s=wish.done_s, trouble=wish.trouble)
        )
    if changes.events:
        append_events(connection, changes.events)


def _fence(connection: sa.Connection, epoch: int) -> None:
    """Make sure that no other leader can take over before this transaction is over."""
    table = core.leadership
    held = connection.execute(
        sa.select(table.c.epoch)
        .where(table.c.name == LEADER, table.c.epoch == epoch)
        .with_for_update(read=True)
    ).first()
    if held is None:
        raise FencedError("TG-STORE-FENCED", f"the leadership of epoch {epoch} is over.")


def _write_orders(connection: sa.Connection, changes: Changes) -> None:
    new = changes.new_orders
    orders = changes.orders.values()
    add_rows(connection, core.lease_order, [values_of(each) for each in orders if each.id in new])
    change_rows(
        connection,
        core.lease_order,
        ("id",),
        [
            {"id": order.id, **{name: getattr(order, name) for name in _ORDER_MOVES}}
            for order in orders
            if order.id not in new
        ],
    )


def _write_leases(connection: sa.Connection, pool_id: str, changes: Changes) -> None:
    if not changes.leases:
        return
    tier = connection.execute(sa.select(core.pool.c.tier).where(core.pool.c.id == pool_id))
    live_tier = tier.scalar_one()
    rows = {
        lease.id: {**values_of(lease), "live_tier": live_tier if lease.is_live else None}
        for lease in changes.leases.values()
    }
    new = [row for id_, row in rows.items() if id_ in changes.new_leases]
    old = [row for id_, row in rows.items() if id_ not in changes.new_leases]
    add_rows(connection, core.lease, new)
    change_rows(
        connection,
        core.lease,
        ("id",),
        [{name: row[name] for name in ("id", *_LEASE_MOVES)} for row in old],
    )


def _write_holdings(connection: sa.Connection, changes: Changes) -> None:
    change_rows(
        connection,
        core.holding,
        ("pool_id", "node"),
        [
            {"pool_id": each.pool_id, "node": each.node, "until_s": each.until_s}
            for each in changes.closed.values()
        ],
        only="holding.until_s IS NULL",
    )
    held = (*changes.past, *changes.opened.values())
    add_rows(connection, core.holding, [values_of(each) for each in held])


def _write_commands(connection: sa.Connection, pool_id: str, changes: Changes) -> None:
    made_s = changes.events[-1].at_s if changes.events else 0
    add_rows(
        connection,
        core.command,
        [
            {
                "pool_id": pool_id,
                "number": each.number,
                "token": each.command.token,
                "kind": kind_of(each.command),
                "lease_id": each.lease_id,
                "body": body_of(each.command),
                "made_s": made_s,
                "tries": 0,
                "trouble": "",
                "was_refused": False,
            }
            for each in changes.commands
        ],
    )


def _write_watch(connection: sa.Connection, pool_id: str, changes: Changes) -> None:
    if changes.watch is None:
        return
    connection.execute(
        sa.update(core.pool).where(core.pool.c.id == pool_id).values(asdict(changes.watch))
    )
