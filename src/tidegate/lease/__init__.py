"""What is sold: products, their prices, and how they are asked for."""

from tidegate.lease.offers import StandardOffers, derived_price, standard_offers
from tidegate.lease.product import (
    STANDARD_PRODUCTS,
    LeaseDemand,
    Offer,
    Product,
    ProductKind,
)

__all__ = [
    "STANDARD_PRODUCTS",
    "LeaseDemand",
    "Offer",
    "Product",
    "ProductKind",
    "StandardOffers",
    "derived_price",
    "standard_offers",
]
