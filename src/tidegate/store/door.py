"""The door to the stores of a room: each transaction gives all of them, on one connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import sqlalchemy as sa

from tidegate.store.database import Database

Stores = TypeVar("Stores")


class SqlDoor(Generic[Stores]):
    """Opens transactions on a database; a :class:`tidegate.control.door.Door`.

    Parameters
    ----------
    database : Database
    stores_on : callable
        From a connection to the stores on its transaction.
    """

    def __init__(self, database: Database, stores_on: Callable[[sa.Connection], Stores]) -> None:
        self._database = database
        self._stores_on = stores_on

    @contextmanager
    def changing(self) -> Iterator[Stores]:
        """Write."""
        with self._database.transaction() as connection:
            yield self._stores_on(connection)

    @contextmanager
    def reading(self) -> Iterator[Stores]:
        """Read."""
        with self._database.reading() as connection:
            yield self._stores_on(connection)
