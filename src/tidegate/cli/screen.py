"""What the commands print: tables, progress, errors."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tidegate.errors import TidegateError

# A pipe or a file has no width to keep to: figures and paths are never cut there.
_WIDE: Final = 200

out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False)


def show_error(error: TidegateError) -> None:
    """Print an error, and those that came with it, to standard error, one a line."""
    for each in (error, *getattr(error, "others", ())):
        err.print(f"[bold red]error[/] {escape(str(each))}", soft_wrap=True)


def say_json(value: Any) -> None:
    """Print a value as JSON, for programs: nothing else goes to standard output then."""
    typer.echo(json.dumps(value, indent=2))


@contextmanager
def progress(bars_of: list[str], unit: str = "plays") -> Iterator["Bars"]:
    """Show a bar for each name on standard error while so many units are done."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bars:
        yield Bars(bars, bars_of)


class Bars:
    """The bars of a backtest or a sweep; called by it after every play."""

    def __init__(self, bars: Progress, names: list[str]) -> None:
        self._bars = bars
        self._tasks = {name: bars.add_task(name, total=None) for name in names}

    def __call__(self, name: str, done: int, total: int) -> None:
        """Move a bar."""
        self._bars.update(self._tasks[name], completed=done, total=total)
