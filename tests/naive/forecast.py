"""The quota curve's bounds from the page, by sorting every window that has passed."""

import math
from collections.abc import Sequence
from fractions import Fraction

HOURS = (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168)
HORIZONS_S = (300, 600, 900, 1800, *(3600 * hours for hours in HOURS))


def quantile(samples: Sequence[int], eps: float, most: int) -> int:
    """Return the sample of rank ``n + 1 - floor((n + 1) eps)``, or ``most`` where there is none."""
    n = len(samples)
    rank = n + 1 - math.floor((n + 1) * eps)
    return most if rank > n else sorted(samples)[rank - 1]


def bounds(demand: Sequence[int], nodes: int, tick_s: int, eps: float) -> list[int]:
    """Return the bound of every horizon after the last of the ticks seen."""
    now = len(demand) - 1
    found: list[int] = []
    for horizon_s in HORIZONS_S:
        length = max(1, horizon_s // tick_s)
        begun = range(len(demand) - length)
        levels = [max(demand[i : i + length + 1]) for i in begun]
        rises = [level - demand[i] for i, level in zip(begun, levels, strict=True)]
        rise, level = quantile(rises, eps / 2, nodes), quantile(levels, eps / 2, nodes)
        bound = min(nodes, max(demand[now], min(demand[now] + rise, level)))
        found.append(max([bound, *found[-1:]]))
    return found


def miss_rate(
    demand: Sequence[int], bound: Sequence[int], length: int, first: int
) -> Fraction | None:
    """Return how often the maximum over ``length`` further ticks was above the bound."""
    counted = [i for i in range(len(demand)) if i >= first and i + length < len(demand)]
    missed = [i for i in counted if max(demand[i : i + length + 1]) > bound[i]]
    return Fraction(len(missed), len(counted)) if counted else None
