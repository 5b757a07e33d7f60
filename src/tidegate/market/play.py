"""Play a world: the thin door to the kernel."""

import threading
from functools import partial
from typing import Final

import numpy as np

from tidegate.compiled import lightly_optimised
from tidegate.market.kernel import SHOCKS, simulate
from tidegate.market.record import Record, empty_record
from tidegate.market.state import new_state
from tidegate.market.world import Floats, World

BLOCK: Final = 125
"""Draws whose random numbers come from one generator, so that who plays them makes no difference."""


_compiling: Final = threading.Lock()
_compiled: Final[list[bool]] = []
"""Filled after the first call: threads that come later need not wait for the compiler."""


def shocks_of(seed: int, block: int, draws: int, months: int) -> Floats:
    """Return standard normals, shape (draws, months, SHOCKS), that depend on nothing else.

    A shorter play has the same months at its start, and two scenarios the same futures.
    """
    source = np.random.default_rng([seed, block])
    return source.standard_normal((months, draws, SHOCKS)).transpose(1, 0, 2)


def play(world: World, thetas: Floats, shocks: Floats) -> Record:
    """Play draws.

    Parameters
    ----------
    world : World
        A scenario.
    thetas : array, shape (n, theta.COUNT)
        Uncertain parameters, draw by draw.
    shocks : array, shape (n, T, SHOCKS)
        Standard normals; ``T`` is the world's number of months at most.

    Returns
    -------
    Record
        Of ``n`` draws and ``T`` months.
    """
    camps, generations = world.camps.stock.shape[1:]
    uses = world.demand.share.shape[1]
    record = empty_record(len(thetas), shocks.shape[1], camps, generations)
    state = new_state(uses, generations, camps)
    call = partial(
        simulate,
        world,
        np.ascontiguousarray(thetas, dtype=np.float64),
        np.ascontiguousarray(shocks, dtype=np.float64),
        state,
        record,
    )
    with _compiling:
        if not _compiled:
            with lightly_optimised():
                call()
            _compiled.append(True)
            return record
    call()
    return record
