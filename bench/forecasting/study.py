"""One series, all forecasters."""

from typing import Any, Final

import numpy as np
from bench.forecasting.curve import CURVE, curve
from bench.forecasting.empirical import bounded, counting
from bench.forecasting.online import Step, adaptive, combined, plain
from bench.forecasting.score import PRESENT, Judge, choice, name_of
from bench.forecasting.survival import survival, survivors
from bench.forecasting.tides import HORIZONS_S, Tide, tops
from bench.forecasting.trees import INSTALLED, trees
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

CONSTANT_TIME: Final = (
    "both",
    "rise",
    "rise, fading",
    "level, fading",
    "damped 0.75, fading",
    "damped 0.5, fading",
    "damped 0.25, fading",
    "soft bins: level",
    "soft bins: level, fading",
    "bins: level, hour",
    "seasonal: day",
)
"""Forecasters whose tick costs no more however long the history: what an online kernel could hold."""

DAMPED: Final = (
    "rise, fading",
    "damped 0.75, fading",
    "damped 0.5, fading",
    "damped 0.25, fading",
    "level, fading",
)
"""From the rise above demand now to the level that knows nothing of now."""

STEPS: Final = (
    *(Step(gamma, early=early) for early in (False, True) for gamma in (0.0005, 0.002, 0.01)),
    *(Step(g, per_window=True, early=early) for early in (False, True) for g in (0.01, 0.05, 0.2)),
)
"""Steps of the correction that are tried on the warm-up."""


def _forecasts(tide: Tide, top: F64, *, quick: bool) -> dict[str, F32]:
    found = counting(tide, top)
    left = survivors(tide)
    if tide.jobs is not None:
        found["survival"] = bounded(survival(tide, left), tide)
    if INSTALLED:
        refit_days, rounds = (14, 20) if quick else (5, 60)
        found["trees"] = bounded(trees(tide, top, left, refit_days=refit_days, rounds=rounds), tide)
    singles = list(found)
    for what, names in (("damped", DAMPED), ("constant-time", CONSTANT_TIME), ("all", singles)):
        for how, forecast in combined(found, names, top).items():
            found[f"{how} of {what}"] = forecast
    return found


def studied(tide: Tide, *, quick: bool) -> dict[str, Any]:
    """Forecast one series in every way, and judge.

    Returns
    -------
    dict
        ``warmup`` and ``warmup_corrected`` (per step): relative loss per forecaster and horizon on the warm-up;
        ``rows`` and ``rows_corrected`` (per step): what came after it.
    """
    top = tops(tide.demand)
    forecasts = _forecasts(tide, top, quick=quick)
    judge = Judge(tide, top, forecasts[PRESENT])
    bounds = {name: plain(forecast) for name, forecast in forecasts.items()}
    warmup = {name: judge.warmup(bound) for name, bound in bounds.items()}
    rows = [row for name in forecasts for row in judge.rows(name, bounds[name], forecasts[name])]
    chosen = choice({n: w for n, w in warmup.items() if " of " not in n})
    best = np.stack([forecasts[name][h] for h, name in enumerate(chosen)])
    rows += judge.rows("chosen on the warm-up", plain(best), best)
    own = curve(tide)
    corrected, warmup_corrected = {}, {}
    for step in STEPS:
        key = step.name
        found = {name: adaptive(forecast, top, tide, step) for name, forecast in forecasts.items()}
        warmup_corrected[key] = {name: judge.warmup(bound) for name, bound in found.items()}
        corrected[key] = [
            row
            for name, bound in {**found, CURVE: own}.items()
            for row in judge.rows(name, bound, None)
        ]
    return {
        "name": tide.name,
        "nodes": tide.nodes,
        "days": tide.demand.size * 300 / 86400,
        "warmup_days": tide.warm * 300 / 86400,
        "chosen": dict(zip(map(name_of, HORIZONS_S), chosen, strict=True)),
        "warmup": warmup,
        "warmup_corrected": warmup_corrected,
        "rows": rows,
        "rows_corrected": corrected,
    }
