"""From lines to cells: torn lines are found before a column can shift."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tidegate.errors import FeedError, Place
from tidegate.feeds.files import LINE, RAW, Head, line_batches, parquet_batches


@dataclass(frozen=True)
class Batch:
    """Some rows of a file.

    Attributes
    ----------
    cells : polars.DataFrame
        ``LINE``, the columns asked for, and ``RAW`` for text files.
    torn : polars.DataFrame
        ``LINE``, ``RAW`` and ``reason`` of lines that do not have the header's fields.
    left_out : int
        Rows that ``where`` left out.
    """

    cells: pl.DataFrame
    torn: pl.DataFrame
    left_out: int = 0


def batches(
    head: Head, columns: Sequence[str], where: Mapping[str, str], *, quotes: bool = True
) -> Iterator[Batch]:
    """Read a file with a header, whatever its kind.

    Parameters
    ----------
    head : Head
        The file.
    columns : sequence of str
        The file's columns to read.
    where : mapping of str to str
        Keep rows whose column has this value; torn lines are always kept, for it cannot be known.
    quotes : bool
        Whether fields may be quoted (CSV) or a quote is a letter like any other (sacct).

    Yields
    ------
    Batch
        Rows in the file's order.

    Raises
    ------
    FeedError
        ``TG-FEED-COLUMN`` when ``where`` names a column that the file does not have.
    """
    wanted = {column_of(head, name): value for name, value in where.items()}
    needed = list(dict.fromkeys([*columns, *wanted]))
    if head.parquet:
        nothing = pl.DataFrame(schema={LINE: pl.UInt32, RAW: pl.String, "reason": pl.String})
        for rows in parquet_batches(head.path, needed):
            yield _select(rows, nothing, wanted)
        return
    at = {name: head.columns.index(name) for name in needed}
    header = next(text for _, text in head.first)
    for lines in line_batches(head.path):
        # Logs are often joined from several files, each with its header.
        rows = lines.filter(pl.col(RAW).str.strip_chars_end("\r") != header)
        good, torn = split(rows, head.separator, len(head.columns), at, quotes=quotes)
        yield _select(good, torn, wanted)


def column_of(head: Head, name: str) -> str:
    """Find a column by name.

    Raises
    ------
    FeedError
        ``TG-FEED-COLUMN`` naming the columns that there are.
    """
    found = head.column(name)
    if found is None:
        raise FeedError(
            "TG-FEED-COLUMN",
            f"There is no column {name!r}.",
            place=Place(str(head.path), head.header_line or None),
            expected=f"one of {', '.join(head.columns)}.",
        )
    return found


def _select(cells: pl.DataFrame, torn: pl.DataFrame, wanted: Mapping[str, str]) -> Batch:
    kept = cells.filter(*(_equals(cells[name], value) for name, value in wanted.items()))
    return Batch(kept, torn, cells.height - kept.height)


def _equals(cells: pl.Series, value: str) -> pl.Series:
    if cells.dtype.is_numeric():
        try:
            return cells == float(value)
        except ValueError:
            pass
    return cells.cast(pl.String).str.strip_chars() == value.strip()


def split(
    lines: pl.DataFrame, separator: str, width: int, at: Mapping[str, int], *, quotes: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split lines into cells.

    Parameters
    ----------
    lines : polars.DataFrame
        ``LINE`` and ``RAW``.
    separator : str
        One character.
    width : int
        Fields that a line must have.
    at : mapping of str to int
        Columns wanted, with their places from 0.
    quotes : bool
        Whether fields may be quoted.

    Returns
    -------
    tuple of polars.DataFrame
        ``LINE``, ``RAW`` and a String column per name in ``at``; and ``LINE``, ``RAW``, ``reason``
        of the torn lines.
    """
    raw = pl.col(RAW).str.strip_chars_end("\r")
    fields = raw.str.split(separator)
    if not quotes:
        return divide(lines.with_columns(fields.alias("__fields")), width, at)
    quoted = lines[RAW].str.contains('"', literal=True)
    if not quoted.any():
        return divide(lines.with_columns(fields.alias("__fields")), width, at)
    plain = divide(lines.filter(~quoted).with_columns(fields.alias("__fields")), width, at)
    # Each field with the separator before it; what the pattern leaves over is an open quote.
    one = rf'{separator_class(separator)}(?:"(?:[^"]|"")*"|[^"{_escaped(separator)}]*)'
    found = (separator + raw).str.extract_all(one)
    whole = found.list.join("").str.len_bytes() == raw.str.len_bytes() + 1
    cell = pl.element().str.slice(1)
    unquoted = (
        pl.when(cell.str.starts_with('"'))
        .then(cell.str.slice(1, cell.str.len_chars() - 2))
        .otherwise(cell)
        .str.replace_all('""', '"', literal=True)
    )
    framed = lines.filter(quoted).with_columns(
        pl.when(whole).then(found.list.eval(unquoted)).alias("__fields")
    )
    careful = divide(framed, width, at)
    good, torn = (pl.concat(pair).sort(LINE) for pair in zip(plain, careful, strict=True))
    return good, torn


def _escaped(separator: str) -> str:
    return r"\t" if separator == "\t" else "\\" + separator


def separator_class(separator: str) -> str:
    """Write a separator for a regular expression."""
    return f"[{_escaped(separator)}]"


def divide(
    lines: pl.DataFrame, width: int, at: Mapping[str, int], *, model: str = "the header"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part lines whose ``__fields`` are as many as ``model`` has from the torn ones."""
    count = pl.col("__fields").list.len()
    fits = (lines["__fields"].list.len() == width).fill_null(value=False)
    torn = lines.filter(~fits).select(
        LINE,
        RAW,
        pl.when(pl.col("__fields").is_null())
        .then(pl.lit("a quote is not closed"))
        .otherwise(pl.format(f"has {{}} fields, {model} has {width}", count))
        .alias("reason"),
    )
    good = lines if fits.all() else lines.filter(fits)
    cells = [pl.col("__fields").list.get(place).alias(name) for name, place in at.items()]
    return good.select(LINE, RAW, *cells), torn
