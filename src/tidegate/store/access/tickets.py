"""Requests under an Idempotency-Key, and how far events were read, as rows."""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from tidegate.control.once import Ticket
from tidegate.store.rows import add_new, upsert
from tidegate.store.tables.access import bookmark, ticket


class SqlTickets:
    """Tickets on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, new: Ticket) -> Ticket | None:
        """Write one, or return the one that is there."""
        if add_new(self._connection, ticket, asdict(new)):
            return None
        row = self._connection.execute(
            sa.select(ticket).where(_is(new.actor_id, new.key)).with_for_update()
        ).one_or_none()
        if row is None:  # dropped in between: the next repeat will find the way free
            return Ticket(new.actor_id, new.key, new.fingerprint, new.at_s)
        return Ticket(**row._mapping)

    def take_over(self, old: Ticket, begun_s: int) -> bool:
        """Begin an abandoned one again."""
        done = self._connection.execute(
            sa.update(ticket)
            .where(_is(old.actor_id, old.key), ticket.c.at_s == old.at_s, ticket.c.answer.is_(None))
            .values(at_s=begun_s)
        )
        return bool(done.rowcount == 1)

    def answer(self, actor_id: str, key: str, answer: str) -> None:
        """Keep the answer."""
        self._connection.execute(sa.update(ticket).where(_is(actor_id, key)).values(answer=answer))

    def drop(self, actor_id: str, key: str) -> None:
        """Forget one."""
        self._connection.execute(sa.delete(ticket).where(_is(actor_id, key)))

    def drop_before(self, at_s: int) -> int:
        """Forget the old ones."""
        return self._connection.execute(sa.delete(ticket).where(ticket.c.at_s < at_s)).rowcount


def _is(actor_id: str, key: str) -> Any:
    return sa.and_(ticket.c.actor_id == actor_id, ticket.c.key == key)


class SqlBookmarks:
    """Bookmarks on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def place(self, name: str) -> int:
        """Last event read."""
        add_new(self._connection, bookmark, {"name": name, "seq": 0})
        query = sa.select(bookmark.c.seq).where(bookmark.c.name == name).with_for_update()
        return int(self._connection.execute(query).scalar_one())

    def move(self, name: str, seq: int) -> None:
        """Remember how far."""
        upsert(self._connection, bookmark, {"name": name, "seq": seq}, ["name"])
