"""The database: one engine, transactions, and what tells the two dialects apart."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import UpdateBase, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from tidegate.errors import StoreError

POSTGRES: Final = "postgresql"
SQLITE: Final = "sqlite"

BUSY_S: Final = 10.0
"""How long a transaction waits for another process's on SQLite."""

IDLE_IN_TRANSACTION_MS: Final = 4000
"""PostgreSQL ends a transaction that its client has forgotten (a stopped process would else keep its locks)."""

POOL_SIZE: Final = 24


class Database:
    """An engine, and transactions on it.

    On SQLite a writing transaction begins as such (``BEGIN IMMEDIATE``), so that it never fails half-way because
    another wrote first, and threads of this process wait for one another in turn.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._looks = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = threading.RLock()
        self._watched: dict[str, list[Callable[[], None]]] = {}
        self._changed = threading.local()
        event.listen(engine, "after_execute", self._note)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL."""
        return self.dialect == POSTGRES

    def watch(self, tables: Iterable[str], changed: Callable[[], None]) -> None:
        """Have something called after each transaction of this process that has changed any of these tables."""
        for table in tables:
            self._watched.setdefault(table, []).append(changed)

    def _note(self, _connection: Any, statement: Any, *_: Any) -> None:
        if isinstance(statement, UpdateBase) and self._watched:
            name = getattr(statement.table, "name", "")
            if name in self._watched:
                self._changed.__dict__.setdefault("tables", set()).add(name)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Write: committed at the end, rolled back when anything is raised."""
        with self._writing() as connection:
            yield connection
        for name in self._changed.__dict__.pop("tables", ()):
            for changed in self._watched[name]:
                changed()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self.is_postgres:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writer, self.engine.connect() as connection:
            connection.execution_options(tidegate_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read one state of everything; nothing is kept."""
        with self.engine.connect() as connection:
            if self.is_postgres:
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield connection

    @contextmanager
    def looking(self) -> Iterator[sa.Connection]:
        """Look things up, each statement by itself: on PostgreSQL without the round trips of a transaction."""
        if not self.is_postgres:
            with self.reading() as connection:
                yield connection
            return
        with self._looks.connect() as connection:
            yield connection

    def time_s(self, connection: sa.Connection) -> float:
        """Return the database's clock, in seconds since the epoch: the one clock that replicas share."""
        now = (
            "extract(epoch from clock_timestamp())"
            if self.is_postgres
            else "(julianday('now') - 2440587.5) * 86400.0"
        )
        return float(connection.execute(sa.text(f"SELECT {now}")).scalar_one())

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _set_up_sqlite(engine: sa.Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver is kept from beginning transactions of its own; `begin` below does.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={int(BUSY_S * 1000)}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("tidegate_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "TG-STORE-URL",
            "the database's address cannot be read.",
            expected="such as sqlite:////var/lib/tidegate/tidegate.db or postgresql://user@host/name.",
        ) from error
    name = parsed.get_backend_name()
    if name not in (POSTGRES, SQLITE):
        raise StoreError(
            "TG-STORE-URL",
            f"{name} is not a database that is spoken.",
            expected="sqlite or postgresql.",
        )
    if name == POSTGRES:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def open_database(url: str, *, pool_size: int = POOL_SIZE) -> Database:
    """Open a database; nothing is read or created in it yet.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://user:password@host/name``.
    pool_size : int
        Most connections kept open.

    Raises
    ------
    StoreError
        ``TG-STORE-URL`` when the address is wrong; ``TG-STORE-DOWN`` when nobody answers there.
    """
    parsed = _parsed(url)
    try:
        if parsed.get_backend_name() == SQLITE:
            engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_S})
            _set_up_sqlite(engine)
        else:
            engine = sa.create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=8,
                # The connection used last is taken first: its server has plans and catalogue at hand.
                pool_use_lifo=True,
                pool_pre_ping=False,
                connect_args={
                    "connect_timeout": 5,
                    "options": f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
                    " -c timezone=UTC",
                },
            )
        with engine.connect():
            pass
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            "TG-STORE-URL",
            "PostgreSQL needs its driver.",
            expected="pip install 'tidegate[postgres]'.",
        ) from error
    except OperationalError as error:
        shown = parsed.render_as_string(hide_password=True)
        raise StoreError(
            "TG-STORE-DOWN",
            f"{shown} cannot be opened: {str(error.orig).strip().splitlines()[0]}.",
            expected="a database that can be reached, with the rights to use it.",
        ) from error
    return Database(engine)
