"""What ``import tidegate`` offers: the commands as functions with typed results."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from tidegate.app.backtest import load, problems, run
from tidegate.app.fleetpolicies import with_comparison
from tidegate.app.options import (
    DEFAULT_LOAD,
    DEFAULT_RISK,
    decimal_option,
    scenario_from_options,
    settings_from_options,
    windowed,
)
from tidegate.app.output import write
from tidegate.app.sweep import CellProgress, SweepResult, run_sweep, sweep_problems
from tidegate.app.workers import Crew
from tidegate.demand import JobLog
from tidegate.errors import OptionError
from tidegate.feeds import read_jobs as read_log
from tidegate.feeds.booksfile import read_books
from tidegate.feeds.fleetfile import read_fleet as read_fleet_file
from tidegate.feeds.sweepfile import read_sweep
from tidegate.plan import BacktestResult, LogSource, Progress, Scenario


def read_fleet(path: str | Path) -> Scenario:
    """Read a fleet file.

    Parameters
    ----------
    path : str or Path
        A TOML file.

    Raises
    ------
    FleetFileError
        When something in it is wrong; the message names file, line and key.
    """
    return read_fleet_file(Path(path))


def read_jobs(
    path: str | Path,
    *,
    format: str = "auto",
    where: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
) -> JobLog:
    """Read a job log.

    Parameters
    ----------
    path : str or Path
        The log.
    format : str
        A name of ``tidegate.feeds.FORMATS``, or ``auto``.
    where : mapping of str to str, optional
        Keep only rows whose column has this value.
    columns : mapping of str to str, optional
        For generic tables: our field to the file's column.
    timezone : str
        Zone of times without an offset.

    Returns
    -------
    JobLog
        ``frame`` with one row per job; ``rejects`` with what was left out.

    Raises
    ------
    FeedError
        When the log cannot be read.
    """
    return read_log(
        LogSource(
            path=Path(path),
            format=format,
            where=dict(where or {}),
            columns=dict(columns or {}),
            timezone=timezone,
        )
    )


def _refuse_beside_fleet(of_one_pool: Mapping[str, Any]) -> None:
    """Refuse what describes a single pool and is not left at its default: the fleet says it itself."""
    parameters = signature(scenario_from_options).parameters
    for name, value in of_one_pool.items():
        default = parameters[name].default
        if value != (None if default is Parameter.empty else default):
            raise OptionError(
                "TG-OPTION",
                f"{name} describes the pool of jobs.",
                expected="the same in the fleet file.",
            )


def backtest(  # noqa: PLR0913  the command's options
    fleet: str | Path | Scenario | None = None,
    *,
    jobs: str | Path | None = None,
    nodes: int | None = None,
    gpus_per_node: int = 8,
    chip: str = "H100-SXM",
    price: Decimal | str | None = None,
    currency: str = "USD",
    risk: float = DEFAULT_RISK,
    reserve_nodes: int = 0,
    offered_load: float = DEFAULT_LOAD,
    format: str = "auto",
    where: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    policies: Sequence[str] | None = None,
    seeds: int = 5,
    warmup: str = "14d",
    window_from: str | None = None,
    window_to: str | None = None,
    max_rejects: float = 0.01,
    out: str | Path | None = None,
    progress: Progress = lambda pool, done, total: None,
) -> BacktestResult:
    """Say what could have been leased: the command ``tidegate backtest`` as a function.

    Give a fleet (a file or a scenario), or the job log of one pool with its ``nodes``.

    Parameters
    ----------
    fleet : str, Path or Scenario, optional
        A fleet file, or what :func:`read_fleet` made of one.
    jobs : str or Path, optional
        Job log of a single pool.
    nodes, gpus_per_node, chip
        That pool's size and chip.
    price, currency
        List price of its GPU-hour; without it the chip's reference rent in USD.
    risk, reserve_nodes, offered_load
        Its risk (the owner's limit, in (0, 1)), its reserve, and GPU-hours asked for over mean headroom.
    format, where, columns, timezone
        How its log is read (see :func:`read_jobs`).
    policies : sequence of str, optional
        Names of ``tidegate.quota.POLICIES``; all but ``gfs`` and ``clairvoyant`` by default.
    seeds : int
        Number of request streams.
    warmup : str
        History before leasing starts, such as ``14d``.
    window_from, window_to : str, optional
        Play jobs submitted in [from, to).
    max_rejects : float
        Share of rejected rows above which an error is raised.
    out : str or Path, optional
        Folder for report, result and tables; nothing is written without it.
    progress : callable
        Told pool, plays done and plays in all, after every play.

    Returns
    -------
    BacktestResult
        Figures, polars frames, and plots in notebooks; for a fleet with books also ``comparison``, the
        three-tier policy beside others.

    Raises
    ------
    InputError
        When the fleet, the log or an option cannot be used.
    """
    if (fleet is None) == (jobs is None):
        raise OptionError("TG-OPTION", "Give a fleet or jobs.", expected="one of the two.")
    of_one_pool: dict[str, Any] = {
        "nodes": nodes,
        "gpus_per_node": gpus_per_node,
        "chip": chip,
        "price": decimal_option("price", price),
        "currency": currency,
        "risk": risk,
        "reserve_nodes": reserve_nodes,
        "offered_load": offered_load,
        "format": format,
        "where": where,
        "columns": columns,
        "timezone": timezone,
    }
    if jobs is not None:
        if nodes is None:
            raise OptionError("TG-OPTION", "nodes is missing.", expected="the pool's nodes.")
        scenario = scenario_from_options(Path(jobs), **of_one_pool)
    else:
        _refuse_beside_fleet(of_one_pool)
        assert fleet is not None
        scenario = fleet if isinstance(fleet, Scenario) else read_fleet(fleet)
    scenario = windowed(scenario, window_from, window_to)
    settings = settings_from_options(scenario, policies=policies, seeds=seeds, warmup=warmup)
    books = None if scenario.books is None else read_books(scenario)
    demand = load(scenario)
    result = run(scenario, demand.logs, settings, progress=progress, seconds_before=demand.seconds)
    if books is not None:
        result, _ = with_comparison(result, scenario, books)
    if found := problems(result, max_rejects):
        raise found[0]
    if out is not None:
        write(result, Path(out))
    return result


def sweep(
    path: str | Path,
    *,
    out: str | Path = "out",
    backend: str = "loky",
    workers: int | None = None,
    dask_address: str | None = None,
    max_rejects: float = 0.01,
    progress: CellProgress = lambda done, total: None,
) -> SweepResult:
    """Play fleets x policies x risks x seeds: ``tidegate backtest --sweep`` as a function.

    Parameters
    ----------
    path : str or Path
        A sweep file.
    out : str or Path
        Folder of the finished cells, which are not played again, and of the table.
    backend : str
        ``loky`` (processes), ``threading`` or ``dask``.
    workers : int, optional
        How many on this machine; one per core by default.
    dask_address : str, optional
        Scheduler of a Dask cluster; without it ``dask`` starts one on this machine.
    max_rejects : float
        Share of rejected rows above which an error is raised.
    progress : callable
        Told cells done and cells in all, at the start and after every cell.

    Returns
    -------
    SweepResult
        Cells that could not be played are in its ``failed``.

    Raises
    ------
    InputError
        When the sweep file, a fleet, a log or an option cannot be used.
    RunError
        When a result cannot be written, or workers are lost; what is finished is kept.
    """
    crew = Crew(backend, workers, dask_address)
    result = run_sweep(read_sweep(path), Path(out), crew, progress=progress)
    if found := sweep_problems(result, max_rejects):
        raise found[0]
    return result
