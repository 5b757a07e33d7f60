"""A database as one stream of plain values, and back: the same on SQLite and PostgreSQL, and from one to the other."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from tidegate.errors import StoreError
from tidegate.store.database import Database
from tidegate.store.tables import METADATA

_AT_ONCE: Final = 500
_COUNTER: Final = "event_counter"

Row = Mapping[str, Any]


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return a column as the database keeps it: amounts and JSON as text."""
    kind = column.type
    return sa.type_coerce(column, kind.impl) if isinstance(kind, TypeDecorator) else column


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def dump(database: Database) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield each table's name with its rows, all of one moment, what is referred to first.

    The rows of a table have to be taken before the next table is asked for.
    """
    with database.reading() as connection:
        for table in METADATA.sorted_tables:
            yield table.name, _rows(connection, table)


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[Row]:
    query = sa.select(*(_raw(column).label(column.name) for column in table.c))
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query).mappings():
        yield {name: _plain(value) for name, value in row.items()}


def is_empty(database: Database) -> bool:
    """Whether nothing has been kept in a database yet."""
    with database.reading() as connection:
        return all(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0
            for table in METADATA.sorted_tables
            if table.name != _COUNTER
        )


def load(database: Database, tables: Iterable[tuple[str, Iterable[Row]]]) -> dict[str, int]:
    """Fill an empty database, all or nothing; return how many rows each table got.

    Raises
    ------
    StoreError
        ``TG-STORE-BACKUP`` when a table is not known.
    """
    counts: dict[str, int] = {}
    with database.transaction() as connection:
        # The one row that the migrations make.
        connection.execute(sa.delete(METADATA.tables[_COUNTER]))
        for name, rows in tables:
            table = METADATA.tables.get(name)
            if table is None:
                raise StoreError("TG-STORE-BACKUP", f"there is no table {name}.")
            counts[name] = _fill(connection, table, rows)
            if database.is_postgres:
                _count_on(connection, table)
    return counts


def _fill(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> int:
    plain = sa.table(table.name, *(sa.column(c.name, _impl(c)) for c in table.c))
    count, batch = 0, []
    for row in rows:
        batch.append({name: _value(value) for name, value in row.items()})
        if len(batch) == _AT_ONCE:
            connection.execute(sa.insert(plain), batch)
            count, batch = count + len(batch), []
    if batch:
        connection.execute(sa.insert(plain), batch)
    return count + len(batch)


def _impl(column: sa.Column[Any]) -> Any:
    kind = column.type
    return kind.impl if isinstance(kind, TypeDecorator) else kind


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """Have PostgreSQL number the rows to come behind those that are there."""
    column = table.autoincrement_column
    if column is None:
        return
    connection.execute(
        sa.text(
            "SELECT setval(pg_get_serial_sequence(:name, :column), "
            f'(SELECT coalesce(max("{column.name}"), 0) + 1 FROM "{table.name}"), false)'
        ),
        {"name": table.name, "column": column.name},
    )
