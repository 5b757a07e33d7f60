"""Impairment: indicators, what a unit can still bring, and what is written down or taken back.

IAS 36 is one step: the carrying amount against the recoverable amount, the higher of fair value less costs of disposal
and value in use (36.18, 36.59); a loss may be reversed (36.110-117). ASC 360 is two: the carrying amount against
undiscounted cash flows, and only when these fall short against fair value (360-10-35-17); nothing is reversed (35-20).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.coverage import Coverage
from tidegate.finance.indicators import Indicator, indicators
from tidegate.finance.month import Month, months_from
from tidegate.finance.standing import book_values, fair_value, unit_of
from tidegate.finance.stress.run import StressResult
from tidegate.finance.thresholds import ImpairmentRules, Standard
from tidegate.finance.tiers.choice import cohort_flows

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class UnitTest:
    """The test of one cash-generating unit, in the books' currency.

    Attributes
    ----------
    unit : str
    cohorts : tuple of str
    carrying : float
        Book value.
    unimpaired : float
        What it would be without earlier write-downs.
    fair_value, disposal_cost : float
        Of the used GPUs now, parts without a market at book value; and what selling would cost.
    value_in_use, undiscounted : float
        Mean over paths of what is left of life and of the sale at its end, discounted and not.
    recoverable : float
        Under IAS 36 the higher of fair value less costs and value in use; under ASC 360 the undiscounted flows
        where these suffice, else fair value.
    loss, reversal : float
        To be written down, and to be taken back; 0 or more.
    headroom : float
        Recoverable less carrying.
    rent_at_zero : float or None
        Multiple of all rents at which the headroom is gone; None when that takes more than they are or nothing does it.
    at_risk : tuple of float
        Share of the paths on which used GPUs bring less than the book value in 6, 12 and 24 months.
    book_values : tuple of float
        Of the cohorts.
    """

    unit: str
    cohorts: tuple[str, ...]
    carrying: float
    unimpaired: float
    fair_value: float
    disposal_cost: float
    value_in_use: float
    undiscounted: float
    recoverable: float
    loss: float
    reversal: float
    headroom: float
    rent_at_zero: float | None
    at_risk: tuple[float, ...]
    book_values: tuple[float, ...]

    def shares(self) -> tuple[tuple[str, float, float], ...]:
        """Return each cohort with its book value and its share of the loss, or, negative, of the reversal (36.104)."""
        amount = self.loss - self.reversal
        return tuple(
            (cohort, book, amount * book / self.carrying if self.carrying else 0.0)
            for cohort, book in zip(self.cohorts, self.book_values, strict=True)
        )


@dataclass(frozen=True)
class ImpairmentTest:
    """The test of a fleet.

    Attributes
    ----------
    measured : Coverage
    found : StressResult
    rules : ImpairmentRules
    month : Month
    units : tuple of UnitTest
    indicators : tuple of Indicator
    """

    measured: Coverage
    found: StressResult
    rules: ImpairmentRules
    month: Month
    units: tuple[UnitTest, ...]
    indicators: tuple[Indicator, ...]


AT_RISK_MONTHS = (6, 12, 24)


def impairment_test(
    measured: Coverage, found: StressResult, rules: ImpairmentRules
) -> ImpairmentTest:
    """Test every cash-generating unit of a fleet.

    Parameters
    ----------
    measured : Coverage
    found : StressResult
        Forecast rents, occupancy and second-hand prices.
    rules : ImpairmentRules
        Standard, units, thresholds.
    """
    units: dict[str, list[int]] = {}
    for place, holding in enumerate(found.inputs.holdings):
        units.setdefault(unit_of(holding, rules), []).append(place)
    tests: list[UnitTest] = []
    signs: list[Indicator] = []
    for name, places in units.items():
        unit = _test(name, places, found, rules)
        tests.append(unit)
        signs += indicators(
            name,
            [found.inputs.holdings[place] for place in places],
            measured,
            rules,
            carrying=unit.carrying,
            fair_value=unit.fair_value,
        )
    return ImpairmentTest(measured, found, rules, found.inputs.start, tuple(tests), tuple(signs))


def _test(name: str, places: list[int], found: StressResult, rules: ImpairmentRules) -> UnitTest:
    inputs = found.inputs
    carrying, unimpaired, fair, costs = 0.0, 0.0, 0.0, 0.0
    in_use = undiscounted = slope = 0.0
    books: list[float] = []
    for place in places:
        holding = inputs.holdings[place]
        book, bare = book_values(holding, inputs.start)
        carrying += book
        books.append(book)
        unimpaired += bare
        price, cost = fair_value(inputs, place, book)
        fair += price
        costs += cost
        worth, plain, by_rent = _flows(found, place, own_use=rules.own_use)
        in_use += worth
        undiscounted += plain
        slope += (
            by_rent
            if rules.standard is Standard.IAS_36
            else _undiscounted_rent(found, place, rules)
        )
    recoverable, loss, reversal = judge(
        rules.standard,
        carrying=carrying,
        unimpaired=unimpaired,
        fair_value=fair,
        disposal_cost=costs,
        value_in_use=in_use,
        undiscounted=undiscounted,
    )
    from_use = in_use if rules.standard is Standard.IAS_36 else undiscounted
    return UnitTest(
        unit=name,
        cohorts=tuple(inputs.holdings[place].id for place in places),
        carrying=carrying,
        unimpaired=unimpaired,
        fair_value=fair,
        disposal_cost=costs,
        value_in_use=in_use,
        undiscounted=undiscounted,
        recoverable=recoverable,
        loss=loss,
        reversal=reversal,
        headroom=recoverable - carrying,
        rent_at_zero=_rent_at_zero(from_use, slope, fair - costs, carrying),
        at_risk=_at_risk(found, places),
        book_values=tuple(books),
    )


def judge(
    standard: Standard,
    *,
    carrying: float,
    unimpaired: float,
    fair_value: float,
    disposal_cost: float,
    value_in_use: float,
    undiscounted: float,
) -> tuple[float, float, float]:
    """Return the recoverable amount, the loss and the reversal under a standard; see :class:`UnitTest`."""
    if standard is Standard.IAS_36:
        recoverable = max(fair_value - disposal_cost, value_in_use)
        loss = max(0.0, carrying - recoverable)
        # Never above what the book value would be without the earlier loss (36.117).
        reversal = max(0.0, min(recoverable, unimpaired) - carrying)
        return recoverable, loss, reversal
    if undiscounted >= carrying:
        return undiscounted, 0.0, 0.0
    return fair_value, max(0.0, carrying - fair_value), 0.0


def _monthly(found: StressResult, place: int, *, own_use: bool) -> tuple[F64, F64, F64]:
    """Return means over paths of monthly cash, of its rent part, and of the sale at the end of life."""
    flows = cohort_flows(found, place)
    end = int(found.inputs.ends[place])
    may_lease = found.inputs.holdings[place].tier.may_lease
    rent = flows.margin if may_lease else np.zeros_like(flows.margin)
    earned = rent + flows.own if own_use else rent
    cash = (earned - flows.standing)[:, :end].mean(axis=0)
    sale = np.array([float(flows.resale[:, end].mean())])
    return cash, earned[:, :end].mean(axis=0), sale


def _flows(found: StressResult, place: int, *, own_use: bool) -> tuple[float, float, float]:
    """Return value in use, the same undiscounted, and how much of the first is rent (and own use)."""
    cash, earned, sale = _monthly(found, place, own_use=own_use)
    discount = (1 + float(found.inputs.books.costs["capital_rate"])) ** (-1 / 12)
    powers = discount ** np.arange(1, cash.size + 1)
    last = discount**cash.size
    in_use = float(cash @ powers) + last * float(sale[0])
    return in_use, float(cash.sum() + sale[0]), float(earned @ powers)


def _undiscounted_rent(found: StressResult, place: int, rules: ImpairmentRules) -> float:
    _, earned, _ = _monthly(found, place, own_use=rules.own_use)
    return float(earned.sum())


def _rent_at_zero(from_use: float, slope: float, floor: float, carrying: float) -> float | None:
    """Return the multiple of rents at which value from use falls to the carrying amount."""
    if floor >= carrying or slope <= 0 or from_use < carrying:
        return None
    multiple = 1 - (from_use - carrying) / slope
    return multiple if multiple > 0 else None


def _at_risk(found: StressResult, places: list[int]) -> tuple[float, ...]:
    inputs = found.inputs
    shares = []
    for month in AT_RISK_MONTHS:
        if month >= found.settings.months:
            break
        brings = np.zeros(found.paths.count)
        book = 0.0
        for place in places:
            brings += cohort_flows(found, place).resale[:, month]
            book += float(inputs.book_value[month - 1, place])
        shares.append(float(np.mean(brings < book)))
    return tuple(shares)


def months_of_life(found: StressResult, place: int) -> tuple[Month, ...]:
    """Return the months over which a cohort's value in use is reckoned."""
    start, end = found.inputs.start, int(found.inputs.ends[place])
    return tuple(months_from(start + 1, start + end)) if end else ()
