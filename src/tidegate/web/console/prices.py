"""The price book, and what another price would have earned."""

from decimal import Decimal
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray

from tidegate.control.access import Act
from tidegate.control.pools import TICK_S, LivePool
from tidegate.control.prices import visible_book
from tidegate.lease.states import OrderState
from tidegate.plan.reprice import at_price, earned_at
from tidegate.simulate import Requests
from tidegate.web.console.acts.typed import typed_number
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.pool_view import EVERYBODY
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import Visitor

router: Final = APIRouter()

PREVIEW_S: Final = 30 * 86_400
MOST: Final = 50_000
"""As many orders are played."""


def _(text: str) -> str:
    return text


@router.get("/prices", name="console:prices")
def prices(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show the price book."""
    owner_only(visitor.actor, Act.PRICES_READ)
    frame = Frame(request, visitor, "prices")
    return frame.page("prices", preview=None, **_page(frame, console))


def _page(frame: Frame, console: Console) -> dict[str, Any]:
    book = visible_book(console.money, frame.actor, console.till.offered)
    selling = [pool for pool in console.pools.values() if pool.offers]
    return {
        "prices": [
            {
                "chip": price.chip,
                "product": price.product,
                "tenant_class": price.tenant_class,
                "from_s": price.from_s,
                "until_s": price.until_s,
                "rate": price.rate,
                "currency": price.currency,
                "bands": [f"{band.name} × {band.factor}" for band in price.bands],
            }
            for price in book.prices
        ],
        "pools": [pool.id for pool in selling],
        "products": sorted({offer.product.id for pool in selling for offer in pool.offers}),
    }


@router.get("/prices/preview", name="console:price-preview")
def preview(
    request: Request,
    visitor: Visitor,
    console: Given,
    pool: Annotated[str, Query(max_length=200)] = "",
    product: Annotated[str, Query(max_length=200)] = "",
    rate: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show what the last days would have earned at another price."""
    owner_only(visitor.actor, Act.PRICES_READ)
    frame = Frame(request, visitor, "prices")
    values = _preview(frame, console, pool, product, rate)
    if request.headers.get("hx-request"):
        return frame.page("price-preview", preview=values)
    return frame.page("prices", preview=values, **_page(frame, console))


def _preview(
    frame: Frame, console: Console, pool_id: str, product: str, rate: str
) -> dict[str, Any]:
    say = frame.texts.say
    pool = console.pools.get(pool_id)
    price = typed_number(rate, 1)
    if pool is None or product not in pool.offer_of:
        return {"wrong": say(_("This pool does not sell that product."))}
    if price is None or price < 0:
        return {"wrong": say(_("A price of 0 or more."))}
    now_s = console.clock.now_s()
    demand, start_s = _demand(console, pool)
    since_s = max(now_s - PREVIEW_S, start_s)
    requests = _requests(console, pool, since_s, start_s)
    if not requests.time_s.size:
        return {
            "wrong": say(_("Nothing was ordered here in the last month: there is nothing to play."))
        }
    asked = Decimal(rate).quantize(pool.price_step)
    rows = []
    for title, offers in (
        (say(_("as it is")), pool.offers),
        (say(_("as you say")), at_price(pool.offers, product, asked)),
    ):
        earned = earned_at(
            pool.cluster, pool.policy, demand, requests, offers,
            tick_s=TICK_S, price_step=pool.price_step,
        )  # fmt: skip
        price_now = next(offer.price for offer in offers if offer.product.id == product)
        rows.append(
            {
                "title": title,
                "rate": price_now,
                "revenue": earned.revenue,
                "gpu_hours": earned.gpu_hours,
                "broken": earned.broken_share,
            }
        )
    return {
        "wrong": "",
        "pool": pool_id,
        "days": (now_s - since_s) / 86_400,
        "currency": pool.currency,
        "rows": rows,
    }


def _demand(console: Console, pool: LivePool) -> tuple[NDArray[np.int64], int]:
    """Return demand tick by tick, gaps closed with what stood before them, and the time of the first tick."""
    ticks = console.views.ticks(pool.id, 0)
    if not ticks:
        return np.zeros(0, dtype=np.int64), console.clock.now_s()
    first = ticks[0].tick
    demand = np.full(ticks[-1].tick - first + 1, -1, dtype=np.int64)
    for tick in ticks:
        demand[tick.tick - first] = min(tick.demand_nodes, pool.pool.nodes)
    places = np.maximum.accumulate(np.where(demand >= 0, np.arange(demand.size), 0))
    return demand[places], first * TICK_S


def _requests(console: Console, pool: LivePool, since_s: int, start_s: int) -> Requests:
    """Return the orders of a pool as requests, the earliest first."""
    place = {offer.product.id: i for i, offer in enumerate(pool.offers)}
    orders = [
        order
        for order in console.views.orders(EVERYBODY, list(OrderState), since_s=since_s, limit=MOST)
        if order.pool_id == pool.id and order.product in place and order.extends_id is None
    ]
    orders.sort(key=lambda order: (order.placed_s, order.id))
    columns = [
        [
            order.placed_s - start_s,
            place[order.product],
            order.nodes,
            order.duration_s,
            order.firm_s,
            order.notice_s,
            0,
        ]
        for order in orders
    ]
    table = np.array(columns, dtype=np.int64).reshape(-1, len(Requests._fields))
    return Requests(*(np.ascontiguousarray(column) for column in table.T))
