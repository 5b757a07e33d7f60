"""Holdings and the meter's ledger as rows."""

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from tidegate.lease.states import BILLABLE, LIVE_LEASES, HoldingState
from tidegate.meter import Conflict, Held, MeterRecord
from tidegate.store.rows import add_new
from tidegate.store.tables import core, money


class SqlMeter:
    """A :class:`tidegate.control.money_ports.MeterStore` on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def mark(self, name: str) -> int | None:
        """How far something has been done; others who ask wait."""
        add_new(self._connection, money.money_mark, {"name": name, "at_s": -1})
        at_s = self._connection.execute(
            sa.select(money.money_mark.c.at_s)
            .where(money.money_mark.c.name == name)
            .with_for_update()
        ).scalar_one()
        return None if at_s < 0 else int(at_s)

    def look_at_mark(self, name: str) -> int | None:
        """How far something has been done."""
        at_s = self._connection.execute(
            sa.select(money.money_mark.c.at_s).where(money.money_mark.c.name == name)
        ).scalar()
        return None if at_s is None or at_s < 0 else int(at_s)

    def set_mark(self, name: str, at_s: int) -> None:
        """Remember how far."""
        self._connection.execute(
            sa.update(money.money_mark).where(money.money_mark.c.name == name).values(at_s=at_s)
        )

    def to_settle(self, since_s: int) -> list[str]:
        """Leases that have begun and not ended before a time."""
        lease = core.lease
        query = (
            sa.select(lease.c.id)
            .where(
                sa.or_(
                    lease.c.state.in_([str(state) for state in LIVE_LEASES]),
                    lease.c.ended_s >= since_s,
                )
            )
            .order_by(lease.c.id)
        )
        return list(self._connection.execute(query).scalars())

    def held(self, lease_ids: Collection[str], from_s: int) -> list[Held]:
        """What leases have held since a time, and others of the same nodes at the same times."""
        mine, other = core.holding.alias("mine"), core.holding.alias("other")
        states = [str(state) for state in BILLABLE]
        overlap = sa.and_(
            other.c.pool_id == mine.c.pool_id,
            other.c.node == mine.c.node,
            sa.or_(other.c.until_s.is_(None), other.c.until_s > mine.c.since_s),
            sa.or_(mine.c.until_s.is_(None), other.c.since_s < mine.c.until_s),
        )
        query = (
            sa.select(
                other.c.id,
                other.c.lease_id,
                other.c.pool_id,
                other.c.node,
                core.pool.c.gpus_per_node,
                other.c.since_s,
                other.c.until_s,
            )
            .distinct()
            .select_from(
                mine.join(other, overlap).join(core.pool, core.pool.c.id == other.c.pool_id)
            )
            .where(
                mine.c.lease_id.in_(list(lease_ids)),
                mine.c.state.in_(states),
                other.c.state.in_(states),
                sa.or_(mine.c.until_s.is_(None), mine.c.until_s > from_s),
                sa.or_(other.c.until_s.is_(None), other.c.until_s > from_s),
            )
        )
        return [
            Held(
                row.lease_id,
                f"{row.pool_id}/{row.node}",
                row.gpus_per_node,
                row.since_s,
                row.until_s,
            )
            for row in self._connection.execute(query)
        ]

    def stops(self, lease_ids: Collection[str]) -> Mapping[str, int]:
        """When those of the leases that have ended did."""
        lease = core.lease
        query = sa.select(lease.c.id, lease.c.ended_s).where(
            lease.c.id.in_(list(lease_ids)), lease.c.ended_s.is_not(None)
        )
        return {row.id: row.ended_s for row in self._connection.execute(query)}

    def ledger(self, lease_ids: Collection[str], from_s: int = 0) -> list[MeterRecord]:
        """What was recorded of leases that ends after a time."""
        table = money.meter_record
        found: list[MeterRecord] = []
        asked = list(lease_ids)
        for place in range(0, len(asked), 500):
            query = (
                sa.select(table)
                .where(table.c.lease_id.in_(asked[place : place + 500]), table.c.end_s > from_s)
                .order_by(table.c.id)
            )
            found += [
                MeterRecord(
                    row.lease_id, row.node, row.gpus, row.start_s, row.end_s, row.recorded_s
                )
                for row in self._connection.execute(query)
            ]
        return found

    def sums(self, lease_ids: Collection[str]) -> list[MeterRecord]:
        """All that was recorded of leases, nodes of the same time added up."""
        table = money.meter_record
        found: list[MeterRecord] = []
        asked = list(lease_ids)
        for place in range(0, len(asked), 500):
            query = (
                sa.select(
                    table.c.lease_id,
                    table.c.start_s,
                    table.c.end_s,
                    sa.func.sum(table.c.gpus).label("gpus"),
                    sa.func.max(table.c.recorded_s).label("recorded_s"),
                )
                .where(table.c.lease_id.in_(asked[place : place + 500]))
                .group_by(table.c.lease_id, table.c.start_s, table.c.end_s)
            )
            found += [
                MeterRecord(row.lease_id, "", int(row.gpus), row.start_s, row.end_s, row.recorded_s)
                for row in self._connection.execute(query)
            ]
        return found

    def pool_seconds(self, from_s: int, until_s: int) -> Mapping[str, Mapping[HoldingState, int]]:
        """GPU-seconds of each pool within a time, by what its nodes were."""
        table = core.holding
        since = sa.case((table.c.since_s < from_s, from_s), else_=table.c.since_s)
        until = sa.case((table.c.until_s < until_s, table.c.until_s), else_=until_s)
        query = (
            sa.select(
                table.c.pool_id,
                table.c.state,
                sa.func.sum((until - since) * core.pool.c.gpus_per_node).label("gpu_seconds"),
            )
            .join(core.pool, core.pool.c.id == table.c.pool_id)
            .where(
                table.c.since_s < until_s,
                sa.or_(table.c.until_s.is_(None), table.c.until_s > from_s),
            )
            .group_by(table.c.pool_id, table.c.state)
        )
        found: dict[str, dict[HoldingState, int]] = {}
        for row in self._connection.execute(query):
            found.setdefault(row.pool_id, {})[HoldingState(row.state)] = int(row.gpu_seconds)
        return found

    def record(self, records: Iterable[MeterRecord]) -> None:
        """Add to the ledger."""
        rows = [
            {
                "lease_id": record.lease_id,
                "node": record.node,
                "gpus": record.gpus,
                "start_s": record.start_s,
                "end_s": record.end_s,
                "recorded_s": record.recorded_s,
            }
            for record in records
        ]
        if rows:
            self._connection.execute(sa.insert(money.meter_record), rows)

    def note_conflict(self, conflict: Conflict, seen_s: int) -> bool:
        """Remember a conflict; return whether it is new."""
        row = {
            "node": conflict.node,
            "start_s": conflict.start_s,
            "end_s": conflict.end_s,
            "lease_ids": list(conflict.lease_ids),
            "seen_s": seen_s,
        }
        return add_new(self._connection, money.meter_conflict, row)
