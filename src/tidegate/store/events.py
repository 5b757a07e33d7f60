"""Writing and reading events."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from tidegate.lease.events import Event
from tidegate.store.bulk import add_rows
from tidegate.store.tables import core

_PAGE = 1000


def append_events(connection: sa.Connection, events: Sequence[Event]) -> int:
    """Write events, and return the number of the last one.

    The last thing to be done before the commit: the counter's row stays locked until then.
    """
    counter = core.event_counter
    numbered = connection.execute(
        sa.update(counter)
        .values(last_seq=counter.c.last_seq + len(events))
        .returning(counter.c.last_seq)
    )
    last: int = numbered.scalar_one()
    first = last - len(events) + 1
    add_rows(
        connection,
        core.event,
        [
            {
                "seq": first + i,
                "at_s": event.at_s,
                "actor": event.actor,
                "kind": event.kind,
                "subject": event.subject,
                "tenant_id": event.tenant_id,
                "data": event.data,
                "decision_id": event.decision_id,
            }
            for i, event in enumerate(events)
        ],
    )
    return last


def event_of(row: sa.RowMapping) -> Event:
    """Return the event that a row holds."""
    return Event(
        at_s=row["at_s"],
        actor=row["actor"],
        kind=row["kind"],
        subject=row["subject"],
        data=row["data"],
        tenant_id=row["tenant_id"],
        decision_id=row["decision_id"],
        seq=row["seq"],
    )


def read_events(connection: sa.Connection, after: int = 0) -> Iterator[Event]:
    """Return every event after a number, in order."""
    while True:
        rows = connection.execute(
            sa.select(core.event)
            .where(core.event.c.seq > after)
            .order_by(core.event.c.seq)
            .limit(_PAGE)
        ).mappings()
        page = [event_of(row) for row in rows]
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq
