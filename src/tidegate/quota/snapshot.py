"""What a decision is made from, and what it says."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled

I64 = NDArray[np.int64]
Records = NDArray[Any]
"""A structured array; which one is said beside each use."""


class HeldLease(NamedTuple):
    """A lease that holds nodes, or is about to (:attr:`Plan.displaced_for`).

    Attributes
    ----------
    request : int
        Its number; leases are kept in this order.
    nodes, first_node : int
        How many; the first of them, -1 where nodes have no numbers.
    since_s, start_s, end_s : int
        Admission, start, wanted end.
    firm_until_s : int
        May not be taken back before.
    notice_s : int
    take_s : int
        When it will be taken; -1 when not under notice.
    price : int
        In a unit common to all leases and the policy's price of waiting.
    owed : int
        Of its nodes, those that pass to another lease when it is taken.
    coming : int
        Of its nodes, those that leases displaced for it still hold.
    slot : int
        In the record of what is promised; -1 when it stands in none.
    """

    request: int
    nodes: int
    first_node: int
    since_s: int
    start_s: int
    end_s: int
    firm_until_s: int
    notice_s: int
    take_s: int
    price: int
    owed: int = 0
    coming: int = 0
    slot: int = -1


class Asked(NamedTuple):
    """A request for a lease.

    Attributes
    ----------
    time_s : int
    product : int
    nodes : int
    duration_s : int
    firm_s : int
        Guaranteed time from the start of the lease.
    notice_s : int
    price : int
        In a unit common to all leases and the policy's price of waiting.
    """

    time_s: int
    product: int
    nodes: int
    duration_s: int
    firm_s: int
    notice_s: int
    price: int


HELD_LEASE: Final = np.dtype([(name, np.int64) for name in HeldLease._fields])
"""A :class:`HeldLease` as a row of an array."""

REQUEST: Final = np.dtype([(name, np.int64) for name in Asked._fields])
"""A request, :class:`Asked`, as a row of an array."""


class Record(NamedTuple):
    """What was promised and kept so far: node-seconds, and internal jobs.

    Attributes
    ----------
    sold_s, broken_s : int
        Firm node-seconds sold, and those of them that were not kept.
    started, late : int
        Internal jobs started, and those of them that had waited beyond the recall floor while nodes were leased.
    """

    sold_s: int = 0
    broken_s: int = 0
    started: int = 0
    late: int = 0


class Snapshot(NamedTuple):
    """A pool at one moment.

    Attributes
    ----------
    now_s : int
    idle, pending, sanitising, leased : int
        Idle nodes, nodes that waiting internal jobs ask for, nodes being sanitised, nodes in leases.
    sanitise_s : int
        Time a node needs between two holders.
    horizons_s, curve : int64 array, shape (horizons,)
        The quota curve: ``curve[j]`` nodes may be promised for ``horizons_s[j]`` seconds.
    kept_back : int
        Idle nodes kept for internal work that may come back: :func:`tidegate.quota.kept_back`.
    short_since_s : int
        Since when internal work has lacked nodes that no lease was about to free; -1 when it did not.
    wide : int
        Nodes that the widest waiting internal job asks for, when they fit in a block; else 0.
    free_in_block : int64 array, shape (blocks,)
        Nodes of each block that are idle or on their way back, those of leases apart; empty when blocks do not matter.
    held_in_block : int64 array, shape (leases x blocks,)
        Nodes of each lease in each block, lease by lease; empty when blocks do not matter.
    promised : int64 array, shape (horizons,)
        Nodes that the leases held promise at each: :class:`tidegate.quota.Promises` keeps it.
    displaced : int64 array, shape (horizons,)
        Price below which a promise of each horizon displaces better offers.
    held : array of HELD_LEASE, shape (leases,)
        In order of their request numbers.
    asked : array of REQUEST, shape (requests,)
        Requests to be judged, in order.
    nodes, failed_periods, kept_periods : int
        Nodes of the pool; guarantee periods of late that failed and that were kept (``gfs`` only).
    waiting : int
        Internal jobs that wait.
    record : Record
        What was promised and kept so far.
    """

    now_s: int
    idle: int
    pending: int
    sanitising: int
    leased: int
    sanitise_s: int
    horizons_s: I64
    curve: I64
    kept_back: int
    short_since_s: int
    wide: int
    free_in_block: I64
    held_in_block: I64
    promised: I64
    displaced: I64
    held: Records
    asked: Records
    nodes: int = 1
    failed_periods: int = 0
    kept_periods: int = 0
    waiting: int = 0
    record: Record = Record()


class Plan(NamedTuple):
    """What to do, and why; ``tidegate.quota.reasons`` puts the reasons into words.

    Attributes
    ----------
    recall : bool array, shape (leases,)
        Leases to be given notice now. This array and the five that follow are empty when no lease comes into
        question, so that an admission costs nothing for the leases that it leaves alone.
    displaced_for : int64 array, shape (leases,)
        Of those, the place among the requests of the one that gets the nodes; -1 when internal work does.
    why : int64 array, shape (leases,)
        A :class:`~tidegate.quota.RecallReason` each.
    need : int64 array, shape (leases,)
        Nodes lacking when a lease was given notice.
    cost, against : int64 array, shape (leases,)
        What taking the lease costs, and what that was weighed against: the wait of the internal jobs when a promise is
        broken, the rent of the request when a lease is displaced, else 0. In tenths of a price times node-seconds.
    verdict : int64 array, shape (requests,)
        A :class:`~tidegate.quota.Verdict` each.
    horizon : int64 array, shape (requests,)
        First horizon that binds, for refusals by quota; of an admitted request the one with least room left. Else -1.
    room : int64 array, shape (requests,)
        Nodes that there was room for: at that horizon, or idle when there was no room.
    bid : int64 array, shape (requests,)
        The bid price of the longest horizon at which a request counts, rounded up; 0 where none was asked for.
    order : int64 array, shape (requests,)
        Places of the requests in the order in which they were judged. Those admitted take idle nodes in this order.
    """

    recall: NDArray[np.bool_]
    displaced_for: I64
    why: I64
    need: I64
    cost: I64
    against: I64
    verdict: I64
    horizon: I64
    room: I64
    bid: I64
    order: I64


@compiled
def new_plan(leases: int, requests: int) -> Plan:
    """Return a plan that does nothing, with room for so many leases and requests."""
    return Plan(
        recall=np.zeros(leases, dtype=np.bool_),
        displaced_for=np.full(leases, -1, dtype=np.int64),
        why=np.zeros(leases, dtype=np.int64),
        need=np.zeros(leases, dtype=np.int64),
        cost=np.zeros(leases, dtype=np.int64),
        against=np.zeros(leases, dtype=np.int64),
        verdict=np.zeros(requests, dtype=np.int64),
        horizon=np.full(requests, -1, dtype=np.int64),
        room=np.zeros(requests, dtype=np.int64),
        bid=np.zeros(requests, dtype=np.int64),
        order=np.arange(requests),
    )
