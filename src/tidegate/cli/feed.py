"""``tidegate feed``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tidegate.drivers.slurm.tail import Polled

feed_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Keep a job log current from a live source.\n\nExample: `tidegate feed sacct --out feed`",
)


@feed_app.command("sacct")
def feed_sacct(
    *,
    out: Annotated[
        Path, typer.Option(help="Folder of sacct.txt, the log that is kept current.")
    ] = Path("feed"),
    days: Annotated[int, typer.Option(help="Days of history that a new log begins with.")] = 28,
    every: Annotated[str, typer.Option(help="Time between two queries, such as 60s.")] = "60s",
    once: Annotated[bool, typer.Option("--once", help="Ask once, then exit.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each query.")
    ] = False,
) -> None:
    """Keep a log of jobs current from Slurm's accounting: what is new, asked for without haste.

    Asks slurmdbd, never slurmctld, and at most half of the time. Example: `tidegate feed sacct --out feed --every 60s`
    """
    from tidegate.app.feed import follow  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli import screen  # noqa: PLC0415
    from tidegate.drivers.slurm.commands import LocalCommands  # noqa: PLC0415

    def told(polled: "Polled", path: Path) -> None:
        if as_json:
            one = {"log": str(path), "finished": polled.finished, "open": polled.waiting_or_running}
            typer.echo(json.dumps(one))
        else:
            screen.out.print(
                f"{path}: {polled.finished:,} runs finished, {polled.waiting_or_running:,} wait or run",
                soft_wrap=True,
                markup=False,
            )

    follow(
        LocalCommands(), out, days=days, every=every, once=once, told=told, failed=screen.show_error
    )
