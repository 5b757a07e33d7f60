"""Jobs, demand series, and the rows that could not be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

JOB_SCHEMA: Final[Mapping[str, type[pl.DataType]]] = {
    "job_id": pl.String,
    "submit_s": pl.Int64,
    "duration_s": pl.Int64,
    "gpus": pl.Int32,
    "owner": pl.String,
}
"""Columns of :attr:`JobLog.frame`.

``submit_s`` counts seconds, since the Unix epoch in UTC when the log has calendar times, else from
the log's own zero. ``duration_s`` is the time the job ran (not the time it waited). ``owner`` is
the account, virtual cluster or user, null where the log names none.
"""

REJECT_SCHEMA: Final[Mapping[str, type[pl.DataType]]] = {
    "file": pl.String,
    "line": pl.Int64,
    "field": pl.String,
    "code": pl.String,
    "reason": pl.String,
    "raw": pl.String,
}
"""Columns of :attr:`Rejects.frame`; ``line`` counts from 1 and includes a header line."""


def _no_rejects() -> pl.DataFrame:
    return pl.DataFrame(schema=dict(REJECT_SCHEMA))


@dataclass(frozen=True)
class Rejects:
    """Rows that cannot be true, each with its line and reason.

    Attributes
    ----------
    rows_read : int
        Rows that were looked at (header lines and blank lines do not count). Every one of them is
        accepted, skipped or rejected.
    frame : polars.DataFrame
        The rejected rows, columns :data:`REJECT_SCHEMA`.
    skipped : mapping of str to int
        Rows left out because they are not internal demand, by reason ("job step", "no GPU",
        "never started", ...). Skipping is normal; rejecting is not.
    notes : mapping of str to int
        How often a row was kept on a guess that the reader of a result should know of ("still
        running", "ambiguous local time", "requeued run").
    """

    rows_read: int = 0
    frame: pl.DataFrame = field(default_factory=_no_rejects)
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of rejected rows."""
        return self.frame.height

    @property
    def share(self) -> float:
        """Rejected rows over the rows read that were not skipped; 0 when there are none.

        Skipped rows do not count, so that a log full of job steps cannot hide its broken jobs.
        """
        judged = self.rows_read - sum(self.skipped.values())
        return self.count / judged if judged > 0 else 0.0


@dataclass(frozen=True)
class JobLog:
    """A pool's internal jobs, sorted by ``submit_s`` (ties keep the log's order).

    Attributes
    ----------
    frame : polars.DataFrame
        Columns :data:`JOB_SCHEMA`.
    source : str
        The file as the user named it.
    format : str
        The format it was read as.
    calendar : bool
        Whether ``submit_s`` is Unix time; False when the log counts from its own zero.
    rejects : Rejects
        What was left out.
    foreseen : DemandSeries or None
        A forecast of this demand, made by others.
    """

    frame: pl.DataFrame
    source: str
    format: str
    calendar: bool
    rejects: Rejects
    foreseen: "DemandSeries | None" = None


@dataclass(frozen=True)
class DemandSeries:
    """Internal demand over time, for pools that have a series and not a log.

    Attributes
    ----------
    frame : polars.DataFrame
        ``time_s`` (Int64, strictly increasing) and ``gpus`` (Float64, not negative). A value holds
        until the next row.
    source, format, calendar, rejects
        As in :class:`JobLog`.
    """

    frame: pl.DataFrame
    source: str
    format: str
    calendar: bool
    rejects: Rejects
