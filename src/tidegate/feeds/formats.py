"""The formats that can be read, in one ordered list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from tidegate.demand.jobs import DemandSeries, JobLog
from tidegate.feeds.files import Head
from tidegate.feeds.helios import HELIOS
from tidegate.feeds.itp import ITP
from tidegate.feeds.philly import PHILLY
from tidegate.feeds.philly_log import looks_like_philly_log, read_philly_log
from tidegate.feeds.sacct import looks_like_sacct, read_sacct
from tidegate.feeds.series import HELIOS_VC, SERVEGEN, SeriesLayout, own_series, read_table_series
from tidegate.feeds.swf import looks_like_swf, read_swf
from tidegate.feeds.table import Layout, own_layout, read_table
from tidegate.plan.scenario import LogSource


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes
    ----------
    name : str
        What ``LogSource.format`` calls it.
    kind : {'jobs', 'series'}
        What a file of this format holds.
    description : str
        One line for help texts.
    recognised : str
        By what ``auto`` knows it.
    fits : callable
        Whether the beginning of a file is of this format.
    read : callable
        Reads such a file.
    """

    name: str
    kind: Literal["jobs", "series"]
    description: str
    recognised: str
    fits: Callable[[Head], bool]
    read: Callable[[LogSource, Head], JobLog | DemandSeries]


def _has(*names: str) -> Callable[[Head], bool]:
    return lambda head: head.has(*names)


def _table(layout: Layout) -> Callable[[LogSource, Head], JobLog]:
    return lambda source, head: read_table(source, head, layout)


def _series(layout: SeriesLayout) -> Callable[[LogSource, Head], DemandSeries]:
    return lambda source, head: read_table_series(source, head, layout)


def _is_series(head: Head) -> bool:
    return head.has("time") and (head.has("gpus") or head.has("rate"))


def _is_table(head: Head) -> bool:
    asked, ran = head.has("submit") or head.has("start"), head.has("duration") or head.has("end")
    return head.has("gpus") and asked and ran


FORMATS: Final[tuple[Format, ...]] = (
    # The first that fits is taken: formats known by a magic come first, public traces with their
    # many columns next, and the two that only need our own field names last.
    Format(
        "sacct",
        "jobs",
        "Slurm accounting: sacct --parsable2, with or without --duplicates",
        "a header with | and JobID",
        looks_like_sacct,
        read_sacct,
    ),
    Format(
        "philly-json",
        "jobs",
        "Microsoft Philly's original cluster_job_log",
        "a JSON list with jobid and attempts",
        looks_like_philly_log,
        read_philly_log,
    ),
    Format(
        "swf",
        "jobs",
        "Standard Workload Format 2.2, processors taken as GPUs",
        "a first line that begins with ; or is 18 numbers",
        looks_like_swf,
        read_swf,
    ),
    Format(
        "helios-vc",
        "series",
        "SenseTime Helios, GPUs running and waiting per minute and virtual cluster",
        "columns time, vc, running_gpu_num, pending_gpu_num",
        _has("time", "vc", "running_gpu_num", "pending_gpu_num"),
        _series(HELIOS_VC),
    ),
    Format(
        "helios",
        "jobs",
        "SenseTime Helios, cluster_log.csv",
        "columns job_id, vc, gpu_num, submit_time, start_time, end_time",
        _has(*HELIOS.columns.values()),
        _table(HELIOS),
    ),
    Format(
        "itp",
        "jobs",
        "Microsoft ITP as published with ElasticFlow",
        "columns job_id, submission_time, duration, num_gpu",
        _has(*ITP.columns.values()),
        _table(ITP),
    ),
    Format(
        "philly",
        "jobs",
        "Microsoft Philly as a normalised table",
        "columns submit_time, duration, gpus, vc",
        _has(*PHILLY.columns.values()),
        _table(PHILLY),
    ),
    Format(
        "servegen",
        "series",
        "Alibaba ServeGen, request rates per service",
        "columns model, t, requests_per_s",
        _has("model", "t", "requests_per_s"),
        _series(SERVEGEN),
    ),
    Format(
        "table",
        "jobs",
        "CSV or Parquet of jobs, by our field names or a column mapping",
        "columns gpus, submit or start, duration or end, or a mapping to them",
        _is_table,
        lambda source, head: read_table(source, head, own_layout(source, head)),
    ),
    Format(
        "series",
        "series",
        "CSV or Parquet of a demand series, by our field names or a column mapping",
        "columns time and gpus (or rate), or a mapping to them",
        _is_series,
        lambda source, head: read_table_series(source, head, own_series(source, head)),
    ),
)
"""Every format, in the order in which they are tried."""
