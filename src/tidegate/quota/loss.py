"""What a recall loses, and what waiting would instead: rent, work, promises, and the shares that the owner allows."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.policy import Policy
from tidegate.quota.snapshot import I64, Records, Snapshot

CHECKPOINT_S: Final = 3600
"""Work lost at most when a lease is taken: tenants are taken to checkpoint every hour."""
PRIOR_DAYS: Final = 2.0
"""Days of the whole pool taken as sold when a play begins: the first break is not a share of 100 %."""

PRIOR_JOBS: Final = 200.0
"""Jobs taken as started when a play begins."""

LATE_COUNTED: Final = 0.7
"""Of the jobs counted as late, those taken to be so for leasing; some would have waited anyway."""

# Costs are counted in tenths so that the credit of 30 % stays an integer.
_FORGONE: Final = 10
_REFUND_AND_CREDIT: Final = 13


@compiled
def taking_cost(held: Records, now_s: int) -> I64:
    """Return what giving notice now costs, lease by lease (price x node-seconds x 10).

    Rent forgone until the wanted end, work lost since a checkpoint and, when a promise is broken,
    the refund of what was charged with a credit of 30 % on top.

    Parameters
    ----------
    held : array of HELD_LEASE, shape (leases,)
    now_s : int

    Returns
    -------
    int64 array, shape (leases,)
    """
    cost = np.zeros(held.size, dtype=np.int64)
    for i in range(held.size):
        lease = held[i]
        take = now_s + lease.notice_s
        lost = min(max(0, now_s - lease.start_s), CHECKPOINT_S)
        tenths = _FORGONE * (lease.end_s - take + lost)
        if take < lease.firm_until_s:
            tenths += _REFUND_AND_CREDIT * max(0, take - lease.start_s)
        cost[i] = lease.price * lease.nodes * tenths
    return cost


@compiled
def waiting_cost(policy: Policy, snapshot: Snapshot, firm: NDArray[np.bool_], need: int) -> int:
    """Return what it costs to wait until firm leases mature, in the units of `taking_cost`.

    Parameters
    ----------
    policy : Policy
    snapshot : Snapshot
    firm : bool array, shape (leases,)
        Leases in their firm time; together they have the nodes needed.
    need : int
        Nodes.
    """
    held = snapshot.held
    passed = np.zeros(held.size, dtype=np.bool_)
    missing = need
    ready_s = snapshot.now_s
    while missing > 0:
        soonest = -1
        for i in range(held.size):
            if (
                firm[i]
                and not passed[i]
                and (soonest < 0 or held[i].firm_until_s < held[soonest].firm_until_s)
            ):
                soonest = i
        passed[soonest] = True
        missing -= held[soonest].nodes
        ready_s = held[soonest].firm_until_s + snapshot.sanitise_s
    beyond_floor = max(0, ready_s - snapshot.now_s - policy.floor_s)
    return _FORGONE * policy.wait_price * need * beyond_floor


@compiled
def promise_broken_s(held: Records, now_s: int) -> I64:
    """Return the firm node-seconds that giving notice now would break, lease by lease.

    Parameters
    ----------
    held : array of HELD_LEASE, shape (leases,)
    now_s : int

    Returns
    -------
    int64 array, shape (leases,)
    """
    promised = np.zeros(held.size, dtype=np.int64)
    for i in range(held.size):
        lease = held[i]
        ended_s = max(now_s + lease.notice_s, lease.start_s)
        promised[i] = lease.nodes * max(0, lease.firm_until_s - ended_s)
    return promised


@compiled
def shares_spent(snapshot: Snapshot, breaking_s: int, need: int) -> tuple[float, float]:
    """Return how dear breaking and waiting have become, by the shares that they would come to.

    Fourth powers: the prices decide while both shares are alike, and the smaller share once they differ.

    Parameters
    ----------
    snapshot : Snapshot
    breaking_s : int
        Firm node-seconds that would be broken now.
    need : int
        Nodes that would be waited for.

    Returns
    -------
    tuple of float
        The fourth powers of both: of firm node-seconds sold, and of internal jobs started.
    """
    record = snapshot.record
    broken = (record.broken_s + breaking_s) / (
        record.sold_s + PRIOR_DAYS * 86400.0 * snapshot.nodes
    )
    more = snapshot.waiting * need / snapshot.pending
    late = LATE_COUNTED * (record.late + more) / (record.started + PRIOR_JOBS)
    broken *= broken
    late *= late
    return broken * broken, late * late
