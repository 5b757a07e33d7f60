"""What is asked for: checked against what the pools sell, and how much of it can be ordered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.control.pools import LivePool
from tidegate.errors import Place, RequestError
from tidegate.lease.lease import Order
from tidegate.lease.product import Offer, ProductKind

LEAST_S: Final = 60
MOST_S: Final = 366 * 86_400
FURTHEST_S: Final = 90 * 86_400
"""How far ahead a reserved lease may start."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for.

    Attributes
    ----------
    pool_id, product : str
    nodes : int
    duration_s : int or None
        None for the product's own term.
    start_at_s : int or None
        None for as soon as may be; a reserved lease may start later.
    tenant_id : str or None
        For whom; None for the actor's own tenant.
    """

    pool_id: str
    product: str
    nodes: int
    duration_s: int | None = None
    start_at_s: int | None = None
    tenant_id: str | None = None


def wrong(field: str, message: str, expected: str, code: str = "TG-LIVE-SIZE") -> RequestError:
    """Return what to raise when a field of a request is wrong."""
    return RequestError(code, message, place=Place(field=field), expected=expected)


def offer_for(pools: Mapping[str, LivePool], ask: Ask) -> tuple[LivePool, Offer]:
    """Return the pool and the offer that are asked for.

    Raises
    ------
    RequestError
        ``TG-LIVE-POOL``, ``TG-LIVE-FRONTIER``, ``TG-LIVE-PRODUCT``.
    """
    pool = pools.get(ask.pool_id)
    if pool is None:
        raise wrong(
            "pool", f"there is no pool {ask.pool_id}.", "one of the pools listed.", "TG-LIVE-POOL"
        )
    if not pool.pool.tier.may_lease:
        raise wrong(
            "pool",
            f"pool {pool.id} is {pool.pool.tier} and is never leased.",
            "a mainstay or legacy pool.",
            "TG-LIVE-FRONTIER",
        )
    offer = pool.offer_of.get(ask.product)
    if offer is None:
        known = ", ".join(pool.offer_of)
        raise wrong(
            "product", f"pool {pool.id} does not sell {ask.product}.", f"one of {known}.",
            "TG-LIVE-PRODUCT",
        )  # fmt: skip
    return pool, offer


def checked_size(pool: LivePool, offer: Offer, ask: Ask, now_s: int) -> int:
    """Return the duration of a lease that can be ordered.

    Raises
    ------
    RequestError
        ``TG-LIVE-SIZE`` for a size, a duration or a start that cannot be.
    """
    product = offer.product
    is_reserved = product.kind is ProductKind.RESERVED
    if not 1 <= ask.nodes <= pool.pool.nodes:
        raise wrong("nodes", f"{ask.nodes} nodes.", f"1 to {pool.pool.nodes}.")
    least_s = max(LEAST_S, product.guarantee_s) if is_reserved else LEAST_S
    duration_s = ask.duration_s
    if duration_s is None:
        duration_s = max(LEAST_S, product.guarantee_s, 3600)
    if not least_s <= duration_s <= MOST_S:
        raise wrong("duration_s", f"{duration_s} s.", f"{least_s} to {MOST_S} seconds.")
    if ask.start_at_s is not None:
        if not is_reserved:
            raise wrong(
                "start_at", f"{product.id} starts at once.", "a reserved product, or no start."
            )
        if not now_s <= ask.start_at_s <= now_s + FURTHEST_S:
            raise wrong(
                "start_at", "the start is past, or too far ahead.", "a time within 90 days."
            )
    return duration_s


def check_repeat(order: Order, what: Ask | str) -> Order:
    """Return the order that was placed with a key before, provided that it is of the same.

    Raises
    ------
    RequestError
        ``TG-API-IDEMPOTENCY-REUSED``.
    """
    is_same = (
        order.quote_id == what
        if isinstance(what, str)
        else order.quote_id is None
        and (order.pool_id, order.product, order.nodes, order.start_at_s)
        == (what.pool_id, what.product, what.nodes, what.start_at_s)
        and what.duration_s in (None, order.duration_s)
    )
    if not is_same:
        raise wrong(
            "Idempotency-Key", "was used before for another order.",
            "a new key for a new order.", "TG-API-IDEMPOTENCY-REUSED",
        )  # fmt: skip
    return order
