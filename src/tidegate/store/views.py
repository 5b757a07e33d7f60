"""What people look at, read from the tables."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from tidegate.control.access import Reach
from tidegate.control.views import DecisionRow, Held, PoolRow, TickRow
from tidegate.fleet.tier import Tier
from tidegate.lease.events import Event
from tidegate.lease.lease import Holding, Lease, Order, Quote
from tidegate.lease.states import HoldingState, OrderState, QuoteState
from tidegate.store.database import Database
from tidegate.store.events import event_of
from tidegate.store.leaserows import R, holding_of, thing_of
from tidegate.store.reach import within
from tidegate.store.tables import core


class ViewTables:
    """A :class:`tidegate.control.views.ViewStore` on a database.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def _rows(self, query: sa.Select[Any]) -> list[sa.RowMapping]:
        with self._database.reading() as connection:
            return list(connection.execute(query).mappings())

    def pools(self) -> list[PoolRow]:
        """Pools in order of their ids."""
        return [
            PoolRow(
                row["id"],
                row["site"],
                row["chip"],
                Tier(row["tier"]),
                row["nodes"],
                row["gpus_per_node"],
                row["sanitise_s"],
                row["facts_at_s"],
                row["is_stale"],
                row["trouble"],
                row["drift"],
                row["pending_nodes"],
            )
            for row in self._rows(sa.select(core.pool).order_by(core.pool.c.id))
        ]

    def holdings(self, pool_id: str) -> list[Holding]:
        """Open holdings of a pool."""
        table = core.holding
        return [
            holding_of(row)
            for row in self._rows(
                sa.select(table).where(table.c.pool_id == pool_id, table.c.until_s.is_(None))
            )
        ]

    def holding_counts(self, pool_id: str) -> Mapping[HoldingState, int]:
        """How many nodes of a pool are in each state."""
        table = core.holding
        query = (
            sa.select(table.c.state, sa.func.count().label("nodes"))
            .where(table.c.pool_id == pool_id, table.c.until_s.is_(None))
            .group_by(table.c.state)
        )
        return {HoldingState(row["state"]): row["nodes"] for row in self._rows(query)}

    def holding(self, pool_id: str, node: str) -> Holding | None:
        """A node's open holding."""
        table = core.holding
        rows = self._rows(
            sa.select(table).where(
                table.c.pool_id == pool_id, table.c.node == node, table.c.until_s.is_(None)
            )
        )
        return holding_of(rows[0]) if rows else None

    def latest_tick(self, pool_id: str) -> TickRow | None:
        """The latest tick of a pool."""
        table = core.demand_tick
        latest = sa.select(table).where(table.c.pool_id == pool_id)
        rows = self._rows(latest.order_by(table.c.tick.desc()).limit(1))
        return _tick(rows[0]) if rows else None

    def nodes_of(self, lease_id: str, reach: Reach) -> list[str]:
        """Nodes that a lease holds now, in order of their names."""
        holding, lease = core.holding, core.lease
        query = (
            sa.select(holding.c.node)
            .join(lease, lease.c.id == holding.c.lease_id)
            .where(holding.c.lease_id == lease_id, holding.c.until_s.is_(None))
            .order_by(holding.c.node)
        )
        return [row["node"] for row in self._rows(within(query, lease.c.tenant_id, reach))]

    def ticks(self, pool_id: str, since_tick: int) -> list[TickRow]:
        """Demand of a pool from a tick on, in order."""
        table = core.demand_tick
        return [
            _tick(row)
            for row in self._rows(
                sa.select(table)
                .where(table.c.pool_id == pool_id, table.c.tick >= since_tick)
                .order_by(table.c.tick)
            )
        ]

    def _leases(self, query: sa.Select[Any], reach: Reach) -> list[Lease]:
        within_reach = within(query, core.lease.c.tenant_id, reach)
        return [thing_of(Lease, row) for row in self._rows(within_reach)]

    def live_leases(self, reach: Reach, pool_id: str | None = None) -> list[Lease]:
        """Leases that hold nodes, or are about to."""
        table = core.lease
        query = sa.select(table).where(table.c.live_tier.is_not(None)).order_by(table.c.id)
        if pool_id is not None:
            query = query.where(table.c.pool_id == pool_id)
        return self._leases(query, reach)

    def leases(
        self, reach: Reach, *, live: bool | None, before_id: str | None, limit: int
    ) -> list[Lease]:
        """Leases, the youngest first, from behind one; all, or those that live or do not."""
        table = core.lease
        query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
        if live is not None:
            is_live = table.c.live_tier.is_not(None)
            query = query.where(is_live if live else sa.not_(is_live))
        if before_id is not None:
            query = query.where(table.c.id < before_id)
        return self._leases(query, reach)

    def held_between(self, pool_id: str, from_s: int, to_s: int) -> list[Held]:
        """What leases of a pool held at some time between."""
        table = core.lease
        query = sa.select(
            table.c.product, table.c.nodes, table.c.admitted_s, table.c.ended_s
        ).where(
            table.c.pool_id == pool_id,
            table.c.admitted_s < to_s,
            sa.or_(table.c.ended_s.is_(None), table.c.ended_s > from_s),
        )
        with self._database.reading() as connection:
            return [Held(*row) for row in connection.execute(query)]

    def broken_since(self, pool_id: str, since_s: int) -> list[Lease]:
        """Leases of a pool whose promise was broken since then."""
        table = core.lease
        query = sa.select(table).where(
            table.c.pool_id == pool_id, table.c.broken_s > 0, table.c.ended_s >= since_s
        )
        return self._leases(query, Reach(None))

    def promised(self, pool_id: str) -> tuple[int, int]:
        """Firm node-seconds of a pool sold so far, and those of them not kept."""
        table = core.lease
        sold = sa.func.coalesce(sa.func.sum(table.c.nodes * table.c.firm_s), 0)
        broken = sa.func.coalesce(sa.func.sum(table.c.nodes * table.c.broken_s + table.c.lost_s), 0)
        query = sa.select(sold.label("sold"), broken.label("broken"))
        row = self._rows(query.where(table.c.pool_id == pool_id))[0]
        return int(row["sold"]), int(row["broken"])

    def lease(self, lease_id: str, reach: Reach) -> Lease | None:
        """A lease."""
        found = self._leases(sa.select(core.lease).where(core.lease.c.id == lease_id), reach)
        return found[0] if found else None

    def orders(
        self, reach: Reach, states: Sequence[OrderState], *, since_s: int, limit: int
    ) -> list[Order]:
        """Orders in these states placed since then, the youngest first."""
        table = core.lease_order
        query = (
            sa.select(table)
            .where(table.c.state.in_([state.value for state in states]))
            .where(table.c.placed_s >= since_s)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        rows = self._rows(within(query, table.c.tenant_id, reach))
        return [thing_of(Order, row) for row in rows]

    def quotes(self, reach: Reach, states: Sequence[QuoteState], limit: int) -> list[Quote]:
        """Quotes in these states, the youngest first."""
        table = core.quote
        query = (
            sa.select(table)
            .where(table.c.state.in_([state.value for state in states]))
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        rows = self._rows(within(query, table.c.tenant_id, reach))
        return [thing_of(Quote, row) for row in rows]

    def orders_page(
        self, reach: Reach, state: OrderState | None, before_id: str | None, limit: int
    ) -> list[Order]:
        """Orders, the youngest first, from behind one."""
        return self._page(Order, core.lease_order, reach, state, before_id, limit)

    def order(self, order_id: str, reach: Reach) -> Order | None:
        """An order."""
        return self._one(Order, core.lease_order, order_id, reach)

    def quotes_page(
        self, reach: Reach, state: QuoteState | None, before_id: str | None, limit: int
    ) -> list[Quote]:
        """Quotes, the youngest first, from behind one."""
        return self._page(Quote, core.quote, reach, state, before_id, limit)

    def quote(self, quote_id: str, reach: Reach) -> Quote | None:
        """A quote."""
        return self._one(Quote, core.quote, quote_id, reach)

    def _page(
        self,
        cls: type[R],
        table: sa.Table,
        reach: Reach,
        state: StrEnum | None,
        before_id: str | None,
        limit: int,
    ) -> list[R]:
        query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(table.c.state == state.value)
        if before_id is not None:
            query = query.where(table.c.id < before_id)
        rows = self._rows(within(query, table.c.tenant_id, reach))
        return [thing_of(cls, row) for row in rows]

    def _one(self, cls: type[R], table: sa.Table, row_id: str, reach: Reach) -> R | None:
        query = sa.select(table).where(table.c.id == row_id)
        rows = self._rows(within(query, table.c.tenant_id, reach))
        return thing_of(cls, rows[0]) if rows else None

    def _decision(self, query: sa.Select[Any]) -> DecisionRow | None:
        rows = self._rows(query)
        if not rows:
            return None
        row = rows[0]
        return DecisionRow(row["id"], row["pool_id"], row["at_s"], row["snapshot"], row["plan"])

    def decision(self, decision_id: str) -> DecisionRow | None:
        """A decision."""
        return self._decision(sa.select(core.decision).where(core.decision.c.id == decision_id))

    def packed_snapshot(self, decision_id: str) -> bytes:
        """The snapshot of a decision that another names."""
        query = sa.select(core.decision.c.snapshot).where(core.decision.c.id == decision_id)
        with self._database.looking() as connection:
            return bytes(connection.execute(query).scalar_one())

    def latest_decision(self, pool_id: str) -> DecisionRow | None:
        """The latest decision of a pool."""
        table = core.decision
        query = sa.select(table).where(table.c.pool_id == pool_id)
        return self._decision(query.order_by(table.c.at_s.desc(), table.c.id.desc()).limit(1))

    def events(self, subject: str, reach: Reach, limit: int) -> list[Event]:
        """Events of a thing, in order; the latest ones when there are more."""
        table = core.event
        query = sa.select(table).where(table.c.subject == subject)
        latest = query.order_by(table.c.seq.desc()).limit(limit)
        return [
            event_of(row) for row in reversed(self._rows(within(latest, table.c.tenant_id, reach)))
        ]

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """Events after a number, whosoever they are: for those who tell each their own."""
        table = core.event
        query = sa.select(table).where(table.c.seq > seq).order_by(table.c.seq).limit(limit)
        return [event_of(row) for row in self._rows(query)]

    def last_event(self) -> int:
        """Number of the latest event; 0 before the first."""
        found = self._rows(sa.select(core.event_counter.c.last_seq))
        return found[0]["last_seq"] if found else 0


def _tick(row: sa.RowMapping) -> TickRow:
    return TickRow(
        row["tick"],
        row["demand_nodes"],
        row["busy_nodes"],
        row["pending_nodes"],
        row["failed_nodes"],
    )
