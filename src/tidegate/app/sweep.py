"""Play a sweep: what is finished is kept, the rest is played, and all is put together."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.app.backtest import versions
from tidegate.app.cellstore import CellStore, log_of, tasks_of
from tidegate.app.workers import Crew, Failed, play_all
from tidegate.errors import FeedError, Place, RunError
from tidegate.plan import Cell, CellResult, Sweep, SweepPool, cells_of, merge, sweep_frame

CellProgress = Callable[[int, int], None]
"""Called with how many cells are done, and how many there are."""


@dataclass(frozen=True)
class FailedCell:
    """A cell that could not be played."""

    cell: Cell
    fleet: str
    pool: str
    code: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the cell and its error as plain values."""
        return {
            "fleet": self.fleet,
            "pool": self.pool,
            "policy": self.cell.policy,
            "share_percent": self.cell.share_percent,
            "risk": self.cell.risk,
            "seed": self.cell.seed,
            "code": self.code,
            "message": self.message,
        }


@dataclass(frozen=True)
class SweepResult:
    """A sweep's result.

    Attributes
    ----------
    source : str
        The sweep file.
    pools : tuple of SweepPool
        Every pool of every fleet, in order of the files.
    seeds : tuple of int
        Seeds of the request streams and of the failures.
    cells, kept : int
        Cells in all, and of these those that had been finished before.
    failed : tuple of FailedCell
        Cells that could not be played.
    seconds : float
        Wall time.
    versions : mapping of str to str
        Tidegate, Python and the libraries that the result rests on.
    """

    source: str
    pools: tuple[SweepPool, ...]
    seeds: tuple[int, ...]
    cells: int
    kept: int
    failed: tuple[FailedCell, ...]
    seconds: float
    versions: Mapping[str, str]

    @property
    def frame(self) -> pl.DataFrame:
        """One row per fleet, pool, policy and risk with the main figures."""
        return sweep_frame(self.pools)

    def to_json(self) -> dict[str, Any]:
        """Return the whole result as plain values."""
        return {
            "sweep": self.source,
            "seeds": list(self.seeds),
            "pools": [pool.to_json() for pool in self.pools],
            "cells": {
                "all": self.cells,
                "kept": self.kept,
                "played": self.cells - self.kept - len(self.failed),
                "failed": len(self.failed),
            },
            "failed": [failed.to_json() for failed in self.failed],
            "seconds": round(self.seconds, 3),
            "versions": dict(self.versions),
        }


def run_sweep(
    sweep: Sweep,
    folder: Path,
    crew: Crew,
    *,
    progress: CellProgress = lambda done, total: None,
) -> SweepResult:
    """Play every cell of a sweep that is not yet finished.

    Parameters
    ----------
    sweep : Sweep
        What is to be played.
    folder : Path
        Takes ``cells/``, each finished cell at once; ``sweep.parquet`` and ``sweep.json`` at the end.
    crew : Crew
        Who plays.
    progress : callable
        Told at the start and after every cell.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` when a log cannot be opened.
    RunError
        ``TG-RUN-OUT`` when a result cannot be written, ``TG-RUN-CELL`` when a worker is killed,
        ``TG-RUN-CLUSTER`` when the cluster cannot be reached. The finished cells are kept.
    """
    began = time.perf_counter()
    tasks = tasks_of(sweep, cells_of(sweep))
    store = CellStore(folder / "cells")
    results: dict[Cell, CellResult] = {}
    waiting = []
    for task in tasks:
        finished = store.read(task)
        if finished is None:
            waiting.append(task)
        else:
            results[task.cell] = finished
    kept, failed = len(results), list[FailedCell]()
    progress(kept, len(tasks))
    for task, outcome in play_all(waiting, crew):
        if isinstance(outcome, Failed):
            fleet, pool = sweep.scenarios[task.cell.fleet].name, task.case.pool.id
            failed.append(FailedCell(task.cell, fleet, pool, outcome.code, outcome.message))
        else:
            store.write(task, outcome)
            results[task.cell] = outcome
        progress(len(results) + len(failed), len(tasks))
    order = {task.cell: place for place, task in enumerate(tasks)}
    result = SweepResult(
        source=sweep.source,
        pools=merge(sweep, results),
        seeds=sweep.seeds,
        cells=len(tasks),
        kept=kept,
        failed=tuple(sorted(failed, key=lambda f: order[f.cell])),
        seconds=time.perf_counter() - began,
        versions=versions(),
    )
    _write(result, folder)
    return result


def _write(result: SweepResult, folder: Path) -> None:
    try:
        result.frame.write_parquet(folder / "sweep.parquet")
        (folder / "sweep.json").write_text(json.dumps(result.to_json(), indent=2), "utf-8")
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"The result cannot be written: {error}.", place=Place(str(folder))
        ) from error


def sweep_problems(result: SweepResult, max_rejects: float) -> list[FeedError]:
    """Return an error for each pool of whose log more rows were rejected than allowed."""
    found = []
    for pool in result.pools:
        intake = pool.intake
        share = intake.rejected / intake.judged if intake and intake.judged else 0.0
        if intake and share > max_rejects:
            found.append(
                FeedError(
                    "TG-FEED-REJECTS",
                    f"{intake.rejected} of {intake.judged} rows were rejected ({share:.1%}) for "
                    f"pool {pool.case.pool.id}; a backtest of the fleet writes them out.",
                    place=Place(str(log_of(pool.case).path)),
                    expected=f"at most {max_rejects:.1%} rejected rows.",
                )
            )
    return found
