"""What may be promised in a pool now, horizon by horizon, as the loop would see it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np

from tidegate.control.access import Act, Actor, existing, require
from tidegate.control.book import Book
from tidegate.control.bookings import less_promised
from tidegate.control.curve import curve_with
from tidegate.control.pools import TICK_S, LivePool
from tidegate.control.snapshot import kept_for_others
from tidegate.control.steering import SteeringStore
from tidegate.control.store import LeaseStore
from tidegate.errors import AccessError
from tidegate.lease.product import Offer
from tidegate.quantity.money import rounded_rate
from tidegate.quota import break_cost, counted_horizons, promised_s

KEPT_S: Final = 5.0
"""Real seconds for which an answer is kept: making one replays the pool's history of demand."""


@dataclass(frozen=True, slots=True)
class Bid:
    """The bid price of a promise, per GPU-hour.

    Attributes
    ----------
    horizon_s : int or None
        The longest horizon at which it counts; None for what promises nothing, and has no bid price.
    breaks, displaced : Decimal
        What is expected to be lost by breaks, and what the better offers displaced would have brought.
    """

    horizon_s: int | None
    breaks: Decimal
    displaced: Decimal

    @property
    def price(self) -> Decimal:
        """The sum."""
        return rounded_rate(self.breaks + self.displaced)


@dataclass(frozen=True, slots=True)
class Horizon:
    """What may be promised for a time.

    Attributes
    ----------
    horizon_s : int
    quota : int
        Nodes that may be promised so long, in all.
    promised : int
        Nodes promised so long, as admission counts them: of leases whose firm time left is at least that, of bookings
        and of held quotes.
    left : int
        Nodes that may still be promised so long: no shorter horizon is broken, and they are idle.
    displaced : Decimal
        Price of a GPU-hour below which a promise so long displaces better offers.
    """

    horizon_s: int
    quota: int
    promised: int
    left: int
    displaced: Decimal


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
    break_cost : float
        What a promise is expected to cost in breaks, as a share of its rent.
    granted_s : int
        A lease that is back within so long promises nothing.
    """

    pool_id: str
    at_s: int
    idle: int
    horizons: tuple[Horizon, ...]
    break_cost: float
    granted_s: int

    def bid(self, firm_s: int, price: Decimal) -> Bid:
        """Return what a promise of a length costs its owner when it is sold at a price.

        Parameters
        ----------
        firm_s : int
            How long from now it is firm, its notice included.
        price : Decimal
            Of a GPU-hour.
        """
        horizons_s = np.array([each.horizon_s for each in self.horizons], dtype=np.int64)
        longest = counted_horizons(horizons_s, firm_s, self.granted_s) - 1
        if longest < 0 or price == 0:
            return Bid(None, Decimal(0), Decimal(0))
        breaks = Decimal(repr(self.break_cost))
        displaced = (1 - breaks) * self.horizons[longest].displaced
        return Bid(self.horizons[longest].horizon_s, breaks * price, displaced)


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
        pool = existing(self._pools.get(pool_id), "pool", pool_id)
        return self._recent(pool, anew=True)

    def bid(
        self, pool_id: str, offer: Offer, duration_s: int, start_at_s: int | None = None
    ) -> Bid:
        """Return the bid price of an offer at its list price, as of the latest tick or a few seconds later.

        Parameters
        ----------
        pool_id : str
            There must be such a pool.
        offer : Offer
        duration_s : int
        start_at_s : int or None
            A later start is promised from now on.
        """
        found = self._recent(self._pools[pool_id], anew=False)
        product = offer.product
        ahead_s = max(0, (start_at_s or 0) - self._now_s())
        guaranteed_s = product.guaranteed_s(duration_s)
        firm_s = promised_s(ahead_s + guaranteed_s, product.notice_s, ahead_s + duration_s)
        return found.bid(firm_s, offer.price)

    def knows(self, pool_id: str) -> bool:
        """Whether :meth:`bid` answers without looking into the tables."""
        return self._fitting(pool_id, anew=False) is not None

    def show(self, outlook: Outlook) -> None:
        """Take a pool's outlook from its leader, who need not look into the tables for it."""
        self._kept[outlook.pool_id] = (time.monotonic(), outlook)

    def _fitting(self, pool_id: str, *, anew: bool) -> Outlook | None:
        made_at, kept = self._kept.get(pool_id, (float("-inf"), None))
        is_old = time.monotonic() - made_at > KEPT_S
        if not anew and kept is not None:
            is_old = is_old and kept.at_s // TICK_S != self._now_s() // TICK_S
        return None if is_old else kept

    def _recent(self, pool: LivePool, *, anew: bool) -> Outlook:
        """Return an outlook that is a few seconds old; one of this tick will do, unless it is wanted anew."""
        if (fitting := self._fitting(pool.id, anew=anew)) is not None:
            return fitting
        with self._lock:
            fitting = self._fitting(pool.id, anew=anew)
            if fitting is None:
                said = self._steering.steering(pool.id)
                book = Book(pool, self._store.kept(pool.id), said)
                fitting = outlook_of(book, self._now_s())
                self.show(fitting)
        return fitting


def outlook_of(book: Book, now_s: int) -> Outlook:
    """Return what may be promised in a pool."""
    pool = book.pool
    idle = len(book.roster.lendable)
    curve = curve_with(
        book.engine, book.rows.rows, book.roster.lost, now_s, pool.sanitise_s, book.record
    )
    # Bookings and held quotes are promised as well, as a decision sees it.
    kept = curve.quota - less_promised(book, now_s, kept_for_others(book, (), now_s))
    curve = replace(curve, promised=curve.promised + kept)
    left = np.minimum(idle, curve.left)
    figures = (curve.horizons_s, curve.quota, curve.promised, left, book.engine.displaced)
    step = pool.price_step
    return Outlook(
        pool.id,
        now_s,
        idle,
        tuple(
            Horizon(horizon_s, quota, promised, room, displaced * step)
            for horizon_s, quota, promised, room, displaced in zip(
                *(each.tolist() for each in figures), strict=True
            )
        ),
        break_cost(book.engine.policy, book.record, pool.pool.nodes),
        pool.floor_s - pool.sanitise_s,
    )
