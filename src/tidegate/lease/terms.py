"""Price terms: what a lease pays per GPU-hour, as it was quoted and as it will be billed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Self

from tidegate.lease.bands import Band, band_data, band_of, slices
from tidegate.lease.product import ProductKind
from tidegate.quantity.money import Money, rounded_rate


@dataclass(frozen=True)
class Rate:
    """A price of one GPU-hour.

    Attributes
    ----------
    band : str
        The band in which it holds; empty outside of all bands.
    list_rate : Decimal
        Before discounts, in the terms' currency.
    rate : Decimal
        What is billed.
    """

    band: str
    list_rate: Decimal
    rate: Decimal


@dataclass(frozen=True)
class PriceTerms:
    """The price of a lease; it goes from the quote to the order, the lease and the invoice.

    Attributes
    ----------
    price_id : str
        The row of the price book that it was made from.
    chip, product : str
        What is priced.
    kind : ProductKind
        Its firm-horizon rule.
    currency : str
        ISO 4217 code.
    zone : str
        IANA zone of the bands.
    bands : tuple of Band
        Time-of-day bands; empty when the price is one.
    rates : tuple of Rate
        One for each of ``bands``, and last the one outside of them.
    volume_discount, term_discount : Decimal
        Shares taken off, in [0, 1).
    floor : Decimal
        Below which no rate was set, per GPU-hour.
    term_steps : tuple of (int, Decimal)
        Seconds of a term and the share that they earn: what the discount falls to when the lease is
        given back before its term.
    """

    price_id: str
    chip: str
    product: str
    kind: ProductKind
    currency: str
    zone: str
    bands: tuple[Band, ...]
    rates: tuple[Rate, ...]
    volume_discount: Decimal = Decimal(0)
    term_discount: Decimal = Decimal(0)
    floor: Decimal = Decimal(0)
    term_steps: tuple[tuple[int, Decimal], ...] = ()

    @property
    def base(self) -> Rate:
        """The rate outside of all bands."""
        return self.rates[-1]

    def kept_for(self, kept_s: int) -> "PriceTerms":
        """Return the terms of a lease that its tenant has kept for so many seconds only.

        The term discount is then the one that this time earns; all else stays.
        """
        earned = max(
            (step for step in self.term_steps if step[0] <= kept_s), default=(0, Decimal(0))
        )[1]
        if earned >= self.term_discount:
            return self
        left = (1 - self.volume_discount) * (1 - earned)
        rates = tuple(
            replace(rate, rate=discounted(rate.list_rate, left, self.floor)) for rate in self.rates
        )
        return replace(self, rates=rates, term_discount=earned)

    def rated(self, start_s: int, end_s: int) -> Iterator[tuple[int, int, Rate]]:
        """Cut ``[start_s, end_s)`` where the rate changes; yield start, end and rate."""
        for part in slices(start_s, end_s, self.bands, self.zone):
            yield part.start_s, part.end_s, self.rates[-1 if part.band is None else part.band]

    def estimate(self, gpus: int, start_s: int, end_s: int) -> Money:
        """Return what ``gpus`` cost over ``[start_s, end_s)``, each rate rounded as on an invoice."""
        seconds: dict[Rate, int] = {}
        for begun_s, ended_s, rate in self.rated(start_s, end_s):
            seconds[rate] = seconds.get(rate, 0) + gpus * (ended_s - begun_s)
        total = Money(Decimal(0), self.currency)
        for rate, gpu_seconds in seconds.items():
            total += amount(rate.rate, gpu_seconds, self.currency)
        return total.rounded()

    def as_json(self) -> dict[str, Any]:
        """Return plain values for a JSON column or answer: amounts as decimal strings."""
        return {
            "price_id": self.price_id,
            "chip": self.chip,
            "product": self.product,
            "kind": str(self.kind),
            "currency": self.currency,
            "zone": self.zone,
            "bands": [band_data(band) for band in self.bands],
            "rates": [
                {"band": r.band, "list_rate": str(r.list_rate), "rate": str(r.rate)}
                for r in self.rates
            ],
            "volume_discount": str(self.volume_discount),
            "term_discount": str(self.term_discount),
            "floor": str(self.floor),
            "term_steps": [[seconds, str(share)] for seconds, share in self.term_steps],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the terms that :meth:`as_json` wrote."""
        return cls(
            price_id=values["price_id"],
            chip=values["chip"],
            product=values["product"],
            kind=ProductKind(values["kind"]),
            currency=values["currency"],
            zone=values["zone"],
            bands=tuple(band_of(band) for band in values["bands"]),
            rates=tuple(
                Rate(rate["band"], Decimal(rate["list_rate"]), Decimal(rate["rate"]))
                for rate in values["rates"]
            ),
            volume_discount=Decimal(values["volume_discount"]),
            term_discount=Decimal(values["term_discount"]),
            floor=Decimal(values["floor"]),
            term_steps=tuple((seconds, Decimal(share)) for seconds, share in values["term_steps"]),
        )


def discounted(list_rate: Decimal, left: Decimal, floor: Decimal) -> Decimal:
    """Return the share ``left`` of a list rate, and at least the floor."""
    return max(rounded_rate(list_rate * left), floor)


def amount(rate: Decimal, gpu_seconds: int, currency: str) -> Money:
    """Return what GPU-seconds cost at a rate per GPU-hour, rounded to the currency's smallest unit."""
    return (Money(rate, currency) * gpu_seconds).rounded(per=3600)
