"""Rent histories: CSV with a column ``month`` and one of monthly rents per generation."""

import csv
from pathlib import Path
from typing import Final

import numpy as np

from tidegate.errors import FinanceError, Place
from tidegate.feeds.files import read_text
from tidegate.finance.month import Month
from tidegate.finance.paths import RentHistory

_MONTH: Final = "month"


def read_rent_history(path: str | Path) -> RentHistory:
    """Read a rent history.

    Parameters
    ----------
    path : str or Path
        CSV with a header: ``month`` (such as 2026-03) and one column per generation, in US dollars per GPU-hour;
        blank before a series begins and after it ends. Lines that begin with ``#`` and columns that end in ``_n``
        (numbers of voters) are left out.

    Raises
    ------
    FinanceError
        ``TG-FIN-HISTORY`` when a month is missing, stands twice or out of order, or a rent is not a number above 0.
    FeedError
        When the file cannot be opened.
    """
    text = read_text(Path(path))
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    rows = list(csv.reader(line for _, line in numbered))
    if not rows or _MONTH not in rows[0]:
        raise _wrong(path, numbered[0][0] if numbered else 1, None, "there is no column month.")
    header = rows[0]
    names = [name for name in header if name != _MONTH and not name.endswith("_n")]
    columns: dict[str, list[float]] = {name: [] for name in names}
    first = before = None
    for (line, _), row in zip(numbered[1:], rows[1:], strict=True):
        if len(row) != len(header):
            raise _wrong(path, line, None, f"it has {len(row)} fields, the header {len(header)}.")
        cells = dict(zip(header, row, strict=True))
        month = _month(path, line, cells[_MONTH])
        if before is not None and month != before + 1:
            told = "twice or out of order" if month <= before else f"missing before {month}"
            raise _wrong(
                path,
                line,
                _MONTH,
                f"a month stands {told}." if month <= before else f"a month is {told}.",
            )
        first, before = first or month, month
        for name in names:
            columns[name].append(_rent(path, line, name, cells[name]))
    if first is None or not names:
        raise _wrong(path, 1, None, "it has no rents.")
    return RentHistory(first, {n: np.array(v) for n, v in columns.items()}, str(path))


def _month(path: str | Path, line: int, text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise _wrong(path, line, _MONTH, f"{error}.") from None


def _rent(path: str | Path, line: int, name: str, text: str) -> float:
    if not text.strip():
        return float("nan")
    try:
        rent = float(text)
    except ValueError:
        raise _wrong(path, line, name, f"{text!r} is not a number.") from None
    if not (np.isfinite(rent) and rent > 0):
        raise _wrong(path, line, name, f"{text} is not a rent.")
    return rent


def _wrong(path: str | Path, line: int, field: str | None, message: str) -> FinanceError:
    return FinanceError(
        "TG-FIN-HISTORY",
        message,
        place=Place(str(path), line, field),
        expected="month and one column per generation, every month once and in order, rents above 0.",
    )
