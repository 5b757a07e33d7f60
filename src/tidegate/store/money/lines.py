"""Rated lines as rows, and pages of documents: what invoices and credit notes share."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from tidegate.billing import RatedLine
from tidegate.control.access import Reach
from tidegate.store.money.documents import line_of, line_row
from tidegate.store.reach import within
from tidegate.store.tables import money

_AT_ONCE: Final = 500


def in_parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield values a few hundred at a time: a statement takes no more."""
    for place in range(0, len(values), _AT_ONCE):
        yield values[place : place + _AT_ONCE]


def rated_lines(
    connection: sa.Connection, column: sa.Column[str], values: Sequence[str]
) -> Iterator[tuple[str, RatedLine]]:
    """Yield rated lines with what a column of theirs holds, in the order in which they were made."""
    for asked in in_parts(values):
        query = sa.select(money.rated_line).where(column.in_(asked)).order_by(money.rated_line.c.id)
        for row in connection.execute(query):
            yield row._mapping[column.name], line_of(row)


def lines_by(
    connection: sa.Connection, column: sa.Column[str], values: Sequence[str]
) -> dict[str, list[RatedLine]]:
    """Return rated lines by what a column of theirs holds, each list in the order in which they were made."""
    found: dict[str, list[RatedLine]] = defaultdict(list)
    for value, line in rated_lines(connection, column, values):
        found[value].append(line)
    return found


def add_lines(
    connection: sa.Connection, lines: Sequence[RatedLine], owner: sa.Column[str], owner_id: str
) -> None:
    """Keep the rated lines of a document."""
    if lines:
        connection.execute(
            sa.insert(money.rated_line),
            [line_row(line) | {owner.name: owner_id} for line in lines],
        )


def page_of(table: sa.Table, reach: Reach, before_id: str | None, limit: int) -> sa.Select[Any]:
    """Return the query of a page of documents within reach, the youngest first, from behind an id."""
    query = within(sa.select(table), table.c.tenant_id, reach)
    if before_id is not None:
        query = query.where(table.c.id < before_id)
    return query.order_by(table.c.id.desc()).limit(limit)
