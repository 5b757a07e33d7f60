"""Stores of prices, meters and bills."""

from collections.abc import Sequence

import sqlalchemy as sa

from tidegate.control.money_store import MoneyStore
from tidegate.lease.events import Event
from tidegate.store.access.audit import SqlAudit
from tidegate.store.database import Database
from tidegate.store.door import SqlDoor
from tidegate.store.events import append_events
from tidegate.store.money.accounts import SqlAccounts
from tidegate.store.money.bills import SqlBills
from tidegate.store.money.credits import SqlCredits
from tidegate.store.money.meter import SqlMeter
from tidegate.store.money.plans import SqlPlans

__all__ = ["SqlMoney", "money_of"]


class _Sink:
    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def append(self, events: Sequence[Event]) -> None:
        """Write events."""
        append_events(self._connection, events)


def money_of(connection: sa.Connection) -> MoneyStore:
    """Return the stores on a connection's transaction."""
    return MoneyStore(
        meter=SqlMeter(connection),
        accounts=SqlAccounts(connection),
        bills=SqlBills(connection),
        credits=SqlCredits(connection),
        plans=SqlPlans(connection),
        audit=SqlAudit(connection),
        events=_Sink(connection),
    )


class SqlMoney(SqlDoor[MoneyStore]):
    """The door to prices, meters and bills.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database, money_of)
