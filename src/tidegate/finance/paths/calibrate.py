"""From a rent history to parameters, and how often the model's bands hold what came.

The regimes are found by expectation maximisation on the mean monthly change of all generations (Hamilton 1990),
with the default parameters as a prior worth a year of months: a history of two or three years has seen each regime
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.paths.history import RentHistory
from tidegate.finance.paths.model import GLUT, SCARCITY, RentModel, default_model
from tidegate.finance.paths.simulate import Generation, statistical_paths

F64 = NDArray[np.float64]

PRIOR_MONTHS: Final = 12.0
_ROUNDS: Final = 100


def calibrate(history: RentHistory, prior: RentModel | None = None) -> RentModel:
    """Return the model that a history suggests.

    Parameters
    ----------
    history : RentHistory
    prior : RentModel or None
        What is believed without it; None for the default.

    Returns
    -------
    RentModel
        Drifts, chances of leaving, shock, correlation and the chance of scarcity now from the history; what it
        cannot tell (jumps, second-hand prices) from the prior.
    """
    before = prior or default_model()
    changes = np.array([np.diff(np.log(values)) for values in history.rents.values()])
    seen = np.isfinite(changes).any(axis=0)
    mean = np.nanmean(changes[:, seen], axis=0)
    scarce, drift, leave = _regimes(mean, before)
    # A month's change has the lasting shock once and the passing one twice (it comes and partly goes).
    expected = drift[GLUT] + scarce * (drift[SCARCITY] - drift[GLUT])
    left = changes[:, seen] - expected
    shock = sqrt(
        (np.nansum(left**2) + PRIOR_MONTHS * before.shock**2 * _doubling(before))
        / (np.isfinite(left).sum() + PRIOR_MONTHS)
        / _doubling(before)
    )
    return replace(
        before,
        drift=(float(drift[GLUT]), float(drift[SCARCITY])),
        leave=(float(leave[GLUT]), float(leave[SCARCITY])),
        scarce_now=float(scarce[-1]),
        shock=shock,
        correlation=_correlation(left, before.correlation),
        source=f"calibrated on {history.source}, {history.months} months from {history.first}",
    )


def _doubling(model: RentModel) -> float:
    """Return the variance of a month's change over that of the month's shock."""
    passing = 1 - model.lasting
    return model.lasting + passing * 2 / (2 - model.reversion)


def _regimes(mean: F64, prior: RentModel) -> tuple[F64, F64, F64]:
    """Return the chance of scarcity at each change, drifts, and chances of leaving."""
    drift, leave = np.array(prior.drift), np.array(prior.leave)
    spread = prior.shock * sqrt(_doubling(prior))
    scarce = np.full(mean.size, 0.5)
    for _ in range(_ROUNDS):
        scarce, moved, stayed = _smooth(mean, drift, leave, spread)
        weights = np.array([(1 - scarce), scarce])
        drift = (weights @ mean + PRIOR_MONTHS * np.array(prior.drift)) / (
            weights.sum(axis=1) + PRIOR_MONTHS
        )
        # As many months as it takes to see one change of regime on average.
        months = 1 / np.array(prior.leave)
        leave = (moved + 1) / (moved + stayed + months)
        off = (weights * (mean - drift[:, np.newaxis]) ** 2).sum()
        spread = sqrt((off + PRIOR_MONTHS * spread**2) / (mean.size + PRIOR_MONTHS))
    return scarce, drift, leave


def _smooth(mean: F64, drift: F64, leave: F64, spread: float) -> tuple[F64, F64, F64]:
    """Return smoothed chances of scarcity, and expected numbers of leavings and stayings of each regime."""
    likely = np.exp(-((mean[:, np.newaxis] - drift) ** 2) / (2 * spread**2)) + 1e-300
    step = np.array([[1 - leave[0], leave[0]], [leave[1], 1 - leave[1]]])
    ahead = np.empty_like(likely)
    at = np.array([0.5, 0.5])
    for t, here in enumerate(likely):
        at = (at @ step if t else at) * here
        at /= at.sum()
        ahead[t] = at
    back = np.ones_like(likely)
    for t in range(mean.size - 2, -1, -1):
        back[t] = step @ (likely[t + 1] * back[t + 1])
        back[t] /= back[t].sum()
    both = ahead * back
    both /= both.sum(axis=1, keepdims=True)
    pairs = np.zeros((2, 2))
    for t in range(mean.size - 1):
        joint = ahead[t][:, np.newaxis] * step * (likely[t + 1] * back[t + 1])
        pairs += joint / joint.sum()
    moved = np.array([pairs[0, 1], pairs[1, 0]])
    return both[:, SCARCITY], moved, np.diag(pairs).copy()


def _correlation(left: F64, before: float) -> float:
    """Return the mean correlation of pairs with a year in common, the prior weighing one pair's year."""
    found, weight = before * PRIOR_MONTHS, PRIOR_MONTHS
    for one in range(len(left)):
        for other in range(one):
            both = np.isfinite(left[one]) & np.isfinite(left[other])
            months = int(both.sum())
            if months >= PRIOR_MONTHS:
                found += months * float(np.corrcoef(left[one, both], left[other, both])[0, 1])
                weight += months
    return float(np.clip(found / weight, 0.0, 0.99))


def neutral_prior() -> RentModel:
    """Return a prior that knows nothing of what came: it falls or rises by 30 % a year, for a year and a half each."""
    return replace(
        default_model(),
        drift=(log(0.7) / 12, -log(0.7) / 12),
        leave=(1 / 18, 1 / 18),
        scarce_now=0.5,
        source="neutral",
    )


@dataclass(frozen=True)
class Trial:
    """How often bands held what came.

    Attributes
    ----------
    horizon_months : int
    origins : int
        Pairs of a month at which the model was calibrated on what was known, and a generation.
    inside : float
        Share of them in which the rent so many months later lay in the model's band.
    inside_steady : float
        The same for a random walk with the drift and the spread known at that month: a steady trend.
    band : float
        Width of the band as a share: 0.8 holds the middle 80 %.
    """

    horizon_months: int
    origins: int
    inside: float
    inside_steady: float
    band: float


def out_of_sample(
    history: RentHistory,
    horizons: Sequence[int] = (3, 6, 12),
    *,
    band: float = 0.8,
    paths: int = 2_000,
    least_months: int = 13,
) -> tuple[Trial, ...]:
    """Try the model on a history: calibrate on each month's past, and see whether the bands hold the future.

    Parameters
    ----------
    history : RentHistory
    horizons : sequence of int
        Months ahead.
    band : float
        Share that a band should hold.
    paths : int
        Paths for each month.
    least_months : int
        Months before the first trial.
    """
    hits: dict[int, list[tuple[bool, bool]]] = {h: [] for h in horizons}
    edges = ((1 - band) / 2, (1 + band) / 2)
    for count in range(least_months, history.months):
        known = history.up_to(count)
        model = calibrate(known, neutral_prior())
        names = [n for n, v in known.rents.items() if np.isfinite(v[count - 1])]
        at = [Generation(n, float(known.rents[n][count - 1]), 1.0, 0.0) for n in names]
        if not at:
            continue
        ahead = min(max(horizons), history.months - count)
        walked = statistical_paths(
            model, at, start=history.first + count, months=ahead + 1, paths=paths, seed=count
        )
        for horizon in horizons:
            if horizon > ahead:
                continue
            for place, name in enumerate(names):
                came = history.rents[name][count - 1 + horizon]
                if not np.isfinite(came):
                    continue
                low, high = np.quantile(walked.rent_usd_per_gpu_h[:, horizon, place], edges)
                steady = _steady(known.rents[name], horizon, edges)
                hits[horizon].append((low <= came <= high, steady[0] <= came <= steady[1]))
    return tuple(
        Trial(
            h,
            len(pairs),
            float(np.mean([a for a, _ in pairs])),
            float(np.mean([b for _, b in pairs])),
            band,
        )
        for h, pairs in hits.items()
        if pairs
    )


def _steady(values: F64, horizon: int, edges: tuple[float, float]) -> tuple[float, float]:
    """Return the band of a random walk with drift."""
    known = np.log(values[np.isfinite(values)])
    steps = np.diff(known)
    middle = known[-1] + steps.mean() * horizon
    width = float(steps.std(ddof=1)) * sqrt(horizon)
    low, high = (NormalDist().inv_cdf(edge) for edge in edges)
    return float(np.exp(middle + low * width)), float(np.exp(middle + high * width))
