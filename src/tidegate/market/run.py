"""A scenario played over many draws: what is asked of it, its parts, and what came out."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from tidegate.market.build import world_of
from tidegate.market.calibrate import Posterior
from tidegate.market.model import Market
from tidegate.market.paths import RentPaths, months_from
from tidegate.market.play import BLOCK, play, shocks_of
from tidegate.market.record import Record, empty_record
from tidegate.market.world import Floats

CLEARED: Final = 0.02
"""Largest log gap between demand and supply that counts as cleared."""

UNCLEARED_AT_MOST: Final = 0.01
"""Share of months that may stay uncleared before a scenario is one that cannot clear."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Which futures are played.

    Attributes
    ----------
    posterior : Posterior
        Parameters and past.
    count : int
        How many.
    seed : int
        Same seed, same futures, whatever the scenario.
    """

    posterior: Posterior
    count: int
    seed: int = 0

    @property
    def blocks(self) -> int:
        """How many parts there are; each can be played on its own."""
        return -(-self.count // BLOCK)

    def places(self, block: int) -> range:
        """Return the draws of a part."""
        return range(block * BLOCK, min(self.count, (block + 1) * BLOCK))

    def thetas(self) -> Floats:
        """Return the parameters of every draw."""
        return self.posterior.thetas[np.arange(self.count) % len(self.posterior)]

    def shocks(self, block: int, start: date, months: int) -> Floats:
        """Return the shocks of a part, shape (draws, months, SHOCKS), from a month on."""
        fresh = shocks_of(self.seed, block, BLOCK, months)[: len(self.places(block))]
        return self.posterior.with_past(fresh, block * BLOCK, start)


def play_block(market: Market, draws: Draws, block: int, months: int | None = None) -> Record:
    """Play one part of the draws.

    Parameters
    ----------
    market : Market
        The scenario.
    draws : Draws
        Which futures.
    block : int
        Which part of them.
    months : int or None
        Play the first months only.
    """
    shocks = draws.shocks(block, market.start, months or market.months)
    places = np.asarray(draws.places(block)) % len(draws.posterior)
    return play(world_of(market), draws.posterior.thetas[places], shocks)


def empty_run(market: Market, draws: Draws, months: int | None = None) -> Record:
    """Return a record that takes all parts."""
    return empty_record(
        draws.count, months or market.months, len(market.camps), len(market.generations)
    )


def put_block(record: Record, draws: Draws, block: int, part: Record) -> None:
    """Put one part where it belongs."""
    places = draws.places(block)
    for name in Record._fields:
        getattr(record, name)[places.start : places.stop] = getattr(part, name)


@dataclass(frozen=True, eq=False)
class MarketRun:
    """What came out of a scenario.

    Attributes
    ----------
    market : Market
        The scenario.
    draws : Draws
        Which futures were played.
    record : Record
        Month by month, draw by draw.
    """

    market: Market
    draws: Draws
    record: Record

    @property
    def months(self) -> tuple[date, ...]:
        """First day of each month."""
        return months_from(self.market.start, self.record.rent.shape[1])

    @property
    def uncleared(self) -> float:
        """Share of months, over all draws, in which no rents cleared the market."""
        return float(np.mean(self.record.gap > CLEARED))

    def paths(self, first: date) -> RentPaths:
        """Return rents and second-hand prices of the open region from a month on."""
        at = self.market.month_of(first)
        return RentPaths(
            generations=self.market.generation_ids,
            months=self.months[at:],
            rent_usd_per_gpu_h=self.record.rent[:, at:, 0].astype(np.float64),
            resale_usd_per_gpu=self.record.resale[:, at:, 0].astype(np.float64),
        )
