"""Job ids that occur more than once: duplicates, and the runs of a requeued job."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.feeds.files import LINE

ROW = "__row"


@dataclass(frozen=True)
class Repeats:
    """What to change in jobs of which ids repeat.

    Attributes
    ----------
    gone : polars.DataFrame
        Rows that repeat another: ``ROW`` (position from 0) and ``LINE``.
    later : polars.DataFrame
        Later runs of a job: ``ROW`` and their new ``job_id`` and ``submit_s``.
    """

    gone: pl.DataFrame
    later: pl.DataFrame


def find_repeats(frame: pl.DataFrame, *, runs: bool) -> Repeats | None:
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
    Repeats or None
        None when every id occurs once.
    """
    at = _repeated(frame["job_id"])
    if not at.size:
        return None
    several = pl.DataFrame(
        {
            ROW: at,
            **{
                name: frame.get_column(name).gather(at)
                for name in (LINE, "job_id", "submit_s", "start_s", "duration_s")
            },
        }
    )
    key = ["job_id", "submit_s", "start_s"] if runs else ["job_id"]
    first = several.select(pl.struct(key).is_first_distinct()).to_series()
    gone = several.filter(~first).select(ROW, LINE)
    nth = pl.int_range(1, pl.len() + 1).over("job_id")
    ended = (pl.col("start_s") + pl.col("duration_s")).shift(1).over("job_id")
    later = (
        several.filter(first)
        .sort("job_id", "start_s", LINE)
        .with_columns(nth.alias("nth"), ended.alias("ended"))
        .filter(pl.col("nth") > 1)
        .select(
            ROW,
            pl.format("{}#{}", "job_id", "nth").alias("job_id"),
            # Never after the start: ids that begin again after a reset may overlap.
            pl.when(pl.col("ended").is_null())
            .then("submit_s")
            .otherwise(pl.max_horizontal("submit_s", pl.min_horizontal("ended", "start_s")))
            .alias("submit_s"),
        )
    )
    return Repeats(gone, later)


def _repeated(ids: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Find the rows whose id occurs more than once: by hash, so that ten million cost 80 MB."""
    hashes = ids.hash().to_numpy()
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.flatnonzero(np.isin(hashes, twice)) if twice.size else np.empty(0, dtype=np.intp)
