"""Job ids that occur more than once: duplicates, and the runs of a requeued job."""

import numpy as np
import polars as pl

from tidegate.feeds.files import LINE


def part_runs(frame: pl.DataFrame, *, runs: bool) -> tuple[pl.DataFrame, pl.Series, int]:
    """Find repeated ids among jobs in the file's order.

    Without ``runs``, the first row of an id stays. With ``runs``, the first row of each id,
    submission and start stays, and the rows that stay are one job run several times: from the
    second on they are named ``<id>#2``, ``<id>#3`` by their start, and count as asked for only when
    the run before has ended, for a job does not hold two places at once.

    Parameters
    ----------
    frame : polars.DataFrame
        ``LINE``, ``job_id``, ``submit_s``, ``start_s``, ``duration_s``, ...; shape (n, 7).
    runs : bool
        Whether an id may stand for several runs.

    Returns
    -------
    polars.DataFrame
        The rows that stay, in the file's order.
    polars.Series
        Line numbers of the rows that repeat another.
    int
        How many rows are later runs of a job.
    """
    again = _repeated(frame["job_id"])
    if not again.any():
        return frame, pl.Series(LINE, [], dtype=pl.UInt32), 0
    key = ["job_id", "submit_s", "start_s"] if runs else ["job_id"]
    several = frame.filter(again)
    first = several.select(pl.struct(key).is_first_distinct()).to_series()
    repeats = several.filter(~first)[LINE]
    several = several.filter(first)
    later = 0
    if runs:
        nth = pl.int_range(1, pl.len() + 1).over("job_id")
        ended = (pl.col("start_s") + pl.col("duration_s")).shift(1).over("job_id")
        several = (
            several.sort("job_id", "start_s", LINE)
            .with_columns(
                nth.alias("nth"),
                # Never after the start: ids that begin again after a reset may overlap.
                pl.max_horizontal("submit_s", pl.min_horizontal(ended, pl.col("start_s"))).alias(
                    "submit_s"
                ),
            )
            .with_columns(
                pl.when(pl.col("nth") > 1)
                .then(pl.format("{}#{}", "job_id", "nth"))
                .otherwise(pl.col("job_id"))
                .alias("job_id")
            )
        )
        later = int((several["nth"] > 1).sum())
        several = several.drop("nth")
    return pl.concat([frame.filter(~again), several]).sort(LINE), repeats, later


def _repeated(ids: pl.Series) -> pl.Series:
    """Tell which ids occur more than once: by hash, so that ten million cost 80 MB."""
    hashes = ids.hash().to_numpy()
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not twice.size:
        return pl.repeat(value=False, n=len(ids), dtype=pl.Boolean, eager=True)
    return pl.Series(np.isin(hashes, twice))
