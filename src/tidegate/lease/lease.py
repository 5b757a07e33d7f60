"""Quote, order, lease and holding: what moves through the states. Times are seconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

from tidegate.lease.states import (
    LIVE_LEASES,
    HoldingState,
    LeaseState,
    OrderState,
    QuoteState,
)

_DECIMALS: Final = frozenset({"price"})


class Recorded:
    """What the things of this page have in common: they become plain data, and come back from it."""

    def as_data(self) -> dict[str, Any]:
        """Return the fields as plain data, money as text."""
        return plain({each.name: getattr(self, each.name) for each in fields(self)})  # type: ignore[arg-type]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`as_data` was made from."""
        return cls(**typed(cls, data))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON has them."""
    return {
        name: str(value) if isinstance(value, Decimal | StrEnum) else value
        for name, value in values.items()
    }


def typed(cls: type[Recorded], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values with the types that a record's fields have."""
    state: type[StrEnum] = _STATES[cls]
    values = dict(data)
    for name, value in data.items():
        if name == "state":
            values[name] = state(value)
        elif name in _DECIMALS:
            values[name] = Decimal(value)
    return values


@dataclass(frozen=True, slots=True)
class Quote(Recorded):
    """A priced offer with an expiry.

    Attributes
    ----------
    id, tenant_id, pool_id, product : str
    nodes : int
    duration_s : int
    start_at_s : int or None
        The start asked for; None for as soon as may be.
    price : Decimal
        Price of a GPU-hour.
    currency : str
    price_detail : mapping
        How the price came about, as plain data.
    opened_s, expires_s : int
    held_until_s : int or None
        Until when its nodes are kept; None when nothing is reserved.
    state : QuoteState
    version : int
        Goes up with every change.
    """

    id: str
    tenant_id: str
    pool_id: str
    product: str
    nodes: int
    duration_s: int
    start_at_s: int | None
    price: Decimal
    currency: str
    price_detail: Mapping[str, Any]
    opened_s: int
    expires_s: int
    held_until_s: int | None = None
    state: QuoteState = QuoteState.OPEN
    version: int = 1


@dataclass(frozen=True, slots=True)
class Order(Recorded):
    """The acceptance of an offer: its terms, and what became of it.

    Attributes
    ----------
    id, tenant_id, pool_id, product : str
    nodes : int
    duration_s : int
    firm_s, notice_s : int
        Guaranteed time from the start of the lease; notice before nodes are taken.
    price : Decimal
        Price of a GPU-hour.
    currency : str
    price_detail : mapping
    actor : str
        Who placed it.
    placed_s : int
    start_at_s : int or None
        The start asked for; None for as soon as may be.
    quote_id : str or None
        The quote that it takes.
    extends_id : str or None
        The lease that it makes longer by ``duration_s``; None for an order of a new lease.
    idempotency_key : str or None
    waits_until_s : int or None
        Until when it stays on the waitlist; None to be judged once.
    state : OrderState
    decided_s : int or None
    reason : str or None
        Why it was refused.
    horizon_s : int or None
        The first horizon that bound, for a refusal by quota.
    decision_id, lease_id : str or None
    version : int
    """

    id: str
    tenant_id: str
    pool_id: str
    product: str
    nodes: int
    duration_s: int
    firm_s: int
    notice_s: int
    price: Decimal
    currency: str
    price_detail: Mapping[str, Any]
    actor: str
    placed_s: int
    start_at_s: int | None = None
    quote_id: str | None = None
    extends_id: str | None = None
    idempotency_key: str | None = None
    waits_until_s: int | None = None
    state: OrderState = OrderState.PLACED
    decided_s: int | None = None
    reason: str | None = None
    horizon_s: int | None = None
    decision_id: str | None = None
    lease_id: str | None = None
    version: int = 1


class EndReason(StrEnum):
    """How a lease ended."""

    COMPLETED = "completed"
    RECALLED = "recalled"
    GIVEN_BACK = "given-back"  # by its tenant, early
    NODE_FAILED = "node-failed"
    NODES_LOST = "nodes-lost"  # the driver shows nodes in other hands, or not at all
    NOT_STARTED = "not-started"  # its nodes could not be had


@dataclass(frozen=True, slots=True)
class Lease(Recorded):
    """Whole nodes held by one tenant.

    Attributes
    ----------
    id, order_id, tenant_id, pool_id, product : str
    number : int
        Leases of a pool are weighed in this order.
    nodes : int
    admitted_s, start_s, end_s : int
        When it was admitted, when its tenant gets the nodes (expected, while it is starting), its wanted end.
    firm_s : int
        Firm time sold, from the start.
    firm_until_s : int
        May not be taken back before without breaking the promise.
    notice_s : int
    price : Decimal
        Price of a GPU-hour.
    currency : str
    price_detail : mapping
    state : LeaseState
    noticed_s, take_s : int or None
        When notice was given; when the nodes will be taken.
    ended_s : int or None
    reason : str or None
        An :class:`EndReason`.
    broken_s : int
        Firm seconds not kept.
    lost_s : int
        Firm node-seconds not kept on nodes that failed and were not replaced, while it went on with the others.
    version : int
    """

    id: str
    order_id: str
    tenant_id: str
    pool_id: str
    product: str
    number: int
    nodes: int
    admitted_s: int
    start_s: int
    end_s: int
    firm_s: int
    firm_until_s: int
    notice_s: int
    price: Decimal
    currency: str
    price_detail: Mapping[str, Any] = field(default_factory=dict)
    state: LeaseState = LeaseState.STARTING
    noticed_s: int | None = None
    take_s: int | None = None
    ended_s: int | None = None
    reason: str | None = None
    broken_s: int = 0
    lost_s: int = 0
    version: int = 1

    @property
    def is_live(self) -> bool:
        """Whether it counts in the quota."""
        return self.state in LIVE_LEASES

    @property
    def due_s(self) -> int:
        """When it ends, as things stand: at its taking when under notice, else at its wanted end."""
        return self.end_s if self.take_s is None else self.take_s


@dataclass(frozen=True, slots=True)
class Holding:
    """A node in one state, from one moment to another.

    Attributes
    ----------
    pool_id, node : str
    state : HoldingState
    lease_id : str or None
        The lease that has the node, or that it is being made ready for.
    since_s : int
    until_s : int or None
        None: still so.
    """

    pool_id: str
    node: str
    state: HoldingState
    lease_id: str | None
    since_s: int
    until_s: int | None = None


_STATES: Final[Mapping[type[Recorded], type[StrEnum]]] = {
    Quote: QuoteState,
    Order: OrderState,
    Lease: LeaseState,
}
