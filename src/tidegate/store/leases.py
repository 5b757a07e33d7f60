"""The lease's life in tables."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tidegate.control.changes import Changes, Kept, Numbered, Watch
from tidegate.control.pools import LivePool
from tidegate.control.store import LEADER, CarriedOut
from tidegate.control.wishes import Wish, WishKind
from tidegate.errors import FencedError, StoreError
from tidegate.lease.lease import Lease, Order, Quote
from tidegate.lease.states import OrderState
from tidegate.store import quotes
from tidegate.store.database import Database
from tidegate.store.events import append_events
from tidegate.store.leaserows import (
    R,
    body_of,
    command_of,
    holding_of,
    kind_of,
    thing_of,
    values_of,
)
from tidegate.store.tables import core


class LeaseTables:
    """A :class:`tidegate.control.store.LeaseStore` on a database.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def set_up(self, pools: Sequence[LivePool]) -> None:
        """Write the fleet's pools.

        Raises
        ------
        StoreError
            ``TG-LIVE-FRONTIER`` when a leased pool would come into a tier that may not be leased.
        """
        with self._database.transaction() as connection:
            known = set(connection.execute(sa.select(core.pool.c.id)).scalars())
            for live in pools:
                pool = live.pool
                values = {
                    "site": pool.site.id,
                    "chip": pool.chip.id,
                    "tier": str(pool.tier),
                    "nodes": pool.nodes,
                    "gpus_per_node": pool.gpus_per_node,
                    "sanitise_s": live.sanitise_s,
                }
                if pool.id not in known:
                    connection.execute(sa.insert(core.pool).values(id=pool.id, **values))
                    continue
                try:
                    connection.execute(
                        sa.update(core.pool).where(core.pool.c.id == pool.id).values(values)
                    )
                except IntegrityError as error:
                    raise StoreError(
                        "TG-LIVE-FRONTIER",
                        f"pool {pool.id} has leases and cannot become {pool.tier}.",
                        expected="a pool whose leases have ended.",
                    ) from error

    def kept(self, pool_id: str) -> Kept:
        """Return what is known of a pool."""
        with self._database.reading() as connection:
            return _kept(connection, pool_id)

    def placed(self, pool_id: str) -> list[Order]:
        """Return the orders that have not been judged, the oldest first."""
        table = core.lease_order
        with self._database.looking() as connection:
            rows = connection.execute(
                sa.select(table)
                .where(table.c.pool_id == pool_id, table.c.state == OrderState.PLACED.value)
                .order_by(table.c.id)
            ).mappings()
            return [thing_of(Order, row) for row in rows]

    def write(self, pool_id: str, epoch: int, changes: Changes) -> None:
        """Write what a step has come to, all or nothing.

        Raises
        ------
        FencedError
            When the leader of this epoch does not lead any more.
        """
        with self._database.transaction() as connection:
            _fence(connection, epoch)
            _write(connection, pool_id, epoch, changes)

    def tried(self, pool_id: str, number: int, trouble: str) -> None:
        """Note that a command failed, and will be tried again."""
        table = core.command
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(table)
                .where(table.c.pool_id == pool_id, table.c.number == number)
                .values(tries=table.c.tries + 1, trouble=trouble)
            )

    def carried_out(self, pool_id: str, done: Sequence[CarriedOut], done_s: int) -> None:
        """Note that commands have been carried out, or refused for good."""
        table = core.command
        in_pool = table.c.pool_id == pool_id
        fine = [each.number for each in done if each.refusal is None]
        noted = {"tries": table.c.tries + 1, "done_s": done_s}
        with self._database.transaction() as connection:
            if fine:
                connection.execute(
                    sa.update(table)
                    .where(in_pool, table.c.number.in_(fine))
                    .values(noted | {"trouble": ""})
                )
            for each in done:
                if each.refusal is not None:
                    connection.execute(
                        sa.update(table)
                        .where(in_pool, table.c.number == each.number)
                        .values(noted | {"was_refused": True, "trouble": each.refusal})
                    )

    def place(self, order: Order) -> Order:
        """Write an order; return it, or the one that its tenant placed before with the same key.

        Raises
        ------
        RequestError
            ``TG-LIVE-QUOTE`` when its quote has been taken, withdrawn or has expired meanwhile.
        """
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(core.lease_order).values(values_of(order)))
                if order.quote_id is not None:
                    quotes.take(connection, order)
        except IntegrityError:
            earlier = (
                self.order_of_key(order.tenant_id, order.idempotency_key)
                if order.idempotency_key
                else None
            )
            if earlier is not None:
                return earlier
            if order.quote_id is not None:
                raise quotes.gone(order.quote_id) from None
            raise
        return order

    def add_quote(self, quote: Quote, actor: str) -> None:
        """Write a quote with its event."""
        with self._database.transaction() as connection:
            quotes.add(connection, quote, actor)

    def withdraw_quote(self, quote: Quote, now_s: int, actor: str) -> Quote:
        """Withdraw a quote, unless it has moved on.

        Raises
        ------
        RequestError
            ``TG-LIVE-STATE``.
        """
        with self._database.transaction() as connection:
            return quotes.withdraw(connection, quote, now_s, actor)

    def order_of_key(self, tenant_id: str, key: str) -> Order | None:
        """Return the order that a tenant placed with a key."""
        table = core.lease_order
        return self._one(
            Order, table, table.c.tenant_id == tenant_id, table.c.idempotency_key == key
        )

    def held_quotes(self, pool_id: str, now_s: int) -> dict[str, Quote]:
        """Let quotes expire and holds end that are due; return the quotes of a pool that are held, by id."""
        with self._database.looking() as connection:
            is_due = quotes.has_due(connection, pool_id, now_s)
        if is_due:
            with self._database.transaction() as connection:
                quotes.end_due(connection, pool_id, now_s)
        with self._database.looking() as connection:
            return quotes.held(connection, pool_id)

    def wish(self, wish: Wish) -> None:
        """Write a wish down."""
        with self._database.transaction() as connection:
            connection.execute(sa.insert(core.wish).values(asdict(wish)))

    def wishes(self, pool_id: str) -> list[Wish]:
        """Wishes of a pool that are open, the oldest first."""
        table = core.wish
        query = sa.select(table).where(table.c.pool_id == pool_id, table.c.done_s.is_(None))
        return self._wishes(query.order_by(table.c.id))

    def wished(self, wish_id: str) -> Wish | None:
        """A wish by id."""
        found = self._wishes(sa.select(core.wish).where(core.wish.c.id == wish_id))
        return found[0] if found else None

    def _wishes(self, query: sa.Select[Any]) -> list[Wish]:
        with self._database.looking() as connection:
            rows = connection.execute(query).mappings().all()
        return [Wish(**{**row, "kind": WishKind(row["kind"])}) for row in rows]

    def order(self, order_id: str) -> Order | None:
        """Return an order."""
        return self._one(Order, core.lease_order, core.lease_order.c.id == order_id)

    def lease(self, lease_id: str) -> Lease | None:
        """Return a lease."""
        return self._one(Lease, core.lease, core.lease.c.id == lease_id)

    def quote(self, quote_id: str) -> Quote | None:
        """Return a quote."""
        return self._one(Quote, core.quote, core.quote.c.id == quote_id)

    def _one(self, cls: type[R], table: sa.Table, *where: Any) -> R | None:
        with self._database.looking() as connection:
            row = connection.execute(sa.select(table).where(*where)).mappings().one_or_none()
        return None if row is None else thing_of(cls, row)


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


def _kept(connection: sa.Connection, pool_id: str) -> Kept:
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
            sa.func.coalesce(sa.func.sum(lease.c.nodes * lease.c.broken_s), 0),
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
        ),
    )


def _write(connection: sa.Connection, pool_id: str, epoch: int, changes: Changes) -> None:
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
    _write_things(connection, core.lease_order, list(changes.orders.values()))
    _write_leases(connection, pool_id, changes)
    _write_holdings(connection, changes)
    if changes.commands:
        connection.execute(
            sa.insert(core.command),
            [
                {
                    "pool_id": pool_id,
                    "number": each.number,
                    "token": each.command.token,
                    "kind": kind_of(each.command),
                    "lease_id": each.lease_id,
                    "body": body_of(each.command),
                    "made_s": changes.events[-1].at_s if changes.events else 0,
                }
                for each in changes.commands
            ],
        )
    if changes.ticks:
        connection.execute(
            sa.insert(core.demand_tick),
            [
                {
                    "pool_id": tick.pool_id,
                    "tick": tick.tick,
                    "demand_nodes": tick.demand_nodes,
                    "busy_nodes": tick.busy_nodes,
                    "pending_nodes": tick.pending_nodes,
                    "failed_nodes": tick.failed_nodes,
                }
                for tick in changes.ticks
            ],
        )
    if changes.watch is not None:
        watch = changes.watch
        connection.execute(
            sa.update(core.pool)
            .where(core.pool.c.id == pool_id)
            .values(
                facts_at_s=watch.facts_at_s,
                is_stale=watch.is_stale,
                trouble=watch.trouble,
                started_jobs=watch.started_jobs,
                late_jobs=watch.late_jobs,
            )
        )
    for wish in changes.wishes:
        connection.execute(
            sa.update(core.wish)
            .where(core.wish.c.id == wish.id)
            .values(done_s=wish.done_s, trouble=wish.trouble)
        )
    if changes.events:
        append_events(connection, changes.events)


_MOVING = (
    *("state", "version", "held_until_s", "decided_s", "reason", "horizon_s"),
    *("decision_id", "lease_id"),
)
"""What changes in a quote or an order once it is there."""


def _write_things(
    connection: sa.Connection, table: sa.Table, things: Sequence[Quote | Order]
) -> None:
    """Write things that have their rows already."""
    if not things:
        return
    moving = [name for name in _MOVING if name in table.c]
    connection.execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("the_id"))
        .values({name: sa.bindparam(name) for name in moving}),
        [
            {**{name: getattr(thing, name) for name in moving}, "the_id": thing.id}
            for thing in things
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
    if new:
        connection.execute(sa.insert(core.lease), new)
    if old:
        moving = [
            *(
                "number",
                "live_tier",
                "nodes",
                "state",
                "start_s",
                "end_s",
                "firm_until_s",
                "firm_s",
            ),
            *("noticed_s", "take_s", "ended_s", "reason", "broken_s", "version"),
        ]
        connection.execute(
            sa.update(core.lease)
            .where(core.lease.c.id == sa.bindparam("the_id"))
            .values({name: sa.bindparam(name) for name in moving}),
            [{**{name: row[name] for name in moving}, "the_id": row["id"]} for row in old],
        )


def _write_holdings(connection: sa.Connection, changes: Changes) -> None:
    table = core.holding
    if changes.closed:
        connection.execute(
            sa.update(table)
            .where(
                table.c.pool_id == sa.bindparam("the_pool"),
                table.c.node == sa.bindparam("the_node"),
                table.c.until_s.is_(None),
            )
            .values(until_s=sa.bindparam("ended_s")),
            [
                {"the_pool": each.pool_id, "the_node": each.node, "ended_s": each.until_s}
                for each in changes.closed.values()
            ],
        )
    rows = [values_of(each) for each in (*changes.past, *changes.opened.values())]
    if rows:
        connection.execute(sa.insert(table), rows)
