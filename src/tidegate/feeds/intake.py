"""Taking in a file batch by batch: what is kept, what is skipped, what is rejected.

Only the six columns of a job are kept in memory; a rejected row keeps its text as well.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from tidegate.demand.jobs import JOB_SCHEMA, REJECT_SCHEMA, JobLog, Rejects
from tidegate.errors import FeedError, Place
from tidegate.feeds.cells import Batch
from tidegate.feeds.episodes import ROW, find_repeats
from tidegate.feeds.files import LINE, RAW, Head, raw_at, with_raw
from tidegate.feeds.rows import (
    LEFT_OUT,
    NO_RUN_TIME,
    OUTSIDE,
    REQUEUED,
    RUNNING,
    TWICE,
    rejected,
    rejects_of,
)
from tidegate.feeds.times import Clock
from tidegate.feeds.window import Window, window_of
from tidegate.plan.scenario import LogSource

MAX_REJECTS: Final = 1_000_000
"""Reading stops at so many rejected rows: the file is not what it was taken for."""


class Intake:
    """Collects the rows of one file.

    Parameters
    ----------
    source : LogSource
        The file and what to keep of it.
    head : Head
        Its beginning.
    names : mapping of str to str
        Our field to the file's column, for the reasons.
    clock : Clock
        The clock of the file's times.
    texts : polars.DataFrame or None
        ``LINE`` and ``RAW`` of all rows, when these cannot be fetched from the file again.
    """

    def __init__(
        self,
        source: LogSource,
        head: Head,
        names: Mapping[str, str],
        clock: Clock,
        *,
        texts: pl.DataFrame | None = None,
    ) -> None:
        self._texts = texts
        self.source = source
        self.head = head
        self.names = names
        self.clock = clock
        self.file = str(source.path)
        self.rows_read = 0
        self.skipped: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._kept: list[pl.DataFrame] = []
        self._rejects: list[pl.DataFrame] = []
        self._rejected = 0
        self._last_s: int | None = None
        self._window: Window | None = None

    def open_batch(self, batch: Batch) -> pl.DataFrame:
        """Count a batch, reject its torn lines, and return its cells."""
        self.rows_read += batch.cells.height + batch.torn.height + batch.left_out
        self.skip(LEFT_OUT, batch.left_out)
        if batch.torn.height:
            told = batch.torn.with_columns(
                field=pl.lit(None, dtype=pl.String), code=pl.lit("TG-ROW-TORN")
            )
            self._reject(rejects_of(told, self.file))
        return batch.cells

    def skip(self, reason: str, count: int) -> None:
        """Count rows that are left out."""
        if count:
            self.skipped[reason] += count

    def note_twice(self, count: int) -> None:
        """Count local times that occur twice."""
        if count:
            self.notes[TWICE] += count

    def window(self) -> Window:
        """Return the window on the file's clock, which is known after the first time was read."""
        if self.clock.calendar is None:
            return Window(None, None)
        if self._window is None:
            self._window = window_of(self.source, calendar=self.clock.calendar)
        return self._window

    def reject(self, cells: pl.DataFrame, faults: pl.DataFrame) -> None:
        """Reject rows (``LINE`` and ``fault``), with their text from the batch's cells."""
        if faults.height:
            raw = with_raw(cells.filter(pl.col(LINE).is_in(faults[LINE].implode())))
            self.reject_raw(
                faults.join(raw.select(LINE, RAW), on=LINE, how="left", maintain_order="left")
            )

    def reject_raw(self, faults: pl.DataFrame) -> None:
        """Reject rows that bring their text (``LINE``, ``RAW`` and ``fault``)."""
        self._reject(rejected(faults, "fault", self.names, self.file))

    def reject_repeats(self, lines: pl.Series, field: str) -> None:
        """Reject rows that repeat an earlier one, by their line numbers."""
        if not len(lines):
            return
        if self._rejected + len(lines) > MAX_REJECTS:
            self._stop(f"{field} is the same as on an earlier line in {len(lines)} rows")
        lines = lines.cast(pl.UInt32)
        if self._texts is None:
            texts = raw_at(self.head, lines)
        else:
            texts = self._texts.filter(pl.col(LINE).is_in(lines.implode()))
        told = texts.with_columns(
            field=pl.lit(field),
            code=pl.lit("TG-ROW-DUPLICATE"),
            reason=pl.lit(f"{field} has been seen on an earlier line"),
        )
        self._reject(rejects_of(told, self.file))

    def _reject(self, frame: pl.DataFrame) -> None:
        self._rejects.append(frame)
        self._rejected += frame.height
        if self._rejected > MAX_REJECTS:
            self._stop(self._rejects[0]["reason"][0])

    def _stop(self, first: str) -> None:
        raise FeedError(
            "TG-FEED-REJECTS",
            f"Reading stopped: more than {MAX_REJECTS} rows were rejected. The first: {first}.",
            place=Place(self.file),
        )

    def take(self, cells: pl.DataFrame, draft: pl.DataFrame) -> None:
        """Take in a judged batch (see :func:`tidegate.feeds.rows.draft`)."""
        last = draft["last_s"].max()
        if isinstance(last, int):
            self._last_s = last if self._last_s is None else max(self._last_s, last)
        outside = self.window().outside(pl.col("submit_s")) & pl.col("skip").is_null()
        draft = draft.with_columns(
            skip=pl.when(outside).then(pl.lit(OUTSIDE)).otherwise(pl.col("skip"))
        )
        skipped = draft["skip"].drop_nulls()
        for reason, count in skipped.value_counts().iter_rows():
            self.skip(reason, count)
        good = draft.filter(pl.col("skip").is_null() & pl.col("fault").is_null())
        if good.height + len(skipped) < draft.height:
            self.reject(
                cells, draft.filter(pl.col("skip").is_null() & pl.col("fault").is_not_null())
            )
        if good.is_empty():  # its columns may have no type
            return
        self._kept.append(
            good.select(
                LINE,
                # A text cut out of a line would keep the whole line in memory; a joined one is new.
                pl.concat_str("job_id", pl.lit("")),
                "submit_s",
                "start_s",
                "duration_s",
                pl.col("gpus").cast(pl.Int32),
                pl.col("owner").cast(pl.Categorical),
            )
        )

    def rejects(self) -> Rejects:
        """Return what was left out so far."""
        empty = pl.DataFrame(schema=dict(REJECT_SCHEMA))
        frame = pl.concat([empty, *self._rejects]).sort("line", maintain_order=True)
        return Rejects(self.rows_read, frame, dict(self.skipped), dict(self.notes))

    def jobs(self, form: str, *, id_column: str | None, runs: bool = False) -> JobLog:
        """Judge the jobs against each other and return the log.

        Parameters
        ----------
        form : str
            Name of the format.
        id_column : str or None
            The file's column of job ids; None when it has none, so that none can repeat.
        runs : bool
            Whether one id may stand for several runs (sacct after a requeue).

        Raises
        ------
        FeedError
            ``TG-FEED-EMPTY`` when no job is left.
        """
        kept = self._kept
        self._kept = []
        frame = pl.concat(kept) if kept else pl.DataFrame(schema={LINE: pl.UInt32, **JOB_SCHEMA})
        del kept
        frame = self._close(frame)
        repeats = None if id_column is None else find_repeats(frame, runs=runs)
        columns = {name: frame.get_column(name) for name in JOB_SCHEMA}
        del frame
        if repeats is not None:
            self.reject_repeats(repeats.gone[LINE], str(id_column))
            if repeats.later.height:
                self.notes[REQUEUED] += repeats.later.height
            for name in ("job_id", "submit_s"):
                columns[name] = columns[name].scatter(repeats.later[ROW], repeats.later[name])
        jobs = _sorted(columns, None if repeats is None else repeats.gone[ROW])
        if jobs.is_empty():
            raise empty_error(self.rejects(), self.file)
        return JobLog(jobs, self.file, form, bool(self.clock.calendar), self.rejects())

    def _close(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Let jobs that are still running last until the log's last time."""
        running = frame["duration_s"].null_count() if frame.height else 0
        if not running:
            return frame
        self.notes[RUNNING] += running
        begin = pl.coalesce("start_s", "submit_s")
        frame = frame.with_columns(pl.col("duration_s").fill_null(pl.lit(self._last_s) - begin))
        idle = int((frame["duration_s"] <= 0).sum())
        self.skip(NO_RUN_TIME, idle)
        return frame.filter(pl.col("duration_s") > 0) if idle else frame


def empty_error(rejects: Rejects, file: str) -> FeedError:
    """Say that nothing is left, and where it went."""
    gone = [f"{count} {reason}" for reason, count in sorted(rejects.skipped.items())]
    if rejects.count:
        first = rejects.frame.row(0, named=True)
        gone.append(
            f"{rejects.count} rejected, the first on line {first['line']}: {first['reason']}"
        )
    where = f" ({'; '.join(gone)})" if gone else ""
    return FeedError(
        "TG-FEED-EMPTY",
        f"No usable row is left of {rejects.rows_read} read{where}.",
        place=Place(file),
    )


def _sorted(columns: dict[str, pl.Series], gone: pl.Series | None) -> pl.DataFrame:
    """Sort by submission and leave out rows, one column after the other to need little memory.

    Ties keep the log's order.
    """
    submit = columns["submit_s"]
    if gone is not None or not submit.is_sorted():
        order = np.argsort(submit.to_numpy(), kind="stable").astype(np.uint32)
        if gone is not None:
            stays = np.ones(order.size, dtype=np.bool_)
            stays[gone.to_numpy()] = False
            order = order[stays[order]]
        del submit
        for name in JOB_SCHEMA:
            columns[name] = columns[name].gather(order)
    columns["owner"] = columns["owner"].cast(pl.String)
    return pl.DataFrame(columns)
