"""Tables: a caption, columns with units, rows of text."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text : str
        What it says.
    mark : str
        A word set beside it, such as ``best``; it carries what colour alone must not.
    note : str
        A second, smaller line.
    """

    text: str
    mark: str = ""
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    label : str
        Its heading.
    unit : str
        Unit of its numbers, said once in the heading.
    numeric : bool
        Whether it is set flush right.
    """

    label: str
    unit: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Row:
    """A row of a table; its first cell is its heading.

    Attributes
    ----------
    cells : tuple of Cell
        As many as there are columns.
    kind : str
        ``plain``, ``part`` (belongs to the row above) or ``total``.
    """

    cells: tuple[Cell, ...]
    kind: str = "plain"


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    caption : str
        What it shows.
    columns : tuple of Column
        From left to right.
    rows : tuple of Row
        From top to bottom.
    note : str
        What a reader should know, set below.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = field(default=())
    note: str = ""


def row(cells: Iterable[str | Cell], kind: str = "plain") -> Row:
    """Return a row of cells or texts."""
    return Row(tuple(c if isinstance(c, Cell) else Cell(c) for c in cells), kind)


def text_column(label: str) -> Column:
    """Return a column of words."""
    return Column(label, numeric=False)


EMPTY: Final = Table("", ())
"""A table that shows nothing."""
