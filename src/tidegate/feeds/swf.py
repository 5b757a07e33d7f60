"""The Standard Workload Format 2.2 of the Parallel Workloads Archive; processors count as GPUs.

Definition: S. J. Chapin et al., "Benchmarks and Standards for the Evaluation of Parallel Job
Schedulers", JSSPP 1999; https://www.cs.huji.ac.il/labs/parallel/workload/swf.html.
"""

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from tidegate.demand.jobs import JobLog
from tidegate.errors import FeedError, Place
from tidegate.feeds.cells import Batch, divide
from tidegate.feeds.fields import Column, Status, durations, whole_numbers
from tidegate.feeds.files import RAW, Head, line_batches
from tidegate.feeds.intake import Intake
from tidegate.feeds.rows import NEVER_STARTED, draft
from tidegate.feeds.times import Clock, Times
from tidegate.plan.scenario import LogSource

COLUMNS: Final[tuple[str, ...]] = (
    "job",
    "submit",
    "wait",
    "run_time",
    "processors",
    "cpu_time",
    "memory",
    "requested_processors",
    "requested_time",
    "requested_memory",
    "status",
    "user",
    "group",
    "application",
    "queue",
    "partition",
    "preceding",
    "think_time",
)
"""Our names of the 18 fields, for ``where``."""

PARTIAL: Final = "partial execution"

_NAMES: Final = {
    "submit": "submit",
    "start": "wait",
    "duration": "run_time",
    "gpus": "processors",
}
_USED: Final = (
    "job",
    "submit",
    "wait",
    "run_time",
    "processors",
    "requested_processors",
    "status",
    "user",
)
_START: Final = re.compile(r";\s*UnixStartTime\s*:\s*(\d+)", re.IGNORECASE)


def looks_like_swf(head: Head) -> bool:
    """Whether the file begins with ``;`` comments, or its first line is 18 numbers."""
    if not head.first:
        return False
    first = head.first[0][1]
    words = first.split()
    numbers = all(re.fullmatch(r"-?\d+(\.\d+)?", word) for word in words)
    return first.startswith(";") or (len(words) == len(COLUMNS) and numbers)


def read_swf(source: LogSource, head: Head) -> JobLog:
    """Read a Standard Workload Format file.

    A job waits from its submission, so that demand begins there. Allocated processors count, else
    the requested ones. Jobs cancelled before they ran, and the lines that tell parts of a
    checkpointed job again (status 2, 3, 4), are skipped.

    Raises
    ------
    FeedError
        ``TG-FEED-COLUMN`` when ``where`` names no field, ``TG-FEED-EMPTY`` when no job is left,
        ``TG-FEED-REJECTS`` when a million rows were rejected.
    """
    zero = next((int(m[1]) for _, text in head.first if (m := _START.match(text))), 0)
    clock = Clock("UTC", calendar=zero > 0)
    intake = Intake(source, head, _NAMES, clock)
    for batch in _batches(source, head):
        cells = intake.open_batch(batch)
        status = cells["status"]
        part = status.is_in(["2", "3", "4"])
        unrun = (status == "5") & cells["run_time"].is_in(["-1", "0"])
        intake.skip(PARTIAL, int(part.sum()))
        intake.skip(NEVER_STARTED, int(unrun.sum()))
        cells = cells.filter(~(part | unrun))
        intake.take(cells, _draft(cells, zero))
    return intake.jobs("swf", id_column="job")


def _batches(source: LogSource, head: Head) -> Iterator[Batch]:
    for name in source.where:
        if name not in COLUMNS:
            raise FeedError(
                "TG-FEED-COLUMN",
                f"There is no field {name!r} in the Standard Workload Format.",
                place=Place(str(head.path)),
                expected=f"one of {', '.join(COLUMNS)}.",
            )
    at = {name: COLUMNS.index(name) for name in dict.fromkeys([*_USED, *source.where])}
    fields = pl.col(RAW).str.strip_chars().str.replace_all(r"\s+", " ").str.split(" ")
    for lines in line_batches(head.path):
        rows = lines.filter(~pl.col(RAW).str.contains(r"^\s*;"))
        good, torn = divide(
            rows.with_columns(fields.alias("__fields")), len(COLUMNS), at, model="the format"
        )
        kept = good.filter(*(pl.col(n) == v.strip() for n, v in source.where.items()))
        yield Batch(kept, torn, good.height - kept.height)


def _draft(cells: pl.DataFrame, zero: int) -> pl.DataFrame:
    submit = _missing(durations(cells["submit"]))
    wait = _missing(durations(cells["wait"]))
    allocated = _missing(whole_numbers(cells["processors"]))
    requested = _missing(whole_numbers(cells["requested_processors"]))
    given = allocated.status != Status.EMPTY.value
    waited = wait.status == Status.OK.value
    begun = (submit.value + wait.value).set(~waited, None)
    submitted = submit.value + zero
    user = cells["user"]
    return draft(
        cells,
        job_id=cells["job"],
        owner=user.set(user == "-1", None),
        gpus=Column(
            allocated.value.zip_with(given, requested.value),
            allocated.status.zip_with(given, requested.status),
        ),
        submit=Times(submitted, submit.status, submitted, 0),
        start=None if not waited.any() else Times(begun + zero, wait.status, begun + zero, 0),
        duration=_missing(durations(cells["run_time"])),
    )


def _missing(column: Column) -> Column:
    """Take -1 as the format means it: not known."""
    unknown = (column.value == -1).fill_null(value=False)
    return Column(column.value.set(unknown, None), column.status.set(unknown, Status.EMPTY.value))
