"""``/v1/prices``: the price book in force."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tidegate.api.etags import IfMatch, require_match, tagged
from tidegate.api.guard import Asking
from tidegate.api.resources.pricebody import DAYS, BookIn, book_of_body
from tidegate.api.services import Given
from tidegate.api.shapes import Shape, Time
from tidegate.control.access import Act, require
from tidegate.control.prices import adopt_book, visible_book
from tidegate.lease import Band, Price, PriceBook

router = APIRouter(prefix="/prices", tags=["prices"])


class BandOut(Shape):
    """A stretch of the day with its own price, by the clock on the wall of the zone."""

    name: str
    start: str = Field(examples=["22:00"])
    end: str = Field(description="Not included; at or before the start: on the next day.")
    days: list[str] = Field(description="Days on which it begins.")
    factor: str = Field(description="What the rate is multiplied by.")
    rate: str = Field(description="Price of a GPU-hour in it.")


class PriceOut(Shape):
    """A price."""

    id: str
    chip: str
    product: str
    tenant_class: str | None = Field(description="For this class only; null for all others.")
    currency: str
    rate: str = Field(description="List price of a GPU-hour outside of all bands.")
    zone: str
    bands: list[BandOut]
    valid_from: Time | None
    valid_until: Time | None


class DiscountOut(Shape):
    """A share taken off from a threshold on."""

    gpus: int | None = Field(default=None, description="GPUs of the lease.")
    wanted_s: int | None = Field(default=None, description="Seconds for which it is wanted.")
    share: str


class PricesOut(Shape):
    """The price book, as far as it concerns you."""

    currency: str
    prices: list[PriceOut]
    volume_discounts: list[DiscountOut]
    term_discounts: list[DiscountOut]
    cash_costs: dict[str, str] = Field(
        description="What running one GPU of a chip for an hour costs; the owner's people see it."
    )
    exchange: dict[str, str] = Field(
        description="What one unit of a currency is worth in the book's; the owner's people see it."
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _band(price: Price, band: Band) -> BandOut:
    return BandOut(
        name=band.name,
        start=_clock(band.from_minute),
        end=_clock(band.to_minute),
        days=[DAYS[day] for day in sorted(band.days)],
        factor=f"{band.factor:f}",
        rate=f"{price.rate * band.factor:f}",
    )


def _out(book: PriceBook) -> PricesOut:
    return PricesOut(
        currency=book.currency,
        prices=[
            PriceOut(
                id=price.id,
                chip=price.chip,
                product=price.product,
                tenant_class=price.tenant_class,
                currency=price.currency,
                rate=f"{price.rate:f}",
                zone=price.zone,
                bands=[_band(price, band) for band in price.bands],
                valid_from=price.from_s,
                valid_until=price.until_s,
            )
            for price in book.prices
        ],
        volume_discounts=[
            DiscountOut(gpus=step.threshold, share=f"{step.share:f}") for step in book.volume
        ],
        term_discounts=[
            DiscountOut(wanted_s=step.threshold, share=f"{step.share:f}") for step in book.term
        ],
        cash_costs={chip: f"{cost:f}" for chip, cost in book.cash_costs.items()},
        exchange={code: f"{rate:f}" for code, rate in book.exchange.items()},
    )


@router.get("", response_model=PricesOut, summary="Read the price book")
def read_prices(request: Request, services: Given, actor: Asking) -> Response:
    """Read the prices that quotes are made from now; a tenant sees those for its class and for all."""
    till = services.till
    return tagged(request, _out(visible_book(till.door, actor, till.offered)))


@router.put("", response_model=PricesOut, summary="Put a price book into force")
def adopt_prices(
    request: Request,
    services: Given,
    actor: Asking,
    body: BookIn,
    if_match: IfMatch = None,
) -> Response:
    """Put another price book into force, for quotes from now on; tenants are told what changes for them."""
    till = services.till
    require(actor, Act.PRICES_WRITE)
    require_match(if_match, _out(visible_book(till.door, actor, till.offered)))
    book = book_of_body(body)
    adopt_book(
        till.door,
        actor,
        book,
        body.source,
        till.now_s(),
        wall_s=services.wall_s(),
        offered=till.offered,
    )
    return tagged(request, _out(book))
