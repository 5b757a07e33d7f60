"""Finished cells on disk, each under a digest of everything that determines its result."""

import dataclasses
import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

import tidegate
from tidegate.app.backtest import versions
from tidegate.errors import FeedError, Place, RunError
from tidegate.plan import Cell, CellResult, LogSource, PoolCase, Settings, Sweep, TideSource

_PACKAGE: Final = Path(tidegate.__file__).parent

# The packages whose code and data lead to a cell's figures, those with compiled code among them.
_DECIDING: Final = (
    *("demand", "feeds", "fleet", "forecast", "lease", "plan", "quantity", "quota", "simulate"),
)


@dataclasses.dataclass(frozen=True)
class Task:
    """A cell with all that a worker needs to play it, wherever that worker runs.

    Attributes
    ----------
    cell : Cell
    case : PoolCase
        Its pool, the log's path absolute.
    settings : Settings
    log_digest : str
        Of the log's content.
    code_digest : str
        Of the code that the results rest on.
    stage : str
        The same for all cells that share a pool, a log and settings.
    digest : str
        The cell's own.
    """

    cell: Cell
    case: PoolCase
    settings: Settings
    log_digest: str
    code_digest: str
    stage: str
    digest: str


@cache
def code_digest() -> str:
    """Return a digest of the code that results rest on: Tidegate's, and its libraries' versions."""
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    for package in _DECIDING:
        for path in sorted((_PACKAGE / package).rglob("*")):
            if path.suffix in (".py", ".csv"):
                digest.update(path.relative_to(_PACKAGE).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def content_digest(path: Path) -> str:
    """Return a digest of a file's content.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FeedError(
            "TG-FEED-MISSING", f"The file cannot be opened: {reason}.", place=Place(str(path))
        ) from error


def log_of(case: PoolCase) -> LogSource:
    """Return where a pool's log lies."""
    return case.demand.log if isinstance(case.demand, TideSource) else case.demand


def _with_log_at(case: PoolCase, path: Path) -> PoolCase:
    log = dataclasses.replace(log_of(case), path=path)
    demand = (
        dataclasses.replace(case.demand, log=log) if isinstance(case.demand, TideSource) else log
    )
    return dataclasses.replace(case, demand=demand)


def tasks_of(sweep: Sweep, cells: Iterable[Cell]) -> list[Task]:
    """Return the tasks of a sweep's cells, in their order.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` when a log cannot be opened.
    """
    digests: dict[Path, str] = {}
    pools: dict[tuple[int, int], Task] = {}
    code = code_digest()
    for fleet, pool, case in sweep.pools():
        path = log_of(case).path
        if path not in digests:
            digests[path] = content_digest(path)
        settings = dataclasses.replace(sweep.settings(fleet), policies=(), seeds=())
        # Where the log lies does not matter, and the risk is the cell's.
        plain = _with_log_at(case, Path(path.name))
        policy = dataclasses.replace(plain.pool.policy, risk=0.5)
        plain = dataclasses.replace(plain, pool=dataclasses.replace(plain.pool, policy=policy))
        stage = _sha256(repr((plain, settings)), digests[path])
        placed = _with_log_at(case, path.absolute())
        template = Cell(fleet, pool, "", 100, None, 0)
        pools[fleet, pool] = Task(template, placed, settings, digests[path], code, stage, "")
    tasks = []
    for cell in cells:
        task = pools[cell.fleet, cell.pool]
        # Not the places of fleet and pool: a sweep may gain a fleet and keep its cells.
        play = repr((cell.policy, cell.share_percent, cell.risk, cell.seed))
        digest = _sha256(task.stage, play, code)
        tasks.append(dataclasses.replace(task, cell=cell, digest=digest))
    return tasks


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class CellStore:
    """The folder of finished cells.

    Parameters
    ----------
    folder : Path
        Made if need be.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._type = TypeAdapter(CellResult)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._cannot_write(error) from error

    def read(self, task: Task) -> CellResult | None:
        """Return a finished cell; None when it is not finished, or its file is damaged."""
        try:
            return self._type.validate_json(self._path(task).read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, task: Task, result: CellResult) -> None:
        """Keep a finished cell; whoever looks sees all of it or nothing.

        Raises
        ------
        RunError
            ``TG-RUN-OUT`` when it cannot be written.
        """
        try:
            part = self._folder / f"{task.digest}.{os.getpid()}.part"
            part.write_bytes(self._type.dump_json(result, indent=1))
            part.replace(self._path(task))
        except OSError as error:
            raise self._cannot_write(error) from error

    def _path(self, task: Task) -> Path:
        return self._folder / f"{task.digest}.json"

    def _cannot_write(self, error: OSError) -> RunError:
        place = Place(str(self._folder))
        return RunError("TG-RUN-OUT", f"A cell cannot be written: {error}.", place=place)
