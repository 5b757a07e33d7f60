"""What a GPU-hour costs.

The user cost of capital follows Jorgenson (1963) and, for computers, Diewert (2014): depreciation plus the
return that the capital could have earned elsewhere.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tidegate.finance.books import Books, Holding
from tidegate.finance.flows import Schedule
from tidegate.finance.month import Month

HOURS_A_YEAR: Final = Decimal(8766)
_W_PER_KW: Final = 1000
NETWORK: Final = "network"
PLANT: Final = "plant"


@dataclass(frozen=True)
class HourCost:
    """The cost of one GPU for one hour of a month, line by line, in the books' currency.

    Attributes
    ----------
    cohort : str
    month : Month
    depreciation : Decimal
        Of all parts but the network.
    network : Decimal
        Depreciation of the network part, or, without one, imputed.
    network_imputed : bool
    capital : Decimal
        Cost of capital on the month's mean book value.
    space, operations, spares : Decimal
    power_busy, power_idle : Decimal
        Power of an hour in which the GPU works, and in which it does not.
    """

    cohort: str
    month: Month
    depreciation: Decimal
    network: Decimal
    network_imputed: bool
    capital: Decimal
    space: Decimal
    operations: Decimal
    spares: Decimal
    power_busy: Decimal
    power_idle: Decimal

    @property
    def marginal(self) -> Decimal:
        """What leasing an idle hour costs: the power that it draws beyond idling."""
        return self.power_busy - self.power_idle

    @property
    def standing(self) -> Decimal:
        """Cash cost of an idle hour."""
        return self.power_idle + self.space + self.operations + self.spares

    @property
    def cash(self) -> Decimal:
        """Cash cost of a busy hour."""
        return self.standing + self.marginal

    @property
    def full(self) -> Decimal:
        """All costs of a busy hour."""
        return self.cash + self.depreciation + self.network + self.capital

    def break_even(self, sold: Decimal) -> Decimal:
        """Return the rent of a GPU-hour that covers all costs when this share of the hours is sold.

        Parameters
        ----------
        sold : Decimal
            Share of the hours that bring rent, above 0 and up to 1; the others stand idle.

        Raises
        ------
        ValueError
            If ``sold`` is out of range.
        """
        if not 0 < sold <= 1:
            raise ValueError(f"a share sold is above 0 and at most 1, not {sold}")
        return self.full + (self.full - self.marginal) * (1 - sold) / sold


def power_kw(holding: Holding, books: Books) -> Decimal:
    """Return the power of one GPU with its share of the node, before cooling, in kW."""
    return holding.power_w * books.costs["host_power"] / _W_PER_KW


def hour_cost(holding: Holding, books: Books, schedule: Schedule, month: Month) -> HourCost:
    """Return the cost of a GPU-hour of a cohort in a month.

    Parameters
    ----------
    holding : Holding
        The cohort.
    books : Books
        Costs and tariffs.
    schedule : Schedule
        The cohort's.
    month : Month
        Fixed costs are spread over all its hours.
    """
    costs, row = books.costs, schedule.row(month)
    gpus = Decimal(max(row.gpus, 1))
    hours = gpus * month.hours
    network = schedule.parts.get(NETWORK)
    spread = row.flows.depreciation / hours
    mean_value = (row.opening + row.flows.additions + row.closing) / 2 / gpus
    if network is None:
        share = costs["network_share"]
        depreciation = spread
        wired = spread * share / (1 - share)
        mean_value /= 1 - share
    else:
        place = month - schedule.rows[0].month
        inside = 0 <= place < len(network)
        wired = network[place].flows.depreciation / hours if inside else Decimal(0)
        depreciation = spread - wired
    paid = holding.asset.cost / holding.asset.gpus
    kw = power_kw(holding, books)
    price = books.tariffs[holding.pool.site.id].mean_price(books.load)
    drawn = kw * costs["pue"] * price
    has_plant = any(part.id == PLANT for part in holding.asset.parts)
    return HourCost(
        cohort=holding.id,
        month=month,
        depreciation=depreciation,
        network=wired,
        network_imputed=network is None,
        capital=mean_value * costs["capital_rate"] / HOURS_A_YEAR,
        space=Decimal(0) if has_plant else costs["space"] * kw * 12 / HOURS_A_YEAR,
        operations=paid * costs["operations"] / HOURS_A_YEAR,
        spares=paid * costs["spares"] / HOURS_A_YEAR,
        power_busy=drawn * costs["draw_busy"],
        power_idle=drawn * costs["draw_idle"],
    )
