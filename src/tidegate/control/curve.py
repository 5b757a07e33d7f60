"""A pool's forecast from its ticks, and its quota curve with what leases promise of it, as admission counts both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.control.pools import TICK_S, LivePool
from tidegate.quota import Record, committed, most_at_once
from tidegate.quota.engine import Engine

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """The quota curve with what is promised of it, in nodes; arrays of shape (horizons,).

    Attributes
    ----------
    horizons_s : int64 array
    bound : int64 array
        Own demand at most.
    quota, promised : int64 array
    most : int64 array
        What one lease may be promised at once.
    """

    horizons_s: I64
    bound: I64
    quota: I64
    promised: I64
    most: I64

    @property
    def room(self) -> I64:
        """Nodes that may still be promised, at each horizon."""
        room: I64 = np.maximum(0, self.quota - self.promised)
        return room

    @property
    def left(self) -> I64:
        """Nodes that one lease may still be promised for so long: at no horizon up to it may there be less room."""
        left: I64 = np.minimum(self.most, np.minimum.accumulate(self.room))
        return left

    def room_for(self, firm_s: int) -> int:
        """Nodes that one lease may still be promised for so long."""
        return int(self.left[self.place(firm_s)])

    def place(self, horizon_s: int) -> int:
        """Place of the first horizon that is at least so long."""
        return min(int(np.searchsorted(self.horizons_s, horizon_s)), int(self.horizons_s.size) - 1)


def engine_of(pool: LivePool, ticks: Sequence[tuple[int, int]]) -> Engine:
    """Return the engine of a pool after its ticks.

    Parameters
    ----------
    pool : LivePool
        With what operators have said of it.
    ticks : sequence of (int, int)
        Number and internal demand in nodes, in order; those that nobody saw are left out.
    """
    zone = pool.pool.site.timezone
    if not ticks:
        engine = Engine(pool.cluster, pool.policy, TICK_S, zone)
        if pool.announced:
            engine.announce(*pool.announced)
        return engine
    seen = np.array(ticks, dtype=np.int64)
    first = int(seen[0, 0])
    demand = np.full(int(seen[-1, 0]) - first + 1, -1, dtype=np.int64)
    demand[seen[:, 0] - first] = seen[:, 1]
    return Engine.replayed(pool.cluster, pool.policy, TICK_S, first, demand, zone, pool.announced)


def curve_with(
    engine: Engine,
    held: NDArray[Any],
    lost: int,
    now_s: int,
    sanitise_s: int,
    record: Record,
) -> Curve:
    """Return an engine's curve with what leases promise of it.

    Parameters
    ----------
    engine : Engine
        After the latest tick.
    held : array of HELD_LEASE
        The leases that live.
    lost : int
        Nodes that have failed or may not be lent.
    now_s : int
    sanitise_s : int
        Time a node of the pool needs between two holders.
    record : Record
        What was sold so far.
    """
    granted_s = engine.policy.floor_s - sanitise_s
    promised = committed(held, now_s, engine.horizons_s, granted_s)
    policy, nodes = engine.policy, engine.cluster.nodes
    most = [most_at_once(policy, record, nodes, h) for h in engine.horizons_s.tolist()]
    return Curve(
        engine.horizons_s,
        engine.bound,
        engine.curve(lost),
        promised,
        np.array(most, dtype=np.int64),
    )
