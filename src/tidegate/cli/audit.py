"""``tidegate audit``: who did what, and whether the log is whole."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tidegate.cli.rows import AsJson, Limit, say_one, say_rows
from tidegate.errors import AccessError

audit_app = typer.Typer(
    name="audit",
    help="The audit log of the running system.\n\nExample: `tidegate audit --limit 20`",
    rich_markup_mode="markdown",
)


@audit_app.callback(invoke_without_command=True)
def audit(context: typer.Context, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Show who did what, the youngest first.

    Example: `tidegate audit --limit 20`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help

    if context.invoked_subcommand is not None:
        return
    columns = {
        "at": "at",
        "actor": "actor_id",
        "role": "role",
        "act": "act",
        "subject": "subject",
        "data": "data",
    }
    rows = Client().pages("/v1/audit")
    say_rows(rows, columns, as_json=as_json, nothing="the log is empty", limit=limit)


@audit_app.command("verify")
def verify(
    *,
    head: Annotated[
        str | None,
        typer.Option(help="A head noted earlier: the log must still go through it."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Check the database of this data folder, without asking a server."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every link of the log; exit with 1 when a row was changed, removed or put in.

    Note the head that is printed: given again with `--head`, it proves that nothing was cut off the end.
    Example: `tidegate audit verify --data-dir /var/lib/tidegate`
    """
    told: dict[str, Any]
    if data_dir is not None:
        from tidegate.app.doors import local_verdict  # noqa: PLC0415

        told = local_verdict(data_dir, head)
    else:
        from tidegate.cli.client import Client  # noqa: PLC0415

        told = Client().get("/v1/audit/verify", head=head)
    say_one(told, as_json=as_json)
    if not told["intact"]:
        raise AccessError("TG-ACCESS-AUDIT", f"The audit log does not hold: {told['broken']}.")
