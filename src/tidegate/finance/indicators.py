"""Indicators: what may point to a loss before a test is made (IAS 36.12, ASC 360-10-35-21)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tidegate.finance.books import Holding
from tidegate.finance.coverage import Coverage
from tidegate.finance.paths.facts import rent_facts
from tidegate.finance.thresholds import ImpairmentRules
from tidegate.finance.tiers.rules import newer_generations

_YEAR: Final = 12


class Sign(StrEnum):
    """What an indicator says."""

    ALERT = "alert"
    CALM = "calm"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Indicator:
    """Something that may point to a loss (IAS 36.12, ASC 360-10-35-21).

    Attributes
    ----------
    unit : str
    name : str
        ``rent``, ``resale``, ``idleness`` or ``new generation``.
    sign : Sign
    text : str
        The figure, and the threshold.
    """

    unit: str
    name: str
    sign: Sign
    text: str


def indicators(
    name: str,
    holdings: Sequence[Holding],
    measured: Coverage,
    rules: ImpairmentRules,
    *,
    carrying: float,
    fair_value: float,
) -> Iterator[Indicator]:
    """Yield what points to a loss of a unit, or does not.

    Parameters
    ----------
    name : str
        The unit.
    holdings : sequence of Holding
        Its cohorts.
    measured : Coverage
    rules : ImpairmentRules
        Thresholds.
    carrying, fair_value : float
        What is on the books, and what the unit would bring.
    """
    now = max(row.month for row in measured.rows)
    yield _rent_indicator(name, {h.chip.id for h in holdings}, rules)
    yield Indicator(
        name,
        "resale",
        Sign.ALERT if fair_value < carrying else Sign.CALM,
        f"fair value {fair_value:,.0f}, book value {carrying:,.0f}",
    )
    covers = measured.by("cohort")
    hours = sum(covers[(h.id,)].hours.total for h in holdings)
    idle = sum(covers[(h.id,)].hours.idle for h in holdings)
    share = float(idle / hours) if hours else 0.0
    yield Indicator(
        name,
        "idleness",
        Sign.ALERT if share > float(rules.idle) else Sign.CALM,
        f"{100 * share:.0f} % of the hours idle; alert above {100 * float(rules.idle):.0f} %",
    )
    recent = {
        generation
        for h in holdings
        for generation in newer_generations(h.chip, now)
        if generation not in newer_generations(h.chip, now + (-_YEAR))
    }
    yield Indicator(
        name,
        "new generation",
        Sign.ALERT if recent else Sign.CALM,
        f"launched within a year: {', '.join(sorted(recent)) or 'none'}",
    )


def _rent_indicator(name: str, chips: set[str], rules: ImpairmentRules) -> Indicator:
    """Compare the two latest cited rents of a chip, as a change a year."""
    falls = []
    for chip in sorted(chips):
        facts = sorted((f for f in rent_facts() if f.chip == chip), key=lambda f: f.month)
        if len(facts) >= 2:  # noqa: PLR2004  two points make a change
            before, after = facts[-2:]
            years = (after.month - before.month) / _YEAR
            change = (after.usd_per_gpu_h / before.usd_per_gpu_h) ** (1 / years) - 1
            falls.append(
                (change, f"{chip} {100 * change:+.0f} % a year ({before.month} to {after.month})")
            )
    if not falls:
        return Indicator(name, "rent", Sign.UNKNOWN, "no cited rents of its chips")
    worst = min(change for change, _ in falls)
    text = ", ".join(said for _, said in falls)
    return Indicator(
        name,
        "rent",
        Sign.ALERT if worst < -float(rules.rent_fall) else Sign.CALM,
        f"{text}; alert below -{100 * float(rules.rent_fall):.0f} %",
    )
