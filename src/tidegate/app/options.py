"""From options, as a command line or a notebook gives them, to a scenario and settings."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from tidegate.errors import OptionError
from tidegate.fleet import Chip, LeasePolicy, Pool, Site, Tier, catalogue
from tidegate.lease import standard_offers
from tidegate.plan import LogSource, PoolCase, Scenario, Settings, TideSource
from tidegate.quantity import minor_units, parse_duration
from tidegate.quota import POLICIES

MOST_OFFERED_LOAD: Final = 100.0
"""Beyond this a stream of requests says nothing more, and takes ever longer to play."""

DEFAULT_RISK: Final = 0.005
DEFAULT_LOAD: Final = 1.5

MOST_NODES: Final = 1_000_000
MOST_GPUS_PER_NODE: Final = 1_000
MOST_SEEDS: Final = 10_000

LEAST_PRICE: Final = Decimal("0.01")
MOST_PRICE: Final = Decimal(10_000_000)
"""List prices of a GPU-hour that are taken: every product's price is at least a thousandth."""

WAIT_PRICE_FACTOR: Final = 3
"""Without a fleet file, an internal GPU-hour of waiting is worth this many times the list price."""


def _one_of(option: str, given: str, known: Sequence[str]) -> None:
    if given in known:
        return
    close = difflib.get_close_matches(given, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise OptionError.at(option, f"{given!r} is not known.{hint}", f"one of {', '.join(known)}.")


def _between(option: str, value: float, least: float, most: float) -> None:
    if not (isinstance(value, int) and least <= value <= most):
        raise OptionError.at(
            option, f"{value} is out of range.", f"a whole number, {least:,} to {most:,}."
        )


def settings_from_options(
    scenario: Scenario,
    *,
    policies: Sequence[str] | None = None,
    seeds: int = 5,
    warmup: str = "14d",
) -> Settings:
    """Return the settings of a backtest.

    Parameters
    ----------
    scenario : Scenario
        Gives the offered load, the sanitising time and the currency.
    policies : sequence of str or None
        Names of :data:`tidegate.quota.POLICIES`; None for :data:`~tidegate.quota.DEFAULT_POLICIES`.
    seeds : int
        How many seeds to play, from 0 on.
    warmup : str
        A duration, such as ``14d``.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when a policy is unknown, or a value out of range.
    """
    known = [name for name, _, _ in POLICIES]
    for name in policies or ():
        _one_of("--policies", name, known)
    _between("--seeds", seeds, 1, MOST_SEEDS)
    try:
        warmup_s = parse_duration(warmup)
    except ValueError as error:
        raise OptionError.at("--warmup", f"{error}.", "a duration such as 14d or 12h.") from error
    return Settings(
        policies=tuple(policies or Settings.policies),
        seeds=tuple(range(seeds)),
        warmup_s=warmup_s,
        offered_load=scenario.offered_load,
        sanitise_s=scenario.sanitise_s,
        currency=scenario.currency,
    )


def decimal_option(option: str, given: Decimal | str | None) -> Decimal | None:
    """Return the number that an option gives; None for None.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when it is not a number.
    """
    if given is None:
        return None
    try:
        return Decimal(given)
    except InvalidOperation as error:
        raise OptionError.at(
            option, f"{given!r} is not a number.", "a price such as 3.79."
        ) from error


def _chip(name: str) -> Chip:
    chips = catalogue()
    _one_of("--chip", name, list(chips))
    return chips[name]


def scenario_from_options(  # noqa: PLR0913  the command's options
    jobs: Path,
    *,
    nodes: int,
    gpus_per_node: int = 8,
    chip: str = "H100-SXM",
    price: Decimal | None = None,
    currency: str = "USD",
    risk: float = DEFAULT_RISK,
    reserve_nodes: int = 0,
    offered_load: float = DEFAULT_LOAD,
    format: str = "auto",
    where: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
) -> Scenario:
    """Return a fleet of one mainstay pool that sells the standard products.

    Parameters
    ----------
    jobs : Path
        The pool's log.
    nodes, gpus_per_node : int
        Its size.
    chip : str
        An id of the catalogue.
    price : Decimal or None
        List price of a GPU-hour; None for the chip's reference rent.
    currency : str
        ISO 4217 code.
    risk : float
        Share of promised GPU-hours that may break, and of own jobs that may be late for leasing; in (0, 1).
    reserve_nodes : int
        Nodes kept free for failures.
    offered_load : float
        GPU-hours asked for over mean headroom.
    format, where, columns, timezone
        As in :class:`tidegate.plan.LogSource`.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when a value is unknown or out of range.
    """
    _between("--nodes", nodes, 1, MOST_NODES)
    _between("--gpus-per-node", gpus_per_node, 1, MOST_GPUS_PER_NODE)
    if not 0 <= offered_load <= MOST_OFFERED_LOAD:
        raise OptionError.at(
            "--offered-load", f"{offered_load:g} is out of range.", f"0 to {MOST_OFFERED_LOAD:g}."
        )
    if not 0 <= reserve_nodes < nodes:
        raise OptionError.at(
            "--reserve-nodes", f"{reserve_nodes} of {nodes} nodes.", "0 to nodes - 1."
        )
    if not 0 < risk < 1:
        raise OptionError.at("--risk", f"{risk:g} is out of range.", "above 0 and below 1.")
    if price is not None and not (price.is_finite() and LEAST_PRICE <= price <= MOST_PRICE):
        raise OptionError.at(
            "--price", f"{price} is out of range.", f"{LEAST_PRICE} to {MOST_PRICE:,}."
        )
    try:
        minor_units(currency)
    except ValueError as error:
        raise OptionError.at(
            "--currency", f"{error}.", "a code such as USD, EUR or TWD."
        ) from error
    standard = standard_offers(_chip(chip), currency, price)
    wait_price = WAIT_PRICE_FACTOR * standard.list_price
    pool = Pool(
        id="pool",
        site=Site("site", timezone),
        chip=_chip(chip),
        nodes=nodes,
        gpus_per_node=gpus_per_node,
        tier=Tier.MAINSTAY,
        cohorts=(),
        policy=LeasePolicy(
            products=tuple(offer.product.id for offer in standard.offers),
            risk=risk,
            reserve_nodes=reserve_nodes,
            wait_price=wait_price,
        ),
    )
    source = LogSource(
        path=jobs,
        format=format,
        where=dict(where or {}),
        columns=dict(columns or {}),
        timezone=timezone,
    )
    waiting = (
        f"An internal GPU-hour of waiting beyond the recall floor is worth {wait_price} "
        f"{standard.currency}, {WAIT_PRICE_FACTOR} times the list price."
    )
    return Scenario(
        name=jobs.name,
        currency=standard.currency,
        cases=(PoolCase(pool, standard.offers, source),),
        offered_load=offered_load,
        assumptions=(*standard.assumptions, waiting),
    )


def windowed(scenario: Scenario, window_from: str | None, window_to: str | None) -> Scenario:
    """Return the scenario with every log cut to submissions in [from, to)."""
    if window_from is None and window_to is None:
        return scenario

    def cut(source: LogSource) -> LogSource:
        return dataclasses.replace(
            source,
            window_from=window_from or source.window_from,
            window_to=window_to or source.window_to,
        )

    def cut_case(case: PoolCase) -> PoolCase:
        demand = case.demand
        if isinstance(demand, TideSource):
            return dataclasses.replace(
                case, demand=dataclasses.replace(demand, log=cut(demand.log))
            )
        return dataclasses.replace(case, demand=cut(demand))

    return dataclasses.replace(scenario, cases=tuple(cut_case(case) for case in scenario.cases))
