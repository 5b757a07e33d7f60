"""Demand over time: our own series, Helios' virtual clusters, ServeGen's request rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from tidegate.demand.jobs import DemandSeries
from tidegate.errors import FeedError, OptionError, Place
from tidegate.feeds.cells import batches, column_of
from tidegate.feeds.fields import Status, rates
from tidegate.feeds.files import LINE, Head
from tidegate.feeds.intake import Intake, empty_error
from tidegate.feeds.rows import OUTSIDE, faulty
from tidegate.feeds.times import Clock
from tidegate.plan.scenario import LogSource

VALUES: Final = ("gpus", "rate")
"""What the value of a series may be called: GPUs, or requests per second."""


@dataclass(frozen=True)
class SeriesLayout:
    """Where a table keeps a series.

    Attributes
    ----------
    name : str
        The format.
    time : str
        Column of the time.
    values : tuple of str
        Columns that sum to the value.
    key : str or None
        Column that tells several series of one file apart.
    total : bool
        Whether several series are summed; else one must be chosen by ``where``.
    """

    name: str
    time: str
    values: tuple[str, ...]
    key: str | None = None
    total: bool = False


HELIOS_VC: Final = SeriesLayout(
    "helios-vc", "time", ("running_gpu_num", "pending_gpu_num"), key="vc", total=True
)
"""GPUs that run and wait, per minute and virtual cluster: the cluster's demand is their sum."""

SERVEGEN: Final = SeriesLayout("servegen", "t", ("requests_per_s",), key="model")
"""Request rates of several services, of which one is chosen."""


def own_series(source: LogSource, head: Head) -> SeriesLayout:
    """Lay out a series of any origin: ``time`` and ``gpus`` (or ``rate``), by name or mapping.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the mapping names a field that there is not.
    FeedError
        ``TG-FEED-COLUMN`` when there is no column for the value.
    """
    unknown = sorted(set(source.columns) - {"time", *VALUES})
    if unknown:
        raise OptionError(
            "TG-OPTION",
            f"Unknown field {unknown[0]!r} in the column mapping of a series.",
            expected="time and gpus, or time and rate.",
        )
    for field in VALUES:
        if field in source.columns:
            value: str | None = source.columns[field]
            break
    else:
        value = next((c for field in VALUES if (c := head.column(field)) is not None), None)
    if value is None:
        raise FeedError(
            "TG-FEED-COLUMN",
            "There is no column for the value of the series.",
            place=Place(str(head.path), head.header_line or None),
            expected=f"a column gpus or rate, or a mapping to one of {', '.join(head.columns)}.",
        )
    return SeriesLayout("series", source.columns.get("time", "time"), (value,))


def read_table_series(source: LogSource, head: Head, layout: SeriesLayout) -> DemandSeries:
    """Read a demand series from CSV or Parquet.

    Rows may come in any order; the result is sorted by time.

    Parameters
    ----------
    source : LogSource
        The file and what to keep of it.
    head : Head
        Its beginning.
    layout : SeriesLayout
        Where the series is.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the file holds several series and none is chosen.
    FeedError
        ``TG-FEED-COLUMN`` when a column is missing, ``TG-FEED-EMPTY`` when no row is left,
        ``TG-FEED-REJECTS`` when a million rows were rejected.
    """
    time = column_of(head, layout.time)
    values = [column_of(head, name) for name in layout.values]
    key = column_of(head, layout.key) if layout.key else None
    clock = Clock(source.timezone)
    names = {"time": time, "value": values[0]}
    intake = Intake(source, head, names, clock)
    kept: list[pl.DataFrame] = []
    for batch in batches(head, [time, *values, *([key] if key else [])], source.where):
        cells = intake.open_batch(batch)
        kept.append(_take(intake, cells, time, values, key))
    empty = pl.DataFrame(
        schema={LINE: pl.UInt32, "time_s": pl.Int64, "key": pl.String, "gpus": pl.Float64}
    )
    frame = pl.concat([empty, *kept])
    if not layout.total:
        _check_one(frame["key"], layout, source)
    first = frame.select(pl.struct("time_s", "key").is_first_distinct()).to_series()
    intake.reject_repeats(frame.filter(~first)[LINE], time)
    frame = frame.filter(first).group_by("time_s").agg(pl.col("gpus").sum()).sort("time_s")
    if frame.is_empty():
        raise empty_error(intake.rejects(), str(source.path))
    return DemandSeries(
        frame, str(source.path), layout.name, bool(clock.calendar), intake.rejects()
    )


def _take(
    intake: Intake, cells: pl.DataFrame, time: str, values: Sequence[str], key: str | None
) -> pl.DataFrame:
    when = intake.clock.read(cells[time])
    intake.note_twice(when.twice)
    read = [rates(cells[name]) for name in values]
    frame = cells.select(
        LINE,
        (pl.col(key).cast(pl.String) if key else pl.lit("")).alias("key"),
    ).with_columns(
        time_s=when.value,
        t_st=when.status,
        v_st=pl.select(pl.max_horizontal(c.status for c in read)).to_series(),
        gpus=pl.select(pl.sum_horizontal(c.value.cast(pl.Float64) for c in read)).to_series(),
    )
    good = (pl.col("t_st") == Status.OK.value) & (pl.col("v_st") == Status.OK.value)
    outside = intake.window().outside(pl.col("time_s"))
    intake.skip(OUTSIDE, frame.filter(outside).height)
    frame = frame.filter(~outside)
    fault = (
        pl.when(pl.col("t_st") != Status.OK.value)
        .then(faulty("time", pl.col("t_st")))
        .otherwise(faulty("value", pl.col("v_st")))
    )
    intake.reject(cells, frame.filter(~good).select(LINE, fault.alias("fault")))
    return frame.filter(good).select(LINE, "time_s", "key", "gpus")


def _check_one(keys: pl.Series, layout: SeriesLayout, source: LogSource) -> None:
    found = sorted(keys.unique().drop_nulls().to_list())
    if len(found) > 1:
        raise OptionError(
            "TG-OPTION",
            f"{source.path} holds {len(found)} series; one must be chosen.",
            expected=f"where {layout.key} is one of {', '.join(found)}.",
        )
