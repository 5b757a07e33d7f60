"""Who leads, by the database's clock."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tidegate.store.database import Database
from tidegate.store.tables import core


class LeadershipTable:
    """A :class:`tidegate.control.store.LeadershipStore` on a database.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def lead(self, name: str, holder: str, seconds: float) -> int | None:
        """Take or renew the leadership; return its epoch, or None while another holds it.

        Every new holder gets a higher epoch.
        """
        table = core.leadership
        with self._database.transaction() as connection:
            now = self._database.time_s(connection)
            renewed = connection.execute(
                sa.update(table)
                .where(table.c.name == name, table.c.holder == holder, table.c.until >= now)
                .values(until=now + seconds)
                .returning(table.c.epoch)
            ).scalar()
            if renewed is not None:
                return int(renewed)
            taken = connection.execute(
                sa.update(table)
                .where(table.c.name == name, table.c.until < now)
                .values(holder=holder, epoch=table.c.epoch + 1, until=now + seconds)
                .returning(table.c.epoch)
            ).scalar()
            if taken is not None:
                return int(taken)
            if connection.execute(sa.select(table.c.name).where(table.c.name == name)).first():
                return None
        try:
            with self._database.transaction() as connection:
                connection.execute(
                    sa.insert(table).values(name=name, holder=holder, epoch=1, until=now + seconds)
                )
        except IntegrityError:  # another was first
            return None
        return 1

    def resign(self, name: str, holder: str) -> None:
        """Give it up, so that another need not wait."""
        table = core.leadership
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(table)
                .where(table.c.name == name, table.c.holder == holder)
                .values(until=0.0)
            )
