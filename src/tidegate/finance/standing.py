"""Where a fleet stands before any future is played: book value against what selling it now would leave.

Fair value less costs of disposal is one of the two measures of a recoverable amount (IAS 36.18); the other, value in
use, takes paths of the future: :mod:`tidegate.finance.impairment`, which reckons with the same figures.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from tidegate.finance.asset import Asset
from tidegate.finance.books import Holding
from tidegate.finance.coverage import Coverage
from tidegate.finance.flows import Schedule
from tidegate.finance.indicators import Indicator, indicators
from tidegate.finance.month import Month
from tidegate.finance.schedule import schedule
from tidegate.finance.stress.inputs import StressInputs, stress_inputs
from tidegate.finance.thresholds import ImpairmentRules

_NEXT: Final = 1
"""Months ahead for which a run rate is asked; none is played."""


@dataclass(frozen=True)
class Standing:
    """A cash-generating unit as it stands, in the books' currency.

    Attributes
    ----------
    unit : str
    cohorts : tuple of str
    carrying : float
        Book value.
    fair_value, disposal_cost : float
        Of the used GPUs now, parts without a market at book value; and what selling would cost.
    indicators : tuple of Indicator
        What points to a loss, or does not.
    """

    unit: str
    cohorts: tuple[str, ...]
    carrying: float
    fair_value: float
    disposal_cost: float
    indicators: tuple[Indicator, ...]

    @property
    def headroom(self) -> float:
        """What selling now would leave above book value; below 0 only value in use can carry the unit."""
        return self.fair_value - self.disposal_cost - self.carrying


def standings(measured: Coverage, rules: ImpairmentRules) -> tuple[Standing, ...]:
    """Return where every cash-generating unit of a fleet stands.

    Parameters
    ----------
    measured : Coverage
    rules : ImpairmentRules
        Units and thresholds.

    Raises
    ------
    FinanceError
        ``TG-FIN-COHORT`` when no cohort has a market rent.
    """
    return tuple(_standings(measured, stress_inputs(measured, _NEXT), rules))


def _standings(
    measured: Coverage, inputs: StressInputs, rules: ImpairmentRules
) -> Iterator[Standing]:
    units: dict[str, list[int]] = {}
    for place, holding in enumerate(inputs.holdings):
        units.setdefault(unit_of(holding, rules), []).append(place)
    for name, places in units.items():
        holdings = [inputs.holdings[place] for place in places]
        books = [book_values(holding, inputs.start)[0] for holding in holdings]
        values = [fair_value(inputs, p, book) for p, book in zip(places, books, strict=True)]
        carrying, fair = sum(books), sum(value for value, _ in values)
        signs = indicators(name, holdings, measured, rules, carrying=carrying, fair_value=fair)
        yield Standing(
            name,
            tuple(holding.id for holding in holdings),
            carrying,
            fair,
            sum(cost for _, cost in values),
            tuple(signs),
        )


def unit_of(holding: Holding, rules: ImpairmentRules) -> str:
    """Return the cash-generating unit that a holding belongs to."""
    return {"pool": holding.pool.id, "tier": holding.tier.value, "fleet": "fleet"}[rules.unit]


def book_values(holding: Holding, month: Month) -> tuple[float, float]:
    """Return the book value at a month's end, and what it would be without write-downs and reversals."""
    book = _schedule(holding.asset).row(month).closing
    bare = _schedule(replace(holding.asset, writedowns=())).row(month).closing
    return float(book), float(bare)


def fair_value(inputs: StressInputs, place: int, book: float) -> tuple[float, float]:
    """Return the fair value and the cost of disposal: used GPUs at their price, other parts at book value."""
    holding = inputs.holdings[place]
    g = int(inputs.place[place])
    others = 0.0
    for name, rows in _schedule(holding.asset).parts.items():
        if name == holding.asset.parts[0].id:
            continue
        at = inputs.start - rows[0].month
        others += float(rows[min(max(at, 0), len(rows) - 1)].closing)
    if g < 0:
        return book, 0.0
    price = inputs.generations[g].resale_usd * inputs.usd * float(inputs.gpus[place])
    return price + others, price * float(inputs.books.costs["sale_cost"])


@lru_cache(maxsize=512)
def _schedule(asset: Asset) -> Schedule:
    """Return the schedule of an asset, which is the same whenever it is asked for."""
    return schedule(asset)
