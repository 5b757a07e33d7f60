"""Calibration by an ensemble smoother: draws are played, and moved towards what was seen.

Ensemble smoother with multiple data assimilation (Emerick and Reynolds 2013, Computers & Geosciences 55,
3-15): in each of ``ROUNDS`` rounds every draw is moved by the Kalman gain that the ensemble itself shows, with
the errors of what was seen widened by ``ROUNDS``. What is moved are standard normal scores: of the
parameters, and of the shocks of the past. For a linear model the last ensemble is the posterior; for this one
it is an approximation, judged by what it predicts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from tidegate.market import theta
from tidegate.market.build import world_of
from tidegate.market.history import Sights
from tidegate.market.model import Market
from tidegate.market.parameters import thetas_of
from tidegate.market.play import play, shocks_of
from tidegate.market.record import Record
from tidegate.market.world import Floats, World

ROUNDS: Final = 4
MOVED_SHOCKS: Final = 3
"""Shocks of the past that are moved: demand, tilt, walled region."""

CALIBRATION_BLOCK: Final = 1_000_000
"""Place of calibration's random numbers, away from those of plays."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws after calibration.

    Attributes
    ----------
    thetas : array, shape (n, theta.COUNT)
        Parameters.
    past : array, shape (n, months, MOVED_SHOCKS)
        Shocks of the months that were calibrated on.
    start : date
        The first of these months.
    """

    thetas: Floats
    past: Floats
    start: date

    def __len__(self) -> int:
        """How many draws there are."""
        return len(self.thetas)

    def with_past(self, shocks: Floats, first: int, start: date) -> Floats:
        """Put the calibrated past in front of new shocks.

        Parameters
        ----------
        shocks : array, shape (draws, months, SHOCKS)
            New ones.
        first : int
            Place of the first draw; the draw at place ``i`` has the past of ``i`` modulo the number of draws.
        start : date
            Month of the first shocks.
        """
        places = (first + np.arange(len(shocks))) % len(self)
        skipped = (start.year - self.start.year) * 12 + start.month - self.start.month
        shocks = shocks.copy()
        if 0 <= skipped < self.past.shape[1]:
            span = min(self.past.shape[1] - skipped, shocks.shape[1])
            shocks[:, :span, :MOVED_SHOCKS] = self.past[places, skipped : skipped + span]
        return shocks


def calibrate(
    market: Market,
    sights: Sights,
    *,
    months: int,
    draws: int = 1000,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Posterior:
    """Move draws from their priors towards what was seen.

    Parameters
    ----------
    market : Market
        The scenario whose past is played.
    sights : Sights
        What was seen; all of it in the first ``months``.
    months : int
        How many are played.
    draws : int
        Size of the ensemble.
    seed : int
        Same seed, same posterior.
    progress : callable
        Told rounds done, and rounds in all.
    """
    world = world_of(market)
    source = np.random.default_rng([seed, CALIBRATION_BLOCK])
    moved = months * MOVED_SHOCKS
    scores = source.standard_normal((draws, theta.COUNT + moved))
    others = shocks_of(seed, CALIBRATION_BLOCK, draws, months)
    for done in range(ROUNDS):
        progress(done, ROUNDS)
        shown = sights.seen_in(_played(world, scores, others, months))
        scores = _assimilated(scores, shown, sights, source)
    progress(ROUNDS, ROUNDS)
    thetas = thetas_of(scores[:, : theta.COUNT])
    past = scores[:, theta.COUNT :].reshape(draws, months, MOVED_SHOCKS)
    return Posterior(thetas, past, market.start)


def _played(world: World, scores: Floats, others: Floats, months: int) -> Record:
    shocks = others.copy()
    shocks[:, :, :MOVED_SHOCKS] = scores[:, theta.COUNT :].reshape(len(scores), months, -1)
    return play(world, thetas_of(scores[:, : theta.COUNT]), shocks)


def _assimilated(
    scores: Floats, shown: Floats, sights: Sights, source: np.random.Generator
) -> Floats:
    """Move an ensemble by its own Kalman gain."""
    errors = np.sqrt(ROUNDS) * sights.spreads
    noisy = sights.values + errors * source.standard_normal(shown.shape)
    free = scores - scores.mean(axis=0)
    off = shown - shown.mean(axis=0)
    count = len(scores) - 1
    gain = np.linalg.solve(off.T @ off / count + np.diag(errors**2), off.T @ free / count)
    return np.asarray(scores + (noisy - shown) @ gain)
