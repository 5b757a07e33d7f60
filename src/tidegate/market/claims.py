"""The column's claims, as measurements on plays: each can hold or fail, draw by draw.

A claim asks for the scenarios it needs and gives one effect per draw; whether the claim holds in a draw
follows from the effect alone. :data:`CLAIMS` is the whole list.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.market import claims_measures as measure
from tidegate.market.run import MarketRun
from tidegate.market.world import Floats

Holds = NDArray[np.bool_]

Runs = Mapping[str, MarketRun]
"""Plays over the same draws, by scenario."""

BASE: Final = "base"
ENTRY: Final = "enters"
TENORS: Final = {"short-contracts": "by the month", "long-contracts": "for three years"}
"""Scenarios in which the owner lets for other terms than a year, and for which."""


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes
    ----------
    number : int
        As in the column.
    text : str
        What it says.
    measure, unit : str
        What its effect is.
    verdict, evidence : str
        What public sources say: a word, and a sentence.
    scenarios : tuple of str
        Plays that it needs.
    effect : callable or None
        From plays and the month of entry to one effect per draw; None for an input.
    holds : callable or None
        From effects to whether the claim holds.
    """

    number: int
    text: str
    measure: str
    unit: str
    verdict: str
    evidence: str
    scenarios: tuple[str, ...] = ()
    effect: Callable[[Runs, date], Floats] | None = None
    holds: Callable[[Floats], Holds] | None = None


def above(limit: float) -> Callable[[Floats], Holds]:
    """Hold where an effect lies above a limit."""
    return lambda effect: effect > limit


def below(limit: float) -> Callable[[Floats], Holds]:
    """Hold where an effect lies below a limit."""
    return lambda effect: effect < limit


def between(low: float, high: float) -> Callable[[Floats], Holds]:
    """Hold where an effect lies within two limits."""
    return lambda effect: (effect >= low) & (effect <= high)


_TESTS: Final[
    Mapping[
        int,
        tuple[tuple[str, ...], Callable[[Runs, date], Floats], Callable[[Floats], Holds]],
    ]
] = {
    3: ((BASE,), lambda r, m: measure.occupancy(r[BASE], m), above(0.90)),
    4: ((ENTRY,), lambda r, m: measure.lease_revenue(r[ENTRY], m), between(8.0, 15.0)),
    # A change of less than one per cent is none: list rents are not kept to the cent.
    5: ((BASE, ENTRY), lambda r, m: measure.damping(r[ENTRY], r[BASE], m), below(-0.01)),
    6: ((ENTRY,), lambda r, m: measure.rise(r[ENTRY], "B200-SXM", m), above(0.0)),
    7: ((BASE,), lambda r, m: measure.occupancy_of(r[BASE], "A100-80-SXM", m), below(0.80)),
    8: ((ENTRY,), lambda r, m: measure.small_exits(r[ENTRY], m), above(0.05)),
    # A hundred points is the change from which merger guidelines look twice (United States, 2023).
    9: ((ENTRY,), lambda r, m: measure.concentration(r[ENTRY], m), above(100.0)),
    10: ((ENTRY,), lambda r, m: measure.used_prices(r[ENTRY], m), below(0.0)),
    11: (
        (BASE, "allotment-by-size"),
        lambda r, m: measure.favour(r[BASE], m) - measure.favour(r["allotment-by-size"], m),
        above(0.05),
    ),
    12: ((BASE,), lambda r, m: measure.price_split(r[BASE], m), above(0.02)),
    13: (
        (BASE, ENTRY, *TENORS),
        lambda r, m: measure.smoothing(r[ENTRY], r[BASE], m),
        below(0.0),
    ),
    14: ((BASE,), lambda r, m: measure.correlation(r[BASE], m), below(0.5)),
    15: ((BASE,), lambda r, m: measure.inhouse_cost(r[BASE], m), below(0.0)),
    16: (
        ("developers-come", "developers-without-entry"),
        lambda r, m: measure.developers(r["developers-come"], r["developers-without-entry"], m),
        above(0.01),
    ),
}
"""By number: plays needed, effect, and where the claim holds."""


@cache
def claims() -> tuple[Claim, ...]:
    """Return every claim, in the column's order."""
    path = files("tidegate.market").joinpath("data", "claims.csv")
    found = []
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        number = int(row["number"])
        scenarios, effect, holds = _TESTS.get(number, ((), None, None))
        found.append(
            Claim(
                number,
                row["text"],
                row["measure"],
                row["unit"],
                row["verdict"],
                row["evidence"],
                scenarios,
                effect,
                holds,
            )
        )
    return tuple(found)


def scenarios_needed() -> tuple[str, ...]:
    """Return the scenarios that the claims need, each once."""
    return tuple(dict.fromkeys(name for claim in claims() for name in claim.scenarios))


@dataclass(frozen=True)
class Decider:
    """A parameter that decides about a claim: its total Sobol index, and which way it pulls."""

    name: str
    index: float
    direction: float


@dataclass(frozen=True)
class Finding:
    """What was found for a claim.

    Attributes
    ----------
    claim : Claim
        The claim.
    share : float or None
        Share of draws in which it holds; None for an input.
    effect : float or None
        Median effect.
    interval : tuple of float or None
        5 and 95 % of effects.
    deciders : tuple of Decider
        What decides, the strongest first.
    fit : float or None
        Share of the effect's variance that the surrogate behind the deciders explains, out of sample.
    variants : tuple of (str, float)
        Median effects under other terms, by their name.
    """

    claim: Claim
    share: float | None
    effect: float | None
    interval: tuple[float, float] | None
    deciders: tuple[Decider, ...]
    fit: float | None
    variants: tuple[tuple[str, float], ...] = ()

    @property
    def verdict(self) -> str:
        """Say in a word what the model says: ``input``, ``holds``, ``open`` or ``fails``."""
        if self.share is None:
            return "input"
        if self.share >= 0.8:  # noqa: PLR2004
            return "holds"
        return "fails" if self.share <= 0.2 else "open"  # noqa: PLR2004


def variants_of(claim: Claim, runs: Runs, entry: date) -> tuple[tuple[str, float], ...]:
    """Return median effects of a claim under other terms of leasing, as far as it turns on them."""
    if not set(TENORS) <= set(claim.scenarios):
        return ()
    return tuple(
        (term, float(np.median(measure.smoothing(runs[name], runs[BASE], entry))))
        for name, term in TENORS.items()
    )


def measured(claim: Claim, runs: Runs, entry: date) -> tuple[Floats, Holds] | None:
    """Return effects and whether the claim holds, draw by draw; None for an input."""
    if claim.effect is None or claim.holds is None:
        return None
    effect = np.asarray(claim.effect(runs, entry), dtype=np.float64)
    return effect, claim.holds(effect)
