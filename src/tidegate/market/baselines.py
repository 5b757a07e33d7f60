"""Simple forecasts that a model has to beat, and scores that tell whether it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from tidegate.market.history import Seen
from tidegate.market.world import Floats

BANDS: Final = (0.5, 0.9)
"""Bands whose coverage is told."""

_PATHS: Final = 4000
_LEAST: Final = 6


@dataclass(frozen=True)
class Score:
    """How a forecast did.

    Attributes
    ----------
    name : str
        Whose it is.
    generation : str
        Which rents.
    figures : int
        How many months were seen and compared.
    coverage : mapping of float to float
        Share of what came that lies in the central band, by the band's nominal share.
    crps : float
        Mean continuous ranked probability score of log rents (Gneiting and Raftery 2007); smaller is better.
    bias : float
        Mean of the median's log error; positive when too high.
    """

    name: str
    generation: str
    figures: int
    coverage: Mapping[float, float]
    crps: float
    bias: float


def score(name: str, generation: str, paths: Floats, seen: Floats) -> Score:
    """Score a forecast.

    Parameters
    ----------
    name, generation : str
        What is scored.
    paths : array, shape (draws, months)
        Log rents forecast.
    seen : array, shape (months,)
        Log rents that came.
    """
    coverage = {}
    for band in BANDS:
        low, high = np.quantile(paths, [(1 - band) / 2, (1 + band) / 2], axis=0)
        coverage[band] = float(np.mean((seen >= low) & (seen <= high)))
    ranked = np.sort(paths, axis=0)
    draws = len(ranked)
    weights = (2 * np.arange(1, draws + 1) - draws - 1)[:, None]
    spread = (weights * ranked).sum(axis=0) / draws**2
    crps = np.abs(paths - seen).mean(axis=0) - spread
    bias = float(np.mean(np.median(paths, axis=0) - seen))
    return Score(name, generation, len(seen), coverage, float(crps.mean()), bias)


def series(rents: Sequence[Seen], generation: str) -> tuple[list[date], Floats]:
    """Return months and log rents of a generation, in order."""
    rows = sorted((it.month, it.usd_per_gpu_h) for it in rents if it.generation == generation)
    return [month for month, _ in rows], np.log([rent for _, rent in rows])


def months_between(months: Sequence[date]) -> Floats:
    """Return months as numbers."""
    return np.array([m.year * 12.0 + m.month for m in months])


def random_walk(
    past: tuple[list[date], Floats], ahead: Sequence[date], source: np.random.Generator
) -> Floats | None:
    """Forecast log rents by a random walk without drift, its step from the past; None for want of one."""
    at, values = months_between(past[0]), past[1]
    if len(values) < _LEAST:
        return None
    step = np.std(np.diff(values) / np.sqrt(np.diff(at)))
    gaps = months_between(ahead) - at[-1]
    steps = np.diff(np.concatenate([[0.0], gaps]))
    walk = np.cumsum(source.standard_normal((_PATHS, len(ahead))) * np.sqrt(steps) * step, axis=1)
    return np.asarray(values[-1] + walk)


def mean_reversion(
    past: tuple[list[date], Floats], ahead: Sequence[date], source: np.random.Generator
) -> Floats | None:
    """Forecast log rents that return to their past mean (an autoregression of order 1); None for want of one."""
    at, values = months_between(past[0]), past[1]
    if len(values) < _LEAST:
        return None
    gaps = np.diff(at)
    centre = values.mean()
    x, y = values[:-1] - centre, values[1:] - centre
    kept = float(np.clip((x @ y) / (x @ x), 0.0, 0.999)) ** (1 / gaps.mean())
    noise = np.std(y - kept**gaps * x)
    level = np.full(_PATHS, values[-1] - centre)
    paths = np.empty((_PATHS, len(ahead)))
    now = at[-1]
    for i, then in enumerate(months_between(ahead)):
        for _ in range(int(then - now)):
            level = kept * level + noise * source.standard_normal(_PATHS)
        now = then
        paths[:, i] = centre + level
    return paths
