"""The series that are forecast: internal demand in nodes every five minutes, with the jobs behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from bench.harvesting.cases import CASES, Case, philly
from bench.logs import GPUS_PER_NODE, ROOT
from numpy.typing import NDArray

from tidegate.demand.series import jobs_to_series, rates_to_gpus
from tidegate.feeds import read_jobs, read_series
from tidegate.plan import LogSource

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

STEP_S: Final = 300
DAY: Final = 86400 // STEP_S
HORIZONS_S: Final = (600, 1800, *(3600 * hours for hours in (1, 3, 6, 12, 24, 72, 168)))
LENGTHS: Final = np.array([h // STEP_S for h in HORIZONS_S], dtype=np.int64)
"""Horizons in ticks."""
WARMUP: Final = 14 * DAY


@dataclass(frozen=True)
class Jobs:
    """The jobs behind a series, in order of submission; shape (jobs,), times in ticks from its start."""

    submit: F64
    end: F64
    nodes: F64
    owner: I64


@dataclass(frozen=True)
class Tide:
    """A demand series with its pool.

    Attributes
    ----------
    name : str
    nodes : int
    demand : int64 array, shape (ticks,)
        Cut at the pool's nodes.
    clock : int
        Time of the first tick on the log's clock, in seconds: what the hour and the weekday come from.
    jobs : Jobs or None
        None where the log is a series.
    """

    name: str
    nodes: int
    demand: I64
    clock: int
    jobs: Jobs | None

    @property
    def warm(self) -> int:
        """First tick that is scored: after 14 days, or half of a record shorter than 28."""
        return min(WARMUP, self.demand.size // 2)

    @property
    def hour(self) -> F64:
        """Hour of the day, shape (ticks,)."""
        return (self.clock + STEP_S * np.arange(self.demand.size)) % 86400 / 3600

    @property
    def weekday(self) -> I64:
        """Day of the week by the log's clock, shape (ticks,)."""
        found: I64 = (self.clock + STEP_S * np.arange(self.demand.size)) // 86400 % 7
        return found


def _from_jobs(case: Case) -> Tide:
    frame = read_jobs(LogSource(path=case.log, format=case.format, where=case.where)).frame
    if case.window_from is not None:
        first = datetime.fromisoformat(case.window_from).replace(tzinfo=UTC).timestamp()
        frame = frame.filter(pl.col("submit_s") >= int(first))
    start, stop = int(frame["submit_s"][0]), int(frame["submit_s"][-1])
    series = jobs_to_series(
        frame, step_s=STEP_S, start=start, stop=stop, gpus_per_node=GPUS_PER_NODE
    )
    demand = (series["gpus"].to_numpy() / GPUS_PER_NODE).astype(np.int64)
    gpus = frame["gpus"].to_numpy().astype(np.float64)
    submit = (frame["submit_s"].to_numpy() - start) / STEP_S
    jobs = Jobs(
        submit=submit,
        end=submit + frame["duration_s"].to_numpy() / STEP_S,
        nodes=np.where(gpus >= GPUS_PER_NODE, np.ceil(gpus / GPUS_PER_NODE), gpus / GPUS_PER_NODE),
        owner=np.unique(frame["owner"].fill_null("").to_numpy(), return_inverse=True)[1],
    )
    return Tide(case.name, case.nodes, np.minimum(demand, case.nodes), start, jobs)


def _serving() -> Tide:
    """Return the pool of ``examples/inference-tide.toml``, whose log has steps of ten minutes."""
    nodes = 75
    source = LogSource(
        path=ROOT / "examples" / "traces" / "servegen_rates_10min.parquet",
        format="servegen",
        where={"model": "m-small"},
    )
    need = rates_to_gpus(read_series(source), 4, 0.25).frame
    times, gpus = need["time_s"].to_numpy(), need["gpus"].to_numpy()
    grid = np.arange(int(times[0]), int(times[-1]) + 2 * STEP_S, STEP_S)
    at = np.searchsorted(times, grid, side="right") - 1
    demand = np.ceil(gpus[at] / GPUS_PER_NODE).astype(np.int64)
    return Tide("serving", nodes, np.minimum(demand, nodes), 0, None)


def shortened(tide: Tide, days: int) -> Tide:
    """Return the first days of a series."""
    return replace(tide, demand=tide.demand[: days * DAY])


def tides(names: Sequence[str] | None, philly_log: Path | None) -> list[Tide]:
    """Return the series asked for (None: all)."""
    cases = [*CASES, *([philly(philly_log)] if philly_log else [])]
    found = [_from_jobs(case) for case in cases if names is None or case.name in names]
    return [*found, *([_serving()] if names is None or "serving" in names else [])]


def tops(demand: I64) -> F64:
    """Return per horizon and tick the maximum of demand from the tick to the horizon, both included.

    Returns
    -------
    float64 array, shape (horizons, ticks)
        NaN where the horizon runs out of the record.
    """
    found = np.full((LENGTHS.size, demand.size), np.nan)
    for j, length in enumerate(LENGTHS.tolist()):
        if demand.size > length:
            windows = np.lib.stride_tricks.sliding_window_view(demand, length + 1)
            found[j, : demand.size - length] = windows.max(axis=1)
    return found
