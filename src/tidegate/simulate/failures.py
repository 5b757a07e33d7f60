"""Node failures drawn ahead of a play."""

import numpy as np

from tidegate.simulate.model import Failures


def no_failures() -> Failures:
    """Return a pool that never fails."""
    return Failures(*(np.zeros(0, dtype=np.int64) for _ in Failures._fields))


def draw_failures(
    nodes: int,
    *,
    mtbf_s: float,
    repair_s: int,
    stop_s: int,
    randomness: np.random.SeedSequence,
) -> Failures:
    """Draw exponential failures, node by node; a node in repair does not fail.

    Parameters
    ----------
    nodes : int
        Nodes of the pool.
    mtbf_s : float
        Mean time from the end of a repair to the next failure, in seconds.
    repair_s : int
        Repair time in seconds.
    stop_s : int
        No failure begins from here on.
    randomness : numpy.random.SeedSequence
        The same one gives the same failures, under every policy.

    Returns
    -------
    Failures
        Sorted by time, then node.
    """
    random = np.random.default_rng(randomness)
    rows: list[tuple[int, int, int]] = []
    for node in range(nodes):
        now = 0
        while (now := now + 1 + int(random.exponential(mtbf_s))) < stop_s:
            rows.append((now, node, now + repair_s))
            now += repair_s
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
    return Failures(table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy())
