"""Worlds of tests: the base scenario cut short, and small ones whose answers can be worked out."""

from functools import cache

import numpy as np

from tidegate.feeds.marketfile import read_market
from tidegate.market.build import world_of
from tidegate.market.parameters import INDEX, parameters, thetas_of
from tidegate.market.play import play, shocks_of
from tidegate.market.record import Record
from tidegate.market.world import Floats, World


@cache
def base() -> World:
    return world_of(read_market("base"))


def middle(**changed: float) -> Floats:
    """One draw with parameters in the middle of their priors, some of them changed."""
    theta = thetas_of(np.zeros((1, len(parameters()))))
    for name, value in changed.items():
        theta[:, INDEX[name]] = value
    return theta


def drawn(draws: int, seed: int = 1, spread: float = 1.0) -> Floats:
    """Parameters from their priors, drawn together by a spread below 1."""
    scores = spread * np.random.default_rng(seed).standard_normal((draws, len(parameters())))
    return thetas_of(scores)


def quiet(draws: int, months: int) -> Floats:
    """No shocks at all."""
    return np.zeros((draws, months, 6))


def played(world: World, draws: int = 8, months: int = 48, seed: int = 3) -> Record:
    return play(world, drawn(draws, seed), shocks_of(seed, 0, draws, months))


def small(generations: int, gpus: tuple[float, ...], *, linear: bool = False) -> World:
    """One camp, one use, nothing made, no costs, rents that clear at once; region 1 is empty."""
    it = base()
    g, months = generations, 24
    chips = it.chips._replace(
        log_quality=np.zeros((1, g)),
        taste=np.full(g, -1),
        launch=np.zeros(g, dtype=np.int64),
        output=np.zeros((months, g)),
        price=np.full(g, 30000.0),
        memory_gb=np.full(g, 80.0),
        lag=np.ones(g, dtype=np.int64),
        run_cost=np.zeros((2, g)),
        hold_cost=np.zeros((2, g)),
        allowed=np.ones((months, 2, g)),
        maker=np.zeros(g, dtype=np.int64),
    )
    stock = np.zeros((2, 2, g))
    stock[0, 0] = gpus
    pick = np.array([1, 4])  # specialists, and the owner with nothing
    camps = it.camps._replace(
        stock=stock,
        firms=np.array([[1.0, 1.0], [0.0, 0.0]]),
        capex=np.zeros((2, 2)),
        **{
            name: getattr(it.camps, name)[pick]
            for name in it.camps._fields
            if name not in ("stock", "firms", "capex")
        },
    )
    demand = it.demand._replace(
        share=np.ones((2, 1)),
        growth=np.zeros(1),
        frontier=np.zeros(1),
        adopts=np.zeros(1),
        path=np.ones((months, 2, 1)),
        remote=0.0,
        linear=int(linear),
        intercept=np.zeros((2, g)),
        slope=np.stack([np.eye(g), np.eye(g)]),
    )
    owner = it.owner._replace(
        arrivals=np.zeros((months, g)), offered=np.zeros((months, g)), rents=np.zeros((months, g))
    )
    rules = it.rules._replace(clear_at_once=1, is_rented_share=0, failures=0.0)
    return World(chips, demand, camps, owner, rules)
