"""``tidegate serve``."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    *,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Run the example fleet at 600 times real time, with a few tenants that order.",
        ),
    ] = False,
    fleet: Annotated[Path | None, typer.Option("--fleet", help="The fleet file.")] = None,
    slurm: Annotated[
        Path | None,
        typer.Option("--slurm", help="Slurm file: the pools stand in a real cluster."),
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on; 0 for any that is free.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the database and other state.")
    ] = None,
) -> None:
    """Run the control plane: HTTP interface, loop and metrics in one process.

    Leases are held, decided on and driven until it is stopped (Ctrl-C). All other settings come from the environment.

    Example: `tidegate serve --demo`
    """
    from tidegate.app.start import run_live  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli.screen import out  # noqa: PLC0415

    run_live(
        demo=demo,
        say=lambda line: out.print(line, soft_wrap=True),
        fleet=fleet,
        slurm=slurm,
        host=host,
        port=port,
        data_dir=data_dir,
    )
