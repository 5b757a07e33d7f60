"""What an act would do, worked out before it is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tidegate.billing import BreakPolicy
from tidegate.control.curve import Curve
from tidegate.control.steering import Leasing
from tidegate.lease.lease import Lease
from tidegate.quantity import Money
from tidegate.web.console.pool_view import PoolPicture


@dataclass(frozen=True)
class StopEffect:
    """What stopping the leasing of a pool costs.

    Attributes
    ----------
    leases, nodes : int
        That are called back.
    broken : int
        Leases whose promise breaks.
    refund, credit : Money
        What their tenants get back, and on top.
    forgone : Money
        Rent that the leases would have brought until their ends, at most.
    last_s : int or None
        When the last node is back, as things stand; None when nothing is leased.
    """

    leases: int
    nodes: int
    broken: int
    refund: Money
    credit: Money
    forgone: Money
    last_s: int | None


def of_stopping(pool: PoolPicture, leasing: Leasing, breaks: BreakPolicy, now_s: int) -> StopEffect:
    """Return what draining or stopping a pool costs."""
    nothing = Money(Decimal(0), pool.live.currency)
    sanitise_s = pool.row.sanitise_s
    if leasing is Leasing.DRAINING:
        last_s = max((lease.due_s + sanitise_s for lease in pool.leases), default=None)
        return StopEffect(0, 0, 0, nothing, nothing, nothing, last_s)
    called = [lease for lease in pool.leases if lease.take_s is None]
    broken = [lease for lease in called if now_s + lease.notice_s < lease.firm_until_s]
    refund = _rent(pool, broken, lambda lease: (lease.start_s, now_s + lease.notice_s))
    forgone = _rent(pool, called, lambda lease: (now_s + lease.notice_s, lease.end_s))
    taken = [lease.take_s or now_s + lease.notice_s for lease in pool.leases]
    return StopEffect(
        len(called),
        sum(lease.nodes for lease in called),
        len(broken),
        (refund * breaks.refund_share).rounded(),
        (refund * breaks.credit_share).rounded(),
        forgone.rounded(),
        max((at_s + sanitise_s for at_s in taken), default=None),
    )


def _rent(
    pool: PoolPicture, leases: Sequence[Lease], span: Callable[[Lease], tuple[int, int]]
) -> Money:
    total = Money(Decimal(0), pool.live.currency)
    for lease in leases:
        from_s, to_s = span(lease)
        hours = Decimal(max(0, to_s - from_s)) / 3600
        total += Money(lease.price, lease.currency) * (hours * lease.nodes * pool.row.gpus_per_node)
    return total


def room_lost(before: Curve, after: Curve) -> list[tuple[int, int, int]]:
    """Return horizon, quota before and quota after, where they differ."""
    return [
        (int(horizon_s), int(old), int(new))
        for horizon_s, old, new in zip(before.horizons_s, before.quota, after.quota, strict=True)
        if old != new
    ]
