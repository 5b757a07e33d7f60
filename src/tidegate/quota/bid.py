"""The bid price of a horizon: what the last GPU-hour promised so long costs its owner.

Two parts. *Expected breaks*: a promise that breaks brings no rent for the hours taken back, and those served before are
refunded with a credit on top. *Displaced offers*: while the promise holds its room, a better offer may be refused for
want of it. The second part is Littlewood's rule (1972) with the probability that a better offer comes measured from
the offers that promises kept out, and nested by horizon as airlines nest by fare (Belobaba, Operations Research 37,
1989): a promise of a horizon is in the way of all that ask for as long or shorter.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.loss import PRIOR_DAYS
from tidegate.quota.policy import EPS_PER_LIMIT, Policy
from tidegate.quota.snapshot import I64, Record

F64 = NDArray[np.float64]

OFFERS_HALF_LIFE_DAYS: Final = 7.0
"""After which a refused offer counts half: a week has all its days."""

BROKEN_COST: Final = 2.3
"""Rents that a broken hour costs: its own; that of an hour served before it, refunded; and 30 % of that as credit.

Breaks that come evenly over the term leave as many hours served as not."""

LEVELS: Final = 8
"""Levels of price per doubling."""
_MOST_LEVELS: Final = 24 * LEVELS

_DAY_S: Final = 86_400

REMEMBERED_S: Final = 8 * 7 * _DAY_S
"""Who begins anew recalls the offers of so long: earlier ones have fallen below a two-hundredth."""


class Offers(NamedTuple):
    """Offers that promises kept out of late.

    Attributes
    ----------
    half_life : float
        In ticks.
    rate : float
        Offers a second that a weight of one stands for.
    weight : float64 array, shape (horizons, levels)
        How many were kept out, by the longest horizon at which they counted and by level of price.
    levels : int64 array, shape (2,)
        The levels in use: from the lowest to before the other.
    displaced : int64 array, shape (horizons,)
        The price below which a promise of each horizon displaces better offers, as of the latest tick.
    """

    half_life: float
    rate: float
    weight: F64
    levels: I64
    displaced: I64


def new_offers(horizons: int, tick_s: int) -> Offers:
    """Return a record of no offer."""
    step_s = max(1, tick_s)
    return Offers(
        half_life=OFFERS_HALF_LIFE_DAYS * _DAY_S / step_s,
        # A weight that halves every half life stands for the offers of `half life / ln 2`.
        rate=np.log(2.0) / (OFFERS_HALF_LIFE_DAYS * _DAY_S),
        weight=np.zeros((horizons, _MOST_LEVELS)),
        levels=np.array([_MOST_LEVELS, 0], dtype=np.int64),
        displaced=np.zeros(horizons, dtype=np.int64),
    )


@compiled
def note_refused(offers: Offers, i: int, horizon: int, price: int) -> None:
    """Take note of an offer that promises kept out after tick ``i``: :func:`tidegate.quota.displaced_at`.

    Parameters
    ----------
    offers : Offers
        Changed in place.
    i : int
        Number of the latest tick, from 0.
    horizon : int
        The longest at which it counted; below 0 for one that no promise kept out.
    price : int
    """
    if horizon < 0 or price <= 0:
        return
    level = min(_MOST_LEVELS - 1, int(LEVELS * np.log2(price)))
    offers.levels[0] = min(offers.levels[0], level)
    offers.levels[1] = max(offers.levels[1], level + 1)
    # Instead of old offers losing weight, new ones weigh more.
    offers.weight[horizon, level] += 2.0 ** (i / offers.half_life)


@compiled
def renew_displaced(offers: Offers, horizons_s: I64, i: int) -> None:
    """Renew the price below which a promise displaces better offers, at tick ``i``.

    A promise of ``h`` seconds at a price ``v`` is worth its room while no price ``w`` above ``v`` has
    ``w P(w) > v``, where ``P(w)`` is the chance that within ``h`` promises keep out an offer of at least ``w``:
    of Poisson arrivals at the rate seen of late.

    Parameters
    ----------
    offers : Offers
        ``displaced`` is filled in.
    horizons_s : int64 array, shape (horizons,)
    i : int
        Ticks since the first.
    """
    unit = 2.0 ** (i / offers.half_life)
    lowest, past = offers.levels[0], offers.levels[1]
    nested = np.zeros(past)
    for j in range(horizons_s.size):
        best = above = 0.0
        for level in range(past - 1, lowest - 1, -1):
            nested[level] += offers.weight[j, level]
            if nested[level] > 0.0:
                above += nested[level]
                chance = 1.0 - np.exp(-above / unit * offers.rate * horizons_s[j])
                best = max(best, 2.0 ** (level / LEVELS) * chance)
        offers.displaced[j] = int(best)


@compiled
def break_cost(policy: Policy, record: Record, nodes: int) -> float:
    """Return what a promise is expected to cost in breaks, as a share of its rent, at most 1.

    The share of promised time broken so far, with the owner's limit as prior, times :data:`BROKEN_COST`. One share
    for all horizons, because the risk of each is set so that as much breaks at one as at another.

    Parameters
    ----------
    policy : Policy
    record : Record
        What was sold and broken so far.
    nodes : int
        Of the pool.
    """
    prior_s = PRIOR_DAYS * _DAY_S * nodes
    broken_s = record.broken_s + policy.eps / EPS_PER_LIMIT * prior_s
    return min(1.0, BROKEN_COST * broken_s / (record.sold_s + prior_s))


@compiled
def bid_price(breaks: float, displaced: float, price: float) -> float:
    """Return the bid price for a promise sold at ``price``.

    What is refunded and credited, and the rent lost, go with the price of the promise itself; the offers displaced
    would have been exposed to the same breaks.

    Parameters
    ----------
    breaks : float
        As :func:`break_cost` returns it.
    displaced : float
        Of the promise's longest horizon: :attr:`Offers.displaced`.
    price : float
        In the same unit.
    """
    return breaks * price + (1.0 - breaks) * displaced
