"""A price book that comes: its shape, and what is checked of it."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from tidegate.api.resources.amounts import Currency
from tidegate.api.shapes import Body, TimeIn
from tidegate.errors import Place, PriceError, RequestError
from tidegate.fleet import catalogue
from tidegate.lease import Band, Discount, Price, PriceBook

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Weekdays as they are written; their place is the number that a band knows."""

_NAME: Final = r"^\w[\w .-]{0,199}$"
Name = Annotated[str, Field(pattern=_NAME)]
Rate = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", examples=["2.65"])]
Share = Annotated[str, Field(pattern=r"^0(\.[0-9]{1,6})?$", examples=["0.05"])]
Clock = Annotated[
    str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", examples=["22:00"])
]
Day = Annotated[str, Field(pattern=f"^({'|'.join(DAYS)})$")]


class BandIn(Body):
    """A stretch of the day with its own price."""

    name: Name
    start: Clock
    end: Clock
    factor: Rate
    days: list[Day] = Field(default=list(DAYS), min_length=1, max_length=7)


class PriceIn(Body):
    """A price."""

    id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    chip: Name
    product: Name
    rate: Rate
    currency: Currency
    tenant_class: Name | None = None
    zone: Annotated[str, Field(max_length=60)] = "UTC"
    bands: list[BandIn] = Field(default=[], max_length=20)
    valid_from: TimeIn | None = None
    valid_until: TimeIn | None = None


class VolumeIn(Body):
    """A share taken off from so many GPUs on."""

    gpus: int = Field(ge=1, le=10_000_000)
    share: Share


class TermIn(Body):
    """A share taken off from so long a term on."""

    wanted_s: int = Field(ge=1, le=3_200_000_000)
    share: Share


class BookIn(Body):
    """A price book to be put into force."""

    source: Name = Field(description="Where it comes from, such as the name of a file.")
    currency: Currency
    prices: list[PriceIn] = Field(
        min_length=1, max_length=200, description="A longer book is read at the start."
    )
    volume_discounts: list[VolumeIn] = Field(default=[], max_length=20)
    term_discounts: list[TermIn] = Field(default=[], max_length=20)
    cash_costs: dict[Name, Rate] = Field(default={}, max_length=100)
    exchange: dict[Currency, Rate] = Field(default={}, max_length=50)


def _wrong(field: str, message: str, expected: str) -> RequestError:
    return RequestError("TG-API-FIELD", message, place=Place(field=field), expected=expected)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _price(place: int, body: PriceIn) -> Price:
    field = f"prices.{place}"
    if body.chip not in catalogue():
        raise _wrong(f"{field}.chip", "is not in the catalogue.", "a chip of the catalogue.")
    try:
        bands = tuple(
            Band(
                band.name,
                _minute(band.start),
                _minute(band.end),
                Decimal(band.factor),
                frozenset(DAYS.index(day) for day in band.days),
            )
            for band in body.bands
        )
        return Price(
            id=body.id,
            chip=body.chip,
            product=body.product,
            rate=Decimal(body.rate),
            currency=body.currency,
            tenant_class=body.tenant_class,
            from_s=body.valid_from,
            until_s=body.valid_until,
            zone=body.zone,
            bands=bands,
        )
    except ValueError as error:
        raise _wrong(
            field, f"cannot be: {error}.", "a price as it stands in a price book."
        ) from error


def book_of_body(body: BookIn) -> PriceBook:
    """Return the price book that came.

    Raises
    ------
    RequestError
        ``TG-API-FIELD`` for what cannot be.
    PriceError
        ``TG-PRICE-OVERLAP`` for two prices of the same thing at the same time.
    """
    prices = tuple(_price(place, price) for place, price in enumerate(body.prices))
    if len({price.id for price in prices}) < len(prices):
        raise _wrong("prices", "have an id twice.", "another id for each price.")
    for place, price in enumerate(body.prices):
        if price.currency != body.currency and price.currency not in body.exchange:
            raise _wrong(f"prices.{place}.currency", "has no exchange rate.", "one in exchange.")
    for code, rate in body.exchange.items():
        if not Decimal(rate) > 0:
            raise _wrong(f"exchange.{code}", "is no rate.", "a number above 0.")
    book = PriceBook(
        currency=body.currency,
        prices=prices,
        volume=tuple(Discount(step.gpus, Decimal(step.share)) for step in body.volume_discounts),
        term=tuple(Discount(step.wanted_s, Decimal(step.share)) for step in body.term_discounts),
        cash_costs={chip: Decimal(cost) for chip, cost in body.cash_costs.items()},
        exchange={code: Decimal(rate) for code, rate in body.exchange.items()},
    )
    twice = book.overlap()
    if twice is not None:
        first, second = twice
        raise PriceError(
            "TG-PRICE-OVERLAP",
            f"{first.id!r} and {second.id!r} hold for the same thing at the same time.",
            place=Place(field="prices"),
            expected="an earlier price that ends where the later begins.",
        )
    return book
