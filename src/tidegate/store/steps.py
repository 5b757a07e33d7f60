"""What a step of the loop has come to, written: all rows of one kind by one statement."""

from dataclasses import asdict

import sqlalchemy as sa

from tidegate.control.changes import Changes, Decision
from tidegate.control.store import LEADER
from tidegate.errors import FencedError
from tidegate.store import quotes
from tidegate.store.bulk import (
    add_rows,
    bound,
    change_rows,
    packed,
    recordset,
    send,
    sent_together,
)
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

_FENCE = (
    "SELECT pool.tier FROM leadership, pool WHERE pool.id = %s AND leadership.name = %s "
    "AND leadership.epoch = %s FOR SHARE OF leadership"
)

_DECIDED = "INSERT INTO decision (id, pool_id, at_s, epoch, snapshot, plan) VALUES (%s, %s, %s, %s, %b, %s)"

_CLOSED_AT_ONCE = 500
_CLOSING = (
    f"UPDATE holding SET until_s = r.until_s FROM {recordset(core.holding, ('node', 'until_s'))} "
    # Named twice: whatever the planner takes the join for, it goes through the table no more than once.
    "WHERE holding.pool_id = %s AND holding.node = ANY(%s) AND holding.node = r.node "
    "AND holding.until_s IS NULL"
)


def write_step(connection: sa.Connection, pool_id: str, epoch: int, changes: Changes) -> None:
    """Write what a step has come to.

    Raises
    ------
    FencedError
        When the leader of this epoch does not lead any more.
    """
    for quote in changes.quotes.values():
        quotes.move(connection, quote)
    with sent_together(connection):
        tier = _fence(connection, pool_id, epoch)
        for decision in changes.decisions:
            _write_decision(connection, decision, epoch)
        _write_orders(connection, changes)
        _write_leases(connection, tier, changes)
        _write_holdings(connection, pool_id, changes)
        _write_commands(connection, pool_id, changes)
        add_rows(connection, core.demand_tick, [asdict(tick) for tick in changes.ticks])
        if changes.watch is not None:
            change_rows(connection, core.pool, ("id",), [{"id": pool_id, **asdict(changes.watch)}])
        granted = [
            {"id": wish.id, "done_s": wish.done_s, "trouble": wish.trouble}
            for wish in changes.wishes
        ]
        change_rows(connection, core.wish, ("id",), granted)
        append_events(connection, changes.events)


def _fence(connection: sa.Connection, pool_id: str, epoch: int) -> str:
    """Make sure that no other leader can take over before this transaction is over; return the pool's tier."""
    leads, pool = core.leadership, core.pool
    if connection.dialect.name == "postgresql":
        held = send(connection, _FENCE, pool_id, LEADER, epoch).fetchone()
    else:
        held = connection.execute(
            sa.select(pool.c.tier).where(
                pool.c.id == pool_id,
                sa.exists().where(leads.c.name == LEADER, leads.c.epoch == epoch),
            )
        ).first()
    if held is None:
        raise FencedError("TG-STORE-FENCED", f"the leadership of epoch {epoch} is over.")
    return str(held[0])


def _write_decision(connection: sa.Connection, decision: Decision, epoch: int) -> None:
    row = {
        "id": decision.id,
        "pool_id": decision.pool_id,
        "at_s": decision.at_s,
        "epoch": epoch,
        "snapshot": decision.snapshot,
        "plan": decision.plan,
    }
    if connection.dialect.name == "postgresql":
        plan = bound(core.decision, "plan", decision.plan)
        send(connection, _DECIDED, *(row | {"plan": plan}).values())
    else:
        add_rows(connection, core.decision, [row])


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


def _write_leases(connection: sa.Connection, tier: str, changes: Changes) -> None:
    rows = {
        lease.id: {**values_of(lease), "live_tier": tier if lease.is_live else None}
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


def _write_holdings(connection: sa.Connection, pool_id: str, changes: Changes) -> None:
    closed = list(changes.closed.values())
    if connection.dialect.name == "postgresql":
        for at in range(0, len(closed), _CLOSED_AT_ONCE):
            part = closed[at : at + _CLOSED_AT_ONCE]
            rows = packed(core.holding, [{"node": e.node, "until_s": e.until_s} for e in part])
            nodes = [each.node for each in part]
            send(connection, _CLOSING, rows, pool_id, nodes, is_planned_anew=True)
    else:
        change_rows(
            connection,
            core.holding,
            ("pool_id", "node"),
            [{"pool_id": e.pool_id, "node": e.node, "until_s": e.until_s} for e in closed],
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
