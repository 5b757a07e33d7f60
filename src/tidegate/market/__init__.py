"""Who rents at what price: the vintage market model, and the claims it tests."""

from tidegate.market.paths import RentPaths, months_from

__all__ = ["RentPaths", "months_from"]
