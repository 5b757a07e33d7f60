"""Tables of a scenario in CSV: every row checked, every error with its line and column."""

import csv
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from tidegate.errors import MarketFileError, Place
from tidegate.feeds.fleetfile.problems import one_of
from tidegate.feeds.fleetfile.tables import Table

Row = TypeVar("Row", bound=Table)


def read_rows(path: Path, model: type[Row]) -> tuple[list[Row], list[MarketFileError]]:
    """Read a table.

    Parameters
    ----------
    path : Path
        A CSV file with a header; empty lines and lines that begin with ``#`` are passed over.
    model : type of Table
        A row.

    Returns
    -------
    rows, errors : list, list
        Good rows, and what is wrong with the others.

    Raises
    ------
    MarketFileError
        When the file cannot be read, or a column is missing or unknown.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise MarketFileError(
            "TG-MARKET-SYNTAX", "the file is not text in UTF-8.", place=Place(str(path))
        ) from None
    except OSError as error:
        raise MarketFileError(
            "TG-MARKET-MISSING",
            f"the file cannot be read: {error.strerror}.",
            place=Place(str(path)),
        ) from None
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise MarketFileError(
            "TG-MARKET-SYNTAX",
            "the file is empty.",
            place=Place(str(path)),
            expected="a header and rows.",
        )
    header = next(csv.reader([lines[0][1]]))
    _check_header(path, lines[0][0], header, model)
    rows, errors = [], list[MarketFileError]()
    for number, line in lines[1:]:
        cells = next(csv.reader([line]))
        if len(cells) != len(header):
            errors.append(
                MarketFileError(
                    "TG-MARKET-SYNTAX",
                    f"the row has {len(cells)} fields.",
                    place=Place(str(path), number),
                    expected=f"{len(header)} fields, as in the header.",
                )
            )
            continue
        try:
            rows.append(model.model_validate(dict(zip(header, cells, strict=True))))
        except ValidationError as found:
            errors += _errors(found, path, number, model)
    return rows, errors


def _check_header(path: Path, line: int, header: list[str], model: type[Row]) -> None:
    known = model.model_fields
    place = Place(str(path), line)
    for name in header:
        if name not in known:
            raise MarketFileError(
                "TG-MARKET-KEY",
                f"the column {name!r} is unknown.",
                place=place,
                expected=one_of(name, known),
            )
    for name, field in known.items():
        if field.is_required() and name not in header:
            raise MarketFileError(
                "TG-MARKET-KEY",
                f"the column {name} is missing.",
                place=place,
                expected=f"{field.description}.",
            )


def _errors(
    found: ValidationError, path: Path, line: int, model: type[Row]
) -> list[MarketFileError]:
    errors = []
    for detail in found.errors(include_url=False):
        name = str(detail["loc"][0])
        expected = model.model_fields[name].description
        errors.append(
            MarketFileError(
                "TG-MARKET-VALUE",
                f"{name} = {detail['input']!r} cannot be used.",
                place=Place(str(path), line, name),
                expected=f"{expected}." if expected else None,
            )
        )
    return errors
