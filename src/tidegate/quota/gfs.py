"""The rule of GFS: quota from a Gaussian forecast, fed back from evictions; victims by its cost.

A rival, written from a description of the published rule (arXiv 2509.11134); ``docs/guide/simulation.md`` says
how what it leaves open is read here.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.snapshot import Snapshot

FEEDBACK_S: Final = 4 * 3600
"""Failed and kept periods are counted over so long, before now."""
PERIOD_S: Final = 3600
"""A guarantee period: an hour of a lease."""
PATIENCE_S: Final = 3600
"""The quota may grow when a request has waited for longer."""

# p = 0.9: one period in ten may fail. Shares are compared as integers, in tenths, so that 3 of 20 is 0.15.
_TENTHS: Final = 10
_LOST_WORK: Final = 5
# The published rule has no bounds; these only keep a float from becoming infinite, or stuck at zero.
_LEAST_ETA: Final = 1e-300
_MOST_ETA: Final = 1e300


@compiled
def renewed_eta(eta: float, failed: int, kept: int, waited_s: int) -> float:
    """Return the factor on the forecast's free nodes after one step of feedback.

    With ``e`` the share of periods that failed (0 when none ended) and ``1 - p = 0.1``: when ``e >= 1.5 (1 - p)``,
    times ``(1 - p) / e``; when ``e <= 0.5 (1 - p)`` and a request has waited for more than
    :data:`PATIENCE_S`, times ``1.5 - e / (1 - p)``.

    Parameters
    ----------
    eta : float
        The factor so far.
    failed, kept : int
        Guarantee periods that ended within the last :data:`FEEDBACK_S`.
    waited_s : int
        How long the oldest waiting request has waited; negative when none does.
    """
    ended = failed + kept
    if failed > 0 and 2 * _TENTHS * failed >= 3 * ended:
        eta *= ended / (_TENTHS * failed)
    elif waited_s > PATIENCE_S and 2 * _TENTHS * failed <= ended:
        eta *= 1.5 - (_TENTHS * failed / ended if ended > 0 else 0.0)
    return min(max(eta, _LEAST_ETA), _MOST_ETA)


@compiled
def quota_nodes(eta: float, free: int, nodes: int) -> int:
    """Return the nodes that may be leased: ``eta * free`` in whole nodes, at most the pool."""
    quota = eta * free
    return nodes if quota >= nodes else int(quota)


@compiled
def victims(snapshot: Snapshot, may: NDArray[np.bool_], need: int) -> NDArray[np.bool_]:
    """Choose leases with at least ``need`` nodes, greedily by the published cost of the set.

    The cost of a set of ``n`` leases is ``(F + n) / (F + S + n) + 5 sum(nodes * elapsed) / (pool * window)``. Again and
    again the lease is taken that adds least to it for each node that is still needed, of equal ones the one
    with the lowest request number; then those that the later ones made superfluous are let go, the first
    taken first. Costs are compared exactly, over their common denominator.

    Parameters
    ----------
    snapshot : Snapshot
        With the failed and kept periods, F and S, and the pool's size.
    may : bool array, shape (leases,)
        Leases to choose among.
    need : int
        Nodes needed, at most those of the leases to choose among.

    Returns
    -------
    bool array, shape (leases,)
    """
    held = snapshot.held
    chosen = np.zeros(held.size, dtype=np.bool_)
    order = np.zeros(held.size, dtype=np.int64)
    count = 0
    missing = need
    while missing > 0:
        # One victim more raises the first term by S / (periods (periods + 1)), or by 1 when there are none.
        periods = snapshot.failed_periods + snapshot.kept_periods + count
        share = snapshot.kept_periods if periods > 0 else 1
        scale = max(1, periods * (periods + 1))
        best = least = least_of = -1
        for i in range(held.size):
            if not may[i] or chosen[i]:
                continue
            elapsed = max(0, snapshot.now_s - held[i].start_s)
            lost = _LOST_WORK * held[i].nodes * elapsed
            cost = share * snapshot.nodes * FEEDBACK_S + lost * scale
            of = min(held[i].nodes, missing)
            if best < 0 or cost * least_of < least * of:
                best, least, least_of = i, cost, of
        chosen[best] = True
        order[count] = best
        count += 1
        missing -= held[best].nodes
    for i in order[:count]:
        if missing + held[i].nodes <= 0:
            chosen[i] = False
            missing += held[i].nodes
    return chosen
