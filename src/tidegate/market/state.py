"""The kernel's working space: what a draw remembers from one month to the next."""

from typing import Final, NamedTuple

import numpy as np

from tidegate.market.world import Floats

MOST_LAG: Final = 24
"""Months beyond which no delivery lies."""


class State(NamedTuple):
    """Arrays of one draw; ``R`` regions, ``U`` uses, ``G`` generations, ``C`` camps.

    Attributes
    ----------
    log_quality, inverse : (U, G)
        Log of a GPU's work this month; reference GPUs that one is short of: ``exp(-log_quality)``.
    weight : (U, G)
        ``exp(substitution * log_quality)``.
    mean_quality : (G,)
        Work of a GPU, over the mix of uses.
    market : (R, U)
        Potential demand in work.
    work_price, slow, first : (R, U)
        Log price of work: this month, its slow average, at the start.
    log_rent, log_clearing, last_log_rent, trend, growth : (R, G)
        Log list rent, log clearing rent, list rent a month ago, smoothed yearly change, expected yearly change.
    offered, able, reach, wanted, let : (R, G)
        GPUs offered, those that can be let, how easily one is found, wanted at the list rent, let.
    run, hurdle : (R, G)
        Share of a fleet that it pays to run; the rent below which it stands still.
    contracts, contract_rent : (R, G)
        GPUs under contract, their mean rent.
    owner_rent : (G,)
        Mean rent of the owner's running contracts.
    log_used : (R, G)
        Log of the second-hand price.
    chip_price, premium, output, limit, orders : (G,)
        New price, log premium, capacity index, GPUs that can be made, GPUs ordered.
    stock : (R, C, G)
        GPUs installed.
    pipeline : (MOST_LAG, R, C, G)
        GPUs to be delivered, by month modulo its length.
    wish, grant : (R, C, G)
        Orders of the month; what was granted of them.
    cash, debt, firms, margin, earned, occupied, order_mean, order_spread, hazard : (R, C)
        Balances; firms; smoothed margin, revenue and occupancy; mean and spread of orders; hazard of exit.
    cash_earned : (R, C)
        Smoothed earnings before interest.
    flows : (R, C, 8)
        This month's revenue, costs, equity, purchases, sales, borrowed, written off, GPUs let.
    made, scrapped : (G,)
        GPUs delivered and gone so far.
    scratch : (4, max(C * R, G))
        For whoever needs a row.
    numbers : (12,)
        Single numbers, by the places below.
    """

    log_quality: Floats
    inverse: Floats
    weight: Floats
    mean_quality: Floats
    market: Floats
    work_price: Floats
    slow: Floats
    first: Floats
    log_rent: Floats
    log_clearing: Floats
    last_log_rent: Floats
    trend: Floats
    growth: Floats
    offered: Floats
    able: Floats
    reach: Floats
    wanted: Floats
    let: Floats
    run: Floats
    hurdle: Floats
    contracts: Floats
    contract_rent: Floats
    owner_rent: Floats
    log_used: Floats
    chip_price: Floats
    premium: Floats
    output: Floats
    limit: Floats
    orders: Floats
    stock: Floats
    pipeline: Floats
    wish: Floats
    grant: Floats
    cash: Floats
    debt: Floats
    firms: Floats
    margin: Floats
    earned: Floats
    cash_earned: Floats
    occupied: Floats
    order_mean: Floats
    order_spread: Floats
    hazard: Floats
    flows: Floats
    made: Floats
    scrapped: Floats
    scratch: Floats
    numbers: Floats


LEVEL: Final = 0
MOMENTUM: Final = 1
TILT: Final = 2
WALLED: Final = 3
SLOW_LEVEL: Final = 4
MEMORY: Final = 5
OPTICS: Final = 6
DEVELOPERS: Final = 7
GAP: Final = 8
MEMORY_BUILT: Final = 9
SCALE: Final = 10  # and 11: potential demand in work, region by region

REVENUE: Final = 0
COSTS: Final = 1
EQUITY: Final = 2
PURCHASES: Final = 3
SALES: Final = 4
BORROWED: Final = 5
WRITTEN_OFF: Final = 6
LET: Final = 7


def new_state(uses: int, generations: int, camps: int) -> State:
    """Return a working space; the kernel fills it anew for every draw."""
    u, g, c, r = uses, generations, camps, 2
    shapes: dict[str, tuple[int, ...]] = {
        **dict.fromkeys(("log_quality", "inverse", "weight"), (u, g)),
        **dict.fromkeys(("market", "work_price", "slow", "first"), (r, u)),
        **dict.fromkeys(
            ("mean_quality", "chip_price", "premium", "output", "limit", "orders", "made"), (g,)
        ),
        "scrapped": (g,),
        "owner_rent": (g,),
        **dict.fromkeys(("stock", "wish", "grant"), (r, c, g)),
        "pipeline": (MOST_LAG, r, c, g),
        **dict.fromkeys(
            (
                *("cash", "debt", "firms", "margin", "earned", "cash_earned", "occupied"),
                *("order_mean", "order_spread", "hazard"),
            ),
            (r, c),
        ),
        "flows": (r, c, 8),
        "scratch": (4, max(r * c, g, u)),
        "numbers": (12,),
    }
    return State(**{name: np.zeros(shapes.get(name, (r, g))) for name in State._fields})
