"""What comes in by truck, what fails, who pays, who gives up."""

import math
from typing import Any, Final

from tidegate.compiled import inlined
from tidegate.market import state as at
from tidegate.market import theta as of
from tidegate.market.kernel_demand import HOURS, offered_by
from tidegate.market.kernel_fill import fill

REPAID_MONTHS: Final = 60.0
"""Months over which debt is repaid."""

MARGIN_SLOPE: Final = 8.0
"""How sharply the hazard of exit rises as the margin falls below zero."""

FIRE_SALE: Final = 0.9
"""What is paid for the GPUs of who gives up, over the second-hand price."""

_SCRAPPING: Final = 0.05
_MEMORY: Final = 6.0
_PAYOUT: Final = 0.25
_KEPT_MONTHS: Final = 12.0
_TINY: Final = 1e-9


@inlined
def start_month(t: int, world: Any, p: Any, s: Any) -> None:
    """Nothing has flowed yet this month but rent, which is written when GPUs are let."""
    camps = s.stock.shape[1]
    for r in range(2):
        for c in range(camps):
            for flow in range(at.COSTS, at.LET):
                s.flows[r, c, flow] = 0.0


@inlined
def debt_limit(r: int, c: int, world: Any, p: Any, s: Any) -> float:
    """Return what lenders lend: years of cash earnings (equation 15)."""
    if world.camps.debt_share[c] <= 0.0:
        return 0.0
    return p[of.LEVERAGE] * 12.0 * max(0.0, s.cash_earned[r, c])


@inlined
def deliver(t: int, world: Any, p: Any, s: Any) -> None:
    """What was ordered arrives and is paid for; some GPUs fail for good, some are scrapped (14)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    slot = t % at.MOST_LAG
    for r in range(2):
        for c in range(camps):
            cost = 0.0
            for g in range(generations):
                came = s.pipeline[slot, r, c, g]
                s.pipeline[slot, r, c, g] = 0.0
                gone = s.stock[r, c, g] * (
                    world.rules.failures + _SCRAPPING * max(0.0, 1.0 - s.run[r, g])
                )
                s.stock[r, c, g] += came - gone
                s.made[g] += came
                s.scrapped[g] += gone
                cost += came * s.chip_price[g]
                if r == 0 and c == camps - 1:
                    own = world.owner.arrivals[t, g]
                    s.stock[r, c, g] += own
                    s.made[g] += own
            room = max(0.0, debt_limit(r, c, world, p, s) - s.debt[r, c])
            loan = min(world.camps.debt_share[c] * cost, room)
            s.cash[r, c] += loan - cost
            s.debt[r, c] += loan
            s.flows[r, c, at.PURCHASES] += cost
            s.flows[r, c, at.BORROWED] += loan


@inlined
def give_up(world: Any, p: Any, s: Any) -> None:
    """Firms in distress leave; the others buy their GPUs as far as their means go (equation 17)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    for r in range(2):
        for c in range(camps):
            part = s.hazard[r, c]
            if part <= 0.0 or s.firms[r, c] <= 0.0:
                continue
            worth = 0.0
            for g in range(generations):
                worth += part * s.stock[r, c, g] * math.exp(s.log_used[r, g]) * FIRE_SALE
            for b in range(camps):
                s.scratch[0, b] = 0.0
                if b != c:
                    s.scratch[0, b] = _means(r, b, world, p, s)
                s.scratch[1, b] = s.scratch[0, b]
            left = fill(worth, s.scratch[0], s.scratch[1], s.scratch[2], camps)
            sold = (worth - left) / worth if worth > _TINY else 0.0
            for g in range(generations):
                leaving = part * s.stock[r, c, g]
                s.stock[r, c, g] -= leaving
                s.scrapped[g] += leaving * (1.0 - sold)
                for b in range(camps):
                    if worth - left > _TINY:
                        share = s.scratch[2, b] / (worth - left)
                        s.stock[r, b, g] += leaving * sold * share
                for slot in range(at.MOST_LAG):
                    s.pipeline[slot, r, c, g] *= 1.0 - part
            for b in range(camps):
                s.cash[r, b] -= s.scratch[2, b]
                s.flows[r, b, at.SALES] -= s.scratch[2, b]
            _wind_up(r, c, part, worth - left, s)


@inlined
def _means(r: int, b: int, world: Any, p: Any, s: Any) -> float:
    if world.camps.parent[b] > 0.0:
        return 0.5 * (world.camps.capex[r, b] + s.earned[r, b])
    return max(0.0, s.cash[r, b]) + 0.5 * max(0.0, debt_limit(r, b, world, p, s) - s.debt[r, b])


@inlined
def _wind_up(r: int, c: int, part: float, proceeds: float, s: Any) -> None:
    """Pay lenders from cash and proceeds, owners from what is left; the rest is lost by lenders."""
    cash = part * max(0.0, s.cash[r, c])
    owed = part * s.debt[r, c]
    paid = min(cash + proceeds, owed)
    s.cash[r, c] -= cash
    s.debt[r, c] -= owed
    s.firms[r, c] *= 1.0 - part
    s.flows[r, c, at.SALES] += proceeds
    s.flows[r, c, at.BORROWED] -= paid
    s.flows[r, c, at.WRITTEN_OFF] += owed - paid
    s.flows[r, c, at.EQUITY] -= cash + proceeds - paid


@inlined
def settle(t: int, world: Any, p: Any, s: Any) -> None:
    """Rent comes in, costs and interest go out, debt is repaid, parents step in (12, 13 and 16)."""
    camps, generations = s.stock.shape[1], s.stock.shape[2]
    for r in range(2):
        for c in range(camps):
            running, offered = 0.0, 0.0
            scale = p[of.COST_SCALE] * world.camps.cost_factor[c] * HOURS
            for g in range(generations):
                own = offered_by(t, r, c, g, world, p, s)
                rate = s.let[r, g] / s.offered[r, g] if s.offered[r, g] > _TINY else 0.0
                offered += own
                running += (
                    scale * own * (world.chips.hold_cost[r, g] + world.chips.run_cost[r, g] * rate)
                )
            revenue = s.flows[r, c, at.REVENUE]
            interest = s.debt[r, c] * world.camps.interest[c] / 12.0
            s.flows[r, c, at.COSTS] = running + interest
            s.cash[r, c] += revenue - running - interest
            if s.cash[r, c] > 0.0 or world.camps.parent[c] > 0.0:
                _borrow(r, c, -s.debt[r, c] / REPAID_MONTHS, s)
            if world.camps.parent[c] > 0.0:
                _pay_in(r, c, -s.cash[r, c], s)
            elif s.cash[r, c] < 0.0:
                room = max(0.0, debt_limit(r, c, world, p, s) - s.debt[r, c])
                _borrow(r, c, min(room, -s.cash[r, c]), s)
            else:
                over = s.cash[r, c] - _KEPT_MONTHS * max(running + interest, revenue)
                _pay_in(r, c, -_PAYOUT * max(0.0, over), s)
            _remember(r, c, running, offered, world, p, s)


@inlined
def _borrow(r: int, c: int, amount: float, s: Any) -> None:
    s.cash[r, c] += amount
    s.debt[r, c] += amount
    s.flows[r, c, at.BORROWED] += amount


@inlined
def _pay_in(r: int, c: int, amount: float, s: Any) -> None:
    s.cash[r, c] += amount
    s.flows[r, c, at.EQUITY] += amount


@inlined
def _remember(r: int, c: int, running: float, offered: float, world: Any, p: Any, s: Any) -> None:
    """Smooth what lenders and the camp itself look at; from it the hazard of exit (equation 17)."""
    revenue = s.flows[r, c, at.REVENUE]
    interest = s.flows[r, c, at.COSTS] - running
    due = s.debt[r, c] / REPAID_MONTHS
    margin = (revenue - running - interest - due) / max(revenue, 0.1 * running + _TINY)
    s.margin[r, c] += (max(-2.0, margin) - s.margin[r, c]) / _MEMORY
    s.earned[r, c] += (revenue - s.earned[r, c]) / _MEMORY
    s.cash_earned[r, c] += (revenue - running - s.cash_earned[r, c]) / _MEMORY
    if offered > _TINY:
        s.occupied[r, c] += (s.flows[r, c, at.LET] / offered - s.occupied[r, c]) / _MEMORY
    s.hazard[r, c] = 0.0
    if world.camps.parent[c] <= 0.0 and revenue + running > _TINY:
        distress = 1.0 / (1.0 + math.exp(MARGIN_SLOPE * s.margin[r, c]))
        limit = debt_limit(r, c, world, p, s)
        strain = s.debt[r, c] / (limit + 1.0) if s.debt[r, c] > 1.0 else 0.0
        short = 1.0 if s.cash[r, c] < 0.0 else 0.5
        s.hazard[r, c] = min(0.5, p[of.EXIT_HAZARD] * distress * short * (1.0 + min(1.0, strain)))
