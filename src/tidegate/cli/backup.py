"""``tidegate backup`` and ``tidegate restore``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.screen import say_json

if TYPE_CHECKING:
    from tidegate.app.backup import Backup
    from tidegate.settings import Settings

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the database and other state.")
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def backup(file: File, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Write the database and the data folder into one file; the system may go on running.

    The file holds the installation's secret. Example: `tidegate backup tidegate-backup.tar.gz`
    """
    from tidegate.app.backup import back_up  # noqa: PLC0415  kept off the path of --help

    _tell("backup", file, back_up(_settings(data_dir), file), as_json=as_json)


def restore(file: File, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Fill an empty database and data folder from a backup; from SQLite to PostgreSQL, too.

    Example: `tidegate restore tidegate-backup.tar.gz --data-dir new`
    """
    from tidegate.app.backup import restore  # noqa: PLC0415

    _tell("restored", file, restore(_settings(data_dir), file), as_json=as_json)


def _settings(data_dir: Path | None) -> "Settings":
    from tidegate.settings import read_settings  # noqa: PLC0415

    return read_settings(data_dir=data_dir)


def _tell(what: str, file: Path, made: "Backup", *, as_json: bool) -> None:
    if as_json:
        say_json({"file": str(file), **asdict(made)})
        return
    rows = sum(made.rows.values())
    typer.echo(f"{what}: {file}, {rows:,} rows of {len(made.rows)} tables, {made.files} files")
