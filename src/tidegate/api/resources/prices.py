"""``/v1/prices``: the price book in force."""

from fastapi import APIRouter
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.services import Given
from tidegate.api.shapes import Shape, Time
from tidegate.control.prices import visible_book
from tidegate.lease import Band, Price

router = APIRouter(prefix="/prices", tags=["prices"])

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BandOut(Shape):
    """A stretch of the day with its own price, by the clock on the wall of the zone."""

    name: str
    start: str = Field(examples=["22:00"])
    end: str = Field(description="Not included; at or before the start: on the next day.")
    days: list[str] = Field(description="Days on which it begins.")
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


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _band(price: Price, band: Band) -> BandOut:
    return BandOut(
        name=band.name,
        start=_clock(band.from_minute),
        end=_clock(band.to_minute),
        days=[_DAYS[day] for day in sorted(band.days)],
        rate=f"{price.rate * band.factor:f}",
    )


@router.get("", summary="Read the price book")
def read_prices(services: Given, actor: Asking) -> PricesOut:
    """Read the prices that quotes are made from now; a tenant sees those for its class and for all."""
    book = visible_book(services.till.door, actor, services.till.offered)
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
    )
