"""Price books: what a GPU-hour costs, to whom, when (TOML, with rows in CSV beside it)."""

from tidegate.feeds.pricefile.reader import read_price_book

__all__ = ["read_price_book"]
