"""Jobs that cannot be true of their pool."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.demand import REJECT_SCHEMA, JobLog
from tidegate.fleet.pool import Pool

LONGEST_JOB_S: Final = 10 * 366 * 86_400
LONGEST_GAP_S: Final = 366 * 86_400
"""A job that runs longer, or lies further from the bulk of its log, cannot be true."""


def _rejected(log: JobLog, which: pl.Expr, field: str, code: str, reason: pl.Expr) -> pl.DataFrame:
    return (
        log.frame.filter(which)
        .select(
            pl.lit(log.source).alias("file"),
            pl.lit(None, dtype=pl.Int64).alias("line"),
            pl.lit(field).alias("field"),
            pl.lit(code).alias("code"),
            reason.alias("reason"),
            pl.col("job_id").alias("raw"),
        )
        .cast({name: kind() for name, kind in REJECT_SCHEMA.items()})
    )


def _main_stretch(submit_s: NDArray[np.int64]) -> tuple[int, int]:
    """Return first and last submission of the most jobs between which no gap is longer than a year.

    One clock that lies would else stretch the play over decades.
    """
    cuts = np.flatnonzero(np.diff(submit_s) > LONGEST_GAP_S) + 1
    stretches = np.split(submit_s, cuts)
    most = max(stretches, key=lambda stretch: stretch.size)
    return int(most[0]), int(most[-1])


def without_untrue(pool: Pool, log: JobLog) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split off jobs that cannot be true of the pool: too large, too long, or far from all others.

    Parameters
    ----------
    pool : Pool
    log : JobLog
        Its internal jobs, sorted by submission.

    Returns
    -------
    jobs : polars.DataFrame
        The others, columns of :data:`tidegate.demand.JOB_SCHEMA`.
    rejected : polars.DataFrame
        Columns of :data:`tidegate.demand.REJECT_SCHEMA`.
    """
    if log.frame.height == 0:
        return log.frame, pl.DataFrame(schema=dict(REJECT_SCHEMA))
    first_s, last_s = _main_stretch(log.frame["submit_s"].to_numpy())
    faults = (
        (
            pl.col("gpus") > pool.gpus,
            "gpus",
            "TG-ROW-TOO-LARGE",
            pl.format("job {} asks for {} GPUs of {}", "job_id", "gpus", pl.lit(pool.gpus)),
        ),
        (
            pl.col("duration_s") > LONGEST_JOB_S,
            "duration_s",
            "TG-ROW-TIME",
            pl.format("job {} lasts {} s, more than ten years", "job_id", "duration_s"),
        ),
        (
            ~pl.col("submit_s").is_between(first_s, last_s),
            "submit_s",
            "TG-ROW-TIME",
            pl.format(
                "job {} was submitted at {} s, more than a year from the bulk of the log",
                "job_id",
                "submit_s",
            ),
        ),
    )
    rejected, seen = [], pl.lit(value=False)
    for fault, field, code, reason in faults:
        rejected.append(_rejected(log, fault & ~seen, field, code, reason))
        seen |= fault
    return log.frame.filter(~seen), pl.concat(rejected)
