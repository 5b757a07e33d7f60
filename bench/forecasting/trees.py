"""Quantile regression with gradient-boosted trees, as far as LightGBM is installed."""

from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from bench.forecasting.empirical import LEVELS
from bench.forecasting.survival import LAGS
from bench.forecasting.tides import DAY, LENGTHS, Tide
from numpy.typing import NDArray

F64 = NDArray[np.float64]

INSTALLED: Final = find_spec("lightgbm") is not None
_FITTED: Final = (0.01, 0.05, 0.1, 0.3)
_STRIDE: Final = 3
_LEAST: Final = 2 * DAY
_SETTINGS: Final = {
    "objective": "quantile",
    "num_leaves": 15,
    "learning_rate": 0.08,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
}


def _past(series: F64, ticks: int, kind: str) -> F64:
    """Return a running maximum or minimum over the past ``ticks``."""
    padded = np.concatenate([np.full(ticks - 1, series[0]), series])
    windows = np.lib.stride_tricks.sliding_window_view(padded, ticks)
    found: F64 = windows.max(axis=1) if kind == "max" else windows.min(axis=1)
    return found


def _features(tide: Tide, left: F64) -> F64:
    """Return what is known at each tick; shape (ticks, features)."""
    now = tide.demand.astype(np.float64)
    ticks = now.size
    columns = [now, tide.hour, tide.weekday.astype(np.float64)]
    for lag in (2, 6, 12, 36, 72, 144, DAY, 7 * DAY):
        columns.append(now - np.concatenate([np.full(min(lag, ticks), now[0]), now[:-lag]])[:ticks])
    for length in (12, 72, DAY, 7 * DAY):
        columns.append(_past(now, length, "max"))
        columns.append(_past(now, length, "min"))
    if tide.jobs is not None:
        jobs, grid = tide.jobs, np.arange(ticks)
        total = np.append(0.0, np.cumsum(jobs.nodes))
        count = np.searchsorted(jobs.submit, grid, side="right")
        for length in (12, 72, DAY):
            earlier = np.searchsorted(jobs.submit, grid - length, side="right")
            columns.extend((total[count] - total[earlier], (count - earlier).astype(np.float64)))
        running = count - np.searchsorted(np.sort(jobs.end), grid, side="right")
        columns.append(running.astype(np.float64))
        columns.extend(left[LAGS.searchsorted(lag)] for lag in (12, 72, DAY, 3 * DAY))
        for owner in np.unique(jobs.owner)[:15]:
            own = jobs.owner == owner
            begun = np.searchsorted(jobs.submit[own], grid, side="right")
            ended = np.searchsorted(np.sort(jobs.end[own]), grid, side="right")
            columns.append((begun - ended).astype(np.float64))
    return np.stack(columns, axis=1)


def trees(tide: Tide, top: F64, left: F64, *, refit_days: int, rounds: int) -> F64:
    """Forecast the rise by trees that are fitted anew every few days on all that is past.

    Levels between the fitted ones are interpolated.
    """
    import lightgbm  # noqa: PLC0415

    library: Any = lightgbm
    features = _features(tide, left)
    ticks = tide.demand.size
    rise = top - tide.demand
    found = np.full((LENGTHS.size, LEVELS.size, ticks), np.inf)
    for first in range(3 * DAY, ticks, refit_days * DAY):
        stop = min(first + refit_days * DAY, ticks)
        for h, length in enumerate(LENGTHS.tolist()):
            known = np.arange(0, first - length + 1, _STRIDE)
            if known.size * _STRIDE < _LEAST:
                continue
            data = library.Dataset(
                features[known], rise[h, known], params={"verbosity": -1, "num_threads": 1}
            )
            fitted = np.stack(
                [
                    library.train(
                        {**_SETTINGS, "alpha": 1 - level}, data, num_boost_round=rounds
                    ).predict(features[first:stop], num_threads=1)
                    for level in _FITTED
                ]
            )
            # Crossed quantiles are put in order.
            fitted = np.sort(fitted, axis=0)[::-1]
            for k, level in enumerate(LEVELS.tolist()):
                place = float(np.interp(np.log(level), np.log(_FITTED), np.arange(len(_FITTED))))
                a = int(place)
                b = min(a + 1, len(_FITTED) - 1)
                value = fitted[a] + (place - a) * (fitted[b] - fitted[a])
                found[h, k, first:stop] = tide.demand[first:stop] + np.maximum(value, 0)
    return found
