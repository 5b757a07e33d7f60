"""People who sign in, and their sessions, as rows."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from tidegate.control.access import Reach, Role
from tidegate.control.sessions import SessionRow
from tidegate.control.users import User
from tidegate.store.rows import Rows, upsert
from tidegate.store.tables.access import person, session


class SqlUsers:
    """People on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._rows = Rows(connection, person, "tenant_id", _read, asdict)

    def user(self, user_id: str, reach: Reach, *, to_change: bool = False) -> User | None:
        """Somebody by id, when within reach."""
        return self._rows.get(user_id, reach, to_change=to_change)

    def user_of_email(self, email: str) -> User | None:
        """Somebody by address."""
        return self._one(person.c.email == email)

    def user_of_subject(self, subject: str) -> User | None:
        """Somebody by what the provider calls them."""
        return self._one(person.c.subject == subject)

    def users(self, reach: Reach, after_id: str | None, limit: int) -> list[User]:
        """People within reach."""
        return self._rows.page(reach, after_id, limit)

    def save_user(self, user: User) -> None:
        """Add or replace."""
        self._rows.save(user)

    def _one(self, where: sa.ColumnElement[bool]) -> User | None:
        row = self._connection.execute(sa.select(person).where(where)).one_or_none()
        return None if row is None else _read(row)


def _read(row: Any) -> User:
    values = {each.name: getattr(row, each.name) for each in fields(User)}
    return User(**{**values, "role": Role(row.role)})


class SqlSessions:
    """Sessions on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def session(self, digest: str) -> SessionRow | None:
        """Session by hash."""
        row = self._connection.execute(
            sa.select(session).where(session.c.digest == digest)
        ).one_or_none()
        return (
            None
            if row is None
            else SessionRow(row.digest, row.person_id, row.created_s, row.seen_s)
        )

    def save_session(self, row: SessionRow) -> None:
        """Add or replace."""
        columns: Mapping[str, Any] = {
            "digest": row.digest,
            "person_id": row.user_id,
            "created_s": row.created_s,
            "seen_s": row.seen_s,
        }
        upsert(self._connection, session, columns, ["digest"])

    def end_session(self, digest: str) -> None:
        """Forget one."""
        self._connection.execute(sa.delete(session).where(session.c.digest == digest))

    def end_sessions_of(self, user_id: str) -> None:
        """Forget those of one person."""
        self._connection.execute(sa.delete(session).where(session.c.person_id == user_id))

    def end_sessions_before(self, created_s: int, seen_s: int) -> int:
        """Forget the old ones."""
        old = sa.or_(session.c.created_s < created_s, session.c.seen_s < seen_s)
        return self._connection.execute(sa.delete(session).where(old)).rowcount
