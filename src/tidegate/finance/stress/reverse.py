"""Reverse stress: what would have to happen for coverage to cross 1."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from tidegate.finance.cover import CASH_LINES
from tidegate.finance.stress.levers import OWN_RENT, Levers
from tidegate.finance.stress.run import StressResult

MEASURES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("cash costs", CASH_LINES),
    ("cash costs and depreciation", (*CASH_LINES, "depreciation", "network")),
    ("all costs", ()),
)
_FURTHEST: Final = 50.0


@dataclass(frozen=True)
class Crossing:
    """One lever and the value at which coverage is 1, all others as they are.

    Attributes
    ----------
    measure : str
        Which costs.
    own_use : bool
        Whether own hours count at the market's rent.
    coverage : float
        Now.
    lever : str
    base : float
        Its value now.
    at : float or None
        Where coverage is 1; None when this lever alone never does it.
    """

    measure: str
    own_use: bool
    coverage: float
    lever: str
    base: float
    at: float | None


def crossings(levers: Levers) -> tuple[Crossing, ...]:
    """Return for each measure and lever where coverage crosses 1.

    Levers are searched from nothing to fifty times what they are; shares only up to 1.
    """
    rows = []
    for own_use in (False, True):
        for measure, lines in MEASURES:
            now = float(levers.coverage({}, own_use=own_use, lines=lines))
            for lever, base in levers.base.items():
                if lever == OWN_RENT and not own_use:
                    continue
                at = _where(levers, lever, own_use=own_use, lines=lines)
                rows.append(Crossing(measure, own_use, now, lever, base, at))
    return tuple(rows)


def _where(levers: Levers, lever: str, *, own_use: bool, lines: tuple[str, ...]) -> float | None:
    def off(value: float) -> float:
        return float(levers.coverage({lever: value}, own_use=own_use, lines=lines)) - 1

    is_share = lever in ("draw_busy", "draw_idle", "network_share")
    top = 0.999 if is_share else _FURTHEST * max(levers.base[lever], 0.02)
    low, high = off(1e-9), off(top)
    if not (np.isfinite(low) and np.isfinite(high)) or low * high > 0:
        return None
    return float(brentq(off, 1e-9, top))


@dataclass(frozen=True)
class BadYear:
    """What the paths have in common on which a year's coverage falls under 1.

    Attributes
    ----------
    year : int
        1 for the first twelve months.
    share : float
        Share of the paths.
    rent, rent_there : float
        Mean multiple of today's rent, weighed by leased hours: on all paths, and on these; NaN for none.
    leased, leased_there : float
        Mean leased GPU-hours a month.
    power, power_there : float
        Mean multiple of today's price of power.
    """

    year: int
    share: float
    rent: float
    rent_there: float
    leased: float
    leased_there: float
    power: float
    power_there: float


def bad_years(
    found: StressResult, *, own_use: bool = True, costs: str = "full"
) -> tuple[BadYear, ...]:
    """Return for each year how many paths fall under 1, and how these differ from all.

    Parameters
    ----------
    found : StressResult
    own_use : bool
        Whether own hours count at the market's rent.
    costs : str
        ``full`` or ``cash``.
    """
    coverage = found.coverage(own_use=own_use, costs=costs)
    leased = found.yearly(found.leased)
    now = float((found.inputs.leased_h * found.inputs.rent).sum())
    hours_now = float(found.inputs.leased_h.sum())
    price_now = now / hours_now if hours_now else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        rent = found.yearly(found.rent) / leased / price_now
    power = found.yearly(found.power) / 12
    rows = []
    for year in range(coverage.shape[1]):
        column = coverage[:, year]
        if not np.isfinite(column).any():
            continue
        under = column < 1
        pairs = []
        for values in (rent, leased / 12, power):
            pairs += [_mean(values[:, year]), _mean(values[under, year])]
        rows.append(BadYear(year + 1, float(under.mean()), *pairs))
    return tuple(rows)


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
