"""One draw after the other, month after month: the market's order of events."""

import math
from typing import Any, Final

from tidegate.compiled import compiled, inlined
from tidegate.market import state as at
from tidegate.market import theta as of
from tidegate.market.kernel_demand import (
    HOURS,
    draw_factors,
    let_out,
    offer,
    offered_by,
    set_potential,
    set_quality,
    set_rents,
    set_scale,
)
from tidegate.market.kernel_invest import (
    allot,
    answer_orders,
    expect,
    make,
    order,
    resell,
)
from tidegate.market.kernel_money import deliver, give_up, settle, start_month

SHOCKS: Final = 6
"""Standard normals a month: demand, tilt, walled region, second-hand prices, memory, optics."""

_TINY: Final = 1e-9
_FIRST_OCCUPANCY: Final = 0.85
_COST_SHARE: Final = 0.4
_BIGGEST: Final = 4


@compiled
def simulate(world: Any, thetas: Any, shocks: Any, s: Any, record: Any) -> None:
    """Play every draw.

    Parameters
    ----------
    world : World
        What is the same in every draw.
    thetas : array, shape (n, theta.COUNT)
        Uncertain parameters.
    shocks : array, shape (n, T, SHOCKS)
        Standard normals.
    s : State
        Working space.
    record : Record
        Takes what happened; its first axis has ``n`` entries.
    """
    months = shocks.shape[1]
    for draw in range(thetas.shape[0]):
        p = thetas[draw]
        sigma, share = p[of.SUBSTITUTION], world.rules.rented_at_rest
        rest = math.log(share / (1.0 - share))
        _begin(world, p, s, sigma, rest)
        for t in range(months):
            shock = shocks[draw, t]
            start_month(t, world, p, s)
            draw_factors(shock, p, s)
            make(t, world, p, shock, s)
            deliver(t, world, p, s)
            give_up(world, p, s)
            set_quality(t, world, p, s, sigma)
            set_potential(t, world, p, s)
            offer(t, world, p, s)
            set_rents(t, world, p, s, _cost(world, p, s), sigma, rest)
            let_out(t, world, p, s)
            settle(t, world, p, s)
            expect(t, world, p, s)
            resell(t, world, p, shock[3], s)
            order(t, world, p, s)
            allot(t, world, p, s)
            answer_orders(t, world, p, s)
            _draw_developers(world, p, s)
            _write(draw, t, world, p, s, record)


@inlined
def _cost(world: Any, p: Any, s: Any) -> Any:
    """Return the rent below which a fleet stands still, region by generation."""
    for r in range(2):
        for g in range(s.run.shape[1]):
            s.hurdle[r, g] = p[of.COST_SCALE] * world.chips.run_cost[r, g]
    return s.hurdle


@inlined
def _begin(world: Any, p: Any, s: Any, sigma: float, rest: float) -> None:
    """Put the state where the scenario starts."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    s.numbers[:] = 0.0
    s.pipeline[:] = 0.0
    s.scratch[:] = 0.0
    for name in (s.contracts, s.trend, s.margin, s.hazard, s.order_spread, s.order_mean):
        name[:] = 0.0
    s.run[:] = 1.0
    s.output[:] = 1.0
    s.premium[:] = 0.0
    s.scrapped[:] = 0.0
    s.debt[:] = 0.0
    s.occupied[:] = _FIRST_OCCUPANCY
    s.contract_rent[:] = 0.0
    for g in range(generations):
        s.made[g] = 0.0
        share = 1.0
        if world.rules.is_rented_share and world.chips.maker[g] == 0:
            share = p[of.RENTED_SHARE]
        s.chip_price[g] = world.chips.price[g]
        for r in range(2):
            s.growth[r, g] = -p[of.QUALITY_PRICE_DECLINE]
            for c in range(camps):
                s.stock[r, c, g] = world.camps.stock[r, c, g] * share
                s.made[g] += s.stock[r, c, g]
    set_quality(0, world, p, s, sigma)
    offer(0, world, p, s)
    set_scale(world, p, s, sigma, rest)
    for r in range(2):
        for g in range(generations):
            s.last_log_rent[r, g] = s.log_rent[r, g]
            new = math.log(max(world.rules.scrap_usd, 0.8 * world.chips.price[g]))
            s.log_used[r, g] = new
        for c in range(camps):
            s.firms[r, c] = world.camps.firms[r, c]
            revenue = 0.0
            for g in range(generations):
                let = offered_by(0, r, c, g, world, p, s) * _FIRST_OCCUPANCY
                revenue += let * HOURS * math.exp(s.log_rent[r, g]) * world.camps.price_factor[c]
            s.earned[r, c] = revenue
            s.cash_earned[r, c] = revenue * (1.0 - _COST_SHARE)
            s.margin[r, c] = 0.3
            s.cash[r, c] = world.camps.cash_months[c] * revenue
            if world.camps.parent[c] > 0.0:
                s.cash[r, c] = 0.0
    for g in range(generations):
        s.owner_rent[g] = math.exp(s.log_rent[0, g]) * (1.0 - p[of.CONTRACT_DISCOUNT])
    resell(0, world, p, 0.0, s)


@inlined
def _draw_developers(world: Any, p: Any, s: Any) -> None:
    """Developers come where computing is cheap against the start, and drift away (equation 31)."""
    uses = s.work_price.shape[1]
    cheap = 0.0
    for u in range(uses):
        cheap += (s.first[0, u] - s.work_price[0, u]) / uses
    strength = world.demand.adoption * p[of.ADOPTION_STRENGTH]
    s.numbers[at.DEVELOPERS] += 0.03 * strength * cheap - 0.02 * s.numbers[at.DEVELOPERS]


@inlined
def _write(draw: int, t: int, world: Any, p: Any, s: Any, record: Any) -> None:
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    owner = camps - 1
    fleet_cost, rented_out = 0.0, 0.0
    for g in range(generations):
        own = s.stock[0, owner, g] - offered_by(t, 0, owner, g, world, p, s)
        there = 0.0
        for r in range(2):
            for c in range(camps):
                there += s.stock[r, c, g]
        used = s.let[0, g] + s.let[1, g] + own
        record.chip_price[draw, t, g] = s.chip_price[g]
        record.made[draw, t, g] = s.made[g]
        record.in_use[draw, t, g] = used
        record.stored[draw, t, g] = there - used
        record.scrapped[draw, t, g] = s.scrapped[g]
        hourly = world.chips.run_cost[0, g] + world.chips.hold_cost[0, g]
        fleet_cost += s.stock[0, owner, g] * hourly * HOURS * p[of.COST_SCALE]
        rented_out += world.owner.rents[t, g] * HOURS * math.exp(s.log_rent[0, g])
        for r in range(2):
            record.rent[draw, t, r, g] = math.exp(s.log_rent[r, g])
            record.contract[draw, t, r, g] = s.contract_rent[r, g]
            record.resale[draw, t, r, g] = math.exp(s.log_used[r, g])
            if s.offered[r, g] > _TINY:
                record.occupancy[draw, t, r, g] = s.let[r, g] / s.offered[r, g]
    record.gap[draw, t] = s.numbers[at.GAP]
    record.developers[draw, t] = math.exp(s.numbers[at.DEVELOPERS])
    cycle = s.numbers[at.LEVEL] - s.numbers[at.SLOW_LEVEL]
    record.owner[draw, t, 0] = s.flows[0, owner, at.REVENUE]
    record.owner[draw, t, 1] = fleet_cost
    record.owner[draw, t, 2] = world.owner.core_profit * (1.0 + p[of.CORE_BETA] * cycle)
    record.owner[draw, t, 3] = rented_out
    _write_camps(draw, t, world, p, s, record)


@inlined
def _write_camps(draw: int, t: int, world: Any, p: Any, s: Any, record: Any) -> None:
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    total, squares = 0.0, 0.0
    for r in range(2):
        for c in range(camps):
            total += s.flows[r, c, at.REVENUE]
    for c in range(camps):
        asked, got = 0.0, 0.0
        for r in range(2):
            work, offered = 0.0, 0.0
            for g in range(generations):
                offered += offered_by(t, r, c, g, world, p, s)
                work += s.stock[r, c, g] * s.mean_quality[g]
                asked += s.wish[r, c, g] * s.chip_price[g]
                got += s.grant[r, c, g] * s.chip_price[g]
            record.capacity[draw, t, r, c] = work
            record.let[draw, t, r, c] = s.flows[r, c, at.LET] / offered if offered > _TINY else 0.0
            record.revenue[draw, t, r, c] = s.flows[r, c, at.REVENUE]
            record.costs[draw, t, r, c] = s.flows[r, c, at.COSTS]
            record.cash[draw, t, r, c] = s.cash[r, c]
            record.debt[draw, t, r, c] = s.debt[r, c]
            record.equity[draw, t, r, c] = s.flows[r, c, at.EQUITY]
            record.purchases[draw, t, r, c] = s.flows[r, c, at.PURCHASES]
            record.sales[draw, t, r, c] = s.flows[r, c, at.SALES]
            record.borrowed[draw, t, r, c] = s.flows[r, c, at.BORROWED]
            record.written_off[draw, t, r, c] = s.flows[r, c, at.WRITTEN_OFF]
            record.firms[draw, t, r, c] = s.firms[r, c]
            firms = max(1.0, s.firms[r, c])
            each = s.flows[r, c, at.REVENUE] / total / firms if total > _TINY else 0.0
            squares += each * each * firms
            s.scratch[0, r * camps + c] = each
            s.scratch[1, r * camps + c] = firms
        record.ordered[draw, t, c] = asked
        record.allotted[draw, t, c] = got
    record.concentration[draw, t, 0] = squares
    left, biggest = float(_BIGGEST), 0.0
    for _ in range(2 * camps):
        best = 0
        for i in range(2 * camps):
            if s.scratch[0, i] > s.scratch[0, best]:
                best = i
        taken = min(left, s.scratch[1, best])
        biggest += taken * s.scratch[0, best]
        left -= taken
        s.scratch[0, best] = 0.0
        if left <= 0.0:
            break
    record.concentration[draw, t, 1] = biggest
