"""What the commands that ask a running system print: rows of a list, fields of one thing, or JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.table import Table

from tidegate.cli import screen
from tidegate.cli.screen import say_json

_WIDEST: Final = 160
"""A cell of a table shows no more than this; ``--json`` shows all."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option(min=1, help="Most rows.")]
Tenant = Annotated[str | None, typer.Option(help="For which tenant; a tenant's key needs none.")]


def say_rows(
    rows: Iterable[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    as_json: bool,
    nothing: str,
    limit: int | None = None,
) -> None:
    """Print rows.

    Parameters
    ----------
    columns : mapping of str to str
        Header of each column, and the field that it shows.
    nothing : str
        What is said when there are no rows.
    """
    shown = list(islice(rows, limit))
    if as_json:
        say_json(shown)
        return
    if not shown:
        screen.out.print(nothing)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in shown:
        table.add_row(*(_short(text_of(row.get(field))) for field in columns.values()))
    screen.out.print(table)


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def say_one(
    thing: Mapping[str, Any], *, as_json: bool, but: Sequence[str] = ("price_terms",)
) -> None:
    """Print one thing, a field a line."""
    if as_json:
        say_json(thing)
        return
    width = max(map(len, thing))
    for name, value in thing.items():
        if name not in but:
            screen.out.print(f"{name:{width}}  {text_of(value)}", markup=False, soft_wrap=True)


def text_of(value: Any) -> str:
    """Return a JSON value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(text_of, value)) or "-"
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value)
