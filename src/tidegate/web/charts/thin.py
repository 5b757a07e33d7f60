"""Fewer points on the tide's grid, so that a page stays small."""

from typing import Final

import polars as pl

MOST_POINTS: Final = 2000
"""Points of a series that a page carries at most."""

FEWEST_POINTS: Final = 200
"""Points that remain however many pools there are."""

_NUMBERS: Final = 400_000
"""Numbers in all tides of a page: about two megabytes."""

_ROUND_S: Final = tuple(
    minutes * 60 for minutes in (1, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10080)
)
"""Bucket lengths that a reader can say in a word."""


def points_for(series: int) -> int:
    """Return how many points each of a page's series may have."""
    return max(FEWEST_POINTS, min(MOST_POINTS, _NUMBERS // max(series, 1)))


def bucket_s(span_s: int, points: int, tick_s: int) -> int:
    """Return the length of a bucket in seconds, a round multiple of the tick.

    Parameters
    ----------
    span_s : int
        Length of the series.
    points : int
        At most so many buckets.
    tick_s : int
        Length of the grid's step.
    """
    for length in (tick_s, *_ROUND_S):
        if length >= tick_s and length % tick_s == 0 and span_s <= length * points:
            return length
    return -(-span_s // (points * tick_s)) * tick_s


def thinned(tide: pl.DataFrame, length_s: int, peaks: tuple[str, ...]) -> pl.DataFrame:
    """Return one row per bucket: the maximum of ``peaks``, the mean of every other column.

    Parameters
    ----------
    tide : polars.DataFrame
        ``time_s`` and columns of numbers, sorted by time.
    length_s : int
        Length of a bucket, counted from the first time.
    peaks : tuple of str
        Columns whose maximum matters.
    """
    first = tide["time_s"][0]
    values = [name for name in tide.columns if name != "time_s"]
    return (
        tide.group_by(((pl.col("time_s") - first) // length_s).alias("bucket"), maintain_order=True)
        .agg(pl.col(n).max() if n in peaks else pl.col(n).mean() for n in values)
        .select((pl.col("bucket") * length_s + first).alias("time_s"), *values)
    )
