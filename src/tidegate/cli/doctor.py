"""``tidegate doctor``."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from tidegate.cli.screen import say_json

_MARKS = {"ok": "[green]ok[/]", "missing": "[yellow]missing[/]", "bad": "[bold red]bad[/]"}


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what this installation has, and what to do about what it lacks.

    Exits with 1 when something that must be there is bad. Example: `tidegate doctor --json`
    """
    from tidegate.app import diagnose  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli.screen import out  # noqa: PLC0415

    checks = diagnose()
    if as_json:
        say_json({"checks": [asdict(check) for check in checks]})
    else:
        table = Table("part", "state", "found", "what to do", box=None, pad_edge=False)
        for check in checks:
            table.add_row(check.name, _MARKS[check.state], check.found, check.todo)
        out.print(table)
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)
