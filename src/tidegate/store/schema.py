"""Bringing a database's tables up to date, and back."""

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from tidegate.errors import StoreError
from tidegate.store.database import Database

_SCRIPTS: Final = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME: Final = 0x7469_6465
"""Key of PostgreSQL's advisory lock: replicas that start together migrate one after the other."""


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def latest() -> str:
    """Return the revision that this version of Tidegate needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there is a first migration"
    return head


def revision(database: Database) -> str | None:
    """Return the revision of a database's tables; None for an empty one."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _move(database: Database, step: Any, target: str) -> None:
    with database.transaction() as connection:
        if database.is_postgres:
            connection.execute(
                sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME}
            )
        try:
            step(_config(connection), target)
        except CommandError as error:
            raise StoreError(
                "TG-STORE-VERSION",
                f"the database's tables are of a revision that is not known here: {error}.",
                expected="the version of Tidegate that made them, or a newer one.",
            ) from error


def migrate(database: Database, target: str = "head") -> None:
    """Create or change the tables as this version of Tidegate needs them, in one transaction.

    Raises
    ------
    StoreError
        ``TG-STORE-VERSION`` when a newer version of Tidegate made them.
    """
    _move(database, command.upgrade, target)


def downgrade(database: Database, target: str) -> None:
    """Change the tables back to an earlier revision, ``base`` for none at all."""
    _move(database, command.downgrade, target)
