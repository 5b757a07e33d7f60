"""``/v1/pools``: the fleet, what it sells, and what may be promised."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import tagged
from tidegate.api.guard import Asking
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given, Services
from tidegate.api.shapes import Shape, Time, duration_of
from tidegate.control.access import Act, Actor, not_found, require
from tidegate.control.pools import LivePool
from tidegate.control.views import PoolRow
from tidegate.fleet.tier import Tier
from tidegate.lease.product import Offer, ProductKind
from tidegate.quantity.money import rounded_rate

router: Final = APIRouter(tags=["pools"])

_A_DAY_S: Final = 86_400

PoolId = Annotated[str, Path(min_length=1, max_length=200, description="Name of the pool.")]


class PoolOut(Shape):
    """Interchangeable nodes of one chip at one site."""

    id: str
    site: str
    chip: str
    tier: Tier
    gpus_per_node: int
    products: list[str] = Field(description="What it sells.")
    is_selling: bool = Field(description="Whether its driver is heard of; else it sells nothing.")
    nodes: int | None = Field(description="How many nodes; for the owner's people only.")
    facts_at: Time | None = Field(description="When it was last seen; for the owner's people only.")
    trouble: str | None = Field(
        description="What its driver failed at; for the owner's people only."
    )
    drift: str | None = Field(
        description="What was changed by hand in its scheduler; for the owner's people only."
    )


class ProductOut(Shape):
    """What can be ordered in a pool."""

    id: str
    pool: str
    chip: str
    kind: ProductKind
    guarantee_s: int = Field(description="Seconds from the start that are firm.")
    notice_s: int = Field(description="Seconds between the notice and the taking back.")
    in_words: str
    list_price: Decimal = Field(description="Of a GPU-hour, before discounts.")
    currency: str


class HorizonOut(Shape):
    """What may be promised for a time."""

    horizon_s: int
    quota: int = Field(description="Nodes that may be promised so long, in all.")
    promised: int = Field(description="Nodes of leases with at least that much firm time left.")
    left: int = Field(description="Nodes that may still be promised so long.")
    displaced_price: Decimal = Field(
        description="Of a GPU-hour: below it a promise so long displaces better offers."
    )


class FloorOut(Shape):
    """Below which price a product is not sold."""

    product: str
    horizon_s: int | None = Field(description="The longest at which it is held against the curve.")
    list_price: Decimal = Field(description="Of a GPU-hour, before discounts.")
    bid_price: Decimal = Field(description="What a GPU-hour of it costs the owner, at that price.")
    of_breaks: Decimal = Field(description="Of that, expected refunds, credits and rent lost.")
    of_displaced: Decimal = Field(description="Of that, better offers displaced.")
    cash_cost: Decimal = Field(description="What running a GPU for an hour costs.")
    floor: Decimal = Field(description="The larger of bid price and cash cost.")
    currency: str


class OutlookOut(Shape):
    """A pool's quota curve."""

    pool: str
    at: Time
    idle: int = Field(description="Nodes that nobody holds.")
    horizons: list[HorizonOut]
    products: list[FloorOut] = Field(description="For a day, or the product's own term.")


def _pool_out(actor: Actor, row: PoolRow, live: LivePool | None) -> PoolOut:
    is_owner = actor.tenant_id is None
    return PoolOut(
        id=row.id,
        site=row.site,
        chip=row.chip,
        tier=row.tier,
        gpus_per_node=row.gpus_per_node,
        products=[] if live is None else [offer.product.id for offer in live.offers],
        is_selling=row.tier.may_lease and not row.is_stale,
        nodes=row.nodes if is_owner else None,
        facts_at=row.facts_at_s if is_owner else None,
        trouble=row.trouble if is_owner else None,
        drift=row.drift if is_owner else None,
    )


def _product_out(pool: LivePool, offer: Offer) -> ProductOut:
    product = offer.product
    return ProductOut(
        id=product.id,
        pool=pool.id,
        chip=pool.pool.chip.id,
        kind=product.kind,
        guarantee_s=product.guarantee_s,
        notice_s=product.notice_s,
        in_words=_in_words(offer),
        list_price=offer.price,
        currency=pool.currency,
    )


def _in_words(offer: Offer) -> str:
    product = offer.product
    notice = f"taken back with {duration_of(product.notice_s)} notice"
    match product.kind:
        case ProductKind.RESERVED:
            return "Yours to the end of its term."
        case ProductKind.FLEX:
            return f"Yours for {duration_of(product.guarantee_s)}, then {notice}."
        case ProductKind.ON_DEMAND:
            return f"Yours until it is {notice}."
        case ProductKind.GRANT:
            return f"For approved projects: {notice}."
        case _:
            return f"May be {notice} at any time."


@router.get("/pools", summary="List pools")
def list_pools(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[PoolOut]:
    """List pools in order of their names; tenants see those that are leased."""
    require(actor, Act.POOLS_READ)
    rows = [row for row in services.views.pools() if _sees(actor, row)]

    def fetch(after: str | None, limit: int) -> list[PoolRow]:
        return [row for row in rows if after is None or row.id > after][:limit]

    return paging.page(query, fetch, lambda row: _pool_out(actor, row, services.pools.get(row.id)))


@router.get("/pools/{pool_id}", response_model=PoolOut, summary="Read a pool")
def read_pool(request: Request, services: Given, actor: Asking, pool_id: PoolId) -> Response:
    """Read a pool."""
    require(actor, Act.POOLS_READ)
    row = next((row for row in services.views.pools() if row.id == pool_id), None)
    if row is None or not _sees(actor, row):
        raise not_found("pool", pool_id)
    return tagged(request, _pool_out(actor, row, services.pools.get(row.id)))


def _sees(actor: Actor, row: PoolRow) -> bool:
    return actor.tenant_id is None or row.tier.may_lease


@router.get("/pools/{pool_id}/quota", summary="Read a pool's quota curve")
def read_quota(services: Given, actor: Asking, pool_id: PoolId) -> OutlookOut:
    """Read what may be promised now, horizon by horizon, as of at most five seconds ago; for the owner's people."""
    found = services.outlooks.outlook(actor, pool_id)
    return OutlookOut(
        pool=found.pool_id,
        at=found.at_s,
        idle=found.idle,
        horizons=[
            HorizonOut(
                horizon_s=each.horizon_s,
                quota=each.quota,
                promised=each.promised,
                left=each.left,
                displaced_price=each.displaced,
            )
            for each in found.horizons
        ],
        products=[
            _floor_out(services, services.pools[pool_id], offer)
            for offer in services.pools[pool_id].offers
        ],
    )


def _floor_out(services: Services, pool: LivePool, offer: Offer) -> FloorOut:
    product = offer.product
    bid = services.outlooks.bid(pool.id, offer, max(_A_DAY_S, product.guarantee_s))
    with services.till.door.reading() as store:
        book = store.plans.price_book() or services.till.offered
    cash_cost = book.cash_costs.get(pool.pool.chip.id, Decimal(0))
    is_given = product.kind is ProductKind.GRANT
    return FloorOut(
        product=product.id,
        horizon_s=bid.horizon_s,
        list_price=offer.price,
        bid_price=bid.price,
        of_breaks=rounded_rate(bid.breaks),
        of_displaced=rounded_rate(bid.displaced),
        cash_cost=cash_cost,
        floor=Decimal(0) if is_given else max(cash_cost, bid.price),
        currency=pool.currency,
    )


@router.get("/products", summary="List products")
def list_products(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[ProductOut]:
    """List what can be ordered, pool by pool."""
    require(actor, Act.PRODUCTS_READ)
    every = sorted(
        (
            (f"{pool.id} {offer.product.id}", pool, offer)
            for pool in services.pools.values()
            if pool.pool.tier.may_lease
            for offer in pool.offers
        ),
        key=lambda each: each[0],
    )
    return paging.page(
        query,
        lambda after, limit: [each for each in every if after is None or each[0] > after][:limit],
        lambda each: _product_out(each[1], each[2]),
        lambda each: each[0],
    )
