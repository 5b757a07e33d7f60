"""A scenario as arrays: what the kernel reads, grouped."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REGIONS = ("open", "walled")
"""The two regions: the open market, and the one behind the trade barrier."""


class Chips(NamedTuple):
    """What is made, shapes by ``T`` months, ``G`` generations, ``U`` uses, ``R`` regions.

    Attributes
    ----------
    log_quality : (U, G)
        Log of a GPU's work over the reference generation's, use by use.
    taste : (G,)
        Which parameter adds to it; -1 for none.
    launch : (G,)
        Month of launch, counted from the first; negative before it.
    output : (T, G)
        GPUs made a month by plan; the rented share of them is for sale to lessors.
    price : (G,)
        List price, USD per GPU.
    memory_gb : (G,)
        Memory per GPU.
    lag : (G,)
        Months from order to delivery.
    run_cost, hold_cost : (R, G)
        USD per GPU-hour: avoidable when it stands still; paid for every GPU that is installed.
    allowed : (T, R, G)
        Share of a region's orders that the barrier lets pass.
    maker : (G,)
        0 a vendor of the open region, 1 a domestic maker, 2 the owner itself.
    """

    log_quality: Floats
    taste: Ints
    launch: Ints
    output: Floats
    price: Floats
    memory_gb: Floats
    lag: Ints
    run_cost: Floats
    hold_cost: Floats
    allowed: Floats
    maker: Ints


class Demand(NamedTuple):
    """Who wants work.

    Attributes
    ----------
    share : (R, U)
        Share of each use in a region's demanded work at the start.
    growth : (U,)
        Yearly log growth beyond the common one.
    frontier : (U,)
        1 where only the newest will do, else 0.
    adopts : (U,)
        1 where developers drawn in add to demand, else 0.
    path : (T, R, U)
        Scenario's own multiplier: pauses, surges.
    fixed_work : (R,)
        Potential demand in work at the start; 0 to have it found from the stock and the first rent.
    remote : float
        Share of the walled region's demand that rents in the open one.
    adoption : float
        Strength of the developer loop; 0 is off.
    linear : int
        1 for linear demand in GPUs: ``intercept - slope @ rents``, and no uses.
    intercept : (R, G)
        GPUs wanted when all is free.
    slope : (R, G, G)
        GPUs per USD per GPU-hour.
    """

    share: Floats
    growth: Floats
    frontier: Floats
    adopts: Floats
    path: Floats
    fixed_work: Floats
    remote: float
    adoption: float
    linear: int
    intercept: Floats
    slope: Floats


class Camps(NamedTuple):
    """Who lets, ``C`` camps in each region.

    Attributes
    ----------
    stock : (R, C, G)
        GPUs at the start, before the rented share is taken.
    firms : (R, C)
        Firms at the start.
    capex : (R, C)
        USD a month that are ordered at an expected return of the hurdle, whatever is earned.
    reinvest : (C,)
        Share of revenue that is ordered on top.
    hurdle : (C,)
        Expected return on a chip that is asked for.
    draw : (C,)
        Weight when tenants choose among lessors.
    price_factor, cost_factor : (C,)
        On the market's rent; on the scenario's costs.
    debt_share : (C,)
        Share of a purchase that is borrowed; 0 for who never borrows.
    interest : (C,)
        A year.
    cash_months : (C,)
        Cash at the start, in months of first revenue.
    parent : (C,)
        1 where a parent makes good what is short and takes what is over.
    skill, ecosystem : (C,)
        What the vendor's allotment looks at, 0 to 1.
    locked : (C,)
        Share of orders that the vendor is bound to serve first.
    trend : (C,)
        Weight on the recent trend, over the common one.
    """

    stock: Floats
    firms: Floats
    capex: Floats
    reinvest: Floats
    hurdle: Floats
    draw: Floats
    price_factor: Floats
    cost_factor: Floats
    debt_share: Floats
    interest: Floats
    cash_months: Floats
    parent: Floats
    skill: Floats
    ecosystem: Floats
    locked: Floats
    trend: Floats


class Owner(NamedTuple):
    """The owner who may lease; the last camp of the open region.

    Attributes
    ----------
    arrivals : (T, G)
        GPUs that join its fleet.
    offered : (T, G)
        GPUs of its fleet that are open to leasing, its own work aside.
    rents : (T, G)
        GPUs that it rents from others.
    contract_months : float
        Length of the contracts that it lets for.
    core_profit : float
        Its profit a month from all else, USD.
    """

    arrivals: Floats
    offered: Floats
    rents: Floats
    contract_months: float
    core_profit: float


class Rules(NamedTuple):
    """Numbers that are the same in every draw.

    Attributes
    ----------
    most_occupied : float
        Occupancy above which a fleet cannot be let, for want of whole nodes at the right hour.
    rented_at_rest : float
        Share of potential demand that rents when rents stand at their slow average.
    life_years : float
        Years for which a new chip is reckoned with.
    discount : float
        Yearly rate at which rents to come are discounted.
    failures : float
        Share of GPUs that fail for good a month.
    scrap_usd : float
        What a chip is worth as scrap.
    memory_room, memory_growth : float
        Memory that can be made over what vendors' plans need; its yearly growth beyond their plans.
    weights : (4,)
        Allotment by order size, skill, ecosystem and steadiness of orders.
    clear_at_once : int
        1 to have list rents at the clearing rent every month.
    is_rented_share : int
        1 to apply the rented share to stocks and output.
    """

    most_occupied: float
    rented_at_rest: float
    life_years: float
    discount: float
    failures: float
    scrap_usd: float
    memory_growth: float
    memory_room: float
    weights: Floats
    clear_at_once: int
    is_rented_share: int


class World(NamedTuple):
    """All that is the same in every draw."""

    chips: Chips
    demand: Demand
    camps: Camps
    owner: Owner
    rules: Rules
