"""A PostgreSQL cluster for the tests, in a folder of its own, reached by a socket in it."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

SETTINGS = {
    "listen_addresses": "",
    # The tests kill Tidegate, never the database or the machine.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
}


def find_postgres() -> Path | None:
    """Folder of the server's programs, from ``$TIDEGATE_POSTGRES``, the search path or Debian's place."""
    if chosen := os.environ.get("TIDEGATE_POSTGRES"):
        return Path(chosen)
    if found := shutil.which("initdb"):
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found_in = next((place for place in places if (place / "initdb").exists()), None)
    return found_in if os.geteuid() != 0 or _has_postgres_user() else None


def _has_postgres_user() -> bool:
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return False
    return True


class Postgres:
    """A cluster that runs.

    Parameters
    ----------
    folder : Path
        Where its data and its socket lie.
    programs : Path
    settings : dict
        Of the server, before those of the tests.
    """

    def __init__(
        self, folder: Path, programs: Path, settings: dict[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.port = int(settings["port"]) if settings and "port" in settings else None
        self._programs = programs
        # The server refuses to run as root.
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(folder, "postgres", "postgres")
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"
        )
        options = {**SETTINGS, **(settings or {}), "unix_socket_directories": str(folder)}
        lines = "".join(f"{name} = '{value}'\n" for name, value in options.items())
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(lines)
        self._run(
            "pg_ctl", "-D", str(folder / "data"), "-l", str(folder / "log"), "-w", "-t", "60", "start"
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._programs / program), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"

    def new_database(self) -> str:
        """Make a database, and return its address."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="postgres",
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if self.port is not None:
            return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def stop(self) -> None:
        """End it."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


@contextmanager
def postgres_cluster(settings: dict[str, str] | None = None) -> Iterator[Postgres]:
    """Run a cluster in a folder that is removed afterwards."""
    programs = find_postgres()
    assert programs is not None, "a test that asks for PostgreSQL carries the marker needs_postgres"
    # A socket's path may not be long.
    folder = Path(tempfile.mkdtemp(prefix="tgpg-"))
    try:
        cluster = Postgres(folder, programs, settings)
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
