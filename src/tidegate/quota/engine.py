"""One pool's forecast and decisions, tick by tick, for a system that runs."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tidegate.forecast import (
    HORIZONS_S,
    FutureMax,
    Observation,
    announced_ahead,
    fan,
    new_future_max,
    replay,
)
from tidegate.quantity.dayclock import times_of_day_s
from tidegate.quota.bid import new_offers, note_refused, renew_displaced
from tidegate.quota.cluster import Cluster
from tidegate.quota.curve import renew_curve
from tidegate.quota.decide import decide
from tidegate.quota.policy import Policy, risks
from tidegate.quota.snapshot import Plan, Snapshot

I64 = NDArray[np.int64]


class Engine:
    """The quota engine of one pool: the compiled code that plays a backtest, called from outside.

    It holds no more than the longest horizon of history, so that it may run for ever; fed the same
    ticks it says the same. Not for several threads at once.

    Parameters
    ----------
    cluster : Cluster
        The pool's shape.
    policy : Policy
        The policy and its settings.
    tick_s : int
        Seconds between ticks; tick 0 is the Unix epoch.
    timezone : str
        IANA zone of the site: a tide follows its clock.

    Attributes
    ----------
    horizons_s : int64 array, shape (horizons,)
        The curve's horizons.
    longest : int
        Ticks of the longest: its memory.
    """

    def __init__(
        self, cluster: Cluster, policy: Policy, tick_s: int, timezone: str = "UTC"
    ) -> None:
        self.cluster = cluster
        self.policy = policy
        self.tick_s = tick_s
        self.timezone = timezone
        self.horizons_s = np.array(HORIZONS_S, dtype=np.int64)
        self._state = new_future_max(cluster.nodes, tick_s, risks(policy))
        self.longest = int(self._state.length[-1])
        self._offers = new_offers(self.horizons_s.size, tick_s)
        self._seen = 0
        self._tick: int | None = None
        self._latest = 0
        self._announced: tuple[int, I64] = (0, np.zeros(0, dtype=np.int64))

    @classmethod
    def replayed(
        cls,
        cluster: Cluster,
        policy: Policy,
        tick_s: int,
        first_tick: int,
        demand: I64,
        timezone: str = "UTC",
        announced: tuple[int, I64] | None = None,
    ) -> Self:
        """Return an engine that has seen a history.

        Parameters
        ----------
        cluster, policy, tick_s, timezone
            As for a new engine.
        first_tick : int
            Number of the first tick.
        demand : int64 array, shape (ticks,)
            Internal demand in nodes, tick by tick; -1 where nothing was observed.
        announced : tuple of int and int64 array, or None
            What had been announced: see :meth:`announce`.
        """
        engine = cls(cluster, policy, tick_s, timezone)
        if announced is not None:
            engine.announce(*announced)
        seen = np.flatnonzero(demand >= 0)
        if seen.size > 0:
            values = demand[seen[0] : seen[-1] + 1].copy()
            kept = np.ones(values.size, dtype=np.bool_)
            for before, after in pairwise((seen - seen[0]).tolist()):
                if after - before > 1:
                    values[before + 1 : after] = max(values[before], values[after])
                    kept[before + 1 : max(before + 1, after - engine.longest)] = False
            ticks = first_tick + int(seen[0]) + np.flatnonzero(kept)
            engine._take_in(ticks, values[kept])
        return engine

    @property
    def state(self) -> FutureMax:
        """The forecaster's state, to be read."""
        return self._state

    @property
    def bound(self) -> I64:
        """Upper bounds of internal demand over each horizon after the latest tick, in nodes; shape (horizons,)."""
        return self._state.bound.copy()

    def fan(self, shares: Sequence[float]) -> I64:
        """Return what demand's maximum stays within in so many of the futures: see :func:`tidegate.forecast.fan`.

        Parameters
        ----------
        shares : sequence of float
            In (0, 1), ascending.

        Returns
        -------
        int64 array, shape (shares, horizons)
            All nodes before the first tick.
        """
        return fan(self._state, max(0, self._seen - 1), np.array(shares, dtype=np.float64))

    @property
    def tick(self) -> int | None:
        """Number of the latest tick; None before the first."""
        return self._tick

    @property
    def ticks_seen(self) -> int:
        """Ticks of history, those in gaps included."""
        return self._seen

    def announce(self, first_tick: int, nodes: I64) -> None:
        """Say what is known ahead, in place of what was said before; it counts from the next tick on.

        Parameters
        ----------
        first_tick : int
            Number of the first tick spoken of.
        nodes : int64 array, shape (any,)
            Nodes announced for it and the ticks that follow, by a calendar of runs or a forecast of load: see
            :func:`tidegate.demand.planned_nodes`. Nothing is announced for other ticks.
        """
        self._announced = first_tick, nodes.astype(np.int64)

    def _ahead(self, first: int, ticks: int) -> I64:
        """Return what is announced at each tick, and until each horizon from it."""
        known_from, nodes = self._announced
        if not nodes.any():
            return np.zeros((ticks, 1 + self.horizons_s.size), dtype=np.int64)
        span = np.arange(first, first + ticks + self.longest) - known_from
        is_known = (span >= 0) & (span < nodes.size)
        return announced_ahead(
            np.where(is_known, nodes[np.clip(span, 0, nodes.size - 1)], 0), ticks, self.tick_s
        )

    def observe(self, tick: int, observation: Observation) -> None:
        """Take in what is seen at a tick.

        Ticks that were left out count with the higher of the demands before and after them, as many
        of them as the longest horizon has.

        Parameters
        ----------
        tick : int
            Its number; above the latest one's.
        observation : Observation
            What is seen.

        Raises
        ------
        ValueError
            When the tick is not after the latest one, or demand is negative.
        """
        if observation.demand < 0:
            raise ValueError(f"demand is {observation.demand} nodes; it cannot be negative.")
        first = tick
        if self._tick is not None:
            if tick <= self._tick:
                raise ValueError(f"tick {tick} does not come after tick {self._tick}.")
            first = max(self._tick + 1, tick - self.longest)
        demand = np.full(tick + 1 - first, max(self._latest, observation.demand), dtype=np.int64)
        demand[-1] = observation.demand
        self._take_in(np.arange(first, tick + 1), demand)

    def _take_in(self, ticks: I64, demand: I64) -> None:
        """Take in ticks in order, none left out but in gaps longer than the memory."""
        day_s = times_of_day_s(ticks * self.tick_s, self.timezone)
        ahead = self._ahead(int(ticks[0]), int(ticks[-1] - ticks[0]) + 1)[ticks - ticks[0]]
        replay(self._state, self._seen, day_s, np.minimum(demand, self.cluster.nodes), ahead)
        self._seen += ticks.size
        self._tick, self._latest = int(ticks[-1]), int(demand[-1])
        renew_displaced(self._offers, self.horizons_s, self._seen - 1)

    @property
    def displaced(self) -> I64:
        """Price below which a promise of each horizon displaces better offers; shape (horizons,)."""
        return self._offers.displaced.copy()

    def note_refused(self, tick: int, horizon: int, price: int) -> None:
        """Take note of an offer that promises kept out; it counts from the next tick on.

        Parameters
        ----------
        tick : int
            The latest when it was judged.
        horizon : int
            As :func:`tidegate.quota.displaced_at` says.
        price : int
            In the unit of prices.
        """
        if self._tick is not None:
            note_refused(self._offers, self._seen - 1 - (self._tick - tick), horizon, price)

    def recall_refused(self, refused: Iterable[tuple[int, int, int]]) -> None:
        """Take note of offers of before: tick, horizon and price of each; they count at once."""
        for tick, horizon, price in refused:
            self.note_refused(tick, horizon, price)
        renew_displaced(self._offers, self.horizons_s, self._seen - 1)

    def curve(self, failed_nodes: int) -> I64:
        """Return the nodes that may be promised for each horizon; nothing before the first tick.

        Parameters
        ----------
        failed_nodes : int
            Nodes in repair now.

        Returns
        -------
        int64 array, shape (horizons,)
        """
        curve = np.zeros(self.horizons_s.size, dtype=np.int64)
        if self._seen > 0:
            renew_curve(self.cluster, failed_nodes, self._state.bound, curve)
        return curve

    def decide(self, snapshot: Snapshot) -> Plan:
        """Say what to do in the pool now: :func:`tidegate.quota.decide` under this engine's policy."""
        return decide(self.policy, snapshot)
