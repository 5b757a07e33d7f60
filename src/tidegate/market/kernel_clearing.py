"""Demand by nested logit, and the rents that clear it, generation by generation.

The equations are those of ``docs/reference/market-model.md``, with its numbers.
"""

import math
from typing import Any, Final

from tidegate.compiled import inlined

RUN_SLOPE: Final = 8.0
"""How sharply fleets are shut down about the rent that covers their cash cost."""

MOST_ROUNDS: Final = 120
CLOSE: Final = 1e-5
_LEAST_LOG_RENT: Final = -9.0
_MOST_LOG_RENT: Final = 9.0
_TINY: Final = 1e-9


@inlined
def demand_of(r: int, log_rent: Any, s: Any, sigma: float, beta: float, rest: float) -> float:
    """Write the GPUs that are wanted at these rents to ``s.wanted[r]``; return the share that rents.

    Equations 3 to 6. ``s.scratch[3, u]`` holds how far tenants of use ``u`` are drawn to waiting.
    """
    uses, generations = s.weight.shape
    for g in range(generations):
        s.wanted[r, g] = 0.0
        s.scratch[0, g] = s.reach[r, g] * math.exp(-sigma * log_rent[r, g])
    rents, potential = 0.0, 0.0
    for u in range(uses):
        total = 0.0
        for g in range(generations):
            total += s.scratch[0, g] * s.weight[u, g]
        if total <= 0.0:
            continue
        s.work_price[r, u] = -math.log(total) / sigma
        pull = rest - beta * (s.work_price[r, u] - s.slow[r, u]) - s.scratch[3, u]
        share = 1.0 / (1.0 + math.exp(-pull))
        work = s.market[r, u] * share
        rents += work
        potential += s.market[r, u]
        for g in range(generations):
            s.wanted[r, g] += work * s.scratch[0, g] * s.weight[u, g] / total * s.inverse[u, g]
    return rents / potential if potential > 0.0 else 0.0


@inlined
def run_share(log_rent: float, cost: float) -> float:
    """Return the share of a fleet that it pays to run at a rent (equation 7)."""
    if cost <= 0.0:
        return 1.0
    return 1.0 / (1.0 + math.exp(-RUN_SLOPE * (log_rent - math.log(cost))))


@inlined
def clear(
    r: int,
    t: int,
    world: Any,
    s: Any,
    sigma: float,
    beta: float,
    rest: float,
    cost: Any,
) -> float:
    """Find the clearing rents of a region, from last month's; return the gap that is left.

    A round moves all rents together by the mean excess demand, and each by its own against the mean:
    that is a Newton step for a logit in which generations are alike, and converges fast where they are not.
    """
    generations = s.weight.shape[1]
    fixed = world.owner.rents
    damp, last = 1.0, 1e9
    gap = 0.0
    for _ in range(MOST_ROUNDS):
        share = demand_of(r, s.log_clearing, s, sigma, beta, rest)
        mean, weight, bend = 0.0, 0.0, 0.0
        gap = 0.0
        for g in range(generations):
            if s.able[r, g] <= _TINY:
                continue
            run = run_share(s.log_clearing[r, g], cost[r, g])
            more = fixed[t, g] if r == 0 else 0.0
            excess = math.log((s.wanted[r, g] + more + _TINY) / (s.able[r, g] * run + _TINY))
            s.scratch[1, g] = excess
            s.scratch[2, g] = RUN_SLOPE * (1.0 - run) if cost[r, g] > 0.0 else 0.0
            part = s.able[r, g] * s.mean_quality[g]
            mean += excess * part
            bend += s.scratch[2, g] * part
            weight += part
            gap = max(gap, abs(excess))
        if gap < CLOSE or weight <= 0.0:
            break
        damp = max(0.05, damp * 0.5) if gap > 0.98 * last else min(1.0, damp * 1.15)
        last = gap
        mean /= weight
        common = max(0.15, beta * (1.0 - share) + bend / weight)
        for g in range(generations):
            if s.able[r, g] > _TINY:
                own = sigma + s.scratch[2, g]
                step = mean / common + (s.scratch[1, g] - mean) / own
                moved = s.log_clearing[r, g] + damp * min(1.0, max(-1.0, step))
                s.log_clearing[r, g] = min(_MOST_LOG_RENT, max(_LEAST_LOG_RENT, moved))
    return gap


@inlined
def clear_linear(r: int, t: int, world: Any, s: Any, cost: Any) -> float:
    """Find the clearing rents where demand is linear in rents (equation 8), by Gauss-Seidel rounds."""
    demand = world.demand
    generations = s.weight.shape[1]
    gap = 0.0
    for _ in range(MOST_ROUNDS * 4):
        gap = 0.0
        for g in range(generations):
            if s.able[r, g] <= _TINY:
                continue
            others = demand.intercept[r, g]
            for h in range(generations):
                if h != g:
                    others -= demand.slope[r, g, h] * math.exp(s.log_clearing[r, h])
            run = run_share(s.log_clearing[r, g], cost[r, g])
            rent = max(1e-4, (others - s.able[r, g] * run) / demand.slope[r, g, g])
            moved = math.log(rent)
            gap = max(gap, abs(moved - s.log_clearing[r, g]))
            s.log_clearing[r, g] += 0.5 * (moved - s.log_clearing[r, g])
        if gap < CLOSE:
            break
    wanted_linear(r, world, s, s.log_clearing)
    return gap


@inlined
def wanted_linear(r: int, world: Any, s: Any, log_rent: Any) -> None:
    """Write the GPUs that linear demand wants at these rents to ``s.wanted[r]``."""
    demand = world.demand
    generations = s.weight.shape[1]
    for g in range(generations):
        amount = demand.intercept[r, g]
        for h in range(generations):
            amount -= demand.slope[r, g, h] * math.exp(log_rent[r, h])
        s.wanted[r, g] = max(0.0, amount)
