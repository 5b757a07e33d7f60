"""Which parameters decide about an effect: Sobol indices of a surrogate.

A quadratic in the standard normal scores of the parameters, and of the luck of demand after the entry, is fitted
to the draws by ridge regression, its features chosen by correlation; total indices (Homma and Saltelli 1996)
are then worked out on it by SALib with inputs that are independent. How much of the variance the quadratic
explains on draws that it was not fitted to is told beside them.
"""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.market.claims import Decider
from tidegate.market.parameters import parameters, scores_of
from tidegate.market.world import Floats

LUCK: Final = ("demand to come", "taste for new chips to come")
"""Names of what is no parameter: the mean shocks of the three years after the entry."""

_FEATURES: Final = 8
_RIDGE: Final = 20.0
_SAMPLES: Final = 512
_TOLD: Final = 3
_LEAST_INDEX: Final = 0.02
_MOST_SCORE: Final = 3.0


@dataclass(frozen=True, eq=False)
class Inputs:
    """What effects may depend on.

    Attributes
    ----------
    names : tuple of str
        Parameters and luck.
    scores : array, shape (draws, inputs)
        Standard normal scores.
    """

    names: tuple[str, ...]
    scores: Floats


def inputs_of(thetas: Floats, luck: Floats) -> Inputs:
    """Return inputs: parameters as scores, and the luck of each draw, shape (draws, 2)."""
    names = (*(p.name for p in parameters()), *LUCK)
    scores = np.clip(np.hstack([scores_of(thetas), luck]), -_MOST_SCORE, _MOST_SCORE)
    spread = scores.std(axis=0)
    return Inputs(names, (scores - scores.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def deciders(inputs: Inputs, effect: Floats) -> tuple[tuple[Decider, ...], float]:
    """Return what decides about an effect, the strongest first, and how well the surrogate fits.

    Parameters
    ----------
    inputs : Inputs
        What it may depend on.
    effect : array, shape (draws,)
        Effects.
    """
    spread = effect.std()
    if spread < 1e-12 or len(effect) < 4 * _FEATURES:  # noqa: PLR2004
        return (), 0.0
    # Ranks in place of values: a few wild draws must not decide.
    target = np.argsort(np.argsort(effect)) / (len(effect) - 1) - 0.5
    strength = np.abs(inputs.scores.T @ target)
    strength += np.abs((inputs.scores**2 - 1).T @ target)
    chosen = np.argsort(-strength)[:_FEATURES]
    x = inputs.scores[:, chosen]
    half = np.arange(len(target)) % 2 == 0
    fit = _explained(x, target, half)
    weights = _fitted(x, target)
    return _sobol([inputs.names[i] for i in chosen], weights, x, target), fit


def _design(x: Floats) -> Floats:
    count = x.shape[1]
    squares = x**2 - 1
    crossed = [x[:, i] * x[:, j] for i in range(count) for j in range(i + 1, count)]
    return np.column_stack([np.ones(len(x)), x, squares, *crossed])


def _fitted(x: Floats, target: Floats) -> Floats:
    design = _design(x)
    penalty = _RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    return np.asarray(np.linalg.solve(design.T @ design + penalty, design.T @ target))


def _explained(x: Floats, target: Floats, half: NDArray[np.bool_]) -> float:
    """Return the share of variance explained on the other half, both ways."""
    missed = np.empty_like(target)
    for part in (half, ~half):
        missed[~part] = target[~part] - _design(x[~part]) @ _fitted(x[part], target[part])
    return float(max(0.0, 1 - missed.var() / target.var()))


def _sobol(names: list[str], weights: Floats, x: Floats, target: Floats) -> tuple[Decider, ...]:
    with warnings.catch_warnings():
        # The library warns about its own use of others.
        warnings.simplefilter("ignore")
        from SALib.analyze import sobol as analyse  # noqa: PLC0415  slow to import
        from SALib.sample import sobol as sample  # noqa: PLC0415

        problem = {
            "num_vars": len(names),
            "names": names,
            "bounds": [[0.0, 1.0]] * len(names),
            "dists": ["norm"] * len(names),
        }
        points = sample.sample(problem, _SAMPLES, calc_second_order=False, seed=1)
        found = analyse.analyze(
            problem, _design(points) @ weights, calc_second_order=False, seed=1, num_resamples=10
        )
    order = np.argsort(-found["ST"])[:_TOLD]
    return tuple(
        Decider(names[i], round(float(found["ST"][i]), 3), float(np.sign(x[:, i] @ target)))
        for i in order
        if found["ST"][i] >= _LEAST_INDEX
    )
