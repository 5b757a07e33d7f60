"""The Gaussian forecast of GFS from the page, change by change."""

import math
from collections.abc import Sequence
from statistics import NormalDist


def use(owners: Sequence[Sequence[int]], now: int, lag: int) -> float:
    """Return what demand ``lag`` ticks after ``now`` stays below with probability 0.9."""
    mean = variance = 0.0
    for demand in owners:
        changes = [demand[i + lag] - demand[i] for i in range(now + 1 - lag)]
        if not changes:
            return math.inf
        drift = math.fsum(changes) / len(changes)
        mean += demand[now] + drift
        variance += math.fsum((change - drift) ** 2 for change in changes) / len(changes)
    return mean + NormalDist().inv_cdf(0.9) * math.sqrt(variance)
