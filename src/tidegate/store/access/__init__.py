"""Stores of tenants, keys, people, webhooks, notices and the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tidegate.control.access_store import AccessStore
from tidegate.store.access.audit import SqlAudit
from tidegate.store.access.deliveries import SqlDeliveries
from tidegate.store.access.events import SqlEvents
from tidegate.store.access.hooks import SqlHooks
from tidegate.store.access.keys import SqlKeys
from tidegate.store.access.notices import SqlNotices
from tidegate.store.access.people import SqlSessions, SqlUsers
from tidegate.store.access.tenants import SqlTenants
from tidegate.store.access.tickets import SqlBookmarks, SqlTickets
from tidegate.store.database import Database

__all__ = ["SqlAccess", "access_of"]


def access_of(connection: sa.Connection) -> AccessStore:
    """Return the stores on a connection's transaction."""
    return AccessStore(
        keys=SqlKeys(connection),
        users=SqlUsers(connection),
        sessions=SqlSessions(connection),
        tenants=SqlTenants(connection),
        hooks=SqlHooks(connection),
        deliveries=SqlDeliveries(connection),
        notices=SqlNotices(connection),
        tickets=SqlTickets(connection),
        audit=SqlAudit(connection),
        events=SqlEvents(connection),
        bookmarks=SqlBookmarks(connection),
    )


class SqlAccess:
    """Opens transactions on a database.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def changing(self) -> Iterator[AccessStore]:
        """Write."""
        with self._database.transaction() as connection:
            yield access_of(connection)

    @contextmanager
    def reading(self) -> Iterator[AccessStore]:
        """Read."""
        with self._database.reading() as connection:
            yield access_of(connection)
