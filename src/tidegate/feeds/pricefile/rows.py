"""Prices as rows of a CSV file."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from pydantic import ValidationError

from tidegate.errors import Place
from tidegate.feeds.fleetfile.lines import KeyPath
from tidegate.feeds.fleetfile.problems import Problems, one_of
from tidegate.feeds.pricefile.tables import PriceTable

COLUMNS: Final = tuple(f.alias or name for name, f in PriceTable.model_fields.items())
"""The columns that a file may have; ``chip``, ``product`` and ``rate`` must be there."""

_NEEDED: Final = ("chip", "product", "rate")


class RowProblem(Protocol):
    """Notes what is wrong with one price, at the place where it stands."""

    def __call__(self, code: str, field: str | None, message: str, expected: str) -> None:
        """Note it at a field of the price, or at the price as a whole."""


def read_rows(
    path: Path, problems: Problems, named_at: KeyPath
) -> Iterator[tuple[PriceTable, RowProblem]]:
    """Read a CSV file with a header; blank cells are left out, and wrong rows are told.

    Parameters
    ----------
    path : Path
        The file, in UTF-8.
    problems : Problems
        Where errors are noted.
    named_at : KeyPath
        The key that names the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        problems.add(
            "TG-PRICE-MISSING",
            named_at,
            f"{str(path)!r} cannot be read: {reason}.",
            "the path of a CSV file, relative to this file.",
        )
        return
    reader = csv.reader(text.splitlines(), strict=True)
    header = [name.strip() for name in next(reader, [])]
    place = Place(str(path), 1)
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            what = "is unknown" if name not in COLUMNS else "stands there twice"
            problems.put(
                "TG-PRICE-KEY", f"the column {name!r} {what}.", place, one_of(name, COLUMNS)
            )
    for name in _NEEDED:
        if name not in header:
            problems.put(
                "TG-PRICE-KEY", f"the column {name} is missing.", place, ", ".join(COLUMNS)
            )
    if set(header) - set(COLUMNS) or len(set(header)) < len(header) or set(_NEEDED) - set(header):
        return
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield from _row(header, cells, Place(str(path), reader.line_num), problems)
    except csv.Error as error:
        at = Place(str(path), reader.line_num)
        problems.put("TG-PRICE-SYNTAX", f"the line is not CSV: {error}.", at, "cells with commas.")


def _row(
    header: list[str], cells: list[str], place: Place, problems: Problems
) -> Iterator[tuple[PriceTable, RowProblem]]:
    def tell(code: str, field: str | None, message: str, expected: str) -> None:
        problems.put(code, message, Place(place.file, place.line, field), expected)

    if len(cells) != len(header):
        message = f"the line has {len(cells)} cells."
        tell("TG-PRICE-SYNTAX", None, message, f"{len(header)}, as the header has.")
        return
    values: dict[str, object] = {
        name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()
    }
    try:
        yield PriceTable.model_validate(values), tell
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            field = str(detail["loc"][0])
            known = PriceTable.model_fields.get("from_" if field == "from" else field)
            expected = f"{known.description}." if known else ""
            if detail["type"] == "missing":
                tell("TG-PRICE-VALUE", field, f"{field} is empty.", expected)
                continue
            cause = detail.get("ctx", {}).get("error")
            reason = f": {cause}" if cause else ""
            shown = f"{field} = {detail['input']!r}"
            tell("TG-PRICE-VALUE", field, f"{shown} cannot be used{reason}.", expected)
