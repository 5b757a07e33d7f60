"""Opening a file, looking at its first lines, and reading it in batches of bounded size."""

import codecs
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Final, cast

import polars as pl

from tidegate.errors import FeedError, Place

LINE: Final = "__line"
"""Column of batches: line number from 1 including a header, or row number from 1 in Parquet."""

RAW: Final = "__raw"
"""Column of text batches: the whole line."""

BATCH_ROWS: Final = 100_000

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5"


@dataclass(frozen=True)
class Head:
    """What the beginning of a file shows.

    Attributes
    ----------
    path : Path
        The file.
    columns : tuple of str
        Column names, from the Parquet schema or the first line; empty when there is no header.
    separator : str
        What separates the columns of a text file; empty for Parquet.
    first : tuple of (int, str)
        The first lines that are not blank, with their numbers; empty for Parquet.
    """

    path: Path
    columns: tuple[str, ...]
    separator: str
    first: tuple[tuple[int, str], ...]

    @property
    def parquet(self) -> bool:
        """Whether the file is Parquet."""
        return not self.separator

    @property
    def header_line(self) -> int:
        """Number of the header line, 0 for Parquet."""
        return self.first[0][0] if self.first else 0

    def column(self, name: str) -> str | None:
        """Find a column by its name, or by its name in other case when only one fits."""
        if name in self.columns:
            return name
        near = [c for c in self.columns if c.lower() == name.lower()]
        return near[0] if len(near) == 1 else None

    def has(self, *names: str) -> bool:
        """Whether all these columns exist."""
        return all(self.column(name) is not None for name in names)


def look(path: Path) -> Head:
    """Look at the beginning of a file.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` when the file cannot be opened, ``TG-FEED-EMPTY`` when it has no line,
        ``TG-FEED-FORMAT`` when it is Parquet that cannot be read.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise _missing(path, error) from error
    if magic == b"PAR1":
        try:
            return Head(path, tuple(pl.scan_parquet(path, glob=False).collect_schema()), "", ())
        except pl.exceptions.PolarsError as error:
            raise _damaged(path, error) from error
    first = tuple(islice(((n, t) for n, t in _first_lines(path) if t.strip()), 200))
    if not first:
        raise FeedError("TG-FEED-EMPTY", "The file has no line.", place=Place(str(path)))
    header = first[0][1]
    separator = max(",|\t;", key=header.count)
    names = tuple(name.strip().strip('"').strip() for name in header.split(separator))
    return Head(path, names, separator, first)


def _missing(path: Path, error: Exception) -> FeedError:
    reason = getattr(error, "strerror", None) or str(error)
    return FeedError(
        "TG-FEED-MISSING", f"The file cannot be opened: {reason}.", place=Place(str(path))
    )


def _damaged(path: Path, error: Exception) -> FeedError:
    return FeedError("TG-FEED-FORMAT", f"The file is damaged: {error}.", place=Place(str(path)))


def _first_lines(path: Path) -> Iterator[tuple[int, str]]:
    lines = pl.scan_lines(path, name=RAW, glob=False)
    try:
        texts: Sequence[str] = lines.head(200).collect().to_series().to_list()
    except (pl.exceptions.ComputeError, OSError):  # not UTF-8, or cut off further on
        texts = list(islice(_lossy_lines(path), 200))
    for number, line in enumerate(texts, start=1):
        yield number, line.removeprefix("\ufeff").rstrip("\r\n")


def line_batches(path: Path) -> Iterator[pl.DataFrame]:
    """Yield the lines that are not blank, in order: :data:`LINE` (UInt32) and :data:`RAW` (String).

    Bytes that are not UTF-8 are replaced, so that one foreign job name does not cost the file.
    """
    done = 0
    lines = pl.scan_lines(path, name=RAW, row_index_name=LINE, row_index_offset=1, glob=False)
    try:
        for batch in lines.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            done += batch.height
            yield _tidy(batch)
    except pl.exceptions.ComputeError:
        rest = islice(_lossy_lines(path), done, None)
        while texts := list(islice(rest, BATCH_ROWS)):
            batch = pl.DataFrame({RAW: texts}).with_row_index(LINE, offset=done + 1)
            done += batch.height
            yield _tidy(batch)
    except OSError as error:
        raise _damaged(path, error) from error


def _tidy(batch: pl.DataFrame) -> pl.DataFrame:
    # A file joined from several may have a byte order mark at every seam.
    batch = batch.with_columns(pl.col(RAW).str.strip_prefix("\ufeff"))
    return batch.filter(pl.col(RAW).str.contains(r"\S"))


def _lossy_lines(path: Path) -> Iterator[str]:
    with open_bytes(path) as file:
        try:
            for line in file:
                yield line.decode("utf-8", errors="replace").rstrip("\r\n")
        except (EOFError, OSError, zlib.error) as error:
            raise _damaged(path, error) from error


def open_bytes(path: Path) -> IO[bytes]:
    """Open a plain or gzipped file for reading bytes.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` when it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(2)
        if magic == _ZSTD:
            raise _damaged(path, ValueError("zstd-compressed text must be UTF-8; decompress it"))
        return cast(IO[bytes], gzip.open(path)) if magic == _GZIP else path.open("rb")
    except OSError as error:
        raise _missing(path, error) from error


def read_text(path: Path) -> str:
    """Read a whole plain or gzipped text file, bytes that are not UTF-8 replaced."""
    with open_bytes(path) as file:
        return codecs.decode(file.read(), "utf-8-sig", errors="replace")


def parquet_batches(path: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file with these columns, and :data:`LINE` (UInt32) from 1."""
    rows = pl.scan_parquet(path, row_index_name=LINE, row_index_offset=1, glob=False)
    chosen = rows.select(LINE, *dict.fromkeys(columns))
    try:
        yield from chosen.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(path, error) from error


def raw_at(head: Head, lines: pl.Series) -> pl.DataFrame:
    """Fetch lines again by their numbers: :data:`LINE` (UInt32) and :data:`RAW`.

    Parameters
    ----------
    head : Head
        The file.
    lines : polars.Series
        Line numbers (UInt32).
    """
    batches: Iterator[pl.DataFrame] = line_batches(head.path)
    if head.parquet:
        batches = map(with_raw, parquet_batches(head.path, head.columns))
    found = [b.filter(pl.col(LINE).is_in(lines.implode())).select(LINE, RAW) for b in batches]
    return pl.concat(found)


def with_raw(batch: pl.DataFrame) -> pl.DataFrame:
    """Add :data:`RAW` to a Parquet batch: the row written as ``name=value``, joined by commas."""
    if RAW in batch.columns:
        return batch
    cells = [
        pl.format(f"{_plain(name)}={{}}", text.fill_null(""))
        for name, dtype in batch.schema.items()
        if name != LINE and (text := _as_text(name, dtype)) is not None
    ]
    return batch.with_columns(pl.concat_str(cells, separator=",").alias(RAW))


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr | None:
    if dtype == pl.Duration:
        return pl.col(name).dt.to_string()
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return None
    return pl.col(name).cast(pl.String)


def _plain(name: str) -> str:
    return name.replace("{", "(").replace("}", ")")
