"""Stores of tenants, keys, people, webhooks, notices and the audit log."""

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
from tidegate.store.door import SqlDoor

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


class SqlAccess(SqlDoor[AccessStore]):
    """The door to tenants, keys, people, webhooks, notices and the audit log.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database, access_of)
