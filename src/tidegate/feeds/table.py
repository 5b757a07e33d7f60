"""Tables of jobs: CSV or Parquet with one row per job, and our fields under some column names.

The public traces that are such tables (ITP, Philly, Helios) state their layouts in their own
modules; a table of any other origin is read by the names of our fields or by a mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from tidegate.demand.jobs import JobLog
from tidegate.errors import FeedError, OptionError, Place
from tidegate.feeds.cells import batches, column_of
from tidegate.feeds.fields import BLANKS, durations, whole_numbers
from tidegate.feeds.files import LINE, Head
from tidegate.feeds.intake import Intake
from tidegate.feeds.rows import draft
from tidegate.feeds.times import Clock, Times
from tidegate.plan.scenario import LogSource

FIELDS: Final[Mapping[str, str]] = {
    "id": "name of the job; rows without one are named row-<n>",
    "submit": "when it was submitted",
    "start": "when it started",
    "end": "when it ended",
    "duration": "how long it ran",
    "gpus": "GPUs that it held",
    "owner": "account, virtual cluster or user",
    "state": "how it ended; CANCELLED tells a job that never started from one that took no time",
}
"""Fields of a table of jobs. It needs gpus, submit or start, and duration or end."""


@dataclass(frozen=True)
class Layout:
    """Where a table keeps our fields.

    Attributes
    ----------
    name : str
        The format.
    columns : mapping of str to str
        Field of :data:`FIELDS` to column of the file.
    calendar : bool or None
        Whether times are calendar times; None lets the file tell.
    """

    name: str
    columns: Mapping[str, str]
    calendar: bool | None = None


def own_layout(source: LogSource, head: Head) -> Layout:
    """Lay out a table of any origin: by ``source.columns``, else by columns with our fields' names.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the mapping names a field that there is not.
    """
    unknown = sorted(set(source.columns) - set(FIELDS))
    if unknown:
        raise OptionError(
            "TG-OPTION",
            f"Unknown field {unknown[0]!r} in the column mapping.",
            expected=f"one of {', '.join(FIELDS)}.",
        )
    same = {field: column for field in FIELDS if (column := head.column(field)) is not None}
    return Layout("table", {**same, **source.columns})


def read_table(source: LogSource, head: Head, layout: Layout) -> JobLog:
    """Read a table of jobs.

    Parameters
    ----------
    source : LogSource
        The file and what to keep of it.
    head : Head
        Its beginning.
    layout : Layout
        Where the fields are.

    Raises
    ------
    FeedError
        ``TG-FEED-COLUMN`` when a column is missing, ``TG-FEED-EMPTY`` when no job is left,
        ``TG-FEED-REJECTS`` when a million rows were rejected.
    """
    columns = {field: column_of(head, name) for field, name in layout.columns.items()}
    _check_fields(columns, head)
    clock = Clock(source.timezone, calendar=layout.calendar)
    intake = Intake(source, head, columns, clock)
    for batch in batches(head, list(columns.values()), source.where):
        cells = intake.open_batch(batch)
        intake.take(cells, _draft(intake, cells, columns, header=head.header_line))
    return intake.jobs(layout.name, id_column=columns.get("id"))


def _check_fields(columns: Mapping[str, str], head: Head) -> None:
    for needed in (("gpus",), ("submit", "start"), ("duration", "end")):
        if not any(field in columns for field in needed):
            raise FeedError(
                "TG-FEED-COLUMN",
                f"No column is given for {' or '.join(needed)}.",
                place=Place(str(head.path), head.header_line or None),
                expected=f"a mapping to one of {', '.join(head.columns)}.",
            )


def _draft(
    intake: Intake, cells: pl.DataFrame, columns: Mapping[str, str], *, header: int
) -> pl.DataFrame:
    def times(field: str) -> Times | None:
        if field not in columns:
            return None
        read = intake.clock.read(cells[columns[field]])
        intake.note_twice(read.twice)
        return read

    return draft(
        cells,
        job_id=names_of(cells, columns.get("id"), header=header),
        owner=label(cells[columns["owner"]]) if "owner" in columns else None,
        gpus=whole_numbers(cells[columns["gpus"]]),
        submit=times("submit"),
        start=times("start"),
        end=times("end"),
        duration=durations(cells[columns["duration"]]) if "duration" in columns else None,
        cancelled=cancelled(cells[columns["state"]]) if "state" in columns else None,
    )


def names_of(cells: pl.DataFrame, column: str | None, *, header: int) -> pl.Series:
    """Return job ids; rows without one get ``row-<n>``, counting from 1 after the header."""
    made = pl.format("row-{}", pl.col(LINE).cast(pl.Int64) - header)
    if column is None:
        return cells.select(made).to_series()
    given = label(cells[column])
    if not given.has_nulls():
        return given
    return given.zip_with(given.is_not_null(), cells.select(made).to_series())


def label(values: pl.Series) -> pl.Series:
    """Return names as text, null where blank."""
    text = values.cast(pl.String).str.strip_chars()
    blank = text.is_in(BLANKS).fill_null(value=True)
    return text.set(blank, None) if blank.any() else text


def cancelled(values: pl.Series) -> pl.Series:
    """Tell which states are a cancellation (``CANCELLED``, ``CANCELLED by 1001``, ``canceled``)."""
    return values.cast(pl.String).str.contains(r"(?i)^\s*cancell?ed").fill_null(value=False)
