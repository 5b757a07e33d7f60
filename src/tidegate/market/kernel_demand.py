"""What is wanted and what is there at the start of a month."""

import math
from typing import Any, Final

from tidegate.compiled import inlined
from tidegate.market import state as at
from tidegate.market import theta as of
from tidegate.market.kernel_clearing import clear, clear_linear, demand_of, run_share, wanted_linear
from tidegate.market.kernel_fill import fill

HOURS: Final = 730.5
"""Hours of a mean month."""

SLOW_MONTHS: Final = 18.0
"""Memory of the slow average of the price of work, in months."""

_MOST_AWAY: Final = 0.9
"""Share of a region's demand that can rent in the other at most."""

_TINY: Final = 1e-9


@inlined
def draw_factors(shock: Any, p: Any, s: Any) -> None:
    """Move what is random (equations 1 and 2); ``shock`` holds six standard normals."""
    n = s.numbers
    n[at.MOMENTUM] = p[of.DEMAND_MOMENTUM] * n[at.MOMENTUM] + p[of.DEMAND_VOLATILITY] * shock[0]
    n[at.LEVEL] += n[at.MOMENTUM]
    n[at.SLOW_LEVEL] += (n[at.LEVEL] - n[at.SLOW_LEVEL]) / SLOW_MONTHS
    n[at.TILT] = 0.97 * n[at.TILT] + p[of.TILT_VOLATILITY] * shock[1]
    n[at.WALLED] = 0.97 * n[at.WALLED] + p[of.REGION_VOLATILITY] * shock[2]


@inlined
def set_quality(t: int, world: Any, p: Any, s: Any, sigma: float) -> None:
    """Work of a GPU, use by use (equation 3): figures, taste, age, the bar of the frontier."""
    chips, uses = world.chips, world.demand.share.shape[1]
    generations = chips.price.shape[0]
    best = -9.0
    for g in range(generations):
        s.mean_quality[g] = 0.0
        if chips.launch[g] <= t and chips.maker[g] == 0:
            best = max(best, chips.log_quality[0, g])
    for u in range(uses):
        for g in range(generations):
            base = chips.log_quality[u, g]
            worth = base + s.numbers[at.TILT] * base
            if chips.taste[g] >= 0:
                worth += p[chips.taste[g]]
            age = max(0.0, t - chips.launch[g]) / 12.0
            worth -= p[of.OBSOLESCENCE] * age
            if world.demand.frontier[u] > 0.0:
                worth -= p[of.FRONTIER_BAR] * max(0.0, best - chips.log_quality[0, g])
            s.log_quality[u, g] = worth
            s.inverse[u, g] = math.exp(-worth)
            s.weight[u, g] = math.exp(sigma * worth)
            s.mean_quality[g] += math.exp(worth) / uses


@inlined
def growth_by(t: float, p: Any) -> float:
    """Return the common log growth of demand since the start (equation 1)."""
    fade = p[of.DEMAND_GROWTH_FADE]
    years = t / 12.0
    start, end = p[of.DEMAND_GROWTH_START], p[of.DEMAND_GROWTH_END]
    return end * years + (start - end) * fade * (1.0 - math.exp(-years / fade))


@inlined
def set_potential(t: int, world: Any, p: Any, s: Any) -> None:
    """Potential demand in work, by region and use (equation 1)."""
    d, n = world.demand, s.numbers
    uses = d.share.shape[1]
    common = growth_by(float(t), p)
    for r in range(2):
        cycle = n[at.LEVEL] if r == 0 else p[of.REGION_LINK] * n[at.LEVEL] + n[at.WALLED]
        for u in range(uses):
            log = common + cycle + d.growth[u] * t / 12.0
            log -= p[of.LONG_RUN_ELASTICITY] * (s.slow[r, u] - s.first[r, u])
            log += d.adopts[u] * n[at.DEVELOPERS]
            s.market[r, u] = n[at.SCALE + r] * d.share[r, u] * d.path[t, r, u] * math.exp(log)
    for u in range(uses):
        dearer = max(0.0, s.work_price[1, u] - s.work_price[0, u]) if t > 0 else 0.0
        away = s.market[1, u] * min(
            _MOST_AWAY, 1.0 - (1.0 - d.remote) * math.exp(-p[of.REMOTE_GAIN] * dearer)
        )
        s.market[0, u] += away
        s.market[1, u] -= away


@inlined
def offer(t: int, world: Any, p: Any, s: Any) -> None:
    """GPUs that are offered and can be let, by region and generation (equation 7)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    for r in range(2):
        for g in range(generations):
            s.offered[r, g] = 0.0
            for c in range(camps):
                s.offered[r, g] += offered_by(t, r, c, g, world, p, s)
            s.able[r, g] = s.offered[r, g] * world.rules.most_occupied
        work = 0.0
        for g in range(generations):
            work += s.able[r, g] * s.mean_quality[g]
        for g in range(generations):
            s.reach[r, g] = 0.0
            if s.able[r, g] > _TINY:
                s.reach[r, g] = (s.able[r, g] * s.mean_quality[g] / work) ** p[of.REACH]


@inlined
def offered_by(t: int, r: int, c: int, g: int, world: Any, p: Any, s: Any) -> float:
    """Return the GPUs that a camp offers: all of them, but for the owner's own work."""
    if r == 0 and c == s.stock.shape[1] - 1:
        open_to_leasing = min(s.stock[r, c, g], world.owner.offered[t, g])
        return open_to_leasing * (1.0 - p[of.OWN_USE])
    return s.stock[r, c, g]


@inlined
def set_scale(world: Any, p: Any, s: Any, sigma: float, rest: float) -> None:
    """At the start: find the demand at which the first rent clears (equation 2)."""
    generations, uses = s.weight.shape[1], s.market.shape[1]
    for r in range(2):
        for g in range(generations):
            s.log_rent[r, g] = math.log(p[of.RENT_START] * s.mean_quality[g])
            s.log_clearing[r, g] = s.log_rent[r, g]
        work = 0.0
        for g in range(generations):
            work += s.able[r, g] * s.mean_quality[g]
        fixed = world.demand.fixed_work[r]
        s.numbers[at.SCALE + r] = fixed if fixed > 0.0 else 1.0
        for u in range(uses):
            s.market[r, u] = s.numbers[at.SCALE + r] * world.demand.share[r, u]
        demand_of(r, s.log_rent, s, sigma, 0.0, rest)
        for u in range(uses):
            s.slow[r, u] = s.work_price[r, u]
            s.first[r, u] = s.work_price[r, u]
        if fixed <= 0.0:
            asked = 0.0
            for g in range(generations):
                asked += s.wanted[r, g] * s.mean_quality[g]
            s.numbers[at.SCALE + r] = work / asked if asked > 0.0 else 0.0


@inlined
def set_rents(t: int, world: Any, p: Any, s: Any, cost: Any, sigma: float, rest: float) -> None:
    """Clear, move list rents, let what is wanted (equations 5 to 10)."""
    beta = p[of.PRICE_ELASTICITY]
    generations, uses = s.weight.shape[1], s.market.shape[1]
    s.numbers[at.GAP] = 0.0
    for r in range(2):
        for u in range(uses):
            s.scratch[3, u] = waiting(r, p, s)
        gap = (
            clear_linear(r, t, world, s, cost)
            if world.demand.linear
            else clear(r, t, world, s, sigma, beta, rest, cost)
        )
        s.numbers[at.GAP] = max(s.numbers[at.GAP], gap)
        for g in range(generations):
            s.last_log_rent[r, g] = s.log_rent[r, g]
            if s.able[r, g] > _TINY:
                speed = 1.0 if world.rules.clear_at_once else min(1.0, p[of.RENT_SPEED])
                s.log_rent[r, g] += speed * (s.log_clearing[r, g] - s.log_rent[r, g])
        if world.demand.linear:
            wanted_linear(r, world, s, s.log_rent)
        else:
            demand_of(r, s.log_rent, s, sigma, beta, rest)
        for g in range(generations):
            if s.able[r, g] <= _TINY and not world.demand.linear:
                parity = 0.0
                for u in range(uses):
                    parity += (s.work_price[r, u] + s.log_quality[u, g]) / uses
                s.log_rent[r, g] = parity
                s.log_clearing[r, g] = parity
                s.last_log_rent[r, g] = parity
            s.run[r, g] = run_share(s.log_rent[r, g], cost[r, g])
            if r == 0:
                s.wanted[r, g] += world.owner.rents[t, g]
        for u in range(uses):
            s.slow[r, u] += (s.work_price[r, u] - s.slow[r, u]) / SLOW_MONTHS


@inlined
def waiting(r: int, p: Any, s: Any) -> float:
    """Return how far tenants are drawn to waiting by the fall of rents that they expect (equation 4)."""
    generations = s.weight.shape[1]
    total, fall = 0.0, 0.0
    for g in range(generations):
        part = s.able[r, g] * s.mean_quality[g]
        total += part
        fall -= part * s.growth[r, g]
    if total <= 0.0:
        return 0.0
    usual = p[of.QUALITY_PRICE_DECLINE]
    return p[of.WAITING] * min(1.0, max(-1.0, fall / total - usual))


@inlined
def let_out(t: int, world: Any, p: Any, s: Any) -> None:
    """Contracts first, the rest on demand (equations 9 and 10); then camp by camp (equation 11)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    for r in range(2):
        for c in range(camps):
            s.flows[r, c, at.REVENUE] = 0.0
            s.flows[r, c, at.LET] = 0.0
        for g in range(generations):
            most = s.able[r, g] * s.run[r, g]
            sold = min(s.wanted[r, g], most)
            held = min(s.contracts[r, g] * (1.0 - 1.0 / p[of.CONTRACT_MONTHS]), most)
            rent = math.exp(s.log_rent[r, g])
            tilt = math.exp(s.growth[r, g] * p[of.CONTRACT_MONTHS] / 24.0)
            fresh = rent * (1.0 - p[of.CONTRACT_DISCOUNT]) * min(1.3, max(0.6, tilt))
            new = max(0.0, p[of.CONTRACT_SHARE] * sold - held)
            if held + new > _TINY:
                s.contract_rent[r, g] = (held * s.contract_rent[r, g] + new * fresh) / (held + new)
            else:
                s.contract_rent[r, g] = fresh
            if r == 0:
                s.owner_rent[g] += (fresh - s.owner_rent[g]) / max(1.0, world.owner.contract_months)
            s.contracts[r, g] = held + new
            s.let[r, g] = max(sold, s.contracts[r, g])
            _by_camp(t, r, g, world, p, s)


@inlined
def _by_camp(t: int, r: int, g: int, world: Any, p: Any, s: Any) -> None:
    camps = s.stock.shape[1]
    reach = world.rules.most_occupied * s.run[r, g]
    for c in range(camps):
        s.scratch[1, c] = offered_by(t, r, c, g, world, p, s) * reach
        s.scratch[0, c] = world.camps.draw[c] * s.scratch[1, c]
    fill(s.let[r, g], s.scratch[0], s.scratch[1], s.scratch[2], camps)
    under = s.contracts[r, g] / s.let[r, g] if s.let[r, g] > _TINY else 0.0
    rent = math.exp(s.log_rent[r, g])
    for c in range(camps):
        contract = s.contract_rent[r, g]
        if r == 0 and c == camps - 1:
            contract = s.owner_rent[g]
        paid = under * contract + (1.0 - under) * rent
        let = s.scratch[2, c]
        s.flows[r, c, at.LET] += let
        s.flows[r, c, at.REVENUE] += let * HOURS * paid * world.camps.price_factor[c]
