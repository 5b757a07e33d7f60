"""The price book: what each chip costs per product and class of tenant, and from when to when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from tidegate.errors import PriceError
from tidegate.lease.bands import Band, check_zone, clash
from tidegate.lease.product import Offer, Product, ProductKind
from tidegate.lease.terms import PriceTerms, Rate, discounted
from tidegate.quantity.money import minor_units, rounded_rate


@dataclass(frozen=True)
class Price:
    """A row of the price book.

    Attributes
    ----------
    id : str
        Name of the row; unique in a book.
    chip, product : str
        What is priced.
    rate : Decimal
        List price of one GPU-hour.
    currency : str
        ISO 4217 code.
    tenant_class : str or None
        The class of tenants that it is for; None for all that have no price of their own.
    from_s, until_s : int or None
        When it may be quoted, ``[from_s, until_s)`` in seconds since the epoch; None without a bound.
    zone : str
        IANA zone of the bands.
    bands : tuple of Band
        Time-of-day bands; none clashes with another.
    """

    id: str
    chip: str
    product: str
    rate: Decimal
    currency: str
    tenant_class: str | None = None
    from_s: int | None = None
    until_s: int | None = None
    zone: str = "UTC"
    bands: tuple[Band, ...] = ()

    def __post_init__(self) -> None:
        minor_units(self.currency)
        check_zone(self.zone)
        if not self.rate.is_finite() or self.rate < 0:
            raise ValueError("a rate is finite and not negative")
        if self.from_s is not None and self.until_s is not None and self.until_s <= self.from_s:
            raise ValueError("a price ends after it begins")
        if clash(self.bands) is not None:
            raise ValueError("bands may not hold a minute in common")

    def holds(self, at_s: int) -> bool:
        """Whether it may be quoted at an instant."""
        begun = self.from_s is None or self.from_s <= at_s
        return begun and (self.until_s is None or at_s < self.until_s)

    def meets(self, other: "Price") -> bool:
        """Whether both price the same thing at some instant, so that neither could be chosen."""
        mine = (self.chip, self.product, self.tenant_class, self.currency)
        if mine != (other.chip, other.product, other.tenant_class, other.currency):
            return False
        starts = [p.from_s for p in (self, other) if p.from_s is not None]
        latest = max(starts, default=None)
        ends = [p.until_s for p in (self, other) if p.until_s is not None]
        return latest is None or not ends or latest < min(ends)


class Discount(NamedTuple):
    """A share taken off from a threshold on.

    ``threshold`` counts GPUs of the lease (volume) or seconds of its wanted duration (term).
    """

    threshold: int
    share: Decimal


@dataclass(frozen=True)
class PriceBook:
    """All prices, and what changes them.

    Attributes
    ----------
    currency : str
        ISO 4217 code of cash costs and of floors that come from outside.
    prices : tuple of Price
        No two of them :meth:`~Price.meets`.
    volume, term : tuple of Discount
        Discounts by GPUs and by wanted seconds; the one with the highest threshold reached counts.
    cash_costs : mapping of str to Decimal
        What running one GPU of a chip for an hour costs in cash (power, operations).
    exchange : mapping of str to Decimal
        What one unit of another currency is worth in ``currency``: for floors only.
    """

    currency: str
    prices: tuple[Price, ...]
    volume: tuple[Discount, ...] = ()
    term: tuple[Discount, ...] = ()
    cash_costs: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    exchange: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    def overlap(self) -> tuple[Price, Price] | None:
        """Return the first two prices that hold for the same thing at the same time; None for a good book."""
        for place, price in enumerate(self.prices):
            for earlier in self.prices[:place]:
                if earlier.meets(price):
                    return earlier, price
        return None

    def price(
        self, chip: str, product: str, tenant_class: str | None, currency: str, at_s: int
    ) -> Price | None:
        """Return the price in force: that of the class, else the one for all; None without one."""
        found = None
        for price in self.prices:
            is_it = (price.chip, price.product, price.currency) == (chip, product, currency)
            if is_it and price.holds(at_s):
                if tenant_class is not None and price.tenant_class == tenant_class:
                    return price
                if price.tenant_class is None:
                    found = price
        return found

    def terms(
        self,
        product: Product,
        chip: str,
        *,
        gpus: int,
        wanted_s: int | None,
        at_s: int,
        tenant_class: str | None = None,
        currency: str | None = None,
        bid_price: Decimal | None = None,
    ) -> PriceTerms:
        """Return the terms on which a lease is quoted.

        Parameters
        ----------
        product : Product
            What is asked for.
        chip : str
            On which chip.
        gpus : int
            How many GPUs.
        wanted_s : int or None
            For how long; None when the end is left open, which earns no term discount.
        at_s : int
            When the quote is made.
        tenant_class, currency : str or None
            The tenant's; None for none and for the book's own.
        bid_price : Decimal or None
            What the capacity is worth to others, per GPU-hour in the book's currency.

        Raises
        ------
        PriceError
            ``TG-PRICE-NONE`` if no price is in force; ``TG-PRICE-EXCHANGE`` if a floor cannot be
            told in the currency.
        """
        wanted_currency = currency or self.currency
        price = self.price(chip, product.id, tenant_class, wanted_currency, at_s)
        if price is None:
            whom = f" for tenants of class {tenant_class!r}" if tenant_class else ""
            raise PriceError(
                "TG-PRICE-NONE",
                f"{product.id} on {chip} has no price in {wanted_currency}{whom} at this time.",
                expected="a product, chip and currency of the price book.",
            )
        volume = _share(self.volume, gpus)
        term = _share(self.term, wanted_s or 0)
        floor = Decimal(0)
        # A grant is given away on purpose; the floor is for what is sold.
        if product.kind is not ProductKind.GRANT:
            floor = self._floor(chip, wanted_currency, bid_price)
        left = (1 - volume) * (1 - term)

        def rate(name: str, factor: Decimal) -> Rate:
            listed = rounded_rate(price.rate * factor)
            billed = discounted(listed, left, floor)
            return Rate(name, max(listed, billed), billed)

        return PriceTerms(
            price_id=price.id,
            chip=chip,
            product=product.id,
            kind=product.kind,
            currency=price.currency,
            zone=price.zone,
            bands=price.bands,
            rates=(*(rate(b.name, b.factor) for b in price.bands), rate("", Decimal(1))),
            volume_discount=volume,
            term_discount=term,
            floor=floor,
            term_steps=tuple((step.threshold, step.share) for step in self.term),
        )

    def _floor(self, chip: str, currency: str, bid_price: Decimal | None) -> Decimal:
        floor = max(self.cash_costs.get(chip, Decimal(0)), bid_price or Decimal(0))
        if currency == self.currency or floor == 0:
            return rounded_rate(floor)
        if currency not in self.exchange:
            raise PriceError(
                "TG-PRICE-EXCHANGE",
                f"the floor of {chip} stands in {self.currency} and is not known in {currency}.",
                expected=f"an exchange rate of {currency} in the price book.",
            )
        return rounded_rate(floor / self.exchange[currency])


def _share(steps: tuple[Discount, ...], reached: int) -> Decimal:
    at = max((step for step in steps if step.threshold <= reached), default=None)
    return at.share if at else Decimal(0)


def book_of_offers(currency: str, offers: Iterable[tuple[str, Offer]]) -> PriceBook:
    """Return the price book of a fleet that has none: what its pools' offers cost, at all times.

    Parameters
    ----------
    currency : str
        The fleet's.
    offers : iterable of (chip id, Offer)
        What is sold; of the same product on the same chip, the first counts.
    """
    prices: dict[tuple[str, str], Price] = {}
    for chip, offer in offers:
        key = (chip, offer.product.id)
        prices.setdefault(key, Price(" ".join(key), *key, offer.price, currency))
    return PriceBook(currency, tuple(prices.values()))
