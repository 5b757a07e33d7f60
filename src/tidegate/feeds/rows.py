"""Judging rows: which are jobs, which are left out, and which cannot be true.

A format reads its columns and hands them to :func:`draft`; from there on all formats share one way.
Of several faults of a row, the first in the order of :data:`FIELDS` is told.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from tidegate.feeds.fields import Column, Status, absent
from tidegate.feeds.files import LINE, RAW
from tidegate.feeds.times import Times

FIELDS: Final[tuple[str, ...]] = (
    "submit",
    "start",
    "end",
    "duration",
    "gpus",
    "time",
    "value",
    "row",
)
"""Our fields that can be at fault, in the order in which faults are told."""

NEVER_STARTED: Final = "never started"
NO_GPU: Final = "no GPU"
NO_RUN_TIME: Final = "no run time"
OUTSIDE: Final = "outside the window"
LEFT_OUT: Final = "left out by where"
TWICE: Final = "ambiguous local time"
RUNNING: Final = "still running"
REQUEUED: Final = "requeued run"

_SPAN: Final = 16  # statuses per field in the fault number

_TIME_FIELDS: Final = ("submit", "start", "end", "time")

_REASONS: Final[Mapping[Status, tuple[str, str]]] = {
    Status.EMPTY: ("", "is empty"),
    Status.UNREADABLE: ("", "cannot be read"),
    Status.NOT_WHOLE: ("TG-ROW-NUMBER", "is not a whole number"),
    Status.NEGATIVE: ("TG-ROW-NEGATIVE", "is negative"),
    Status.TOO_LARGE: ("", "is too large to be true"),
    Status.NO_SUCH_HOUR: (
        "TG-ROW-TIME",
        "does not exist in the stated zone (the clock was put forward over it)",
    ),
    Status.OTHER_CLOCK: ("TG-ROW-TIME", "is on another clock than the rest of the log"),
}

_ORDER: Final = {"start": "lies before the submission", "end": "lies before the start"}


def fault_number(field: str, status: Status) -> int:
    """Give the number of a fault: one per field and status."""
    return FIELDS.index(field) * _SPAN + status.value


def explain(fault: int, names: Mapping[str, str]) -> tuple[str, str, str]:
    """Turn a fault number into the file's column, the code and the reason.

    Parameters
    ----------
    fault : int
        As made by :func:`fault_number`.
    names : mapping of str to str
        Our field to the file's column.
    """
    field, status = FIELDS[fault // _SPAN], Status(fault % _SPAN)
    name = names.get(field, field)
    if status is Status.OUT_OF_ORDER:
        return name, "TG-ROW-ORDER", f"{name} {_ORDER[field]}"
    code, text = _REASONS[status]
    return (
        name,
        code or ("TG-ROW-TIME" if field in _TIME_FIELDS else "TG-ROW-NUMBER"),
        f"{name} {text}",
    )


def faulty(field: str, status: pl.Expr) -> pl.Expr:
    """Fault numbers of a field's statuses; the caller sees to it that the status is not OK."""
    return pl.lit(FIELDS.index(field) * _SPAN, dtype=pl.UInt16) + status.cast(pl.UInt16)


def draft(  # noqa: PLR0913 - one argument per column of a job
    cells: pl.DataFrame,
    *,
    job_id: pl.Series,
    owner: pl.Series | None,
    gpus: Column,
    submit: Times | None = None,
    start: Times | None = None,
    end: Times | None = None,
    duration: Column | None = None,
    cancelled: pl.Series | None = None,
) -> pl.DataFrame:
    """Judge a batch of jobs by themselves (not yet against each other).

    Parameters
    ----------
    cells : polars.DataFrame
        The batch; its ``LINE`` is taken over; shape (n, ...).
    job_id, owner : polars.Series
        Names (String); shape (n,).
    gpus : Column
        GPUs held; shape (n,).
    submit, start, end : Times or None
        Times, None when the file has no such column. Without a submission the start stands for it.
    duration : Column or None
        Run time in seconds, used where start and end are not both known.
    cancelled : polars.Series or None
        Whether the job was cancelled (Boolean), which tells a job that never started.

    Returns
    -------
    polars.DataFrame
        ``LINE``, ``job_id``, ``submit_s``, ``start_s``, ``duration_s``, ``gpus``, ``owner``;
        ``open`` (Boolean: still running), ``last_s`` (latest time of the row), ``skip`` (String or
        null) and ``fault`` (UInt16 or null); shape (n, 11).
    """
    height = cells.height
    columns: dict[str, Column] = {
        "s": submit or absent(height),
        "t": start or absent(height),
        "e": end or absent(height),
        "d": duration or absent(height),
        "g": gpus,
    }
    frame = pl.DataFrame(
        {
            LINE: cells[LINE],
            "job_id": job_id,
            "owner": pl.repeat(None, height, dtype=pl.String, eager=True)
            if owner is None
            else owner,
            "cancelled": False if cancelled is None else cancelled,
            **{key: c.value for key, c in columns.items()},
            **{f"{key}_st": c.status for key, c in columns.items()},
            **{
                f"{key}_late": c.late if isinstance(c, Times) else c.value
                for key, c in columns.items()
            },
        }
    )
    s, t, e, d, g = (pl.col(key) for key in "stedg")
    empty = Status.EMPTY.value
    # A local time that occurs twice is the earlier one, unless only the later one keeps the order.
    frame = frame.with_columns(
        pl.when(t < s).then(pl.max_horizontal(t, "t_late")).otherwise(t).alias("t"),
    ).with_columns(
        pl.when(e < t).then(pl.max_horizontal(e, "e_late")).otherwise(e).alias("e"),
    )
    if submit is None:
        frame = frame.with_columns(s=t, s_st=pl.col("t_st"))
    else:
        unknown = pl.col("s_st") == empty
        frame = frame.with_columns(
            s=pl.when(unknown).then(t).otherwise(s),
            s_st=pl.when(unknown & (pl.col("t_st") == 0)).then(0).otherwise(pl.col("s_st")),
        )
    begin = t if start is not None else s
    no_duration = pl.col("d_st") == empty
    still = (
        begin.is_not_null() & (pl.col("e_st") == empty) & no_duration
        if end is not None
        else pl.lit(value=False)
    )
    waiting = (
        (pl.col("t_st") == empty) & (no_duration | (d == 0))
        if start is not None
        else pl.lit(value=False)
    )
    frame = frame.with_columns(
        run=pl.coalesce(e - begin, pl.when(pl.col("d_st") == 0).then(d)),
        open=still,
        never=waiting,
    )
    return _judge(frame, s=s, t=t, e=e, d=d, g=g)


def _judge(
    frame: pl.DataFrame, *, s: pl.Expr, t: pl.Expr, e: pl.Expr, d: pl.Expr, g: pl.Expr
) -> pl.DataFrame:
    run = pl.col("run")
    bad = {key: ~pl.col(f"{key}_st").is_in([0, Status.EMPTY.value]) for key in "sted"}
    order = Status.OUT_OF_ORDER
    fault = (
        pl.when(pl.col("s_st") != 0)
        .then(faulty("submit", pl.col("s_st")))
        .when(bad["t"])
        .then(faulty("start", pl.col("t_st")))
        .when(bad["e"])
        .then(faulty("end", pl.col("e_st")))
        .when(t < s)
        .then(pl.lit(fault_number("start", order), dtype=pl.UInt16))
        .when(e < pl.coalesce(t, s))
        .then(pl.lit(fault_number("end", order), dtype=pl.UInt16))
        .when((d < 0) | (run.is_null() & ~pl.col("open")))
        .then(faulty("duration", pl.col("d_st")))
        .when(pl.col("g_st") != 0)
        .then(faulty("gpus", pl.col("g_st")))
    )
    skip = (
        pl.when("never")
        .then(pl.lit(NEVER_STARTED))
        .when(g == 0)
        .then(pl.lit(NO_GPU))
        .when(pl.col("cancelled") & (run == 0) & fault.is_null())
        .then(pl.lit(NEVER_STARTED))
        .when((run == 0) & fault.is_null())
        .then(pl.lit(NO_RUN_TIME))
    )
    return frame.select(
        LINE,
        "job_id",
        s.alias("submit_s"),
        t.alias("start_s"),
        run.alias("duration_s"),
        g.alias("gpus"),
        "owner",
        "open",
        pl.max_horizontal(s, t, e, pl.coalesce(t, s) + d).alias("last_s"),
        skip.alias("skip"),
        pl.when(skip.is_null()).then(fault).alias("fault"),
    )


def rejected(frame: pl.DataFrame, fault: str, names: Mapping[str, str], file: str) -> pl.DataFrame:
    """Write faulty rows (``LINE``, ``RAW`` and a column of fault numbers) as rejects."""
    kinds = {number: explain(number, names) for number in frame[fault].unique().to_list()}
    told = [
        pl.col(fault)
        .replace_strict({n: kind[i] for n, kind in kinds.items()}, return_dtype=pl.String)
        .alias(name)
        for i, name in enumerate(("field", "code", "reason"))
    ]
    return rejects_of(frame.with_columns(told), file)


def rejects_of(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """Bring ``LINE``, ``RAW``, ``field``, ``code`` and ``reason`` into the schema of rejects."""
    return frame.select(
        pl.lit(file).alias("file"),
        pl.col(LINE).cast(pl.Int64).alias("line"),
        pl.col("field").cast(pl.String),
        "code",
        "reason",
        pl.col(RAW).str.slice(0, 2000).alias("raw"),
    )
