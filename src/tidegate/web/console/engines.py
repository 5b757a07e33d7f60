"""Forecasts for the pages: made from the stored ticks, and kept current tick by tick."""

import threading
from typing import Final

from tidegate.control.curve import engine_of
from tidegate.control.pools import TICK_S, LivePool
from tidegate.control.views import TickRow, ViewStore
from tidegate.demand import PlannedRun
from tidegate.forecast import Observation
from tidegate.quota.engine import Engine

_HISTORY: Final = 365 * 86_400 // TICK_S


class Engines:
    """One engine per pool, risk and calendar, so that a page costs no more than the ticks since the last one.

    Any replica can show a pool: the leader's own engine has seen the same ticks, and says the same.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, float, tuple[PlannedRun, ...]], Engine] = {}

    def engine(self, views: ViewStore, pool: LivePool) -> Engine | None:
        """Return the engine of a pool after its latest tick; None before the first.

        Not to be changed by who gets it, and read at once.
        """
        key = (pool.id, pool.policy.eps, pool.planned)
        with self._lock:
            engine = self._kept.get(key)
            since = 0 if engine is None or engine.tick is None else engine.tick + 1
            ticks = views.ticks(pool.id, since)
            if engine is None:
                if not ticks:
                    return None
                engine = _replayed(pool, ticks[-_HISTORY:])
                self._kept[key] = engine
            else:
                for tick in ticks:
                    engine.observe(tick.tick, Observation(tick.demand_nodes))
            return engine

    def what_if(self, views: ViewStore, pool: LivePool) -> Engine | None:
        """Return an engine of a pool as it would be, which is not kept."""
        ticks = views.ticks(pool.id, 0)
        return _replayed(pool, ticks[-_HISTORY:]) if ticks else None


def _replayed(pool: LivePool, ticks: list[TickRow]) -> Engine:
    return engine_of(pool, [(tick.tick, tick.demand_nodes) for tick in ticks])
