"""Many rows of a table added or changed by one statement, and many statements sent at once.

PostgreSQL is sent rows as one text of JSON, which costs both sides about half of what a statement for each row does;
SQLite has no round trips that could be saved.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

Row = Mapping[str, Any]

_POSTGRES: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_JSON: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


@contextmanager
def sent_together(connection: sa.Connection) -> Iterator[None]:
    """Let what :func:`send` sends not wait for the answers, until one is read or it is over; only on PostgreSQL."""
    if connection.dialect.name != "postgresql":
        yield
        return
    with _as_errors_of_ours(connection):
        raw: Any = connection.connection.driver_connection
        with raw.pipeline():
            yield


def send(
    connection: sa.Connection, statement: str, *values: object, is_planned_anew: bool = False
) -> Any:
    """Send PostgreSQL a statement past SQLAlchemy; return the driver's cursor.

    Parameters
    ----------
    is_planned_anew : bool
        For one that finds rows in a growing table: a plan made while it was small would read all of it for ever.
    """
    raw: Any = connection.connection.driver_connection
    with _as_errors_of_ours(connection):
        return raw.execute(statement, values, prepare=False if is_planned_anew else None)


@contextmanager
def _as_errors_of_ours(connection: sa.Connection) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy does."""
    driver = connection.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error) from error


def add_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Add rows that all have the same columns, none of which holds bytes."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        connection.execute(sa.insert(table), rows)
        return
    send(connection, _inserting(table, tuple(rows[0])), packed(table, rows))


def change_rows(
    connection: sa.Connection,
    table: sa.Table,
    key: tuple[str, ...],
    rows: Sequence[Row],
    *,
    only: str = "",
) -> None:
    """Change rows, each found by the columns of a key that it has with all the others.

    Parameters
    ----------
    only : str
        What else holds of the rows meant, in SQL on columns of the table, for a key that is not unique without it.
    """
    if not rows:
        return
    moving = tuple(name for name in rows[0] if name not in key)
    if connection.dialect.name != "postgresql":
        statement = sa.update(table).values({name: sa.bindparam(f"new_{name}") for name in moving})
        for name in key:
            statement = statement.where(table.c[name] == sa.bindparam(f"the_{name}"))
        if only:
            statement = statement.where(sa.text(only))
        known = {name: f"the_{name}" if name in key else f"new_{name}" for name in rows[0]}
        connection.execute(
            statement, [{known[name]: value for name, value in row.items()} for row in rows]
        )
        return
    send(
        connection,
        _updating(table, key, moving, only),
        packed(table, rows),
        is_planned_anew=True,
    )


def packed(table: sa.Table, rows: Sequence[Row]) -> str:
    """Return rows as the text that :func:`recordset` reads."""
    kinds = {name: _binding(table, name) for name in rows[0]}
    odd = {name: kind for name, kind in kinds.items() if kind is not None}
    return _JSON.encode(
        [
            {**row, **{name: kind(row[name]) for name, kind in odd.items()}} if odd else dict(row)
            for row in rows
        ]
    )


def bound(table: sa.Table, name: str, value: object) -> Any:
    """Return a value as its column has it in PostgreSQL."""
    kind = _binding(table, name)
    return value if kind is None else kind(value)


def recordset(table: sa.Table, names: Sequence[str]) -> str:
    """Return what stands for packed rows in a statement's FROM, as ``r``."""
    columns = ", ".join(f'"{name}" {_type(table, name)}' for name in names)
    return f"json_to_recordset(%s::json) AS r({columns})"


@cache
def _inserting(table: sa.Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM {recordset(table, names)}'


@cache
def _updating(table: sa.Table, key: tuple[str, ...], moving: tuple[str, ...], only: str) -> str:
    sets = ", ".join(f'"{name}" = r."{name}"' for name in moving)
    fits = [f'"{table.name}"."{name}" = r."{name}"' for name in key]
    if only:
        fits.append(f"({only})")
    return (
        f'UPDATE "{table.name}" SET {sets} FROM {recordset(table, (*key, *moving))} '
        f"WHERE {' AND '.join(fits)}"
    )


@cache
def _type(table: sa.Table, name: str) -> str:
    kind = table.c[name].type
    return str(kind.compile(dialect=_POSTGRES))


@cache
def _binding(table: sa.Table, name: str) -> Any:
    kind = table.c[name].type
    if not isinstance(kind, TypeDecorator):
        return None
    return lambda value: kind.process_bind_param(value, _POSTGRES)
