"""What is seen of a pool at a tick."""

from typing import NamedTuple


class Observation(NamedTuple):
    """A pool's internal demand at a tick, with what else the forecast is made from.

    Attributes
    ----------
    demand : int
        Internal demand in nodes: busy ones and those waited for. More than the pool counts as the whole pool.
    """

    demand: int
