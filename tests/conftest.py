"""What every test gets: the services that some of them need, and hypothesis at a steady pace."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from tests.postgres import Postgres, find_postgres, postgres_cluster
from tests.slurm.cluster import find_slurm

from tidegate.store import Database, migrate, open_database

IN_CI: Final = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def find_chromium() -> str | None:
    """Path of the browser, from ``$TIDEGATE_CHROMIUM`` or the search path."""
    names = (os.environ.get("TIDEGATE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


SERVICES: Final[Mapping[str, tuple[Callable[[], object], str]]] = {
    "needs_chromium": (
        find_chromium,
        "Chromium is not installed (Debian: apt-get install chromium; or set TIDEGATE_CHROMIUM)",
    ),
    "needs_slurm": (
        find_slurm,
        "no cluster can be started here: Slurm is not installed, or this is not root (tools/get-slurm)",
    ),
    "needs_postgres": (
        find_postgres,
        "PostgreSQL is not installed (tools/get-postgres; or set TIDEGATE_POSTGRES)",
    ),
}
"""Marker of a required part, how to find that part, and what to say when it is missing."""

settings.register_profile("tidegate", deadline=None)
settings.register_profile("ci", parent=settings.get_profile("tidegate"), derandomize=True)
settings.load_profile("ci" if IN_CI else "tidegate")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (find, missing) in SERVICES.items():
        if item.get_closest_marker(marker) and not find():
            pytest.skip(missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    required = any(item.get_closest_marker(marker) for marker in SERVICES)
    if IN_CI and required and report.skipped:
        _, _, reason = report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, "")
        report.outcome = "failed"
        report.longrepr = f"A required part may not be skipped when CI is set. {reason}"
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; for tests marked ``needs_chromium``."""
    path = find_chromium()
    assert path, "a test that asks for chromium carries the marker needs_chromium"
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A cluster; for tests marked ``needs_postgres``."""
    with postgres_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tidegate.db'}"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.new_database()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with its tables, of each kind in turn."""
    opened = open_database(database_url)
    migrate(opened)
    yield opened
    opened.close()
