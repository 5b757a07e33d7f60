"""Forecasters that count: every sample seen is one whose horizon has passed.

A forecast is an array of shape (horizons, levels, ticks): the upper bound of demand's maximum that is missed with
probability ``LEVELS[k]``.
"""

from typing import Any, Final

import numpy as np
from bench.forecasting.tides import DAY, LENGTHS, Tide
from numpy.typing import NDArray

from tidegate.compiled import compiled

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

LEVELS: Final = np.array([0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4])
"""Risks at which a forecast is kept; between them it is interpolated."""
EPS: Final = (0.01, 0.05, 0.1)
"""Risks at which it is scored."""

_STRIDE: Final = 3
"""Nearest moments are sought on a grid of 15 minutes."""
_POOLED: Final = 0.02
"""Weight that a moment has however far it is, or whatever its class."""
_HALF_LIFE_DAYS: Final = 14.0
"""Of the weight of a sample, where the forecaster is called fading."""


@compiled
def _quantiles(mass: F64, total: float, levels: F64, low: int, out: F64) -> None:
    """Write the quantiles of a histogram of values from ``low`` on, one sample of infinity added (Tibshirani 2019)."""
    k = levels.size - 1
    below = 0.0
    for value in range(mass.size):
        below += mass[value]
        while k >= 0 and below >= (1 - levels[k]) * (total + 1) - 1e-9:
            out[k] = value + low
            k -= 1
        if k < 0:
            return
    while k >= 0:
        out[k] = np.inf
        k -= 1


@compiled
def _by_class(
    values: F64,
    base: F64,
    classes: F64,
    lengths: I64,
    levels: F64,
    low: int,
    size: int,
    decay: float,
) -> F64:
    horizons, ticks = values.shape
    kinds = int(classes.max()) + 2
    found = np.full((horizons, levels.size, ticks), np.inf)
    counted = np.zeros((kinds, size))
    pooled = np.zeros(size)
    mass = np.empty(size)
    one = np.empty(levels.size)
    for h in range(horizons):
        counted[:] = 0.0
        pooled[:] = 0.0
        seen = 0.0
        for i in range(ticks):
            j = i - lengths[h]
            if j < 0:
                continue
            # Instead of old samples losing weight, new ones weigh more: a tick touches one place.
            unit = np.exp(decay * i)
            if not np.isnan(values[h, j]):
                place = int(values[h, j]) - low
                kind = int(classes[j])
                share = classes[j] - kind
                counted[kind, place] += (1 - share) * unit
                counted[kind + 1, place] += share * unit
                pooled[place] += unit
                seen += unit
            if seen == 0 or np.isnan(base[h, i]):
                continue
            if kinds == 2:
                mass[:] = pooled / unit
            else:
                kind = int(classes[i])
                share = classes[i] - kind
                mass[:] = (1 - share) * counted[kind] + share * counted[kind + 1]
                mass[:] = (mass + _POOLED * pooled) / unit
            _quantiles(mass, mass.sum(), levels, low, one)
            found[h, :, i] = one + base[h, i]
    return found


@compiled
def _by_nearness(
    values: F64,
    base: F64,
    features: F64,
    lengths: I64,
    levels: F64,
    low: int,
    size: int,
    decay: float,
) -> F64:
    horizons, ticks = values.shape
    found = np.full((horizons, levels.size, ticks), np.inf)
    weight = np.empty(ticks)
    mass = np.empty(size)
    one = np.empty(levels.size)
    for i in range(ticks):
        for j in range(0, i, _STRIDE):
            far = 0.0
            for f in range(features.shape[0]):
                gap = features[f, i] - features[f, j]
                far += gap * gap
            near = np.exp(-0.5 * far) if far < 30 else 0.0
            weight[j] = (_POOLED + (1 - _POOLED) * near) * np.exp(-decay * (i - j))
        for h in range(horizons):
            if np.isnan(base[h, i]):
                continue
            mass[:] = 0.0
            total = 0.0
            for j in range(0, i - lengths[h] + 1, _STRIDE):
                if not np.isnan(values[h, j]):
                    mass[int(values[h, j]) - low] += weight[j]
                    total += weight[j]
            if total > 0:
                _quantiles(mass, total, levels, low, one)
                found[h, :, i] = one + base[h, i]
    return found


def bounded(found: F64, tide: Tide) -> F32:
    """Cut a forecast to what demand can be, from now's to the pool's size."""
    return np.clip(found, tide.demand, tide.nodes).astype(np.float32)


def _range(values: F64) -> tuple[int, int]:
    known = values[~np.isnan(values)]
    low, high = (int(known.min()), int(known.max())) if known.size else (0, 0)
    return low, high - low + 1


def counted(
    values: F64,
    base: F64,
    tide: Tide,
    classes: NDArray[Any] | None = None,
    *,
    fading: bool = False,
    levels: F64 = LEVELS,
) -> F64:
    """Forecast ``base`` plus the empirical quantile of ``values``, of the tick's class where classes are given.

    A class of 2.3 counts as 0.7 of class 2 and 0.3 of class 3.
    """
    kinds = np.zeros(tide.demand.size) if classes is None else classes.astype(np.float64)
    decay = float(np.log(2)) / (_HALF_LIFE_DAYS * DAY) if fading else 0.0
    found: F64 = _by_class(values, base, kinds, LENGTHS, levels, *_range(values), decay)
    return found


def nearest(values: F64, base: F64, features: F64, *, fading: bool = False) -> F64:
    """Forecast ``base`` plus the quantile of ``values``, each weighted by how near its moment's features are."""
    decay = float(np.log(2)) / (_HALF_LIFE_DAYS * DAY) if fading else 0.0
    found: F64 = _by_nearness(values, base, features, LENGTHS, LEVELS, *_range(values), decay)
    return found


def _clock(tide: Tide, bandwidth_h: float) -> F64:
    """Place the hour on a circle on which a bandwidth is 1."""
    turn = 2 * np.pi * tide.hour / 24
    found: F64 = 24 / (2 * np.pi) / bandwidth_h * np.stack([np.cos(turn), np.sin(turn)])
    return found


def _lagged(values: F64, lag: int) -> F64:
    found = np.full_like(values, np.nan)
    found[..., lag:] = values[..., :-lag]
    return found


def seasonal(tide: Tide, top: F64, period: int) -> F64:
    """Forecast the maximum over the latest same hours whose horizon has passed, plus a quantile of its error."""
    past = np.full_like(top, np.nan)
    for h, length in enumerate(LENGTHS.tolist()):
        lag = -(-length // period) * period
        if lag < top.shape[1]:
            past[h] = _lagged(top[h], lag)
    return counted(top - past, past, tide)


def gaussian(tide: Tide, top: F64) -> F64:
    """Forecast by mean and deviation of every owner's rise, summed as if owners were independent."""
    ticks = tide.demand.size
    mean = np.zeros((LENGTHS.size, ticks))
    variance = np.zeros_like(mean)
    for own in _owners(tide):
        for h, length in enumerate(LENGTHS.tolist()):
            if ticks <= length:
                continue
            rise = (
                np.lib.stride_tricks.sliding_window_view(own, length + 1).max(axis=1)
                - own[: ticks - length]
            )
            count = np.arange(1, rise.size + 1)
            average = np.cumsum(rise) / count
            mean[h, length:] += average
            variance[h, length:] += np.maximum(np.cumsum(rise**2) / count - average**2, 0)
    # Quantiles of the normal distribution at one minus LEVELS.
    z = np.array([2.8070, 2.5758, 2.3263, 2.0537, 1.6449, 1.2816, 0.8416, 0.2533])
    found: F64 = tide.demand + mean[:, None] + z[None, :, None] * np.sqrt(variance)[:, None]
    for h, length in enumerate(LENGTHS.tolist()):
        found[h, :, : length + 1] = np.inf
    return found


def _owners(tide: Tide) -> list[F64]:
    if tide.jobs is None:
        return [tide.demand.astype(np.float64)]
    jobs, grid = tide.jobs, np.arange(tide.demand.size)
    found = []
    for owner in np.unique(jobs.owner):
        own = jobs.owner == owner
        held = np.zeros(grid.size)
        for times, sign in ((jobs.submit[own], 1.0), (jobs.end[own], -1.0)):
            order = np.argsort(times)
            total = np.append(0.0, np.cumsum(jobs.nodes[own][order]))
            held += sign * total[np.searchsorted(times[order], grid, side="right")]
        found.append(np.minimum(held, tide.nodes))
    return found


def counting(tide: Tide, top: F64) -> dict[str, F32]:
    """Return the forecasts of all counting forecasters by name."""
    now = np.tile(tide.demand.astype(np.float64), (LENGTHS.size, 1))
    zero = np.zeros_like(now)
    rise = top - now
    level = now[:1] / (0.1 * tide.nodes)
    hour = _clock(tide, 1.5)
    week = 0.7 * np.isin(tide.weekday, (5, 6))[None].astype(np.float64)
    change = (tide.demand - _lagged(tide.demand.astype(np.float64), 12))[None]
    change = np.nan_to_num(change) / (0.1 * tide.nodes)
    part = np.minimum(tide.hour // 4, 5)
    share = tide.demand / tide.nodes
    bin_ = np.minimum(np.floor(6 * share), 5)
    soft = np.clip(6 * share - 0.5, 0, 5)
    day = np.concatenate([level, hour])
    half = LEVELS / 2
    found = {
        "both": np.minimum(
            counted(rise, now, tide, levels=half), counted(top, zero, tide, levels=half)
        ),
        "both, fading": np.minimum(
            counted(rise, now, tide, levels=half, fading=True),
            counted(top, zero, tide, levels=half, fading=True),
        ),
        "rise": counted(rise, now, tide),
        "rise, fading": counted(rise, now, tide, fading=True),
        "level": counted(top, zero, tide),
        "level, fading": counted(top, zero, tide, fading=True),
    }
    for damping in (0.75, 0.5, 0.25):
        part_of = np.round(damping * now)
        found[f"damped {damping:g}"] = counted(top - part_of, part_of, tide)
        found[f"damped {damping:g}, fading"] = counted(top - part_of, part_of, tide, fading=True)
    found |= {
        "bins: level": counted(rise, now, tide, bin_),
        "bins: hour": counted(rise, now, tide, part),
        "bins: level, hour": counted(rise, now, tide, 6 * bin_ + part),
        "soft bins: level": counted(rise, now, tide, soft),
        "soft bins: level, fading": counted(rise, now, tide, soft, fading=True),
        "near: level": nearest(rise, now, level),
        "near: level, fading": nearest(rise, now, level, fading=True),
        "near: hour": nearest(rise, now, hour),
        "near: level, hour": nearest(rise, now, day),
        "near: level, hour, fading": nearest(rise, now, day, fading=True),
        "near: level, hour, change, weekend": nearest(
            rise, now, np.concatenate([day, change, week])
        ),
        "seasonal: day": seasonal(tide, top, DAY),
        "seasonal: week": seasonal(tide, top, 7 * DAY),
        "gaussian": gaussian(tide, top),
    }
    return {name: bounded(one, tide) for name, one in found.items()}
