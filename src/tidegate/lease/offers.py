"""What a chip's standard offers cost when nobody has set a price."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

from tidegate.fleet.catalogue import Chip, Rent, reference_rent
from tidegate.lease.product import STANDARD_PRODUCTS, Offer
from tidegate.quantity.money import RELATIVE

PRICE_STEP: Final = Decimal("0.001")
"""The smallest step of a price per GPU-hour; the simulation counts in it."""

RENT_CURRENCY: Final = "USD"
"""The currency of the reference rents; they are not converted."""


class StandardOffers(NamedTuple):
    """The standard products priced for one chip.

    Attributes
    ----------
    offers : tuple of Offer
        One for each of ``STANDARD_PRODUCTS``, in its order.
    list_price : Decimal
        The list price of a GPU-hour that they are priced from.
    currency : str
        The currency of the prices; ``XXX`` when they are only relative to one another.
    assumptions : tuple of str
        Sentences for the report: where the prices come from.
    """

    offers: tuple[Offer, ...]
    list_price: Decimal
    currency: str
    assumptions: tuple[str, ...]


def derived_price(list_price: Decimal, relative_price: Decimal) -> Decimal:
    """Return a product's price from the chip's list price, to a thousandth, halves to even."""
    return (list_price * relative_price).quantize(PRICE_STEP, rounding=ROUND_HALF_EVEN)


def rent_citation(rent: Rent) -> str:
    """Say what a reference rent is and where it comes from."""
    return f"{rent.usd_per_gpu_h} USD per GPU-hour ({rent.date}, {rent.source})"


def standard_offers(chip: Chip, currency: str, price: Decimal | None) -> StandardOffers:
    """Price the standard products for a chip.

    Parameters
    ----------
    chip : Chip
        The pool's chip.
    currency : str
        ISO 4217 code in which ``price`` is given, or in which prices are wanted.
    price : Decimal or None
        The chip's list price of one GPU-hour. When None, the chip's reference rent, provided that
        ``currency`` is that of the reference rents; else 1, with prices that are only relative.

    Returns
    -------
    StandardOffers
        Offers, their currency, and the assumptions made.

    Raises
    ------
    ValueError
        If ``price`` is not positive.
    """
    if price is not None and not price > 0:
        raise ValueError(f"a list price is positive, not {price}")
    rent = reference_rent(chip.id)
    if price is not None:
        list_price = price
        said = f"{chip.id}: products are priced from {price} {currency} per GPU-hour."
    elif rent is not None and currency == RENT_CURRENCY:
        list_price = rent.usd_per_gpu_h
        said = f"{chip.id}: products are priced from the reference rent, {rent_citation(rent)}."
    else:
        list_price, currency = Decimal(1), RELATIVE
        said = (
            f"{chip.id}: no list price is given and no reference rent is known in the currency; "
            "prices are relative to a list price of 1."
        )
    offers = tuple(
        Offer(product, derived_price(list_price, relative), demand)
        for product, relative, demand in STANDARD_PRODUCTS
    )
    shares = ", ".join(f"{product.id} {relative}" for product, relative, _ in STANDARD_PRODUCTS)
    return StandardOffers(
        offers,
        list_price,
        currency,
        (said, f"{chip.id}: products cost, of the list price: {shares}."),
    )
