"""What a schedule is made of: the flows of a month, its row, and all rows of a cohort."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from tidegate.finance.asset import Asset
from tidegate.finance.month import Month

_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Flows:
    """Amounts of one month (or, summed, of many), in the cohort's currency.

    Attributes
    ----------
    construction : Decimal
        Paid before service: construction in progress.
    additions : Decimal
        Cost put into service.
    depreciation, impairment, reversal : Decimal
        Charged to income, and the last credited to it.
    disposed_cost, disposed_depreciation : Decimal
        Taken off the books with what was sold: cost, and what had been written off of it.
    proceeds, selling_costs : Decimal
        Of what was sold.
    """

    construction: Decimal = _ZERO
    additions: Decimal = _ZERO
    depreciation: Decimal = _ZERO
    impairment: Decimal = _ZERO
    reversal: Decimal = _ZERO
    disposed_cost: Decimal = _ZERO
    disposed_depreciation: Decimal = _ZERO
    proceeds: Decimal = _ZERO
    selling_costs: Decimal = _ZERO

    def __add__(self, other: "Flows") -> "Flows":
        return Flows(*(getattr(self, n) + getattr(other, n) for n in _NAMES))

    def __sub__(self, other: "Flows") -> "Flows":
        return Flows(*(getattr(self, n) - getattr(other, n) for n in _NAMES))

    def rounded(self, step: Decimal) -> "Flows":
        """Return the amounts rounded to a step, halves to the even digit."""
        return Flows(*(getattr(self, n).quantize(step, rounding=ROUND_HALF_EVEN) for n in _NAMES))

    @property
    def book_value(self) -> Decimal:
        """What the flows so far leave on the books, construction apart."""
        written_off = self.depreciation + self.impairment - self.reversal
        return self.additions - written_off - self.disposed_cost + self.disposed_depreciation

    @property
    def gain(self) -> Decimal:
        """Gain on disposal; negative for a loss."""
        return self.proceeds - self.selling_costs - self.disposed_cost + self.disposed_depreciation


_NAMES: Final = tuple(field.name for field in fields(Flows))


@dataclass(frozen=True)
class Row:
    """One month of a schedule.

    Attributes
    ----------
    month : Month
    gpus : int
        In service at the end of the month.
    opening, closing : Decimal
        Book value at its start and end; closing = opening + additions - depreciation - impairment
        + reversal - disposed_cost + disposed_depreciation, to the cent.
    in_progress : Decimal
        Construction in progress at the end of the month.
    flows : Flows
        What happened in between.
    """

    month: Month
    gpus: int
    opening: Decimal
    closing: Decimal
    in_progress: Decimal
    flows: Flows


@dataclass(frozen=True)
class Schedule:
    """The depreciation schedule of a cohort.

    Attributes
    ----------
    asset : Asset
    rows : tuple of Row
        The months without a gap, from the first payment on.
    parts : mapping of str to tuple of Row
        The same for each part.
    """

    asset: Asset
    rows: tuple[Row, ...]
    parts: Mapping[str, tuple[Row, ...]]

    def row(self, month: Month) -> Row:
        """Return the row of a month; before and after the schedule nothing moves."""
        if not self.rows or month < self.rows[0].month:
            return Row(month, 0, _ZERO, _ZERO, _ZERO, Flows())
        if month > self.rows[-1].month:
            last = self.rows[-1]
            return Row(month, last.gpus, last.closing, last.closing, last.in_progress, Flows())
        return self.rows[month - self.rows[0].month]


def in_money(exact: Sequence[Flows], step: Decimal) -> list[Flows]:
    """Round running totals such that the book value is the exact one, rounded.

    What the roundings of several flows leave over goes to what was written off: of the things sold in a
    month with a sale, else to depreciation.
    """
    found: list[Flows] = []
    before, last, over = Flows(), Flows(), _ZERO
    for total in exact:
        money = total.rounded(step)
        money = replace(
            money,
            depreciation=max(last.depreciation, money.depreciation),
            disposed_depreciation=money.disposed_depreciation + over,
        )
        off = money.book_value - total.book_value.quantize(step, rounding=ROUND_HALF_EVEN)
        if total.disposed_cost != before.disposed_cost:
            over -= off
            disposed = money.disposed_depreciation - off
            money = replace(money, disposed_depreciation=disposed)
        else:
            money = replace(money, depreciation=max(last.depreciation, money.depreciation + off))
        found.append(money)
        before, last = total, money
    return found
