"""Backup and restore: the database, and the data folder without it, in one file."""

import io
import json
import os
import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tidegate.app.datafolder import open_folder
from tidegate.errors import StoreError, TidegateError
from tidegate.settings import Settings
from tidegate.store import Database, downgrade, migrate, open_database, revision
from tidegate.store.archive import Row, dump, is_empty, load
from tidegate.store.schema import latest

MANIFEST: Final = "manifest.json"
_TABLES: Final = "tables/"
_DATA: Final = "data/"
_SKIPPED: Final = (".db", ".db-wal", ".db-shm")


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Attributes
    ----------
    revision : str
        Of the tables.
    made_s : int
    rows : mapping of str to int
        By table.
    files : int
        Of the data folder.
    """

    revision: str
    made_s: int
    rows: Mapping[str, int]
    files: int


def _failed(message: str, expected: str) -> StoreError:
    return StoreError("TG-STORE-BACKUP", message, expected=expected)


def back_up(settings: Settings, path: Path) -> Backup:
    """Write a backup; the system may go on running meanwhile.

    Raises
    ------
    StoreError
        ``TG-STORE-BACKUP`` when there is nothing to back up, or the file cannot be written.
    """
    database = open_database(settings.database)
    try:
        at = revision(database)
        if at is None:
            raise _failed("the database has no tables.", "a database that has been served from.")
        part = path.with_name(path.name + ".part")
        try:
            # It holds the installation's secret.
            with (
                os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw,
                tarfile.open(fileobj=raw, mode="w:gz") as tar,
            ):
                made = _write(tar, database, settings.data_dir, at)
            part.replace(path)
        except OSError as error:
            raise _failed(f"{path}: {error.strerror}.", "a path that can be written.") from error
        finally:
            part.unlink(missing_ok=True)
    finally:
        database.close()
    return made


def _write(tar: tarfile.TarFile, database: Database, folder: Path, at: str) -> Backup:
    rows: dict[str, int] = {}
    for name, found in dump(database):
        lines = [json.dumps(row, separators=(",", ":")).encode() for row in found]
        rows[name] = len(lines)
        _add(tar, f"{_TABLES}{name}.jsonl", b"".join(line + b"\n" for line in lines))
    # The folder after the database: commands that clusters know of and the database does not are undone by the loop.
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(_SKIPPED)
    ]
    for file in files:
        _add(tar, f"{_DATA}{file.relative_to(folder)}", file.read_bytes())
    made = Backup(at, int(time.time()), rows, len(files))
    told = {
        "tidegate": version("tidegate"),
        "revision": at,
        "made_s": made.made_s,
        "rows": rows,
        "files": len(files),
    }
    _add(tar, MANIFEST, json.dumps(told, indent=2).encode())
    return made


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), 0o600, int(time.time())
    tar.addfile(info, io.BytesIO(data))


def restore(settings: Settings, path: Path) -> Backup:
    """Fill an empty database and data folder from a backup, all or nothing of the database.

    Raises
    ------
    StoreError
        ``TG-STORE-BACKUP`` when the file is none, or the database is not empty; ``TG-STORE-VERSION`` when a newer
        version made it.
    """
    try:
        with tarfile.open(path, "r:gz") as tar:
            manifest = json.loads(_read(tar, MANIFEST))
            folder = open_folder(settings.data_dir)
            targets = _targets(tar, folder)
            database = open_database(settings.database)
            try:
                _fill(database, tar, manifest)
            finally:
                database.close()
            for name, target in targets.items():
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                target.write_bytes(_read(tar, name))
                target.chmod(0o600)
    except TidegateError:
        raise
    except (OSError, tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise _failed(
            f"{path} is no backup: {error}.", "a file that tidegate backup wrote."
        ) from error
    return Backup(
        manifest["revision"], manifest["made_s"], manifest["rows"], int(manifest["files"])
    )


def _fill(database: Database, tar: tarfile.TarFile, manifest: Mapping[str, Any]) -> None:
    migrate(database)
    if not is_empty(database):
        raise _failed("the database is not empty.", "an empty one; nothing was changed.")
    if manifest["revision"] != latest():
        # The rows go into the tables that they came from; those are then brought up to date.
        downgrade(database, "base")
        migrate(database, str(manifest["revision"]))
    counts = load(database, ((name, _rows(tar, name)) for name in manifest["rows"]))
    if counts != manifest["rows"]:
        raise _failed("the backup is torn: rows are missing.", "a whole file.")
    migrate(database)


def _rows(tar: tarfile.TarFile, name: str) -> Iterator[Row]:
    for line in _read(tar, f"{_TABLES}{name}.jsonl").splitlines():
        yield json.loads(line)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _targets(tar: tarfile.TarFile, folder: Path) -> dict[str, Path]:
    """Return where the files of the data folder go."""
    targets = {}
    for member in tar.getmembers():
        if not (member.isfile() and member.name.startswith(_DATA)):
            continue
        target = (folder / member.name.removeprefix(_DATA)).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise ValueError(f"{member.name} leads out of the folder")
        targets[member.name] = target
    return targets
