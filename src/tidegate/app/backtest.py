"""Read what a scenario names, play it, and put the result together."""

import dataclasses
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import polars as pl

from tidegate.demand import DemandSeries, JobLog, rates_to_gpus, series_to_jobs
from tidegate.errors import FeedError
from tidegate.feeds import check_rejects, detect_format, read_jobs, read_series
from tidegate.plan import (
    BacktestResult,
    LogSource,
    PoolCase,
    Progress,
    Scenario,
    Settings,
    TideSource,
    backtest_pool,
)


@dataclass(frozen=True)
class Demand:
    """The internal jobs of a scenario's pools.

    Attributes
    ----------
    logs : tuple of JobLog
        One per pool, in the scenario's order.
    seconds : float
        Wall time of reading.
    """

    logs: tuple[JobLog, ...]
    seconds: float


def _as_jobs(case: PoolCase, series: DemandSeries) -> JobLog:
    return series_to_jobs(series, gpus_per_job=case.pool.gpus_per_node)


def _series(source: LogSource | TideSource) -> DemandSeries:
    if isinstance(source, LogSource):
        return read_series(source)
    rates = read_series(source.log)
    return rates_to_gpus(
        rates, requests_per_s_per_gpu=source.requests_per_s_per_gpu, headroom=source.headroom
    )


def read_demand(case: PoolCase) -> JobLog:
    """Read the log of a pool, with the forecast of its load; a pool with a series gets jobs of one node each.

    Raises
    ------
    FeedError
        When the log cannot be read at all.
    """
    match case.demand:
        case LogSource() as log if detect_format(log).kind == "jobs":
            found = read_jobs(log)
        case source:
            found = _as_jobs(case, _series(source))
    if case.foreseen is None:
        return found
    foreseen = _series(case.foreseen)
    rejects = dataclasses.replace(
        found.rejects,
        rows_read=found.rejects.rows_read + foreseen.rejects.rows_read,
        frame=pl.concat([found.rejects.frame, foreseen.rejects.frame]),
    )
    return dataclasses.replace(found, foreseen=foreseen, rejects=rejects)


def load(scenario: Scenario) -> Demand:
    """Read the log of every pool.

    Parameters
    ----------
    scenario : Scenario
        The pools and where their demand comes from.

    Raises
    ------
    FeedError
        When a log cannot be read at all.
    """
    began = time.perf_counter()
    logs = tuple(read_demand(case) for case in scenario.cases)
    return Demand(logs, time.perf_counter() - began)


def problems(result: BacktestResult, max_rejects: float) -> list[FeedError]:
    """Return an error for each log of which more rows were rejected than allowed.

    Parameters
    ----------
    result : BacktestResult
        Made from the good rows.
    max_rejects : float
        Largest share of rejected rows in a log that is not a problem, 0 to 1.
    """
    found = []
    for pool in result.pools:
        demand = pool.case.demand
        source = demand.log if isinstance(demand, TideSource) else demand
        try:
            check_rejects(pool.rejects, max_rejects, str(source.path))
        except FeedError as problem:
            found.append(problem)
    return found


def versions() -> dict[str, str]:
    """Return the versions that a result rests on."""
    parts = {name: version(name) for name in ("tidegate", "highspy", "numba", "numpy", "polars")}
    return {"python": platform.python_version(), **parts}


def run(
    scenario: Scenario,
    logs: Sequence[JobLog],
    settings: Settings,
    *,
    progress: Progress = lambda pool, done, total: None,
    seconds_before: float = 0.0,
) -> BacktestResult:
    """Play every pool of a scenario.

    Parameters
    ----------
    scenario : Scenario
        The pools.
    logs : sequence of JobLog
        Their internal jobs, in the same order.
    settings : Settings
        Policies, seeds, warm-up.
    progress : callable
        Told after every play.
    seconds_before : float
        Time already spent on reading, for the result.

    Raises
    ------
    FeedError
        When a log leaves nothing to play.
    """
    began = time.perf_counter()
    pools = tuple(
        backtest_pool(case, log, settings, progress)
        for case, log in zip(scenario.cases, logs, strict=True)
    )
    return BacktestResult(
        name=scenario.name,
        currency=scenario.currency,
        source=scenario.source,
        pools=pools,
        seeds=settings.seeds,
        seconds=seconds_before + time.perf_counter() - began,
        versions=versions(),
        assumptions=scenario.assumptions,
    )
