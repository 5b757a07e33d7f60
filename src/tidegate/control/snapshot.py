"""The snapshot that a decision is made from: the one place where the book becomes one."""

import json
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tidegate.control.book import Book
from tidegate.control.pools import LivePool
from tidegate.lease.lease import Lease, Order
from tidegate.lease.states import HoldingState
from tidegate.quota import HELD_LEASE, REQUEST, Record, Snapshot

_FAST: Final = 1
_AT_REST: Final = frozenset({HoldingState.FREE})


def as_held(pool: LivePool, lease: Lease) -> tuple[int, ...]:
    """Return a lease as a row of ``HELD_LEASE``."""
    return (
        lease.number,
        lease.nodes,
        -1,
        lease.admitted_s,
        lease.start_s,
        lease.end_s,
        lease.firm_until_s,
        lease.notice_s,
        -1 if lease.take_s is None else lease.take_s,
        pool.steps(lease.price),
        0,
        0,
    )


def _asked(book: Book, order: Order, now_s: int) -> tuple[int, ...]:
    return (
        now_s,
        0,
        order.nodes,
        order.duration_s,
        order.firm_s,
        order.notice_s,
        book.pool.steps(order.price),
    )


def take_snapshot(book: Book, orders: Sequence[Order], now_s: int) -> Snapshot:
    """Return the pool as a decision sees it.

    Parameters
    ----------
    book : Book
    orders : sequence of Order
        To be judged, in order.
    now_s : int
    """
    held = np.array([as_held(book.pool, lease) for lease in book.leases.values()], dtype=HELD_LEASE)
    leased = int(held["nodes"].sum()) if held.size else 0
    sanitising = sum(
        holding.lease_id is None
        and holding.state in (HoldingState.SANITISING, HoldingState.DRAINING)
        for holding in book.holdings.values()
    )
    return Snapshot(
        now_s,
        len(book.lendable),
        book.pending,
        sanitising,
        leased,
        book.pool.sanitise_s,
        book.engine.horizons_s,
        book.curve,
        held,
        np.array([_asked(book, order, now_s) for order in orders], dtype=REQUEST),
        book.pool.pool.nodes,
        0,
        0,
        book.waiting,
        book.record,
    )


def pack_snapshot(snapshot: Snapshot) -> bytes:
    """Return a snapshot as compressed JSON."""
    data: dict[str, Any] = {}
    for name, value in snapshot._asdict().items():
        data[name] = value.tolist() if isinstance(value, np.ndarray) else value
    return zlib.compress(json.dumps(data, separators=(",", ":")).encode(), _FAST)


def read_snapshot(packed: bytes) -> Snapshot:
    """Return the snapshot that :func:`pack_snapshot` packed."""
    data = json.loads(zlib.decompress(packed))
    for name, dtype in (("held", HELD_LEASE), ("asked", REQUEST)):
        data[name] = np.array([tuple(row) for row in data[name]], dtype=dtype)
    for name in ("horizons_s", "curve"):
        data[name] = np.array(data[name], dtype=np.int64)
    data["record"] = Record(*data["record"])
    return Snapshot(**data)
