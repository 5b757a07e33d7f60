"""Reading one column: whole numbers, durations and rates, each value with a status.

Nothing here raises on a bad value. A value that cannot be used keeps its row and gets a status,
from which :mod:`tidegate.feeds.rows` makes the reason for rejecting it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import polars as pl

BLANKS: Final[tuple[str, ...]] = (
    *("", "Unknown", "UNKNOWN", "unknown", "None", "NONE", "none", "Null", "NULL", "null"),
    *("NaN", "nan", "NaT", "N/A", "n/a", "NA"),
)
"""Texts that mean that there is no value."""

MAX_COUNT: Final = 2**31 - 1


class Status(IntEnum):
    """What became of one value."""

    OK = 0
    EMPTY = 1
    UNREADABLE = 2
    NOT_WHOLE = 3
    NEGATIVE = 4
    TOO_LARGE = 5
    NO_SUCH_HOUR = 6
    OTHER_CLOCK = 7
    OUT_OF_ORDER = 8


@dataclass(frozen=True)
class Column:
    """A column after reading.

    Attributes
    ----------
    value : polars.Series
        Int64 (or Float64 for rates), null where there is no value; shape (n,).
    status : polars.Series
        UInt8, a :class:`Status` per value; shape (n,).
    """

    value: pl.Series
    status: pl.Series


def column(value: pl.Series, empty: pl.Series, *, top: int = MAX_COUNT) -> Column:
    """Give the usual statuses to values already read, where null means unreadable or empty."""
    frame = pl.DataFrame({"v": value, "empty": empty})
    v = pl.col("v")
    status = frame.select(
        pl.when("empty")
        .then(Status.EMPTY.value)
        .when(v.is_null())
        .then(Status.UNREADABLE.value)
        .when(v < 0)
        .then(Status.NEGATIVE.value)
        .when(v > top)
        .then(Status.TOO_LARGE.value)
        .otherwise(Status.OK.value)
        .cast(pl.UInt8)
    ).to_series()
    return Column(value, status)


def absent(height: int) -> Column:
    """Return a column that the file does not have: all empty."""
    return Column(
        pl.repeat(None, height, dtype=pl.Int64, eager=True),
        pl.repeat(Status.EMPTY.value, height, dtype=pl.UInt8, eager=True),
    )


def text(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the values as stripped text, and which of them are blank."""
    stripped = values.cast(pl.String).str.strip_chars()
    return stripped, stripped.is_in(BLANKS).fill_null(value=True)


def reals(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the values as Float64 (null where not finite), and which of them are blank."""
    if values.dtype.is_numeric():
        number, blank = values.cast(pl.Float64), values.is_null()
    else:
        stripped, blank = text(values)
        number = stripped.cast(pl.Float64, strict=False)
    return number.set(~number.is_finite().fill_null(value=False), None), blank


def whole_numbers(values: pl.Series) -> Column:
    """Read counts: ``8``, ``8.0``; ``7.5`` is not whole.

    Parameters
    ----------
    values : polars.Series
        Numbers or text; shape (n,).
    """
    if values.dtype.is_integer():
        return column(values.cast(pl.Int64), values.is_null())
    if not values.dtype.is_numeric():
        stripped, blank = text(values)
        quick = stripped.cast(pl.Int64, strict=False)
        if (quick.is_not_null() | blank).all():
            return column(quick, blank)
    number, blank = reals(values)
    done = column(number.cast(pl.Int64, strict=False), blank)
    broken = (number != number.floor()).fill_null(value=False)
    return Column(done.value, done.status.set(broken, Status.NOT_WHOLE.value))


_CLOCK = (
    r"^(?<sign>-?)(?:(?<days>\d+)(?:-|\s+days?,?\s+))?(?:(?<hours>\d+):)?"
    r"(?<minutes>\d+):(?<seconds>\d+)(?:\.\d+)?$"
)


def durations(values: pl.Series) -> Column:
    """Read durations in seconds: ``3600``, ``01:00:00``, ``1-02:03:04``, ``1 days 02:00:00``.

    Parameters
    ----------
    values : polars.Series
        Numbers (seconds), a duration type, or text; shape (n,).
    """
    top = 2**40
    if values.dtype == pl.Duration:
        return column(values.dt.total_seconds(), values.is_null(), top=top)
    number, blank = reals(values)
    seconds = number.round().cast(pl.Int64, strict=False)
    if not values.dtype.is_numeric():
        left = seconds.is_null() & ~blank
        if left.any():
            parts = values.filter(left).str.strip_chars().str.extract_groups(_CLOCK).struct.unnest()
            part = {
                c: pl.col(c).cast(pl.Int64, strict=False).fill_null(0) for c in parts.columns[1:]
            }
            total = ((part["days"] * 24 + part["hours"]) * 60 + part["minutes"]) * 60 + part[
                "seconds"
            ]
            clock = parts.select(
                pl.when(pl.col("minutes").is_not_null()).then(
                    pl.when(pl.col("sign") == "-").then(-total).otherwise(total)
                )
            ).to_series()
            seconds = seconds.scatter(left.arg_true(), clock)
    return column(seconds, blank, top=top)


def rates(values: pl.Series) -> Column:
    """Read values of a series: any finite number, not negative; shape (n,)."""
    number, blank = reals(values)
    return column(number, blank, top=2**53)
