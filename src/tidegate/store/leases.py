"""The lease's life in tables."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tidegate.control.changes import Changes, Kept
from tidegate.control.pools import LivePool
from tidegate.control.store import CarriedOut
from tidegate.control.wishes import Wish, WishKind
from tidegate.errors import StoreError
from tidegate.lease.lease import Lease, Order, Quote
from tidegate.lease.states import OrderState
from tidegate.store import quotes
from tidegate.store.database import Database
from tidegate.store.kept import read_kept
from tidegate.store.leaserows import R, thing_of, values_of
from tidegate.store.steps import write_step
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
            return read_kept(connection, pool_id)

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
            write_step(connection, pool_id, epoch, changes)

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
        """Write an order; return it as it is there, or the one that its tenant placed before with the same key.

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
            if there := self.order(order.id):
                return there
            if order.idempotency_key is not None:
                for earlier in self.orders_of_keys([(order.tenant_id, order.idempotency_key)]):
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

    def orders_of_keys(self, keys: Sequence[tuple[str, str]]) -> list[Order]:
        """Return the orders that were placed with any of these keys, each given with its tenant's id."""
        if not keys:
            return []
        table = core.lease_order
        by_key = sa.tuple_(table.c.tenant_id, table.c.idempotency_key).in_(keys)
        with self._database.looking() as connection:
            rows = connection.execute(sa.select(table).where(by_key)).mappings()
            return [thing_of(Order, row) for row in rows]

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
