"""Values of one kind kept as rows of one table, found by id."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tidegate.control.access import Reach
from tidegate.store.reach import within

T = TypeVar("T")


class Rows(Generic[T]):
    """Values as rows, each with an ``id`` that sorts by age.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Inside a transaction.
    table : sqlalchemy.Table
    whose : str
        Column of the tenant that a row belongs to.
    read : callable
        Makes a value of a row.
    write : callable
        Makes a row's columns of a value.
    """

    def __init__(
        self,
        connection: sa.Connection,
        table: sa.Table,
        whose: str,
        read: Callable[[Any], T],
        write: Callable[[T], Mapping[str, Any]],
    ) -> None:
        self._connection = connection
        self.table = table
        self._whose = table.c[whose]
        self._read = read
        self._write = write

    def get(self, row_id: str, reach: Reach, *, to_change: bool = False) -> T | None:
        """Value by id, when within reach; the row is locked when it is to be changed."""
        query = sa.select(self.table).where(self.table.c.id == row_id)
        if to_change:
            query = query.with_for_update()
        row = self._connection.execute(within(query, self._whose, reach)).one_or_none()
        return None if row is None else self._read(row)

    def page(
        self,
        reach: Reach,
        beyond_id: str | None,
        limit: int,
        *where: sa.ColumnElement[bool],
        youngest_first: bool = False,
    ) -> list[T]:
        """Values within reach in order of id, from behind one."""
        key = self.table.c.id
        query = within(sa.select(self.table).where(*where), self._whose, reach)
        if beyond_id is not None:
            query = query.where(key < beyond_id if youngest_first else key > beyond_id)
        query = query.order_by(key.desc() if youngest_first else key).limit(limit)
        return [self._read(row) for row in self._connection.execute(query)]

    def save(self, value: T) -> None:
        """Add a row, or replace the one of that id."""
        upsert(self._connection, self.table, self._write(value), ["id"])


def upsert(
    connection: sa.Connection, table: sa.Table, row: Mapping[str, Any], key: Sequence[str]
) -> None:
    """Add a row, or replace the one of the same key."""
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(dict(row))
    rest = {name: statement.excluded[name] for name in row if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=rest))


def add_new(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Add a row unless there is one of the same key; return whether it was added."""
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(dict(row)).on_conflict_do_nothing()
    # The count of rows of an insert is not told by every driver; what it returns is.
    done = connection.execute(statement.returning(*table.primary_key))
    return done.first() is not None
