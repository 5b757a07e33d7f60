"""A backup is the whole, and comes back on either database."""

import os
import stat
from pathlib import Path

import pytest
from tests.contract.test_store import state_in_tables
from tests.control.test_life import a_busy_day
from tests.postgres import Postgres

from tidegate.app.backup import back_up, restore
from tidegate.errors import StoreError
from tidegate.settings import Settings, read_settings
from tidegate.store import Database, migrate, open_database
from tidegate.store.events import read_events


def settings_in(folder: Path, url: str | None = None) -> Settings:
    folder.mkdir(exist_ok=True)
    variables = {"TIDEGATE_DATABASE_URL": url} if url else {}
    return read_settings(variables, data_dir=folder)


@pytest.fixture
def lived(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path / "old")
    database = open_database(settings.database)
    migrate(database)
    a_busy_day(database)
    database.close()
    (settings.data_dir / "embedded").mkdir()
    (settings.data_dir / "embedded" / "h100.journal").write_bytes(b'{"at_s":1}\n')
    (settings.data_dir / "secret").write_bytes(os.urandom(32))
    return settings


def everything(database: Database) -> tuple[object, ...]:
    with database.reading() as connection:
        events = list(read_events(connection))
    return state_in_tables(database), events


@pytest.mark.parametrize(
    "to", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)]
)
def test_what_was_backed_up_is_there_again(
    tmp_path: Path, lived: Settings, to: str, request: pytest.FixtureRequest
):
    file = tmp_path / "backup.tar.gz"
    made = back_up(lived, file)
    assert made.rows["event"] > 100
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    url = None
    if to == "postgresql":
        cluster: Postgres = request.getfixturevalue("postgres")
        url = cluster.new_database()
    new = settings_in(tmp_path / "new", url)
    assert restore(new, file).rows == made.rows
    old_database, database = open_database(lived.database), open_database(new.database)
    assert everything(database) == everything(old_database)
    # Numbers go on behind those that are there.
    a_busy_day(database)
    database.close()
    old_database.close()
    assert (new.data_dir / "secret").read_bytes() == (lived.data_dir / "secret").read_bytes()
    assert (new.data_dir / "embedded" / "h100.journal").exists()


def test_a_database_that_is_not_empty_is_left_alone(tmp_path: Path, lived: Settings):
    file = tmp_path / "backup.tar.gz"
    back_up(lived, file)
    with pytest.raises(StoreError) as caught:
        restore(lived, file)
    assert caught.value.code == "TG-STORE-BACKUP"


def test_a_torn_file_changes_nothing(tmp_path: Path, lived: Settings):
    file = tmp_path / "backup.tar.gz"
    back_up(lived, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    new = settings_in(tmp_path / "new")
    with pytest.raises(StoreError) as caught:
        restore(new, file)
    assert caught.value.code == "TG-STORE-BACKUP"
    file.write_bytes(whole)
    restore(new, file)


def test_a_file_that_leads_out_of_the_folder_is_refused(tmp_path: Path, lived: Settings):
    import io  # noqa: PLC0415
    import tarfile  # noqa: PLC0415

    file, evil = tmp_path / "backup.tar.gz", tmp_path / "evil.tar.gz"
    back_up(lived, file)
    with tarfile.open(file, "r:gz") as tar, tarfile.open(evil, "w:gz") as out:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            assert content is not None
            out.addfile(member, content)
        info = tarfile.TarInfo("data/../../outside")
        info.size = 1
        out.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(StoreError):
        restore(settings_in(tmp_path / "new"), evil)
    assert not (tmp_path / "outside").exists()


def test_there_is_nothing_to_back_up_before_the_first_start(tmp_path: Path):
    with pytest.raises(StoreError) as caught:
        back_up(settings_in(tmp_path / "empty"), tmp_path / "x.tar.gz")
    assert caught.value.code == "TG-STORE-BACKUP"
