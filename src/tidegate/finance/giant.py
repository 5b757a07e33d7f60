"""What must be true for a giant to earn billions a year by leasing: fleet, occupancy and rent, from cited figures.

Nothing is assumed but the range of the map: how many GPUs a giant leases is what the claim implies, never an input.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import Final

from tidegate.finance.costs import default_parameters
from tidegate.finance.hour import HOURS_A_YEAR
from tidegate.fleet import catalogue

_BILLION: Final = Decimal(10**9)

RENTS: Final[tuple[tuple[str, Decimal], ...]] = (
    ("H100, a year's contract, 2025-10", Decimal("1.70")),
    ("H100, a year's contract, 2026-03", Decimal("2.35")),
    ("H100, list, 2025-10", Decimal("2.73")),
    ("H100, list, 2026-09", Decimal("3.79")),
    ("H200, list, 2026-09", Decimal("4.13")),
    ("B200, list, 2026-09", Decimal("6.60")),
)
"""Cited rents of a GPU-hour in US dollars (see ``data/rent_facts.csv``; contracts from secondary reports)."""

OCCUPANCIES: Final = tuple(Decimal(n) / 100 for n in (30, 50, 65, 75, 85, 90, 95))
"""Shares of a leased GPU's hours that bring rent; above 0.90 is what the column claims."""

FLEETS: Final = (100_000, 200_000, 350_000, 500_000, 750_000, 1_000_000, 1_300_000)
"""GPUs offered to tenants."""


@dataclass(frozen=True)
class GiantFact:
    """A cited figure of a giant.

    Attributes
    ----------
    key : str
    value : Decimal
    unit, source, date : str
    secondary : bool
    """

    key: str
    value: Decimal
    unit: str
    source: str
    date: str
    secondary: bool


@cache
def giant_facts() -> Mapping[str, GiantFact]:
    """Return the cited figures by key."""
    text = files("tidegate.finance").joinpath("data", "giant.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["key"]: GiantFact(
                row["key"],
                Decimal(row["value"]),
                row["unit"],
                row["source"],
                row["date"],
                row["secondary"] == "yes",
            )
            for row in csv.DictReader(text.splitlines())
        }
    )


def revenue(gpus: int | Decimal, occupancy: Decimal, rent: Decimal) -> Decimal:
    """Return a year's rent in US dollars."""
    return gpus * HOURS_A_YEAR * occupancy * rent


def gpus_needed(target: Decimal, occupancy: Decimal, rent: Decimal) -> Decimal:
    """Return the GPUs that must be offered for a year's rent of ``target`` US dollars."""
    return target / (HOURS_A_YEAR * occupancy * rent)


@dataclass(frozen=True)
class Needed:
    """What one rent and one occupancy imply.

    Attributes
    ----------
    rent_of : str
    rent, occupancy : Decimal
    low, high : Decimal
        GPUs offered for the lower and the upper end of the claim.
    fleet_low, fleet_high : Decimal
        Fleet of which they are what own work leaves: the lower end with the least own work, the upper with the most.
    capex_low, capex_high : Decimal or None
        What those fleets cost as H100s with their network, in billion US dollars; None for another chip's rent.
    """

    rent_of: str
    rent: Decimal
    occupancy: Decimal
    low: Decimal
    high: Decimal
    fleet_low: Decimal
    fleet_high: Decimal
    capex_low: Decimal | None
    capex_high: Decimal | None


@dataclass(frozen=True)
class Earned:
    """What one fleet, occupancy and rent bring.

    Attributes
    ----------
    gpus : int
    occupancy : Decimal
    rent_of : str
    rent, billions : Decimal
    where : str
        ``below``, ``inside`` or ``above`` the claim.
    """

    gpus: int
    occupancy: Decimal
    rent_of: str
    rent: Decimal
    billions: Decimal
    where: str


@dataclass(frozen=True)
class GiantMap:
    """The map.

    Attributes
    ----------
    low, high : Decimal
        The claim, in billion US dollars a year.
    needed : tuple of Needed
    earned : tuple of Earned
    cost_hour : Decimal
        Full cost of a GPU-hour of an H100 bought at list price, in the first year, by the default parameters.
    cash_hour : Decimal
        Of it, cash costs.
    """

    low: Decimal
    high: Decimal
    needed: tuple[Needed, ...]
    earned: tuple[Earned, ...]
    cost_hour: Decimal
    cash_hour: Decimal


def giant_map(low: Decimal | None = None, high: Decimal | None = None) -> GiantMap:
    """Return the map.

    Parameters
    ----------
    low, high : Decimal or None
        The claim, in billion US dollars a year; None for what the column says.
    """
    facts = giant_facts()
    least = facts["claim_low"].value if low is None else low
    most = facts["claim_high"].value if high is None else high
    paid = _paid()
    needed = []
    for (name, rent), occupancy in product(RENTS, OCCUPANCIES):
        few = gpus_needed(least * _BILLION, occupancy, rent)
        many = gpus_needed(most * _BILLION, occupancy, rent)
        fleets = few / (1 - facts["own_low"].value), many / (1 - facts["own_reported"].value)
        costs: tuple[Decimal | None, ...] = (None, None)
        if name.startswith("H100"):
            costs = tuple(fleet * paid / _BILLION for fleet in fleets)
        needed.append(Needed(name, rent, occupancy, few, many, *fleets, *costs))
    earned = []
    for gpus, occupancy, (name, rent) in product(FLEETS, OCCUPANCIES, RENTS):
        billions = revenue(gpus, occupancy, rent) / _BILLION
        where = "below" if billions < least else "above" if billions > most else "inside"
        earned.append(Earned(gpus, occupancy, name, rent, billions, where))
    full, cash = _hour(paid)
    return GiantMap(least, most, tuple(needed), tuple(earned), full, cash)


def _paid() -> Decimal:
    """Return what an H100 costs at list price with its share of the network."""
    price = catalogue()["H100-SXM"].price_usd
    assert price is not None
    return price / (1 - default_parameters()["network_share"].value)


def _hour(paid: Decimal) -> tuple[Decimal, Decimal]:
    """Return the full and the cash cost of a busy hour in the first year; power, space and operations as elsewhere."""
    it = {key: parameter.value for key, parameter in default_parameters().items()}
    life = giant_facts()["life_years"].value
    chip = catalogue()["H100-SXM"]
    kw = Decimal(repr(chip.tdp_w)) / 1000 * it["host_power"]
    power = kw * it["draw_busy"] * it["pue"] * it["power_price"]
    space = kw * it["space"] * 12 / HOURS_A_YEAR
    operations = (chip.price_usd or Decimal(0)) * it["operations"] / HOURS_A_YEAR
    cash = power + space + operations
    depreciation = paid / life / HOURS_A_YEAR
    capital = paid * (1 - 1 / (2 * life)) * it["capital_rate"] / HOURS_A_YEAR
    return cash + depreciation + capital, cash
