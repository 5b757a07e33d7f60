"""``tidegate backtest --sweep``."""

from collections import Counter
from pathlib import Path

import typer
from rich.markup import escape

from tidegate.cli.screen import say_json
from tidegate.errors import OptionError

# Beside --sweep all that is played stands in the sweep file; these say who plays, and what becomes of it.
_OF_A_SWEEP = ("backend", "workers", "dask_address")
_BESIDE_A_SWEEP = ("sweep", *_OF_A_SWEEP, "max_rejects", "out", "as_json")


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _option(name: str) -> str:
    words = {"fleet": "FLEET", "window_from": "--from", "window_to": "--to"}
    return words.get(name, f"--{name.replace('_', '-')}")


def refuse_beside_sweep(context: typer.Context) -> None:
    """Refuse options that a sweep file says itself.

    Raises
    ------
    OptionError
        ``TG-OPTION``, naming the option.
    """
    for name in context.params:
        if name not in _BESIDE_A_SWEEP and _given(context, name):
            raise OptionError.at(
                _option(name),
                "cannot be given beside --sweep.",
                "the same in the sweep file, or in the fleet files that it names.",
            )


def refuse_without_sweep(context: typer.Context) -> None:
    """Refuse options that mean nothing to a single backtest.

    Raises
    ------
    OptionError
        ``TG-OPTION``, naming the option.
    """
    for name in _OF_A_SWEEP:
        if _given(context, name):
            raise OptionError.at(_option(name), "says who plays the cells of a sweep.", "--sweep.")


def run(
    context: typer.Context,
    sweep_file: Path,
    *,
    backend: str,
    workers: int | None,
    dask_address: str | None,
    max_rejects: float,
    out: Path,
    as_json: bool,
) -> None:
    """Play a sweep file; the options are those of the command.

    Raises
    ------
    typer.Exit
        With 1 when a cell could not be played, with 2 when too many rows were rejected.
    """
    from tidegate.app.output import prepare_folder  # noqa: PLC0415  kept off the path of --help
    from tidegate.app.sweep import run_sweep, sweep_problems  # noqa: PLC0415
    from tidegate.app.workers import Crew  # noqa: PLC0415
    from tidegate.cli import screen  # noqa: PLC0415
    from tidegate.cli.tables import show_sweep  # noqa: PLC0415
    from tidegate.feeds.sweepfile import read_sweep  # noqa: PLC0415

    # From the environment an address may be there for other runs.
    is_meant = backend == "dask" or _given(context, "dask_address")
    crew = Crew(backend, workers, dask_address if is_meant else None)
    sweep = read_sweep(sweep_file)
    prepare_folder(out)
    with screen.progress(["sweep"], "cells") as bars:
        result = run_sweep(
            sweep, out, crew, progress=lambda done, total: bars("sweep", done, total)
        )
    if as_json:
        files = {"table": str(out / "sweep.parquet")}
        say_json({**result.to_json(), **files})
    else:
        show_sweep(result, out)
    for message, count in Counter(failed.message for failed in result.failed).items():
        cells = "1 cell" if count == 1 else f"{count:,} cells"
        screen.err.print(
            f"[bold red]error[/] {escape(message)} ({cells} not played)", soft_wrap=True
        )
    found = sweep_problems(result, max_rejects)
    for problem in found:
        screen.show_error(problem)
    if result.failed:
        raise typer.Exit(1)
    if found:
        raise typer.Exit(2)
