"""Paths of the statistical model, in blocks of their own seeds."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.month import Month
from tidegate.finance.paths.kernel import Draws, Moves, walk
from tidegate.finance.paths.model import RentModel
from tidegate.market.paths import RentPaths, months_from

F64 = NDArray[np.float64]

BLOCK: Final = 1_000
"""Paths that share a seed; a change of it changes every path."""
_THREADS: Final = 2
_MONTHS: Final = 12


@dataclass(frozen=True)
class Generation:
    """Where a generation stands now.

    Attributes
    ----------
    chip : str
    rent_usd : float
        List rent of a GPU-hour.
    resale_usd : float
        Price of a used GPU.
    resale_decay : float
        Share that a used GPU loses in a year, beyond what it follows of rents.
    newer : int
        Generations that are newer.
    """

    chip: str
    rent_usd: float
    resale_usd: float
    resale_decay: float
    newer: int = 0


def moves_of(model: RentModel, generations: Sequence[Generation]) -> Moves:
    """Return the model and where generations stand, as compiled code takes them."""
    rates = (
        model.scarce_now,
        model.shock * sqrt(model.lasting),
        model.shock * sqrt(1 - model.lasting),
        model.reversion,
        model.correlation,
        model.jump_chance,
        model.jump_size,
        model.resale_beta,
        model.resale_shock,
    )
    # The cited decay is what second-hand prices have lost in all; what they follow of rents is taken out of it.
    follows = model.resale_beta * model.long_run_drift
    fall = [
        (model.ageing * g.newer, -log(1 - g.resale_decay) / _MONTHS + follows) for g in generations
    ]
    return Moves(
        np.array(model.drift),
        np.array(model.leave),
        np.array(rates),
        np.array([(g.rent_usd, g.resale_usd) for g in generations]),
        np.array(fall),
    )


def draw(seed: int, block: int, shape: tuple[int, int, int]) -> Draws:
    """Return the random numbers of a block of paths.

    Parameters
    ----------
    seed, block : int
        The same two give the same numbers.
    shape : tuple of 3 int
        Paths, months, generations.
    """
    random = np.random.Generator(np.random.SFC64([seed, block]))
    paths, months, generations = shape
    return Draws(
        random.random((paths, months, 2)),
        random.standard_normal((paths, months, 4)),
        random.standard_normal((paths, months, generations, 3)),
    )


def statistical_paths(
    model: RentModel,
    generations: Sequence[Generation],
    *,
    start: Month,
    months: int = 121,
    paths: int = 10_000,
    seed: int = 0,
) -> RentPaths:
    """Return joint paths of rents and second-hand prices.

    Parameters
    ----------
    model : RentModel
    generations : sequence of Generation
    start : Month
        The month of the first value, which is what stands now.
    months, paths : int
    seed : int

    Returns
    -------
    RentPaths
        In US dollars.
    """
    moves = moves_of(model, generations)
    shape = (paths, months, len(generations))
    rent, resale = np.empty(shape), np.empty(shape)

    def fill(block: int) -> None:
        here = slice(block * BLOCK, min(paths, (block + 1) * BLOCK))
        draws = draw(seed, block, (BLOCK, months, len(generations)))
        count = here.stop - here.start
        cut = Draws(draws.uniform[:count], draws.common[:count], draws.own[:count])
        walk(moves, cut, rent[here], resale[here])

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(fill, range(-(-paths // BLOCK))))
    return RentPaths(
        tuple(g.chip for g in generations),
        months_from(start.first, months),
        rent,
        resale,
    )
