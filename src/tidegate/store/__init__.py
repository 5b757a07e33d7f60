"""Where the running system keeps what it knows: tables, migrations, SQLite or PostgreSQL."""

from tidegate.store.database import Database, open_database
from tidegate.store.schema import downgrade, migrate, revision

__all__ = ["Database", "downgrade", "migrate", "open_database", "revision"]
