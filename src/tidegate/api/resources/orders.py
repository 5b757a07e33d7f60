"""``/v1/orders``: quotes accepted, and what became of them."""

import asyncio
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, model_validator

from tidegate.api.etags import tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing, Key
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.quotes import Duration, Nodes, PoolName, ProductName, Start
from tidegate.api.services import Given, Services
from tidegate.api.shapes import Body, Id, Shape, Time
from tidegate.control.access import Act, Actor, existing, require
from tidegate.control.asking import Ask, check_repeat
from tidegate.lease.lease import Order
from tidegate.lease.states import OrderState

router: Final = APIRouter(prefix="/orders", tags=["orders"])

_LONGEST_QUEUE_S: Final = 30 * 86_400
_FIELDS: Final = ("pool_id", "product", "nodes")
_MORE: Final = ("duration_s", "start_at", "tenant_id")


class OrderIn(Body):
    """What is to be leased: a quote, or pool, product and nodes."""

    quote_id: str | None = Field(default=None, max_length=40)
    pool_id: PoolName | None = None
    product: ProductName | None = None
    nodes: Nodes | None = None
    duration_s: Duration | None = None
    start_at: Start | None = None
    tenant_id: str | None = Field(
        default=None, max_length=40, description="For whom; a tenant may leave it out."
    )
    queue_s: int = Field(
        default=0,
        ge=0,
        le=_LONGEST_QUEUE_S,
        description="Seconds to stay on the waitlist when there is no room; 0 to be judged once.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "OrderIn":
        given = [getattr(self, name) is not None for name in (*_FIELDS, *_MORE)]
        if self.quote_id is None and not all(given[: len(_FIELDS)]):
            raise ValueError(f"an order names a quote_id, or {', '.join(_FIELDS)}")
        if self.quote_id is not None and any(given):
            raise ValueError("an order of a quote takes everything from it")
        return self

    @property
    def what(self) -> Ask | str:
        """The quote that is accepted, or what is wanted at today's price."""
        if self.pool_id is None or self.product is None or self.nodes is None:
            return str(self.quote_id)
        return Ask(
            self.pool_id, self.product, self.nodes, self.duration_s, self.start_at, self.tenant_id
        )


class OrderOut(Shape):
    """The acceptance of an offer."""

    id: str
    tenant_id: str
    pool_id: str
    product: str
    nodes: int
    duration_s: int
    firm_s: int = Field(description="Firm seconds from the start of the lease.")
    notice_s: int
    price: Decimal
    currency: str
    quote_id: str | None
    state: OrderState
    start_at: Time | None = Field(description="The start asked for; null for as soon as may be.")
    placed_at: Time
    waits_until: Time | None
    decided_at: Time | None
    reason: str | None = Field(
        description="Why it was refused: `quota`, `no-room`, `price`, `share`, `not-sold`, `stale`, `not-leasing`."
    )
    horizon_s: int | None = Field(
        description="The first horizon that bound, for a refusal by quota."
    )
    lease_id: str | None


class OrderQuery(ListQuery):
    """Filters of the list of orders."""

    state: OrderState | None = None


def _out(order: Order) -> OrderOut:
    return OrderOut(
        id=order.id,
        tenant_id=order.tenant_id,
        pool_id=order.pool_id,
        product=order.product,
        nodes=order.nodes,
        duration_s=order.duration_s,
        firm_s=order.firm_s,
        notice_s=order.notice_s,
        price=order.price,
        currency=order.currency,
        quote_id=order.quote_id,
        state=order.state,
        start_at=order.start_at_s,
        placed_at=order.placed_s,
        waits_until=order.waits_until_s,
        decided_at=order.decided_s,
        reason=order.reason,
        horizon_s=order.horizon_s,
        lease_id=order.lease_id,
    )


_SOON_S: Final = 1.0
"""Real seconds after which an order that waits for its verdict is given a thread to wait in."""
_STATUS: Final = {OrderState.ADMITTED: 201, OrderState.PLACED: 202, OrderState.WAITLISTED: 202}


@router.get("", summary="List orders")
def list_orders(
    services: Given, actor: Asking, query: Annotated[OrderQuery, Query()], paging: Paging
) -> Page[OrderOut]:
    """List orders, the youngest first."""
    require(actor, Act.ORDERS_READ)
    return paging.page(
        query,
        lambda before, limit: services.views.orders_page(actor.reach, query.state, before, limit),
        _out,
    )


@router.post(
    "",
    status_code=201,
    response_model=OrderOut,
    summary="Place an order",
    responses={
        200: {"model": OrderOut, "description": "Refused; `reason` says why."},
        202: {"model": OrderOut, "description": "Not judged yet, or on the waitlist."},
    },
)
async def place_order(services: Given, actor: Asking, key: Key, body: OrderIn) -> Response:
    """Place an order and wait for the verdict: 201 with a lease, 200 refused, 202 not judged yet.

    Placed twice under one `Idempotency-Key` of a tenant it is one order; a repeat tells what has become of it.
    """
    order = await _placed(services, actor, key, body)
    return Response(
        _out(order).model_dump_json(),
        _STATUS.get(order.state, 200),
        {"Location": f"/v1/orders/{order.id}"},
        "application/json",
    )


async def _placed(services: Services, actor: Actor, key: str, body: OrderIn) -> Order:
    """Place an order without a thread of its own, when the leader of this process takes it."""
    sales, what = services.sales, body.what
    if not sales.knows_buyer(actor, what):
        await run_in_threadpool(sales.get_to_know, actor, what)
    answer = sales.order_at_once(actor, what, wait_for_room_s=body.queue_s, key=key)
    if answer is not None:
        with suppress(TimeoutError):
            order = await asyncio.wait_for(asyncio.wrap_future(answer), _SOON_S)
            if order is not None:
                return check_repeat(order, what)
    # By its key, an order that has been handed in already is not placed a second time.
    return await run_in_threadpool(sales.order, actor, what, wait_for_room_s=body.queue_s, key=key)


@router.get("/{order_id}", response_model=OrderOut, summary="Read an order")
def read_order(request: Request, services: Given, actor: Asking, order_id: Id) -> Response:
    """Read what has become of an order."""
    require(actor, Act.ORDERS_READ)
    order = existing(services.views.order(order_id, actor.reach), "order", order_id)
    return tagged(request, _out(order))


@router.post(
    "/{order_id}/cancel", status_code=200, response_model=OrderOut, summary="Cancel an order"
)
def cancel_order(services: Given, actor: Asking, once: Doing, order_id: Id) -> Response:
    """Cancel an order that is on the waitlist."""
    return once(lambda: _out(services.lease_acts.cancel(actor, order_id)), status=200)
