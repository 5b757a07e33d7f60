"""What is sold: products, their prices, and how they are asked for."""

from tidegate.lease.bands import Band
from tidegate.lease.offers import StandardOffers, derived_price, standard_offers
from tidegate.lease.pricebook import Discount, Price, PriceBook, book_of_offers
from tidegate.lease.product import (
    STANDARD_PRODUCTS,
    LeaseDemand,
    Offer,
    Product,
    ProductKind,
)
from tidegate.lease.terms import PriceTerms, Rate

__all__ = [
    "STANDARD_PRODUCTS",
    "Band",
    "Discount",
    "LeaseDemand",
    "Offer",
    "Price",
    "PriceBook",
    "PriceTerms",
    "Product",
    "ProductKind",
    "Rate",
    "StandardOffers",
    "book_of_offers",
    "derived_price",
    "standard_offers",
]
