"""Rents to calibrate on: a table of months, one row a figure or one column a generation."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tidegate.errors import FeedError, Place
from tidegate.market.history import Seen, month_in

_NAMES: Final = {
    "A100": "A100-80-SXM",
    "H100": "H100-SXM",
    "H200": "H200-SXM",
    "B200": "B200-SXM",
}
"""Short names of columns."""

_MOST_USD: Final = 1000.0


def read_rents(path: str | Path) -> tuple[Seen, ...]:
    """Read rents.

    Parameters
    ----------
    path : str or Path
        A CSV with a column ``month`` (``2026-09``) and either ``generation`` and ``usd_per_gpu_h``, or a
        column per generation, by chip id or short name (``H100``); empty cells are passed over, as are columns
        that end in ``_n`` and lines that begin with ``#``.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` when it cannot be read; ``TG-MARKET-RENTS`` when something in it is wrong.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise FeedError(
            "TG-FEED-MISSING", f"The file cannot be read: {reason}.", place=Place(str(path))
        ) from None
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise _wrong(path, None, None, "The file is empty.", "a header and rows.")
    header = next(csv.reader([lines[0][1]]))
    if "month" not in header:
        raise _wrong(path, lines[0][0], "month", "The column is missing.", "months as 2026-09.")
    found = [it for number, line in lines[1:] for it in _row(path, number, line, header)]
    if not found:
        raise _wrong(path, None, None, "No rent stands in the file.", "at least one.")
    return tuple(found)


def _row(path: str | Path, number: int, line: str, header: list[str]) -> Iterable[Seen]:
    cells = next(csv.reader([line]))
    if len(cells) != len(header):
        raise _wrong(path, number, None, f"The row has {len(cells)} fields.", f"{len(header)}.")
    row = dict(zip(header, cells, strict=True))
    try:
        month = month_in(row["month"].strip())
    except ValueError:
        raise _wrong(path, number, "month", f"{row['month']!r} is no month.", "2026-09.") from None
    if "generation" in row:
        pairs = [("usd_per_gpu_h", row["generation"], row.get("usd_per_gpu_h", ""))]
    else:
        pairs = [
            (name, _NAMES.get(name, name), row[name])
            for name in header
            if name != "month" and not name.endswith("_n")
        ]
    for column, generation, text in pairs:
        if not text.strip():
            continue
        try:
            rent = float(text)
        except ValueError:
            rent = float("nan")
        if not 0 < rent <= _MOST_USD:
            raise _wrong(
                path, number, column, f"{text!r} is no rent.", "USD per GPU-hour, above 0."
            )
        yield Seen(month, generation, rent, str(path))


def _wrong(
    path: str | Path, line: int | None, field: str | None, message: str, expected: str
) -> FeedError:
    return FeedError(
        "TG-MARKET-RENTS", message, place=Place(str(path), line, field), expected=expected
    )
