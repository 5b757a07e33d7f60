"""What may be promised in a pool now, horizon by horizon, as the loop would see it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.control.access import Act, Actor, not_found, require
from tidegate.control.book import Book
from tidegate.control.pools import LivePool
from tidegate.control.steering import SteeringStore
from tidegate.control.store import LeaseStore
from tidegate.errors import AccessError

KEPT_S: Final = 5.0
"""Real seconds for which an answer is kept: making one replays the pool's history of demand."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """What may be promised for a time.

    Attributes
    ----------
    horizon_s : int
    quota : int
        Nodes that may be promised so long, in all.
    promised : int
        Nodes of leases whose firm time left is at least that.
    left : int
        Nodes that may still be promised so long: no shorter horizon is broken, and they are idle.
    """

    horizon_s: int
    quota: int
    promised: int
    left: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """A pool's quota curve.

    Attributes
    ----------
    pool_id : str
    at_s : int
    idle : int
        Nodes that nobody holds.
    horizons : tuple of Horizon
        In order.
    """

    pool_id: str
    at_s: int
    idle: int
    horizons: tuple[Horizon, ...]


class Outlooks:
    """Outlooks of pools, kept for a few seconds.

    Parameters
    ----------
    store : LeaseStore
    steering : SteeringStore
    pools : mapping of str to LivePool
        By id.
    now_s : callable
        The fleet's clock.
    """

    def __init__(
        self,
        store: LeaseStore,
        steering: SteeringStore,
        pools: Mapping[str, LivePool],
        now_s: Callable[[], int],
    ) -> None:
        self._store = store
        self._steering = steering
        self._pools = pools
        self._now_s = now_s
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Outlook]] = {}

    def outlook(self, actor: Actor, pool_id: str) -> Outlook:
        """Return a pool's outlook; for the owner's people, because it tells what others hold.

        Raises
        ------
        AccessError
            ``TG-ACCESS-RIGHT``, for a tenant too.
        RequestError
            ``TG-API-NOT-FOUND``.
        """
        require(actor, Act.QUOTA_READ)
        if actor.tenant_id is not None:
            raise AccessError("TG-ACCESS-RIGHT", "What a pool may promise is the owner's to know.")
        pool = self._pools.get(pool_id)
        if pool is None:
            raise not_found("pool", pool_id)
        with self._lock:
            made_at, kept = self._kept.get(pool_id, (float("-inf"), None))
            if kept is None or time.monotonic() - made_at > KEPT_S:
                kept = self._made(pool)
                self._kept[pool_id] = (time.monotonic(), kept)
        return kept

    def _made(self, pool: LivePool) -> Outlook:
        said = self._steering.steering(pool.id)
        book = Book(pool, self._store.kept(pool.id), said)
        now_s = self._now_s()
        idle = len(book.roster.lendable)
        firm = [
            (max(lease.firm_until_s - now_s, lease.notice_s), lease.nodes)
            for lease in book.leases.values()
        ]
        found: list[Horizon] = []
        room = idle
        for horizon_s, quota in zip(book.engine.horizons_s, book.curve, strict=True):
            promised = sum(nodes for left_s, nodes in firm if left_s >= horizon_s)
            room = max(0, min(room, int(quota) - promised))
            found.append(Horizon(int(horizon_s), int(quota), promised, room))
        return Outlook(pool.id, now_s, idle, tuple(found))
