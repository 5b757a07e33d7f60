"""Events as those read them who tell others."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from tidegate.control.access import Reach
from tidegate.lease.events import Event
from tidegate.lease.lease import Lease
from tidegate.store.events import append_events, event_of
from tidegate.store.leaserows import thing_of
from tidegate.store.reach import within
from tidegate.store.tables import core


class SqlEvents:
    """Events on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def last(self) -> int:
        """Number of the last event."""
        return int(self._connection.execute(sa.select(core.event_counter.c.last_seq)).scalar_one())

    def after(
        self, seq: int, limit: int, *, until: int, kinds: Collection[str] | None = None
    ) -> list[Event]:
        """Everybody's events behind one number and up to another."""
        event = core.event
        query = sa.select(event).where(event.c.seq > seq, event.c.seq <= until)
        if kinds is not None:
            query = query.where(event.c.kind.in_(sorted(kinds)))
        query = query.order_by(event.c.seq).limit(limit)
        return [event_of(row) for row in self._connection.execute(query).mappings()]

    def page(
        self,
        reach: Reach,
        before_seq: int | None,
        limit: int,
        *,
        kind: str | None = None,
        subject: str | None = None,
    ) -> list[Event]:
        """Events within reach, youngest first."""
        event = core.event
        query = within(sa.select(event), event.c.tenant_id, reach)
        if before_seq is not None:
            query = query.where(event.c.seq < before_seq)
        if kind is not None:
            query = query.where(event.c.kind == kind)
        if subject is not None:
            query = query.where(event.c.subject == subject)
        query = query.order_by(event.c.seq.desc()).limit(limit)
        return [event_of(row) for row in self._connection.execute(query).mappings()]

    def add(self, events: Sequence[Event]) -> None:
        """Write events."""
        if events:
            append_events(self._connection, events)

    def ending(self, from_s: int, until_s: int) -> list[Lease]:
        """Live leases that end within a time."""
        lease = core.lease
        query = (
            sa.select(lease)
            .where(
                lease.c.live_tier.is_not(None),
                lease.c.end_s > from_s,
                lease.c.end_s <= until_s,
            )
            .order_by(lease.c.id)
        )
        return [thing_of(Lease, row) for row in self._connection.execute(query).mappings()]
