"""Runs that are announced before they begin."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]

LIKELY_S: Final = 86_400
"""How long room is kept for a likely run that may not have come."""


@dataclass(frozen=True)
class PlannedRun:
    """A training run on the calendar.

    Attributes
    ----------
    from_s, to_s : int
        When it holds its GPUs, on the log's clock: [from_s, to_s).
    gpus : int
        How many.
    is_firm : bool
        Whether it is sure to come: room is kept to its end. For one that is only likely, room is kept for a day
        from its begin; what it then holds counts as any other demand.
    """

    from_s: int
    to_s: int
    gpus: int
    is_firm: bool


def planned_nodes(runs: Iterable[PlannedRun], times_s: I64, gpus_per_node: int) -> I64:
    """Return the nodes that the calendar asks for at each time, each run on whole nodes.

    Parameters
    ----------
    runs : iterable of PlannedRun
    times_s : int64 array, shape (n,)
        On the clock of the runs.
    gpus_per_node : int

    Returns
    -------
    int64 array, shape (n,)
    """
    nodes = np.zeros(times_s.size, dtype=np.int64)
    for run in runs:
        to_s = run.to_s if run.is_firm else min(run.to_s, run.from_s + LIKELY_S)
        is_on = (run.from_s <= times_s) & (times_s < to_s)
        nodes[is_on] += -(-run.gpus // gpus_per_node)
    return nodes
