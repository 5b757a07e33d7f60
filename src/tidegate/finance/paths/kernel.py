"""Compiled: one block of paths from its draws."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled

F64 = NDArray[np.float64]


class Draws(NamedTuple):
    """Random numbers of a block of paths.

    Attributes
    ----------
    uniform : float64 array, shape (paths, months, 2)
        Of the regime, of the jump's chance.
    common : float64 array, shape (paths, months, 4)
        Normal: anchor, noise, second-hand price, jump's size.
    own : float64 array, shape (paths, months, generations, 3)
        Normal: anchor, noise, second-hand price.
    """

    uniform: F64
    common: F64
    own: F64


class Moves(NamedTuple):
    """The model as compiled code takes it; see :class:`tidegate.finance.paths.model.RentModel`.

    Attributes
    ----------
    drift, leave : float64 array, shape (2,)
    rates : float64 array, shape (9,)
        scarce_now, anchor shock, noise shock, reversion, correlation, jump_chance, jump_size, resale_beta,
        resale_shock.
    start : float64 array, shape (generations, 2)
        Rent and second-hand price now.
    fall : float64 array, shape (generations, 2)
        Extra fall a month of log rent and of log second-hand price.
    """

    drift: F64
    leave: F64
    rates: F64
    start: F64
    fall: F64


@compiled
def walk(moves: Moves, draws: Draws, rent: F64, resale: F64) -> None:
    """Fill rents and second-hand prices, shape (paths, months, generations); month 0 is now."""
    paths, months, generations = rent.shape
    scarce_now, anchor_shock, noise_shock, reversion, correlation = moves.rates[:5]
    jump_chance, jump_size, beta, resale_shock = moves.rates[5:]
    together, alone = np.sqrt(correlation), np.sqrt(1.0 - correlation)
    anchor = np.empty(generations)
    noise = np.empty(generations)
    price = np.empty(generations)
    for p in range(paths):
        regime = 1 if draws.uniform[p, 0, 0] < scarce_now else 0
        for g in range(generations):
            anchor[g] = 0.0
            noise[g] = 0.0
            price[g] = 0.0
            rent[p, 0, g] = moves.start[g, 0]
            resale[p, 0, g] = moves.start[g, 1]
        for t in range(1, months):
            if draws.uniform[p, t, 0] < moves.leave[regime]:
                regime = 1 - regime
            jump = 0.0
            if draws.uniform[p, t, 1] < jump_chance:
                jump = jump_size * draws.common[p, t, 3]
            for g in range(generations):
                mixed = together * draws.common[p, t, 0] + alone * draws.own[p, t, g, 0]
                move = moves.drift[regime] - moves.fall[g, 0] + jump + anchor_shock * mixed
                anchor[g] += move
                mixed = together * draws.common[p, t, 1] + alone * draws.own[p, t, g, 1]
                noise[g] = (1.0 - reversion) * noise[g] + noise_shock * mixed
                mixed = together * draws.common[p, t, 2] + alone * draws.own[p, t, g, 2]
                price[g] += beta * move - moves.fall[g, 1] + resale_shock * mixed
                rent[p, t, g] = moves.start[g, 0] * np.exp(anchor[g] + noise[g])
                resale[p, t, g] = moves.start[g, 1] * np.exp(price[g])
