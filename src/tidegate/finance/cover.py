"""Rent and costs of some GPU-hours, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from tidegate.finance.hour import HOURS_A_YEAR
from tidegate.finance.sources import Split

_ZERO: Final = Decimal(0)

LINES: Final = ("power", "space", "operations", "spares", "depreciation", "network", "capital")
"""Cost lines in the order of statements: cash first."""
CASH_LINES: Final = ("power", "space", "operations", "spares")


def _no_costs() -> Mapping[str, Decimal]:
    return MappingProxyType(dict.fromkeys(LINES, _ZERO))


@dataclass(frozen=True)
class Cover:
    """Rent and costs of some GPU-hours; covers add up.

    Attributes
    ----------
    hours : Split
    rent : Decimal
        Charged.
    returned : Decimal
        Refunds and credits.
    costs : mapping of str to Decimal
        By :data:`LINES`.
    leasing_cost : Decimal
        Of the costs, what is there only because of leasing: power beyond idling of leased hours.
    own_value : Decimal
        The owner's own hours at the market's rent; 0 where no rent is known.
    waiting_gpu_hours : Decimal
        What leasing made own jobs wait.
    waiting_cost : Decimal
        The same at the pool's stated price.
    value_hours : Decimal
        Book value times calendar hours, for the return on it.
    """

    hours: Split = Split()  # noqa: RUF009  frozen
    rent: Decimal = _ZERO
    returned: Decimal = _ZERO
    costs: Mapping[str, Decimal] = field(default_factory=_no_costs)
    leasing_cost: Decimal = _ZERO
    own_value: Decimal = _ZERO
    waiting_gpu_hours: Decimal = _ZERO
    waiting_cost: Decimal = _ZERO
    value_hours: Decimal = _ZERO

    def __add__(self, other: "Cover") -> "Cover":
        return Cover(
            self.hours + other.hours,
            self.rent + other.rent,
            self.returned + other.returned,
            MappingProxyType({line: self.costs[line] + other.costs[line] for line in LINES}),
            self.leasing_cost + other.leasing_cost,
            self.own_value + other.own_value,
            self.waiting_gpu_hours + other.waiting_gpu_hours,
            self.waiting_cost + other.waiting_cost,
            self.value_hours + other.value_hours,
        )

    @property
    def net_rent(self) -> Decimal:
        """Rent less refunds and credits."""
        return self.rent - self.returned

    @property
    def cash_cost(self) -> Decimal:
        """Power, space, operations and spares."""
        return sum((self.costs[line] for line in CASH_LINES), _ZERO)

    @property
    def full_cost(self) -> Decimal:
        """All lines."""
        return sum(self.costs.values(), _ZERO)

    @property
    def margin(self) -> Decimal:
        """What leasing leaves: net rent less the costs and the waiting that it causes."""
        return self.net_rent - self.leasing_cost - self.waiting_cost

    @property
    def result(self) -> Decimal:
        """Net rent less all costs."""
        return self.net_rent - self.full_cost

    @property
    def operating_result(self) -> Decimal:
        """Net rent and own use at the market's rent, less all costs but that of capital."""
        return self.net_rent + self.own_value - self.full_cost + self.costs["capital"]

    def ratio(self, *lines: str) -> Decimal | None:
        """Return net rent over the sum of cost lines, all of them by default; None when they are 0."""
        cost = sum((self.costs[line] for line in lines or LINES), _ZERO)
        return self.net_rent / cost if cost else None

    @property
    def roic(self) -> Decimal | None:
        """Operating result a year over mean book value; None without book value."""
        if not self.value_hours:
            return None
        return self.operating_result / (self.value_hours / HOURS_A_YEAR)

    @property
    def rent_per_leased_hour(self) -> Decimal | None:
        """Net rent of a leased GPU-hour; None when nothing was leased."""
        return self.net_rent / self.hours.leased if self.hours.leased else None
