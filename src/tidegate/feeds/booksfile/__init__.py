"""Books files: what finance must know of a fleet beyond the fleet file (TOML)."""

from tidegate.feeds.booksfile.reader import read_books

__all__ = ["read_books"]
