"""The first month of the market, written out plainly: dictionaries, loops, and a root finder of another kind.

Numbers in comments are those of ``docs/reference/market-model.md``. Region 0 is open, region 1 walled.
"""

import math
from typing import Any

import numpy as np
from scipy.optimize import root

from tidegate.market.parameters import INDEX
from tidegate.market.world import World


def first_month(world: World, theta: Any, shock: Any) -> dict[str, Any]:  # noqa: PLR0915  one plain recipe
    """Rents, occupancy and revenue of the first month, for list rents that clear at once."""
    p = {name: float(theta[place]) for name, place in INDEX.items()}
    chips, camps, demand, rules = world.chips, world.camps, world.demand, world.rules
    regions, generations, uses = range(2), range(len(chips.price)), range(demand.share.shape[1])
    owner = camps.stock.shape[1] - 1

    def stock_of(r: int, c: int, g: int) -> float:
        share = p["rented_share"] if rules.is_rented_share and chips.maker[g] == 0 else 1.0
        return float(camps.stock[r, c, g]) * share

    def offered(r: int, c: int, g: int, stock: float) -> float:
        if (r, c) == (0, owner):
            return min(stock, float(world.owner.offered[0, g])) * (1 - p["own_use"])
        return stock

    def quality(u: int, g: int, tilt: float) -> float:  # 3
        base = float(chips.log_quality[u, g])
        taste = float(theta[chips.taste[g]]) if chips.taste[g] >= 0 else 0.0
        age = max(0, -int(chips.launch[g])) / 12
        best = max(
            chips.log_quality[0, h]
            for h in generations
            if chips.launch[h] <= 0 and chips.maker[h] == 0
        )
        bar = (
            p["frontier_bar"] * max(0.0, best - chips.log_quality[0, g])
            if demand.frontier[u]
            else 0.0
        )
        return math.exp(base + tilt * base + taste - p["obsolescence"] * age - bar)

    def index(
        rents: dict[int, float], q: dict[tuple[int, int], float], size: dict[int, float], u: int
    ) -> float:  # 5, 6
        total = sum(
            size[g] ** p["reach"] * (rent / q[u, g]) ** -p["substitution"]
            for g, rent in rents.items()
        )
        return -math.log(total) / p["substitution"]

    def wanted(
        rents: dict[int, float],
        q: dict[tuple[int, int], float],
        size: dict[int, float],
        market: dict[int, float],
        slow: dict[int, float] | None,
    ) -> dict[int, float]:
        rest = math.log(rules.rented_at_rest / (1 - rules.rented_at_rest))
        found = dict.fromkeys(rents, 0.0)
        for u in uses:
            price = index(rents, q, size, u)
            pull = rest - p["price_elasticity"] * (price - slow[u]) if slow else rest
            work = market[u] / (1 + math.exp(-pull))  # 4
            weights = {
                g: size[g] ** p["reach"] * (rents[g] / q[u, g]) ** -p["substitution"] for g in rents
            }
            for g in rents:
                found[g] += work * weights[g] / sum(weights.values()) / q[u, g]  # 5, 6
        return found

    # At the start: the demand at which the first rents clear (2).
    q = {(u, g): quality(u, g, 0.0) for u in uses for g in generations}
    mean = {g: sum(q[u, g] for u in uses) / len(uses) for g in generations}
    scale, slow = {}, {}
    for r in regions:
        able = {
            g: rules.most_occupied
            * sum(offered(r, c, g, stock_of(r, c, g)) for c in range(owner + 1))
            for g in generations
        }
        able = {g: n for g, n in able.items() if n > 1e-9}
        work = sum(n * mean[g] for g, n in able.items())
        size = {g: n * mean[g] / work for g, n in able.items()}
        rents = {g: p["rent_start"] * mean[g] for g in able}
        asked = wanted(rents, q, size, {u: float(demand.share[r, u]) for u in uses}, None)
        scale[r] = work / sum(n * mean[g] for g, n in asked.items())
        slow[r] = {u: index(rents, q, size, u) for u in uses}
    # The month: shocks, failures, arrivals, then rents.
    level = p["demand_volatility"] * shock[0]
    tilt, walled = p["tilt_volatility"] * shock[1], p["region_volatility"] * shock[2]
    cycle = {0: level, 1: p["region_link"] * level + walled}
    q = {(u, g): quality(u, g, tilt) for u in uses for g in generations}
    mean = {g: sum(q[u, g] for u in uses) / len(uses) for g in generations}
    market = {
        (r, u): scale[r] * float(demand.share[r, u] * demand.path[0, r, u]) * math.exp(cycle[r])
        for r in regions
        for u in uses
    }
    for u in uses:
        away = demand.remote * market[1, u]
        market[0, u], market[1, u] = market[0, u] + away, market[1, u] - away
    result: dict[str, Any] = {"rent": {}, "occupancy": {}, "revenue": {}}
    for r in regions:
        fleet = {
            (c, g): stock_of(r, c, g) * (1 - rules.failures)
            + (float(world.owner.arrivals[0, g]) if (r, c) == (0, owner) else 0.0)
            for c in range(owner + 1)
            for g in generations
        }
        shown = {(c, g): offered(r, c, g, n) for (c, g), n in fleet.items()}
        able = {
            g: rules.most_occupied * sum(shown[c, g] for c in range(owner + 1)) for g in generations
        }
        able = {g: n for g, n in able.items() if n > 1e-9}
        work = sum(n * mean[g] for g, n in able.items())
        size = {g: n * mean[g] / work for g, n in able.items()}
        order = list(able)
        cost = {g: p["cost_scale"] * float(chips.run_cost[r, g]) for g in order}
        mine = {u: market[r, u] for u in uses}

        def run(g: int, rent: float, cost: dict[int, float] = cost) -> float:  # 7
            return 1 / (1 + (cost[g] / rent) ** 8)

        def excess(
            logs: Any,
            r: int = r,
            order: list[int] = order,
            able: dict[int, float] = able,
            size: dict[int, float] = size,
            mine: dict[int, float] = mine,
        ) -> list[float]:  # 8
            rents = {g: math.exp(x) for g, x in zip(order, logs, strict=True)}
            want = wanted(rents, q, size, mine, slow[r])
            return [math.log(want[g] / (able[g] * run(g, rents[g]))) for g in order]

        start = [math.log(p["rent_start"] * mean[g]) for g in order]
        solved = root(excess, start, tol=1e-11)
        rents = {g: math.exp(x) for g, x in zip(order, solved.x, strict=True)}
        want = wanted(rents, q, size, mine, slow[r])
        revenue = np.zeros(owner + 1)
        for g in order:
            let = min(want[g], able[g] * run(g, rents[g]))
            result["rent"][r, g] = rents[g]
            result["occupancy"][r, g] = let / (able[g] / rules.most_occupied)
            tilted = math.exp(-p["quality_price_decline"] * p["contract_months"] / 24)
            contract = rents[g] * (1 - p["contract_discount"]) * min(1.3, max(0.6, tilted))  # 10
            paid = p["contract_share"] * contract + (1 - p["contract_share"]) * rents[g]
            caps = {
                c: shown[c, g] * rules.most_occupied * run(g, rents[g]) for c in range(owner + 1)
            }
            for c, gpus in _shared(
                let, {c: float(camps.draw[c]) * n for c, n in caps.items()}, caps
            ).items():
                revenue[c] += gpus * 730.5 * paid * camps.price_factor[c]  # 12
        result["revenue"][r] = revenue
    return result  # fmt: skip


def _shared(amount: float, weights: dict[int, float], caps: dict[int, float]) -> dict[int, float]:
    """Share out by weight, nobody more than they have: the level is found by halving (11)."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        given = sum(min(caps[c], middle * weights[c]) for c in caps)
        low, high = (middle, high) if given < amount else (low, middle)
    return {c: min(caps[c], high * weights[c]) for c in caps}
