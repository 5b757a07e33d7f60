"""Out of sample: calibrate on what was known up to a month, forecast the rest, compare with simple rivals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from tidegate.market.baselines import Score, mean_reversion, random_walk, score, series
from tidegate.market.build import world_of
from tidegate.market.calibrate import CALIBRATION_BLOCK, calibrate
from tidegate.market.history import Seen, sights_of
from tidegate.market.model import Market
from tidegate.market.play import play, shocks_of
from tidegate.market.record import Record

NOISE: Final = 0.06
"""How far a median of a few lessors' list rents may be off, as a log; added to forecasts."""

MODEL: Final = "model"
RIVALS: Final = (("random walk", random_walk), ("mean reversion", mean_reversion))
"""Rivals, by name; each gives log paths, or None for want of a past."""


@dataclass(frozen=True)
class Verdict:
    """How the model did where it could not know.

    Attributes
    ----------
    until : date
        Last month that was calibrated on.
    last : date
        Last month that was compared.
    scores : tuple of Score
        The model and its rivals, generation by generation.
    turn : float
        Share of model paths in which H100 rents are, in the last month, at least as high as was seen then.
    """

    until: date
    last: date
    scores: tuple[Score, ...]
    turn: float

    def mean_crps(self, name: str) -> float:
        """Return a forecaster's mean score over the generations that every forecaster could be scored on."""
        shared = set.intersection(
            *(
                {s.generation for s in self.scores if s.name == who}
                for who in (MODEL, *(n for n, _ in RIVALS))
            )
        )
        mine = [s for s in self.scores if s.name == name and s.generation in shared]
        return float(np.average([s.crps for s in mine], weights=[s.figures for s in mine]))


def judge(
    market: Market,
    rents: Sequence[Seen],
    until: date,
    *,
    draws: int = 1000,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Calibrate on rents up to a month, and score forecasts of those after it.

    Raises
    ------
    ValueError
        When no rent lies before the month, or none after it.
    """
    known = [it for it in rents if it.month <= until and it.generation in market.generation_ids]
    later = [it for it in rents if it.month > until and it.generation in market.generation_ids]
    if not known or not later:
        raise ValueError(f"there are no rents both before and after {until:%Y-%m}")
    last = max(it.month for it in later)
    span = market.month_of(until) + 1
    posterior = calibrate(
        market,
        sights_of(market, known),
        months=span,
        draws=draws,
        seed=seed,
        progress=progress,
    )
    fresh = shocks_of(seed, CALIBRATION_BLOCK + 1, draws, market.month_of(last) + 1)
    record = play(world_of(market), posterior.thetas, posterior.with_past(fresh, 0, market.start))
    scores = [
        it for g in market.generation_ids for it in _scores(market, record, g, known, later, seed)
    ]
    return Verdict(until, last, tuple(scores), _turn(market, record, later, last))


def _scores(
    market: Market,
    record: Record,
    generation: str,
    known: Sequence[Seen],
    later: Sequence[Seen],
    seed: int,
) -> list[Score]:
    ahead, seen = series(later, generation)
    if not ahead:
        return []
    source = np.random.default_rng([seed, CALIBRATION_BLOCK + 2])
    g = market.generation_ids.index(generation)
    places = [market.month_of(month) for month in ahead]
    paths = np.log(record.rent[:, places, 0, g].astype(np.float64))
    paths = paths + NOISE * source.standard_normal(paths.shape)
    scores = [score(MODEL, generation, paths, seen)]
    past = series(known, generation)
    for name, rival in RIVALS:
        forecast = rival(past, ahead, source) if past[0] else None
        if forecast is not None:
            scores.append(score(name, generation, forecast, seen))
    return scores


def _turn(market: Market, record: Record, later: Sequence[Seen], last: date) -> float:
    reference = market.setting.reference
    seen = [it for it in later if it.generation == reference and it.month == last]
    if not seen:
        return float("nan")
    g = market.generation_ids.index(reference)
    rent = record.rent[:, market.month_of(last), 0, g]
    return float(np.mean(rent >= seen[0].usd_per_gpu_h))
