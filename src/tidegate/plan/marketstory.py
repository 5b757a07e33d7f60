"""All that a report on the market tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tidegate.market.claims import Finding
from tidegate.market.history import Seen
from tidegate.market.run import MarketRun
from tidegate.plan.market import Difference
from tidegate.plan.surface import Surface

_MONTHS_AHEAD: Final = 61
_MONTHS_BEFORE: Final = 24


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

    @property
    def span(self) -> tuple[int, int]:
        """First month that is drawn, and the one after the last: from two years before the entry to five after."""
        at = self.run.market.month_of(self.entry)
        last = min(self.run.record.rent.shape[1], at + _MONTHS_AHEAD)
        return max(0, at - _MONTHS_BEFORE), last

    @property
    def let(self) -> tuple[str, ...]:
        """Generations that are let in these months."""
        first, last = self.span
        there = self.run.record.occupancy[:, first:last, 0]
        return tuple(
            name for g, name in enumerate(self.run.market.generation_ids) if there[:, :, g].any()
        )

    def first_of(self, generation: str) -> int:
        """Return the month from which a generation's rents are drawn: the span's first, or the first seen."""
        market = self.run.market
        seen = [market.month_of(it.month) for it in self.seen if it.generation == generation]
        return max(0, min([self.span[0], *seen]))
