"""A table with typed columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from tidegate.quantity import Money

Value = str | int | float | Decimal | None


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    BALANCE = "balance"
    """Money at a moment: it does not add up over months."""
    RATE = "rate"
    """Money per GPU-hour."""
    HOURS = "hours"
    SHARE = "share"
    RATIO = "ratio"
    NUMBER = "number"


_PLACES: Final = {Kind.RATE: 4, Kind.HOURS: 1, Kind.SHARE: 6, Kind.RATIO: 4, Kind.NUMBER: 4}


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    key : str
        Its name in JSON and CSV.
    title : str
        Its heading.
    kind : Kind
    formula : str or None
        How a reader may check it from other columns of the same row, such as ``{rent}-{returned}``: a live
        formula in a spreadsheet.
    """

    key: str
    title: str
    kind: Kind = Kind.TEXT
    formula: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows under typed columns.

    Attributes
    ----------
    id, title : str
    columns : tuple of Column
    rows : tuple of tuple
        Exact values; they are rounded where they are shown.
    currency : str
    note : str
        What a reader must know, in a sentence or two.
    totals : bool
        Whether a last row sums the columns of money, hours and counts.
    total : mapping of str to Value
        What stands in that row under columns that do not add up, by key, such as a ratio of sums.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    currency: str
    note: str = ""
    totals: bool = False
    total: Mapping[str, Value] = field(default_factory=dict)

    def total_row(self) -> tuple[Value, ...]:
        """Return the last row of a table with totals; what neither adds up nor is stated is None."""
        found: list[Value] = []
        for place, column in enumerate(self.columns):
            if column.key in self.total:
                found.append(self.total[column.key])
            elif column.kind in (Kind.MONEY, Kind.HOURS, Kind.COUNT):
                values = (row[place] for row in self.rows)
                found.append(sum((Decimal(str(v)) for v in values if v is not None), Decimal(0)))
            else:
                found.append("total" if place == 0 else None)
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain values: money as decimal text, to the currency's smallest unit."""
        told = {
            "id": self.id,
            "title": self.title,
            "currency": self.currency,
            "note": self.note,
            "rows": [self._plain(row) for row in self.rows],
        }
        return told | ({"total": self._plain(self.total_row())} if self.totals else {})

    def _plain(self, row: Sequence[Value]) -> dict[str, Any]:
        return {
            column.key: plain(value, column.kind, self.currency)
            for column, value in zip(self.columns, row, strict=True)
        }


@dataclass(frozen=True)
class Report:
    """Some tables under a title, with what they rest on.

    Attributes
    ----------
    title : str
    source : str
        Where the figures come from.
    tables : tuple of Table
    notes : tuple of str
        Assumptions, in sentences.
    headline : mapping of str to str
        A few figures in words, such as ``{"coverage": "0.42"}``.
    """

    title: str
    source: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    headline: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "title": self.title,
            "source": self.source,
            "headline": dict(self.headline),
            "tables": {table.id: table.to_json() for table in self.tables},
            "notes": list(self.notes),
        }

    def table(self, name: str) -> Table:
        """Return a table by its id.

        Raises
        ------
        KeyError
            If there is none.
        """
        for table in self.tables:
            if table.id == name:
                return table
        raise KeyError(name)


def plain(value: Value, kind: Kind, currency: str) -> str | int | float | None:
    """Return a value for JSON and CSV: money and rates as decimal text, the others as numbers."""
    if value is None or isinstance(value, str):
        return value
    if kind in (Kind.MONEY, Kind.BALANCE):
        return f"{Money(Decimal(str(value)), currency).rounded().amount:f}"
    if kind is Kind.RATE:
        return f"{Decimal(str(value)):.4f}"
    if kind is Kind.COUNT:
        return int(value)
    return round(float(value), _PLACES.get(kind, 6))


def shown(value: Value, kind: Kind) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    match kind:
        case Kind.MONEY | Kind.BALANCE | Kind.HOURS | Kind.COUNT:
            return f"{value:z,.0f}"
        case Kind.SHARE:
            return f"{100 * float(value):z.1f} %"
        case Kind.RATIO | Kind.RATE | Kind.NUMBER | Kind.TEXT:
            return f"{value:z,.2f}"


def columns(*stated: tuple[str, ...]) -> tuple[Column, ...]:
    """Return columns from (key, title, kind, formula) tuples; kind and formula may be left out."""
    found = []
    for key, title, *more in stated:
        kind, formula = (*more, *(Kind.TEXT.value, "")[len(more) :])
        found.append(Column(key, title, Kind(kind), formula or None))
    return tuple(found)
