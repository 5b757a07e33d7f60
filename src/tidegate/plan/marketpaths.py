"""The market's paths for the chips of a fleet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from tidegate.errors import OptionError, Place
from tidegate.fleet import catalogue
from tidegate.market.model import Market
from tidegate.market.paths import RentPaths
from tidegate.market.run import MarketRun
from tidegate.plan.entrant import stand_in

OPTION: Final = "--market"


def long_enough(market: Market, first: date, months: int) -> Market:
    """Return a market that is played to ``months`` from ``first`` on."""
    return replace(market, months=max(market.months, market.month_of(first) + months))


def paths_for_chips(run: MarketRun, chips: Sequence[str], first: date, months: int) -> RentPaths:
    """Return rents and second-hand prices of chips from a month on.

    A chip that the market does not have goes with the generation of its architecture that is nearest in memory; its
    second-hand price is that generation's times their list prices' ratio, as far as both are known.

    Parameters
    ----------
    run : MarketRun
        What was played.
    chips : sequence of str
        Chip ids of the catalogue.
    first : date
        First month.
    months : int
        How many.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the market has nothing that a chip could go with.
    """
    paths = run.paths(first)
    places, scales = [], []
    for chip in chips:
        name = stand_in(run.market, catalogue()[chip])
        if name is None:
            raise OptionError(
                "TG-OPTION",
                f"the market scenario {run.market.name!r} knows nothing of {chip}.",
                place=Place(field=OPTION),
                expected="a scenario whose generations.csv has the chip, or one of its architecture.",
            )
        places.append(run.market.generation_ids.index(name))
        scales.append(_scale(run.market, chip, name))
    return RentPaths(
        generations=tuple(chips),
        months=paths.months[:months],
        rent_usd_per_gpu_h=paths.rent_usd_per_gpu_h[:, :months, places],
        resale_usd_per_gpu=paths.resale_usd_per_gpu[:, :months, places] * np.array(scales),
    )


def _scale(market: Market, chip: str, name: str) -> float:
    price = catalogue()[chip].price_usd
    if chip == name or price is None:
        return 1.0
    own = next(g.price_usd for g in market.generations if g.id == name)
    return float(price) / own
