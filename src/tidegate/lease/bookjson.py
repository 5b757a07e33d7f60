"""A price book as plain data, and back: amounts as decimal strings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tidegate.lease.bands import band_data, band_of
from tidegate.lease.pricebook import Discount, Price, PriceBook


def book_data(book: PriceBook) -> dict[str, Any]:
    """Return a price book as values that JSON has."""
    return {
        "currency": book.currency,
        "prices": [
            {
                "id": price.id,
                "chip": price.chip,
                "product": price.product,
                "rate": str(price.rate),
                "currency": price.currency,
                "tenant_class": price.tenant_class,
                "from_s": price.from_s,
                "until_s": price.until_s,
                "zone": price.zone,
                "bands": [band_data(band) for band in price.bands],
            }
            for price in book.prices
        ],
        "volume": [[step.threshold, str(step.share)] for step in book.volume],
        "term": [[step.threshold, str(step.share)] for step in book.term],
        "cash_costs": {chip: str(cost) for chip, cost in book.cash_costs.items()},
        "exchange": {currency: str(rate) for currency, rate in book.exchange.items()},
    }


def book_of(data: Mapping[str, Any]) -> PriceBook:
    """Return the price book that :func:`book_data` wrote."""
    return PriceBook(
        currency=data["currency"],
        prices=tuple(
            Price(
                **{
                    **price,
                    "rate": Decimal(price["rate"]),
                    "bands": tuple(band_of(band) for band in price["bands"]),
                }
            )
            for price in data["prices"]
        ),
        volume=tuple(Discount(at, Decimal(share)) for at, share in data["volume"]),
        term=tuple(Discount(at, Decimal(share)) for at, share in data["term"]),
        cash_costs={chip: Decimal(cost) for chip, cost in data["cash_costs"].items()},
        exchange={currency: Decimal(rate) for currency, rate in data["exchange"].items()},
    )
