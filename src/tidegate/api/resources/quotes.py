"""``/v1/quotes``: what a lease would cost."""

from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given, Services
from tidegate.api.shapes import Body, Id, Shape, Time, TimeIn
from tidegate.control.access import Act, Actor, existing, require
from tidegate.control.asking import LEAST_S, MOST_S, Ask
from tidegate.control.quotes import LONGEST_HOLD_S
from tidegate.lease.lease import Quote
from tidegate.lease.states import QuoteState
from tidegate.lease.terms import PriceTerms

router: Final = APIRouter(prefix="/quotes", tags=["quotes"])

PoolName = Annotated[str, Field(min_length=1, max_length=200)]
ProductName = Annotated[str, Field(min_length=1, max_length=200)]
Nodes = Annotated[int, Field(ge=1, le=100_000, description="Whole nodes.")]
Duration = Annotated[
    int, Field(ge=LEAST_S, le=MOST_S, description="Seconds for which the nodes are wanted.")
]

Start = Annotated[
    TimeIn, Field(description="When a reserved lease is to start; without it, as soon as may be.")
]


class QuoteIn(Body):
    """What is to be leased."""

    pool_id: PoolName
    product: ProductName
    nodes: Nodes
    duration_s: Duration | None = Field(
        default=None, description="Without it, the product's own term."
    )
    start_at: Start | None = None
    tenant_id: str | None = Field(
        default=None, max_length=40, description="For whom; a tenant may leave it out."
    )
    hold_s: int = Field(
        default=0,
        ge=0,
        le=LONGEST_HOLD_S,
        description="Seconds for which the nodes are to be kept; `held_until` says whether they are.",
    )


class QuoteOut(Shape):
    """A priced offer."""

    id: str
    tenant_id: str
    pool_id: str
    product: str
    nodes: int
    gpus: int
    duration_s: int
    start_at: Time | None
    price: Decimal = Field(description="Of a GPU-hour, outside of all bands.")
    currency: str
    estimate: Decimal = Field(description="Of all of it, if it began now and ran to its end.")
    price_terms: dict[str, Any] = Field(description="How the price came about.")
    state: QuoteState
    opened_at: Time
    expires_at: Time
    held_until: Time | None = Field(
        description="Until when its nodes are kept; null: they are not."
    )


class QuoteQuery(ListQuery):
    """Filters of the list of quotes."""

    state: QuoteState | None = None


def _out(services: Services, actor: Actor, quote: Quote) -> QuoteOut:
    pool = services.pools.get(quote.pool_id)
    gpus = quote.nodes * (pool.pool.gpus_per_node if pool else 1)
    terms = PriceTerms.from_json(quote.price_detail)
    detail = dict(quote.price_detail)
    if actor.tenant_id is not None:
        detail.pop("floor", None)  # it tells the owner's costs
    estimate = terms.estimate(gpus, quote.opened_s, quote.opened_s + quote.duration_s)
    is_past = quote.state is QuoteState.OPEN and services.till.now_s() >= quote.expires_s
    return QuoteOut(
        id=quote.id,
        tenant_id=quote.tenant_id,
        pool_id=quote.pool_id,
        product=quote.product,
        nodes=quote.nodes,
        gpus=gpus,
        duration_s=quote.duration_s,
        start_at=quote.start_at_s,
        price=quote.price,
        currency=quote.currency,
        estimate=estimate.amount,
        price_terms=detail,
        state=QuoteState.EXPIRED if is_past else quote.state,
        opened_at=quote.opened_s,
        expires_at=quote.expires_s,
        held_until=quote.held_until_s,
    )


@router.get("", summary="List quotes")
def list_quotes(
    services: Given, actor: Asking, query: Annotated[QuoteQuery, Query()], paging: Paging
) -> Page[QuoteOut]:
    """List quotes, the youngest first."""
    require(actor, Act.QUOTES_READ)
    return paging.page(
        query,
        lambda before, limit: services.views.quotes_page(actor.reach, query.state, before, limit),
        lambda quote: _out(services, actor, quote),
    )


@router.post("", status_code=201, response_model=QuoteOut, summary="Ask for a price")
def create_quote(services: Given, actor: Asking, once: Doing, body: QuoteIn) -> Response:
    """Ask what a lease would cost. The price holds until the quote expires; nodes are kept when asked for."""
    ask = Ask(
        body.pool_id, body.product, body.nodes, body.duration_s, body.start_at, body.tenant_id
    )
    return once(
        lambda: _out(services, actor, services.quotes.quote(actor, ask, hold_s=body.hold_s)),
        at="/v1/quotes",
    )


@router.get("/{quote_id}", response_model=QuoteOut, summary="Read a quote")
def read_quote(request: Request, services: Given, actor: Asking, quote_id: Id) -> Response:
    """Read a quote."""
    require(actor, Act.QUOTES_READ)
    quote = existing(services.views.quote(quote_id, actor.reach), "quote", quote_id)
    return tagged(request, _out(services, actor, quote))


@router.delete("/{quote_id}", status_code=204, summary="Withdraw a quote")
def withdraw_quote(services: Given, actor: Asking, quote_id: Id) -> None:
    """Take back a quote that is open."""
    services.quotes.withdraw(actor, quote_id)
