"""The market in Python: what ``tidegate market run`` and ``compare`` give, for notebooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from tidegate.app.market import play_scenario, read_entrant
from tidegate.market.posterior import shipped
from tidegate.market.run import Draws, MarketRun
from tidegate.plan.market import (
    Difference,
    camp_frame,
    differences,
    generation_frame,
    market_frame,
)

ENTRY = date(2026, 11, 1)


@dataclass(frozen=True)
class Played:
    """A market scenario, played.

    Attributes
    ----------
    run : MarketRun
        Every figure, draw by draw; ``run.paths(month)`` are the paths that finance takes.
    """

    run: MarketRun

    @property
    def generations(self) -> pl.DataFrame:
        """Quantiles over futures by month, region and generation."""
        return generation_frame(self.run)

    @property
    def camps(self) -> pl.DataFrame:
        """Quantiles over futures by month, region and camp."""
        return camp_frame(self.run)

    @property
    def market(self) -> pl.DataFrame:
        """Quantiles over futures by month of figures of the whole market."""
        return market_frame(self.run)

    def against(
        self, other: "Played", *, entry: date = ENTRY, years: Sequence[int] = (1, 2, 3, 5)
    ) -> pl.DataFrame:
        """Return what this scenario changes against another over the same futures.

        Parameters
        ----------
        other : Played
            Played with the same draws and seed.
        entry : date
            Month from which years are counted.
        years : sequence of int
            Which years.
        """
        found: tuple[Difference, ...] = differences(self.run, other.run, entry, years)
        return pl.DataFrame([it.to_json() for it in found])


def play_market(
    scenario: str | Path = "base",
    *,
    draws: int = 500,
    seed: int = 0,
    fleet: str | Path | None = None,
    entry: date = ENTRY,
) -> Played:
    """Play a market scenario: ``tidegate market run`` as a function.

    Parameters
    ----------
    scenario : str or Path
        A folder, or the name of a bundled one.
    draws, seed : int
        How many futures; same seed, same futures, whatever the scenario.
    fleet : str or Path, optional
        Fleet file of an owner who enters in the giant's place.
    entry : date
        Month in which that owner enters.

    Raises
    ------
    InputError
        When the scenario or the fleet cannot be used.
    """
    market = read_entrant(str(scenario), None if fleet is None else Path(fleet), entry)
    return Played(play_scenario(market, Draws(shipped().posterior, draws, seed)))
