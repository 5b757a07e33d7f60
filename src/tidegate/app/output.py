"""The files of a backtest."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tidegate.errors import Place, RunError
from tidegate.feeds import write_rejects
from tidegate.plan import BacktestResult
from tidegate.web.report import render


@dataclass(frozen=True)
class Written:
    """Where the files of a backtest lie.

    Attributes
    ----------
    report : Path
        The HTML report.
    result : Path
        The result as JSON.
    tables : tuple of Path
        The frames as Parquet.
    rejects : tuple of Path
        Rejected rows, one CSV per pool that has any.
    """

    report: Path
    result: Path
    tables: tuple[Path, ...]
    rejects: tuple[Path, ...]


def _table(result: BacktestResult, name: str) -> pl.DataFrame:
    frames = [
        getattr(pool, name).select(pl.lit(pool.case.pool.id).alias("pool"), pl.all())
        for pool in result.pools
        if getattr(pool, name).width
    ]
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()


def prepare_folder(folder: Path) -> None:
    """Make the folder of the results, before the work whose results it is to take.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _cannot_write(folder: Path, error: OSError) -> RunError:
    return RunError(
        "TG-RUN-OUT", f"The result cannot be written: {error}.", place=Place(str(folder))
    )


def write(result: BacktestResult, folder: Path) -> Written:
    """Write report, result, tables and rejected rows into a folder, which is made if need be.

    Parameters
    ----------
    result : BacktestResult
        What was found.
    folder : Path
        Files of the same names in it are replaced.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when something cannot be written.
    """
    prepare_folder(folder)
    try:
        tables = []
        for name in ("jobs", "leases", "tide", "curve", "tradeoff"):
            path = folder / f"{name}.parquet"
            _table(result, name).write_parquet(path)
            tables.append(path)
        rejects = []
        for pool in result.pools:
            path = folder / f"rejects-{pool.case.pool.id}.csv"
            path.unlink(missing_ok=True)
            if pool.rejects.count:
                write_rejects(pool.rejects, path)
                rejects.append(path)
        (folder / "result.json").write_text(json.dumps(result.to_json(), indent=2), "utf-8")
        (folder / "report.html").write_text(render(result), "utf-8")
    except OSError as error:
        raise _cannot_write(folder, error) from error
    return Written(folder / "report.html", folder / "result.json", tuple(tables), tuple(rejects))
