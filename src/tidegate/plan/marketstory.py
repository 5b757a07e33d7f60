"""All that a report on the market tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tidegate.market.claims import Finding
from tidegate.market.history import Seen
from tidegate.market.run import MarketRun
from tidegate.plan.market import Difference
from tidegate.plan.surface import Surface


@dataclass(frozen=True, eq=False)
class MarketStory:
    """A scenario held against another, with history, claims and sliders.

    Attributes
    ----------
    run, other : MarketRun
        The scenario, and what it is held against, over the same draws.
    entry : date
        Month from which years are counted.
    differences : sequence of Difference
        What differs.
    seen : sequence of Seen
        Rents that were seen.
    findings : sequence of Finding
        Claims; empty when they were not asked for.
    surface : Surface
        Coarse answers for the sliders.
    origin : mapping of str to object
        How the posterior was made.
    seconds : float
        Wall time of all plays.
    """

    run: MarketRun
    other: MarketRun
    entry: date
    differences: Sequence[Difference]
    seen: Sequence[Seen]
    findings: Sequence[Finding]
    surface: Surface
    origin: Mapping[str, Any]
    seconds: float
