"""The bid price, slowly and obviously, as ``docs/guide/simulation.md`` says."""

import math
from typing import NamedTuple


class KeptOut(NamedTuple):
    """An offer that promises kept out: latest tick, longest horizon at which it counted, price."""

    tick: int
    horizon: int
    price: int


def displaced(
    offers: list[KeptOut], horizons_s: tuple[int, ...], tick: int, tick_s: int
) -> list[int]:
    """Return the price below which a promise of each horizon displaces better offers."""
    week_s = 7 * 86_400
    prices = []
    for j, horizon_s in enumerate(horizons_s):
        nested = [
            (2 ** ((x.tick - tick) * tick_s / week_s), _level(x)) for x in offers if x.horizon <= j
        ]
        best = 0.0
        for level in {level for _, level in nested}:
            rate = sum(weight for weight, its in nested if its >= level) * math.log(2) / week_s
            best = max(best, 2 ** (level / 8) * (1 - math.exp(-rate * horizon_s)))
        prices.append(int(best))
    return prices


def _level(offer: KeptOut) -> int:
    return min(191, int(8 * math.log2(offer.price)))


def break_cost(eps: float, sold: int, broken: int, nodes: int) -> float:
    """Return what a promise is expected to cost in breaks, as a share of its rent."""
    prior = 2.0 * 86400.0 * nodes
    return min(1.0, 2.3 * (broken + eps / 28.0 * prior) / (sold + prior))
