"""The statistical model of rents and second-hand prices, and its default parameters.

Log rent of generation g is ``x0 + A + N``. The anchor A drifts with a regime that all generations share (glut or
scarcity, a Markov chain; Hamilton 1989), takes jumps (Merton 1976) and part of the shocks; the noise N takes the
other part and reverts to zero (Schwartz 1997: a short-term deviation around a long-term level). Second-hand prices
decay at a rate of their own and follow the anchor in part.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import Final

from tidegate.finance.month import Month
from tidegate.finance.paths.facts import rent_facts

GLUT, SCARCITY = 0, 1
_MONTHS: Final = 12


@dataclass(frozen=True)
class RentModel:
    """Parameters, per month where they are rates.

    Attributes
    ----------
    drift : tuple of 2 floats
        Of the anchor's logarithm in glut and in scarcity.
    leave : tuple of 2 floats
        Chance of leaving glut, and scarcity.
    scarce_now : float
        Chance that the market starts in scarcity.
    shock : float
        Standard deviation of a month's shock to log rent.
    lasting : float
        Share of the shock's variance that stays in the anchor; the rest reverts.
    reversion : float
        Share of the noise that is gone after a month.
    correlation : float
        Of the shocks of two generations.
    jump_chance, jump_size : float
        Chance of a jump in a month, standard deviation of its logarithm; all generations jump together.
    resale_beta : float
        Share of the anchor's move that second-hand prices follow.
    resale_shock : float
        Standard deviation of a month's shock to log second-hand prices.
    ageing : float
        Extra fall of log rent for each generation that is newer than a chip's own.
    source : str
        Where the parameters come from.
    """

    drift: tuple[float, float]
    leave: tuple[float, float]
    scarce_now: float
    shock: float
    lasting: float
    reversion: float
    correlation: float
    jump_chance: float
    jump_size: float
    resale_beta: float
    resale_shock: float
    ageing: float
    source: str

    @property
    def long_run_drift(self) -> float:
        """Drift of log rent a month, averaged over the regimes' long-run shares."""
        glut, scarcity = self.leave
        scarce = glut / (glut + scarcity)
        return (1 - scarce) * self.drift[GLUT] + scarce * self.drift[SCARCITY]


def default_model() -> RentModel:
    """Return the default parameters: from cited rents of the H100, and assumptions where nothing is cited.

    The fall and the rise of the H100's rent (2024-02, 2025-10, 2026-09) give both drifts, and their lengths the
    chances of leaving either. See ``docs/decisions/0061-rent-paths-from-cited-points.md``.
    """
    facts = {fact.month: fact.usd_per_gpu_h for fact in rent_facts() if fact.chip == "H100-SXM"}
    top, bottom, now = Month(2024, 2), Month(2025, 10), Month(2026, 9)
    fall, rise = bottom - top, now - bottom
    return RentModel(
        drift=(log(facts[bottom] / facts[top]) / fall, log(facts[now] / facts[bottom]) / rise),
        leave=(1 / fall, 1 / rise),
        scarce_now=1.0,
        # 25 to 33 % a year (monthly medians of rate cards, panel noise included); the lower end, since
        # regimes and jumps come on top.
        shock=0.25 / sqrt(_MONTHS),
        lasting=0.5,
        reversion=0.35,
        # Monthly changes of H100, H200 and A100 in the same source: 0.57 to 0.66.
        correlation=0.6,
        jump_chance=0.5 / _MONTHS,
        jump_size=0.12,
        resale_beta=0.5,
        resale_shock=0.06,
        ageing=0.0,
        source="cited rents of the H100 from 2024-02 to 2026-09, and assumptions",
    )
