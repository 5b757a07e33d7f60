"""Writing and reading events."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from tidegate.lease.events import Event
from tidegate.store.bulk import add_rows, packed, recordset, send
from tidegate.store.tables import core

_PAGE: Final = 1000

_COLUMNS: Final = ("at_s", "actor", "kind", "subject", "tenant_id", "data", "decision_id")
_APPENDING: Final = (
    "WITH numbered AS (UPDATE event_counter SET last_seq = last_seq + %s RETURNING last_seq) "
    f"INSERT INTO event (seq, {', '.join(_COLUMNS)}) "
    f"SELECT numbered.last_seq + r.seq, {', '.join(f'r.{name}' for name in _COLUMNS)} "
    f"FROM numbered, {recordset(core.event, ('seq', *_COLUMNS))}"
)


def append_events(connection: sa.Connection, events: Sequence[Event]) -> None:
    """Write events.

    The last thing to be done before the commit: the counter's row stays locked until then.
    """
    if not events:
        return
    rows = [_row_of(event, i) for i, event in enumerate(events, 1 - len(events))]
    if connection.dialect.name == "postgresql":
        send(connection, _APPENDING, len(rows), packed(core.event, rows))
        return
    counter = core.event_counter
    numbered = connection.execute(
        sa.update(counter)
        .values(last_seq=counter.c.last_seq + len(rows))
        .returning(counter.c.last_seq)
    )
    last: int = numbered.scalar_one()
    add_rows(connection, core.event, [{**row, "seq": last + row["seq"]} for row in rows])


def _row_of(event: Event, seq: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "at_s": event.at_s,
        "actor": event.actor,
        "kind": event.kind,
        "subject": event.subject,
        "tenant_id": event.tenant_id,
        "data": event.data,
        "decision_id": event.decision_id,
    }


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
