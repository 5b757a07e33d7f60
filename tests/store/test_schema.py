"""The tables: made, brought back, and as the code has them, on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tidegate.errors import StoreError
from tidegate.store import Database, downgrade, migrate, open_database, revision
from tidegate.store.schema import latest
from tidegate.store.tables import METADATA


def test_migrations_make_the_tables_that_the_code_has(database: Database):
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert revision(database) == latest()


def test_migrations_go_down_step_by_step_and_up_again(database: Database):
    while revision(database) is not None:
        downgrade(database, "-1")
    with database.reading() as connection:
        left = set(sa.inspect(connection).get_table_names())
    assert left <= {"alembic_version"}
    migrate(database)
    assert revision(database) == latest()


def test_migrating_twice_changes_nothing(database: Database):
    migrate(database)
    assert revision(database) == latest()


def test_tables_of_a_newer_version_are_refused(database: Database):
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError) as caught:
        migrate(database)
    assert caught.value.code == "TG-STORE-VERSION"


@pytest.mark.parametrize("url", ["nonsense", "mysql://root@host/name", ""])
def test_an_address_that_cannot_be_used_is_refused(url: str):
    with pytest.raises(StoreError) as caught:
        open_database(url)
    assert caught.value.code == "TG-STORE-URL"


def test_a_database_that_cannot_be_reached_says_so_without_its_password(tmp_path: Path):
    url = f"postgresql://me:secret@/x?host={tmp_path}"
    with pytest.raises(StoreError) as caught:
        open_database(url)
    assert caught.value.code == "TG-STORE-DOWN"
    assert "secret" not in str(caught.value)
