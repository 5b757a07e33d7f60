"""An owner's own fleet as the one that enters the market."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Final

from tidegate.errors import OptionError, Place
from tidegate.fleet import Chip, Tier, catalogue
from tidegate.market.model import Arrival, Entry, Market
from tidegate.plan.scenario import Scenario

RAMP_MONTHS: Final = 6
"""Months until all of an owner's mainstay is open to leasing."""


def stand_in(market: Market, chip: Chip) -> str | None:
    """Return the generation that a chip counts as: its own, or that of its architecture nearest in memory.

    None when the market has neither.
    """
    if chip.id in market.generation_ids:
        return chip.id
    alike = [
        g
        for g in market.generations
        if (known := catalogue().get(g.id)) and known.generation == chip.generation
    ]
    if not alike or not chip.generation:
        return None
    memory = chip.memory_gb or 0.0
    return min(alike, key=lambda g: abs(g.memory_gb - memory)).id


def with_fleet(market: Market, scenario: Scenario, entry: date) -> Market:
    """Return a market in which a fleet file's owner enters with the pools that its tiers let it lease.

    Frontier pools belong to the fleet and are not leased. What the owner's own work holds of the others
    stays uncertain, as in every scenario (parameter ``own_use``).

    Parameters
    ----------
    market : Market
        The market; its own owner's fleet and entry are replaced.
    scenario : Scenario
        The fleet.
    entry : date
        Month of the entry.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the market has no such chip, or nothing of the fleet is mainstay.
    """
    fleet, offered = Counter[str](), Counter[str]()
    for case in scenario.cases:
        pool = case.pool
        if pool.tier is Tier.RETIRED:
            continue
        name = stand_in(market, pool.chip)
        if name is None and pool.tier.may_lease:
            raise OptionError(
                "TG-OPTION",
                f"pool {pool.id} has {pool.chip.id}, which the market scenario does not know.",
                place=Place(scenario.source, field="--fleet"),
                expected=f"one of {', '.join(market.generation_ids)}, or of their architectures.",
            )
        if name is not None:
            fleet[name] += pool.gpus
            if pool.tier.may_lease:
                offered[name] += pool.gpus
    if not offered:
        raise OptionError(
            "TG-OPTION",
            "the fleet has no pool that may be leased.",
            place=Place(scenario.source, field="--fleet"),
            expected="at least one pool of tier mainstay or legacy.",
        )
    return replace(
        market,
        name=f"{market.name} with {scenario.name}",
        title=f"{scenario.name} enters with "
        + ", ".join(f"{count:,} {chip}" for chip, count in offered.items()),
        fleet=tuple(
            Arrival(chip, float(count), market.start, market.start) for chip, count in fleet.items()
        ),
        entry=Entry(entry, RAMP_MONTHS, {chip: float(n) for chip, n in offered.items()}),
        rents={},
        owners=1.0,
    )
