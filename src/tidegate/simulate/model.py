"""What a play takes and gives, as grouped arrays.

All times are whole seconds from the start of the play. ``docs/guide/simulation.md`` says how a pool is
played.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.quota.cluster import Cluster

__all__ = [
    "Cluster",
    "Failures",
    "Holder",
    "Jobs",
    "Leases",
    "Outcome",
    "Played",
    "Requests",
    "Ticks",
    "Window",
]

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class Jobs(NamedTuple):
    """Internal jobs, sorted by submission.

    Attributes
    ----------
    submit_s : int64 array, shape (jobs,)
    duration_s : int64 array, shape (jobs,)
    gpus : int64 array, shape (jobs,)
        At least 1 and at most the GPUs of the pool.
    """

    submit_s: I64
    duration_s: I64
    gpus: I64


class Requests(NamedTuple):
    """Lease requests, sorted by time; all arrays int64, shape (requests,).

    Attributes
    ----------
    time_s, product, nodes, duration_s
        When, which product (its place in the pool's list), how many nodes, for how long.
    firm_s : guaranteed time from the start of the lease
    notice_s : notice before nodes are taken back
    price : an integer in a unit common to all requests and the policy's price of waiting
    """

    time_s: I64
    product: I64
    nodes: I64
    duration_s: I64
    firm_s: I64
    notice_s: I64
    price: I64


class Failures(NamedTuple):
    """Node failures, sorted by time; int64 arrays, shape (failures,)."""

    time_s: I64
    node: I64
    until_s: I64


class Window(NamedTuple):
    """When leasing starts and stops, and the grid of ticks.

    Attributes
    ----------
    lease_from_s, stop_s : int
        Leases are sold from the one on, and end at the other.
    tick_s : int
        Seconds between ticks; 0: no ticks.
    clock_s : int
        Time of day at the site when the play starts, in seconds.
    """

    lease_from_s: int
    stop_s: int
    tick_s: int
    clock_s: int = 0


class Outcome(IntEnum):
    """How a request ended."""

    REFUSED = 0
    COMPLETED = 1
    RECALLED = 2
    BROKEN = 3
    FAILED = 4
    OPEN = 5


class Holder(IntEnum):
    """Who holds a node, in :attr:`Played.holdings`."""

    INTERNAL = 0
    LEASE = 1
    SANITISING = 2
    FAILED = 3


class Leases(NamedTuple):
    """What became of each request; int64 arrays, shape (requests,); -1 where it does not apply.

    Attributes
    ----------
    verdict : a :class:`tidegate.quota.Verdict`
    horizon : the first horizon that bound (refusals by quota only)
    start_s, end_s : when the lease started, and when it ended in fact
    notice_at_s : when notice was given
    outcome : an :class:`Outcome`
    broken_s : firm seconds not kept (0 when the promise was kept)
    room : nodes that there was room for, as :attr:`tidegate.quota.Plan.room`
    bid : the bid price that it was held against, as :attr:`tidegate.quota.Plan.bid`; 0 for none
    why, need, cost, against
        Of a lease that was given notice, as in :class:`tidegate.quota.Plan`.
    displaced_for : the request that a lease gave way to
    """

    verdict: I64
    horizon: I64
    start_s: I64
    end_s: I64
    notice_at_s: I64
    outcome: I64
    broken_s: I64
    room: I64
    bid: I64
    why: I64
    need: I64
    cost: I64
    against: I64
    displaced_for: I64


class Ticks(NamedTuple):
    """The pool on the grid, observed after scheduling; int32 arrays, in nodes.

    Attributes
    ----------
    demand, busy, pending, sanitising, failed : shape (ticks,)
        ``demand`` is ``busy + pending``, not cut at the pool's size.
    leased : shape (ticks, products)
    bound : shape (ticks, horizons)
        The curve's bounds ``u`` on internal demand; -1 for policies without a curve.
    """

    demand: I32
    busy: I32
    pending: I32
    sanitising: I32
    failed: I32
    leased: I32
    bound: I32


class Played(NamedTuple):
    """A play's result.

    Attributes
    ----------
    job_start_s : int64 array, shape (jobs,)
        The (last) start of each internal job.
    leases : Leases
    ticks : Ticks
        Empty arrays when nothing was recorded.
    held : int64 array, shape (4,)
        Over [lease_from, stop): GPU-seconds held by internal jobs, leases, sanitising, failure
        (indexed by :class:`Holder`).
    holdings : int64 array, shape (holdings, 5)
        Rows ``node, holder, id, from, to``; id is the job, the request, or -1. Empty unless recorded.
        Of sanitising, failure and leases only what ended is listed, cut at ``stop`` or the end of play.
    """

    job_start_s: I64
    leases: Leases
    ticks: Ticks
    held: I64
    holdings: I64
