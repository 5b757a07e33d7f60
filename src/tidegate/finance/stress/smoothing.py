"""Claim 13 of the newspaper column: leasing smooths the owner's result over the cycle.

The owner's own use swings; what it leaves free is leased in part. A lease of tenor k months renews each month a k-th
of what is leased, at that month's rent, so that rent follows the market's k-month mean.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.stress.run import StressResult

F64 = NDArray[np.float64]

TENORS: Final = (1, 3, 6, 12, 36)
BETAS: Final = (-1.0, -0.5, 0.0, 0.5, 1.0)
_RESAMPLES: Final = 200
_SWING_MEMORY: Final = 0.95


@dataclass(frozen=True)
class Smoothing:
    """One tenor under one assumption about the owner's own business.

    Attributes
    ----------
    tenor_months : int
    own_beta : float
        By how much the worth of an own GPU-hour follows the market's rent; 0 for not at all.
    ratio : float
        Variance of the yearly change of the owner's cash result with leasing over that without, means over paths.
    low, high : float
        95 % interval of the ratio by the bootstrap over paths.
    smoother : float
        Share of the paths on which the variance is lower with leasing.
    """

    tenor_months: int
    own_beta: float
    ratio: float
    low: float
    high: float
    smoother: float


def smoothing(
    found: StressResult,
    *,
    own_swing: float = 0.2,
    tenors: tuple[int, ...] = TENORS,
    betas: tuple[float, ...] = BETAS,
) -> tuple[Smoothing, ...]:
    """Compare the owner's result with leasing and without, by tenor.

    Parameters
    ----------
    found : StressResult
    own_swing : float
        Standard deviation of the logarithm of own use around its measured level.
    tenors : tuple of int
        In months.
    betas : tuple of float
        Assumptions about the owner's own business.
    """
    inputs, settings = found.inputs, found.settings
    count = found.paths.count
    random = np.random.Generator(np.random.SFC64([settings.seed, 2]))
    swing = _swing(random, count, settings.months, own_swing)
    order = [found.paths.generations.index(g.chip) for g in inputs.generations]
    rents = found.paths.rent_usd_per_gpu_h[:, : settings.months + 1, order]
    ratios = rents / rents[:, :1, :]
    capacity = inputs.own_h + inputs.free_h
    harvest = np.divide(
        inputs.leased_h, inputs.free_h, out=np.zeros_like(inputs.free_h), where=inputs.free_h > 0
    )
    # Whole lives only: a cohort that goes in between would look like a swing.
    own = {beta: np.zeros((count, settings.months)) for beta in betas}
    leased = {tenor: np.zeros((count, settings.months)) for tenor in tenors}
    for c, g in enumerate(inputs.place):
        if g < 0:
            continue
        own_h = np.minimum(inputs.own_h[c] * swing, capacity[c])
        hours = harvest[c] * (capacity[c] - own_h)
        for beta in betas:
            own[beta] += own_h * inputs.own_rent[c] * ratios[:, 1:, g] ** beta
        for tenor in tenors:
            margin = _mean_of_last(ratios[:, :, g], tenor) * inputs.rent[c]
            leased[tenor] += hours * (margin - inputs.power_hour[c] * found.power)
    rows = []
    for tenor in tenors:
        for beta in betas:
            without = _variance_of_change(found.yearly(own[beta]))
            with_leasing = _variance_of_change(found.yearly(own[beta] + leased[tenor]))
            low, high = _interval(with_leasing, without, random)
            rows.append(
                Smoothing(
                    tenor,
                    beta,
                    float(with_leasing.mean() / without.mean()),
                    low,
                    high,
                    float(np.mean(with_leasing < without)),
                )
            )
    return tuple(rows)


def _swing(random: np.random.Generator, count: int, months: int, size: float) -> F64:
    """Return own use over its measured level: log-normal around 1, with a memory."""
    shocks = random.standard_normal((count, months)) * size * np.sqrt(1 - _SWING_MEMORY**2)
    level = random.standard_normal(count) * size
    found = np.empty((count, months))
    for t in range(months):
        level = _SWING_MEMORY * level + shocks[:, t]
        found[:, t] = level
    return np.exp(found - size**2 / 2)


def _mean_of_last(ratios: F64, tenor: int) -> F64:
    """Return the mean of the last ``tenor`` months up to each month from 1 on; before month 0 stands 1."""
    padded = np.concatenate([np.ones((len(ratios), tenor)), ratios[:, 1:]], axis=1)
    sums = np.cumsum(np.concatenate([np.zeros((len(ratios), 1)), padded], axis=1), axis=1)
    found: F64 = (sums[:, tenor + 1 :] - sums[:, 1:-tenor]) / tenor
    return found


def _variance_of_change(yearly: F64) -> F64:
    found: F64 = np.var(np.diff(yearly, axis=1), axis=1)
    return found


def _interval(one: F64, other: F64, random: np.random.Generator) -> tuple[float, float]:
    picks = random.integers(0, one.size, (_RESAMPLES, one.size))
    ratios = one[picks].mean(axis=1) / other[picks].mean(axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(low), float(high)
