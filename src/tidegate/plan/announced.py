"""What is known of a pool's demand ahead: its calendar, and the forecast of its load."""

import numpy as np
from numpy.typing import NDArray

from tidegate.demand import DemandSeries, JobLog, planned_nodes
from tidegate.forecast import HORIZONS_S
from tidegate.plan.scenario import PoolCase
from tidegate.simulate import Window

I64 = NDArray[np.int64]


def _foreseen_nodes(series: DemandSeries, times_s: I64, gpus_per_node: int) -> I64:
    """Return the nodes foreseen at each time: a value holds until the next, the last one as long as the one before."""
    at_s, gpus = series.frame["time_s"].to_numpy(), series.frame["gpus"].to_numpy()
    place = np.searchsorted(at_s, times_s, side="right") - 1
    nodes = np.ceil(gpus / gpus_per_node).astype(np.int64)[np.maximum(place, 0)]
    last_s = at_s[-1] + (at_s[-1] - at_s[-2] if at_s.size > 1 else 0)
    nodes[(place < 0) | (times_s > last_s)] = 0
    return nodes


def announced_nodes(
    case: PoolCase, log: JobLog, window: Window, start_s: int
) -> tuple[I64, list[str]]:
    """Return the nodes announced at each tick, as far ahead as the longest horizon sees, and notes.

    Parameters
    ----------
    case : PoolCase
    log : JobLog
    window : Window
    start_s : int
        Start of the play on the log's clock.

    Returns
    -------
    int64 array, shape (ticks and those of the longest horizon,), or empty when nothing was announced
    list of str
        What was made of it, in sentences.
    """
    series = log.foreseen
    if not case.planned and series is None:
        return np.zeros(0, dtype=np.int64), []
    stop_s = start_s + window.stop_s + HORIZONS_S[-1]
    times_s = np.arange(start_s, stop_s, window.tick_s, dtype=np.int64)
    per_node = case.pool.gpus_per_node
    nodes = planned_nodes(case.planned, times_s, per_node)
    notes = []
    if case.planned:
        seen = sum(run.from_s < stop_s and run.to_s > start_s for run in case.planned)
        notes.append(f"{seen} of {len(case.planned)} announced runs lie within the log.")
    if series is not None:
        nodes += _foreseen_nodes(series, times_s, per_node)
        notes.append(f"The load was foreseen by {series.source}; the quota starts from that.")
    return nodes, notes
