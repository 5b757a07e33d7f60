"""What is expected, what a chip is worth, what is ordered and who gets it."""

import math
from typing import Any, Final

from tidegate.compiled import inlined
from tidegate.market import state as at
from tidegate.market import theta as of
from tidegate.market.kernel_demand import HOURS, growth_by
from tidegate.market.kernel_fill import fill
from tidegate.market.kernel_money import debt_limit

CHOICE_SLOPE: Final = 4.0
"""How sharply orders go to the generation with the best expected return."""

LOCKED_AT_MOST: Final = 0.5
"""Share of output that vendors bind themselves to."""

NEW_OVER_USED: Final = 1.2
"""Used work may cost so much more than new work that must be waited for."""

_TREND_MEMORY: Final = 6.0
_ORDER_MEMORY: Final = 12.0
_MOST_GROWTH: Final = 0.8
_LEAST_GROWTH: Final = -1.2
_TINY: Final = 1e-9
_YEAR_H: Final = HOURS * 12.0


@inlined
def expect(t: int, world: Any, p: Any, s: Any) -> None:
    """Expected growth of rents over the coming year (equation 18)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    for r in range(2):
        there, coming = 0.0, 0.0
        for g in range(generations):
            there += s.offered[r, g] * s.mean_quality[g]
            for slot in range(at.MOST_LAG):
                for c in range(camps):
                    coming += s.pipeline[slot, r, c, g] * s.mean_quality[g]
        demand = growth_by(t + 12.0, p) - growth_by(float(t), p)
        supply = math.log(1.0 + coming / there) if there > _TINY else 0.0
        # What is on order arrives within half a year or so; demand is reckoned over the same time.
        pipe = (0.5 * demand - supply) / (p[of.PRICE_ELASTICITY] * 0.5 + p[of.LONG_RUN_ELASTICITY])
        for g in range(generations):
            change = 12.0 * (s.log_rent[r, g] - s.last_log_rent[r, g])
            s.trend[r, g] += (change - s.trend[r, g]) / _TREND_MEMORY
            s.growth[r, g] = expected_growth(1.0, s.trend[r, g], pipe, p)
        s.scratch[3, r] = pipe


@inlined
def expected_growth(lean: float, trend: float, pipe: float, p: Any) -> float:
    """Blend trend, orders and the long run; ``lean`` is a camp's leaning towards the trend."""
    on_trend = min(0.9, p[of.TREND_WEIGHT] * lean)
    on_pipe = min(1.0 - on_trend, p[of.PIPELINE_WEIGHT])
    usual = -p[of.QUALITY_PRICE_DECLINE]
    growth = on_trend * trend + on_pipe * pipe + (1.0 - on_trend - on_pipe) * usual
    return min(_MOST_GROWTH, max(_LEAST_GROWTH, growth))


@inlined
def rent_years(growth: float, years: float, world: Any, p: Any) -> float:
    """Return USD per USD of hourly rent over a chip's remaining years (equation 19)."""
    fade = p[of.QUALITY_PRICE_DECLINE]
    ratio = math.exp(-fade) / (1.0 + world.rules.discount)
    half = 1.0 / math.sqrt(1.0 + world.rules.discount)
    first = min(1.0, years) * math.exp(0.5 * growth) * half
    rest = 0.0
    if years > 1.0:
        tail = (1.0 - ratio ** (years - 1.0)) / (1.0 - ratio)
        rest = math.exp(growth - 0.5 * fade) * half / (1.0 + world.rules.discount) * tail
    return _YEAR_H * (first + rest)


@inlined
def cost_years(years: float, world: Any) -> float:
    """Return USD per USD of hourly cost over a chip's remaining years."""
    rate = world.rules.discount
    return _YEAR_H * (1.0 - (1.0 + rate) ** -years) / math.log(1.0 + rate)


@inlined
def order(t: int, world: Any, p: Any, s: Any) -> None:
    """What each camp would order, by expected return and means (equations 20 and 21)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    life = world.rules.life_years
    for r in range(2):
        pipe = s.scratch[3, r]
        for c in range(camps):
            total, mean = 0.0, 0.0
            for g in range(generations):
                s.wish[r, c, g] = 0.0
                if not _on_sale(t, r, g, world, s):
                    continue
                growth = expected_growth(world.camps.trend[c], s.trend[r, g], pipe, p)
                per_hour = s.occupied[r, c] * world.camps.price_factor[c]
                income = per_hour * math.exp(s.log_rent[r, g]) * rent_years(growth, life, world, p)
                scale = p[of.COST_SCALE] * world.camps.cost_factor[c]
                hourly = world.chips.run_cost[r, g] * s.occupied[r, c] + world.chips.hold_cost[r, g]
                back = (income - scale * hourly * cost_years(life, world)) / s.chip_price[g] - 1.0
                weight = math.exp(CHOICE_SLOPE * min(3.0, back))
                s.wish[r, c, g] = weight
                total += weight
                mean += weight * back
            if total <= 0.0:
                continue
            answer = 1.0 + p[of.INVESTMENT_GAIN] * (mean / total - world.camps.hurdle[c])
            base = world.camps.capex[r, c] * math.exp(0.5 * growth_by(float(t), p))
            base *= s.firms[r, c] / max(_TINY, world.camps.firms[r, c])
            budget = (base + world.camps.reinvest[c] * s.earned[r, c]) * min(3.0, max(0.0, answer))
            budget = min(budget, _means(r, c, world, p, s))
            for g in range(generations):
                if s.wish[r, c, g] > 0.0:
                    s.wish[r, c, g] *= budget / total / s.chip_price[g]
            gap = abs(budget - s.order_mean[r, c])
            s.order_spread[r, c] += (gap - s.order_spread[r, c]) / _ORDER_MEMORY
            s.order_mean[r, c] += (budget - s.order_mean[r, c]) / _ORDER_MEMORY


@inlined
def _on_sale(t: int, r: int, g: int, world: Any, s: Any) -> bool:
    maker = world.chips.maker[g]
    if maker == 2 or (maker == 1 and r == 0):
        return False
    return bool(world.chips.output[t, g] > 0.0 and world.chips.allowed[t, r, g] > 0.0)


@inlined
def _means(r: int, c: int, world: Any, p: Any, s: Any) -> float:
    """Return what a camp can pay for a month's orders: cash and credit, less what is on its way (21)."""
    if world.camps.parent[c] > 0.0:
        return 1e18
    committed = 0.0
    for slot in range(at.MOST_LAG):
        for g in range(s.stock.shape[2]):
            committed += s.pipeline[slot, r, c, g] * s.chip_price[g]
    credit = max(0.0, debt_limit(r, c, world, p, s) - s.debt[r, c])
    # Lenders pay their share of a purchase and no more.
    reach = min(credit / max(0.05, world.camps.debt_share[c]), credit + max(0.0, s.cash[r, c]))
    if world.camps.debt_share[c] <= 0.0:
        reach = max(0.0, s.cash[r, c])
    ahead = 6.0 * max(0.0, s.cash_earned[r, c])
    return max(0.0, reach + ahead - committed)


@inlined
def allot(t: int, world: Any, p: Any, s: Any) -> None:
    """Vendors share out what they can make (equations 22 to 24)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    weights = world.rules.weights
    total = weights[0] + weights[1] + weights[2] + weights[3]
    merits = weights[1] + weights[2] + weights[3]
    tilt = 2.0 * (1.0 - p[of.SIZE_WEIGHT]) * merits / total if total > 0.0 else 0.0
    for g in range(generations):
        s.orders[g] = 0.0
        bound = 0.0
        for r in range(2):
            for c in range(camps):
                wish = s.wish[r, c, g] * world.chips.allowed[t, r, g]
                s.wish[r, c, g] = wish
                s.orders[g] += wish
                bound += wish * world.camps.locked[c]
        # Those with locked supply are served first, in proportion, but not from all there is.
        first = min(1.0, LOCKED_AT_MOST * s.limit[g] / bound) if bound > _TINY else 0.0
        for r in range(2):
            for c in range(camps):
                i = r * camps + c
                wish = s.wish[r, c, g]
                s.grant[r, c, g] = first * wish * world.camps.locked[c]
                s.scratch[1, i] = wish - s.grant[r, c, g]
                merit = 1.0
                if merits > 0.0:
                    spread = s.order_spread[r, c] / max(_TINY, s.order_mean[r, c])
                    merit = (
                        weights[1] * world.camps.skill[c] + weights[2] * world.camps.ecosystem[c]
                    )
                    merit = max(0.05, (merit + weights[3] / (1.0 + spread)) / merits)
                s.scratch[0, i] = s.scratch[1, i] * merit**tilt
        rest = max(0.0, s.limit[g] - first * bound)
        fill(rest, s.scratch[0], s.scratch[1], s.scratch[2], 2 * camps)
        slot = (t + world.chips.lag[g]) % at.MOST_LAG
        for r in range(2):
            for c in range(camps):
                s.grant[r, c, g] += s.scratch[2, r * camps + c]
                s.pipeline[slot, r, c, g] += s.grant[r, c, g]


@inlined
def make(t: int, world: Any, p: Any, shock: Any, s: Any) -> None:
    """Output and prices of new chips: plan, capacity, memory and optics (equations 25 to 28)."""
    chips, rules, n = world.chips, world.rules, s.numbers
    generations = chips.price.shape[0]
    share = p[of.RENTED_SHARE] if rules.is_rented_share else 1.0
    need, first = 0.0, 0.0
    for g in range(generations):
        if chips.maker[g] == 0:
            need += chips.output[t, g] * chips.memory_gb[g] * s.output[g]
            first += chips.output[t, g] * chips.memory_gb[g]
    room = first * (1.0 + rules.memory_room)
    room *= math.exp(rules.memory_growth * t / 12.0 + n[at.MEMORY_BUILT])
    squeeze = min(1.0, room / need) if need > _TINY else 1.0
    tight = math.log(max(need, _TINY) / max(room, _TINY)) if need > _TINY else 0.0
    n[at.MEMORY] += 0.1 * (max(-0.5, tight) - n[at.MEMORY]) + p[of.UPSTREAM_VOLATILITY] * shock[4]
    n[at.MEMORY_BUILT] += 0.5 * p[of.CAPACITY_GAIN] * min(2.0, max(0.0, tight))
    n[at.OPTICS] += -0.1 * n[at.OPTICS] + p[of.UPSTREAM_VOLATILITY] * shock[5]
    upstream = 0.75 * math.exp(n[at.MEMORY]) + 0.25 * math.exp(n[at.OPTICS]) - 1.0
    for g in range(generations):
        s.limit[g] = 0.0
        if chips.output[t, g] > 0.0 and chips.maker[g] != 2:
            bound = squeeze if chips.maker[g] == 0 else 1.0
            plan = chips.output[t, g] * p[of.OUTPUT_SCALE] * share
            s.limit[g] = plan * s.output[g] * bound
        link = p[of.UPSTREAM_SHARE] if chips.maker[g] == 0 else 0.3 * p[of.UPSTREAM_SHARE]
        s.chip_price[g] = chips.price[g] * math.exp(s.premium[g]) * (1.0 + link * upstream)


@inlined
def answer_orders(t: int, world: Any, p: Any, s: Any) -> None:
    """Where orders exceed output, prices and capacity rise (equations 25 and 27)."""
    for g in range(s.orders.shape[0]):
        if s.limit[g] > _TINY:
            press = math.log(max(s.orders[g], 0.05 * s.limit[g]) / s.limit[g])
            step = p[of.CAPACITY_GAIN] * min(2.0, max(-2.0, press))
            s.output[g] = min(8.0, max(0.1, s.output[g] * math.exp(step)))
            aim = min(1.0, max(-0.5, p[of.CHIP_PRICE_GAIN] * press))
        else:
            aim = -0.5 if world.chips.launch[g] <= t else 0.0
        s.premium[g] += 0.1 * (aim - s.premium[g])


@inlined
def resell(t: int, world: Any, p: Any, shock: float, s: Any) -> None:
    """Second-hand prices move towards what the rents to come are worth (equations 29 and 30)."""
    generations = s.chip_price.shape[0]
    for r in range(2):
        new = _price_of_new_work(t, r, world, s)
        for g in range(generations):
            age = max(0.0, t - world.chips.launch[g]) / 12.0
            years = max(1.0, world.rules.life_years - 0.5 * age)
            income = math.exp(s.log_rent[r, g]) * world.rules.most_occupied
            income *= rent_years(s.growth[r, g], years, world, p)
            hourly = p[of.COST_SCALE] * (world.chips.run_cost[r, g] + world.chips.hold_cost[r, g])
            worth = p[of.RESALE_HAIRCUT] * (income - hourly * cost_years(years, world))
            if world.chips.output[t, g] > 0.0 or world.chips.launch[g] > t:
                worth = min(worth, 0.95 * s.chip_price[g])
            worth = min(worth, NEW_OVER_USED * new * s.mean_quality[g])
            worth = max(worth, world.rules.scrap_usd)
            s.log_used[r, g] += p[of.RESALE_SPEED] * (math.log(worth) - s.log_used[r, g])
            s.log_used[r, g] += p[of.RESALE_VOLATILITY] * shock
            s.log_used[r, g] = max(s.log_used[r, g], math.log(world.rules.scrap_usd))


@inlined
def _price_of_new_work(t: int, r: int, world: Any, s: Any) -> float:
    """Return the least USD per unit of work among new chips on sale in a region."""
    least = 1e12
    for g in range(s.chip_price.shape[0]):
        if _on_sale(t, r, g, world, s):
            least = min(least, s.chip_price[g] / s.mean_quality[g])
    return least
