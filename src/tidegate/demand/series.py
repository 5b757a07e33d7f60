"""From jobs to a demand series and back, and from request rates to GPUs."""

import dataclasses
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.demand.jobs import JOB_SCHEMA, DemandSeries, JobLog
from tidegate.errors import FeedError, OptionError

Ints = NDArray[np.int64]

_SLACK = 1e-9  # replicas: keeps 0.3 / 0.1 from asking for a fourth replica


def jobs_to_series(
    frame: pl.DataFrame,
    *,
    step_s: int = 300,
    start: int,
    stop: int,
    gpus_per_node: int | None = None,
) -> pl.DataFrame:
    """Sample internal demand on a grid, as if every job ran the moment it was submitted.

    The demand at time ``t`` is the GPUs of the jobs with ``submit_s <= t < submit_s + duration_s``.

    Parameters
    ----------
    frame : polars.DataFrame
        Jobs, columns :data:`~tidegate.demand.jobs.JOB_SCHEMA`, in any order; shape (n, 5).
    step_s : int
        Distance of the samples, in seconds.
    start, stop : int
        First sample, and the time before which the last one lies, in seconds on the clock of
        ``submit_s``.
    gpus_per_node : int or None
        Count whole nodes: a job of a node or more takes whole nodes, smaller jobs share nodes as
        tightly as they can. None counts GPUs.

    Returns
    -------
    polars.DataFrame
        ``time_s`` (Int64, ``start, start + step_s, ...``) and ``gpus`` (Float64, GPUs); shape
        (ceil((stop - start) / step_s), 2).

    Raises
    ------
    OptionError
        ``TG-OPTION`` when ``step_s`` or ``gpus_per_node`` is not positive.
    """
    if step_s <= 0:
        raise OptionError(
            "TG-OPTION", f"step_s is {step_s}.", expected="a positive number of seconds."
        )
    if gpus_per_node is not None and gpus_per_node <= 0:
        raise OptionError("TG-OPTION", f"gpus_per_node is {gpus_per_node}.", expected="1 or more.")
    grid = np.arange(start, stop, step_s, dtype=np.int64)
    begin = frame["submit_s"].to_numpy()
    end = begin + frame["duration_s"].to_numpy()
    gpus = frame["gpus"].cast(pl.Int64).to_numpy()
    if gpus_per_node is None:
        held = _held(grid, begin, end, gpus)
    else:
        large = gpus >= gpus_per_node
        nodes = _held(grid, begin[large], end[large], -(-gpus[large] // gpus_per_node))
        shared = _held(grid, begin[~large], end[~large], gpus[~large])
        held = (nodes - (-shared // gpus_per_node)) * gpus_per_node
    return pl.DataFrame({"time_s": grid, "gpus": held.astype(np.float64)})


def _held(grid: Ints, begin: Ints, end: Ints, gpus: Ints) -> Ints:
    """GPUs held at each time of ``grid`` by jobs in [begin, end)."""
    return _passed(grid, begin, gpus) - _passed(grid, end, gpus)


def _passed(grid: Ints, times: Ints, gpus: Ints) -> Ints:
    """Sum of ``gpus`` whose time is at or before each time of ``grid``."""
    order = np.argsort(times, kind="stable")
    total = np.concatenate(([0], np.cumsum(gpus[order], dtype=np.int64)))
    taken: Ints = total[np.searchsorted(times[order], grid, side="right")]
    return taken


def series_to_jobs(series: DemandSeries, *, gpus_per_job: int, end_s: int | None = None) -> JobLog:
    """Cut a demand series into jobs of equal size, by its level sets.

    Replica ``k`` runs whenever the demand needs at least ``k`` replicas, which is when
    ``ceil(gpus / gpus_per_job) >= k``. Each maximal interval in which it runs becomes one job, so
    that at all times the jobs' GPUs sum to the demand rounded up to whole replicas.

    Parameters
    ----------
    series : DemandSeries
        The demand, in GPUs; shape (n, 2).
    gpus_per_job : int
        GPUs of one replica.
    end_s : int or None
        When the last value ends, in seconds. None lets it hold as long as the value before it.

    Returns
    -------
    JobLog
        Jobs named ``replica-<k>-<n>``, ``n`` counting the intervals of replica ``k`` from 1.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when ``gpus_per_job`` is not positive, or ``end_s`` is not after the last row.
    FeedError
        ``TG-FEED-EMPTY`` when the series has no row, or a single one and no ``end_s``.
    """
    if gpus_per_job <= 0:
        raise OptionError("TG-OPTION", f"gpus_per_job is {gpus_per_job}.", expected="1 or more.")
    times = series.frame["time_s"].to_numpy()
    if times.size == 0 or (times.size == 1 and end_s is None):
        raise FeedError(
            "TG-FEED-EMPTY", f"{series.source}: a demand series needs at least two rows."
        )
    stop = int(2 * times[-1] - times[-2]) if end_s is None else end_s
    if stop <= times[-1]:
        raise OptionError("TG-OPTION", f"end_s {stop} is not after the last row at {times[-1]}.")
    need = np.ceil(series.frame["gpus"].to_numpy() / gpus_per_job - _SLACK).astype(np.int64)
    level = np.concatenate(([0], need, [0]))
    rise, fall = level[1:] - level[:-1], level[:-1] - level[1:]
    when = np.concatenate((times, [stop]))
    up_level, up_time = _crossings(level[:-1], rise, when)
    _, down_time = _crossings(level[1:], fall, when)
    # Within a level, ups and downs alternate in time, so that the n-th up ends with the n-th down.
    jobs = pl.DataFrame(
        {"level": up_level, "submit_s": up_time, "duration_s": down_time - up_time},
        schema={"level": pl.Int64, "submit_s": pl.Int64, "duration_s": pl.Int64},
    )
    nth = pl.int_range(1, pl.len() + 1).over("level")
    frame = (
        jobs.with_columns(
            job_id=pl.format("replica-{}-{}", "level", nth),
            gpus=pl.lit(gpus_per_job),
            owner=pl.lit(None),
        )
        .sort("submit_s", "level")
        .select(pl.col(name).cast(dtype) for name, dtype in JOB_SCHEMA.items())
    )
    return JobLog(frame, series.source, series.format, series.calendar, series.rejects)


def _crossings(below: Ints, steps: Ints, when: Ints) -> tuple[Ints, Ints]:
    """Levels crossed by each positive step, and when, ordered by level and then by time."""
    counts = np.maximum(steps, 0)
    total = int(counts.sum())
    first = np.repeat(np.cumsum(counts) - counts, counts)
    levels: Ints = np.repeat(below, counts) + 1 + (np.arange(total, dtype=np.int64) - first)
    times: Ints = np.repeat(when, counts)
    order: NDArray[Any] = np.argsort(levels, kind="stable")
    return levels[order], times[order]


def rates_to_gpus(
    series: DemandSeries, requests_per_s_per_gpu: float, headroom: float
) -> DemandSeries:
    """Turn a request rate into the GPUs that serve it.

    ``gpus = rate * (1 + headroom) / requests_per_s_per_gpu``.

    Parameters
    ----------
    series : DemandSeries
        A series whose value is a rate, in requests per second; shape (n, 2).
    requests_per_s_per_gpu : float
        What one GPU serves at the latency target.
    headroom : float
        Share added on top for spikes, 0 for none.

    Returns
    -------
    DemandSeries
        The same times with values in GPUs (not rounded).

    Raises
    ------
    OptionError
        ``TG-OPTION`` when a GPU serves nothing, or the headroom is negative.
    """
    if not requests_per_s_per_gpu > 0:
        raise OptionError(
            "TG-OPTION",
            f"requests_per_s_per_gpu is {requests_per_s_per_gpu}.",
            expected="a positive rate.",
        )
    if not headroom >= 0:
        raise OptionError("TG-OPTION", f"headroom is {headroom}.", expected="0 or more.")
    factor = (1 + headroom) / requests_per_s_per_gpu
    return dataclasses.replace(series, frame=series.frame.with_columns(pl.col("gpus") * factor))
