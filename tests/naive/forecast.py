"""The quota curve's bounds from the page, by sorting every window that has passed."""

import math
from collections.abc import Sequence
from fractions import Fraction

HOURS = (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168)
STEP = 0.0005
HORIZONS_S = (300, 600, 900, 1800, *(3600 * hours for hours in HOURS))


def quantile(samples: Sequence[int], eps: float, most: int) -> int:
    """Return the sample of rank ``n + 1 - floor((n + 1) eps)``, or ``most`` where there is none."""
    n = len(samples)
    rank = max(1, n + 1 - math.floor((n + 1) * eps))
    return most if rank > n else sorted(samples)[rank - 1]


def bounds(demand: Sequence[int], nodes: int, tick_s: int, eps: float) -> list[list[int]]:
    """Return the bounds of every horizon at every tick, each tick from all that came before."""
    rows: list[list[int]] = [[] for _ in demand]
    for horizon_s in HORIZONS_S:
        length, risk = max(1, horizon_s // tick_s), eps
        issued: dict[int, int] = {}
        for now, latest in enumerate(demand):
            missed = [begun for begun, bound in issued.items() if bound < latest]
            for begun in missed:
                del issued[begun]
            risk -= STEP * (1.0 - eps) * len(missed)
            if issued.pop(now - length, None) is not None:
                risk = min(1.0, risk + STEP * eps)
            passed = range(now - length + 1)
            levels = [max(demand[i : i + length + 1]) for i in passed]
            rises = [level - demand[i] for i, level in zip(passed, levels, strict=True)]
            rise, level = quantile(rises, risk / 2, nodes), quantile(levels, risk / 2, nodes)
            bound = min(nodes, max(latest, min(latest + rise, level)))
            rows[now].append(max([bound, *rows[now][-1:]]))
            if (len(rises) + 1) * eps / 2 >= 1:
                issued[now] = rows[now][-1]
    return rows


def miss_rate(
    demand: Sequence[int], bound: Sequence[int], length: int, first: int
) -> Fraction | None:
    """Return how often the maximum over ``length`` further ticks was above the bound."""
    counted = [i for i in range(len(demand)) if i >= first and i + length < len(demand)]
    missed = [i for i in counted if max(demand[i : i + length + 1]) > bound[i]]
    return Fraction(len(missed), len(counted)) if counted else None
