"""What the commands print: tables, progress, errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tidegate.errors import TidegateError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def show_error(error: TidegateError) -> None:
    """Print an error, and those that came with it, to standard error, one a line."""
    for each in (error, *getattr(error, "others", ())):
        err.print(f"[bold red]error[/] {escape(str(each))}", soft_wrap=True)


@contextmanager
def progress(pools: list[str]) -> Iterator["Bars"]:
    """Show a bar per pool on standard error while its policies are played."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("plays"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bars:
        yield Bars(bars, pools)


class Bars:
    """The bars of a backtest; called by it after every play."""

    def __init__(self, bars: Progress, pools: list[str]) -> None:
        self._bars = bars
        self._tasks = {pool: bars.add_task(pool, total=None) for pool in pools}

    def __call__(self, pool: str, done: int, total: int) -> None:
        """Move a pool's bar."""
        self._bars.update(self._tasks[pool], completed=done, total=total)
