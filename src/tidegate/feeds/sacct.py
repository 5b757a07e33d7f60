"""Slurm's ``sacct --parsable2`` (or ``--parsable``): a row per job, or per run of a requeued job.

Fields are described in sacct(1). GPUs come from the trackable resources (TRES) of a job, which
count over all of its nodes.
"""

from typing import Final

import polars as pl

from tidegate.demand.jobs import JobLog
from tidegate.errors import FeedError, Place
from tidegate.feeds.cells import batches
from tidegate.feeds.fields import Column, durations, whole_numbers
from tidegate.feeds.files import LINE, Head
from tidegate.feeds.intake import Intake
from tidegate.feeds.rows import NEVER_STARTED, draft
from tidegate.feeds.table import cancelled, label
from tidegate.feeds.times import Clock, Times
from tidegate.plan.scenario import LogSource

JOB_STEP: Final = "job step"

ONE_OF: Final = {
    "id": ("JobID", "JobIDRaw"),
    "submit": ("Submit",),
    "start": ("Start",),
    "end": ("End",),
    "duration": ("ElapsedRaw", "Elapsed"),
    "owner": ("Account", "User"),
    "state": ("State",),
    "cluster": ("Cluster",),
}
"""Our field to the columns that give it, the first that the file has."""

GPU_COLUMNS: Final = ("AllocTRES", "ReqTRES", "AllocGRES", "ReqGRES")
"""Where GPUs are told; the first column that names any counts."""


def looks_like_sacct(head: Head) -> bool:
    """Whether the header has ``|`` and the columns of a job."""
    return head.separator == "|" and (head.has("JobID") or head.has("JobIDRaw"))


def read_sacct(source: LogSource, head: Head) -> JobLog:
    """Read the output of sacct.

    Job steps, jobs that never started and jobs without GPUs are skipped. A job that still runs
    lasts until the latest time in the log. The runs of a requeued job (``--duplicates``) count
    each.

    Raises
    ------
    FeedError
        ``TG-FEED-COLUMN`` when a column is missing, ``TG-FEED-EMPTY`` when no job is left,
        ``TG-FEED-REJECTS`` when a million rows were rejected.
    """
    columns = _columns(head)
    resources = [name for name in GPU_COLUMNS if head.has(name)]
    clock = Clock(source.timezone, calendar=True)
    intake = Intake(source, head, {**columns, "gpus": resources[0]}, clock)
    for batch in batches(head, [*columns.values(), *resources], source.where, quotes=False):
        cells = intake.open_batch(batch)
        ids = cells[columns["id"]]
        step = ids.str.contains(".", literal=True)
        pending = ids.str.contains("[", literal=True) & ~step  # 123_[5-9%2]: tasks still to come
        intake.skip(JOB_STEP, int(step.sum()))
        intake.skip(NEVER_STARTED, int(pending.sum()))
        cells = cells.filter(~(step | pending))
        intake.take(cells, _draft(intake, cells, columns, resources))
    return intake.jobs("sacct", id_column=columns["id"], runs=True)


def _columns(head: Head) -> dict[str, str]:
    found = {
        field: next((c for name in names if (c := head.column(name)) is not None), None)
        for field, names in ONE_OF.items()
    }
    columns = {field: name for field, name in found.items() if name is not None}
    missing = [
        " or ".join(names)
        for names in (("Submit", "Start"), ("End", "ElapsedRaw", "Elapsed"), GPU_COLUMNS)
        if not any(head.has(name) for name in names)
    ]
    if missing:
        raise FeedError(
            "TG-FEED-COLUMN",
            f"The sacct output lacks {' and '.join(missing)}.",
            place=Place(str(head.path), head.header_line),
            expected="sacct --parsable2 --format=JobID,Account,State,Submit,Start,End,AllocTRES.",
        )
    return columns


def _draft(
    intake: Intake, cells: pl.DataFrame, columns: dict[str, str], resources: list[str]
) -> pl.DataFrame:
    def times(field: str) -> Times | None:
        if field not in columns:
            return None
        read = intake.clock.read(_unset(cells[columns[field]]))
        intake.note_twice(read.twice)
        return read

    end = times("end")
    start = times("start")
    job_id = cells[columns["id"]].str.strip_chars()
    if "cluster" in columns:
        job_id = cells.select(
            pl.concat_str(columns["cluster"], columns["id"], separator=":")
        ).to_series()
    elapsed = durations(cells[columns["duration"]]) if "duration" in columns else None
    told = start is None or end is None
    frame = draft(
        cells,
        job_id=job_id,
        owner=label(cells[columns["owner"]]) if "owner" in columns else None,
        gpus=gpus_of(cells, resources),
        submit=times("submit"),
        start=start,
        end=end,
        # Elapsed leaves out suspensions, in which GPUs are held: Start and End know better.
        duration=elapsed if told else None,
        cancelled=cancelled(cells[columns["state"]]) if "state" in columns else None,
    )
    if told or elapsed is None or not frame["open"].any():
        return frame
    # For a job that runs, start and elapsed time give the moment at which sacct was called.
    now = pl.when("open").then(pl.col("start_s") + elapsed.value)
    return frame.with_columns(last_s=pl.max_horizontal("last_s", now))


def _unset(times: pl.Series) -> pl.Series:
    """Blank the epoch, which stands for an unset time where times are printed as numbers."""
    return times.set(times == "0", None)


_PLAIN_TRES: Final = r"(?:^|,)(?:gres[/:])?gpu[=:](-?\d+)(?:\(|,|$)"
_TYPED_TRES: Final = r"(?:^|,)(?:gres[/:])?gpu:[^=:,()]+(?:\.[^=:,()]+)*[=:]-?\d+"


def gpus_of(cells: pl.DataFrame, resources: list[str]) -> Column:
    """Read the GPUs of jobs from their resources.

    ``gres/gpu=8`` is the count of all GPUs; beside it ``gres/gpu:h100=8`` tells the same GPUs by
    type and is only counted when the plain count is missing. The older ``gpu:8`` and
    ``gpu:h100:8(S:0-1)`` are read likewise.

    Parameters
    ----------
    cells : polars.DataFrame
        String columns of resources; shape (n, ...).
    resources : list of str
        The columns to read, in order of preference.

    Returns
    -------
    Column
        GPUs, 0 where no column names any; shape (n,).
    """
    counts = []
    for name in resources:
        typed = pl.col(name).str.extract_all(_TYPED_TRES)
        each = pl.element().str.extract(r"(-?\d+)$").cast(pl.Int64, strict=False)
        counts += [
            pl.col(name).str.extract(_PLAIN_TRES).cast(pl.Int64, strict=False),
            pl.when(typed.list.len() > 0).then(typed.list.eval(each).list.sum()),
        ]
    return whole_numbers(cells.select(pl.coalesce(*counts, 0).alias(LINE)).to_series())
