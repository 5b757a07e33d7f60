"""What operators have said of pools, in tables."""

from collections.abc import Callable
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tidegate.control.access import Actor, not_found
from tidegate.control.audit import entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.steering import AnnouncedRun, Leasing, Quarantine, Steering
from tidegate.errors import RequestError
from tidegate.fleet.tier import Tier
from tidegate.lease.events import Event
from tidegate.store.access.audit import SqlAudit
from tidegate.store.database import Database
from tidegate.store.events import append_events
from tidegate.store.tables import core
from tidegate.store.tables import steering as tables


class SteeringTables:
    """A :class:`tidegate.control.steering.SteeringStore` on a database.

    Parameters
    ----------
    database : Database
    wall_s : callable
        Wall-clock time in whole seconds, for the audit log.
    """

    def __init__(self, database: Database, wall_s: Callable[[], int]) -> None:
        self._database = database
        self._wall_s = wall_s

    def steering(self, pool_id: str) -> Steering:
        """Return what was said of a pool.

        Raises
        ------
        RequestError
            ``TG-API-NOT-FOUND`` when there is no such pool.
        """
        with self._database.reading() as connection:
            return _read(connection, pool_id)

    def version(self, pool_id: str) -> int:
        """Return the version of what was said of a pool; 0 when nothing was."""
        row = tables.steering
        query = sa.select(row.c.version).where(row.c.pool_id == pool_id)
        with self._database.looking() as connection:
            return connection.execute(query).scalar() or 0

    def steer(self, changed: Steering, event: Event, actor: Actor) -> None:
        """Keep a change with its event and audit entry, unless somebody else made one since it was read.

        Raises
        ------
        RequestError
            ``TG-API-CONFLICT`` when somebody did, or when leases keep the pool from its new tier.
        """
        with self._database.transaction() as connection:
            _keep_row(connection, changed)
            _keep_nodes(connection, changed)
            _keep_runs(connection, changed)
            if changed.tier is not None:
                _move_tier(connection, changed.pool_id, changed.tier)
            SqlAudit(connection).add(
                entry(
                    new_id(Prefix.AUDIT_ENTRY),
                    actor,
                    event.kind,
                    changed.pool_id,
                    wall_s=self._wall_s(),
                    data=event.data,
                )
            )
            append_events(connection, [event])


def _read(connection: sa.Connection, pool_id: str) -> Steering:
    pool = connection.execute(sa.select(core.pool.c.id).where(core.pool.c.id == pool_id)).first()
    if pool is None:
        raise not_found("pool", pool_id)
    row, nodes, runs = tables.steering, tables.quarantine, tables.announced_run
    said = connection.execute(sa.select(row).where(row.c.pool_id == pool_id)).one_or_none()
    in_quarantine = connection.execute(
        sa.select(nodes.c.node, nodes.c.reason, nodes.c.actor, nodes.c.since_s)
        .where(nodes.c.pool_id == pool_id)
        .order_by(nodes.c.node)
    )
    announced = connection.execute(
        sa.select(
            runs.c.id,
            runs.c.name,
            runs.c.from_s,
            runs.c.to_s,
            runs.c.gpus,
            runs.c.is_firm,
            runs.c.actor,
        )
        .where(runs.c.pool_id == pool_id)
        .order_by(runs.c.from_s, runs.c.id)
    )
    return Steering(
        pool_id,
        risk=said.risk if said else None,
        leasing=Leasing(said.leasing) if said else Leasing.OPEN,
        tier=Tier(said.tier) if said and said.tier else None,
        quarantined=MappingProxyType({each.node: Quarantine(*each) for each in in_quarantine}),
        announced=tuple(AnnouncedRun(*each) for each in announced),
        version=said.version if said else 0,
    )


def _keep_row(connection: sa.Connection, changed: Steering) -> None:
    table = tables.steering
    values = {
        "risk": changed.risk,
        "leasing": changed.leasing.value,
        "tier": changed.tier.value if changed.tier else None,
        "version": changed.version,
    }
    done = connection.execute(
        sa.update(table)
        .where(table.c.pool_id == changed.pool_id, table.c.version == changed.version - 1)
        .values(values)
    )
    if done.rowcount == 1:
        return
    there = connection.execute(sa.select(table.c.version).where(table.c.pool_id == changed.pool_id))
    if changed.version != 1 or there.first() is not None:
        raise RequestError(
            "TG-API-CONFLICT",
            f"Somebody else has just changed pool {changed.pool_id}.",
            expected="look at it again, and repeat the change if it is still wanted.",
        )
    connection.execute(sa.insert(table).values(pool_id=changed.pool_id, **values))


def _move_tier(connection: sa.Connection, pool_id: str, tier: Tier) -> None:
    table = core.pool
    try:
        connection.execute(sa.update(table).where(table.c.id == pool_id).values(tier=tier.value))
    except IntegrityError as error:
        raise RequestError(
            "TG-API-CONFLICT",
            f"Leases run in {pool_id}, and nothing may be leased in the tier {tier}.",
            expected="stop leasing in the pool, wait for the last lease to end, then move it.",
        ) from error


def _keep_nodes(connection: sa.Connection, changed: Steering) -> None:
    table = tables.quarantine
    connection.execute(sa.delete(table).where(table.c.pool_id == changed.pool_id))
    rows = [
        {
            "pool_id": changed.pool_id,
            "node": each.node,
            "reason": each.reason,
            "actor": each.actor,
            "since_s": each.since_s,
        }
        for each in changed.quarantined.values()
    ]
    if rows:
        connection.execute(sa.insert(table), rows)


def _keep_runs(connection: sa.Connection, changed: Steering) -> None:
    table = tables.announced_run
    connection.execute(sa.delete(table).where(table.c.pool_id == changed.pool_id))
    rows = [
        {
            "id": run.id,
            "pool_id": changed.pool_id,
            "name": run.name,
            "from_s": run.from_s,
            "to_s": run.to_s,
            "gpus": run.gpus,
            "is_firm": run.is_firm,
            "actor": run.actor,
        }
        for run in changed.announced
    ]
    if rows:
        connection.execute(sa.insert(table), rows)
