"""Products: a firm-horizon rule, a notice and a price."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class ProductKind(StrEnum):
    """How a product's firm horizon moves while the lease runs."""

    PREEMPTIBLE = "preemptible"
    """Firm for its notice only."""
    ON_DEMAND = "on-demand"
    """Firm for a rolling notice, renewed while the quota allows."""
    FLEX = "flex"
    """Firm for a guaranteed time, then for its notice."""
    RESERVED = "reserved"
    """Firm to its end; the term is fixed."""
    GRANT = "grant"
    """As preemptible or flex, at a price of zero or a reduced one, for approved projects."""


@dataclass(frozen=True)
class Product:
    """What a tenant can order.

    Attributes
    ----------
    id : str
        Name of the product; unique in a fleet.
    kind : ProductKind
        Its firm-horizon rule.
    guarantee_s : int
        Guaranteed time from the start of the lease, in seconds (0 for none). A reserved lease is
        guaranteed for its whole duration and ignores this.
    notice_s : int
        Notice before nodes are taken back, in seconds.
    """

    id: str
    kind: ProductKind
    guarantee_s: int
    notice_s: int

    def guaranteed_s(self, duration_s: int) -> int:
        """Guaranteed seconds of a lease that wants ``duration_s`` seconds."""
        if self.kind is ProductKind.RESERVED:
            return duration_s
        return min(self.guarantee_s, duration_s)


@dataclass(frozen=True)
class LeaseDemand:
    """How a product is asked for in a simulated stream of requests.

    Attributes
    ----------
    share : float
        Share of all offered GPU-hours, in [0, 1].
    median_s : float
        Median wanted duration in seconds; the only one when ``sigma`` is 0.
    sigma : float
        Standard deviation of the logarithm of the duration; 0 for a fixed term.
    """

    share: float
    median_s: float
    sigma: float


@dataclass(frozen=True)
class Offer:
    """A product as a pool sells it.

    Attributes
    ----------
    product : Product
        What is sold.
    price : Decimal
        Price of one GPU-hour in the fleet's currency.
    demand : LeaseDemand
        How much of it is asked for in the simulated stream.
    """

    product: Product
    price: Decimal
    demand: LeaseDemand


_H: Final = 3600

STANDARD_PRODUCTS: Final[tuple[tuple[Product, Decimal, LeaseDemand], ...]] = (
    (
        Product("preemptible", ProductKind.PREEMPTIBLE, 0, 120),
        Decimal("0.45"),
        LeaseDemand(0.30, 3 * _H, 1.2),
    ),
    (
        Product("flex", ProductKind.FLEX, 6 * _H, 600),
        Decimal("0.70"),
        LeaseDemand(0.30, 10 * _H, 1.0),
    ),
    (
        Product("day", ProductKind.RESERVED, 24 * _H, 600),
        Decimal("0.90"),
        LeaseDemand(0.25, 24 * _H, 0.0),
    ),
    (
        Product("week", ProductKind.RESERVED, 168 * _H, 600),
        Decimal("0.75"),
        LeaseDemand(0.15, 168 * _H, 0.0),
    ),
)
"""The products of the harvest benchmark: product, price relative to the chip's list rent, demand."""
