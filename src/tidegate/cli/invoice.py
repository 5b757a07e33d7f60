"""``tidegate invoice``."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.screen import say_json

invoice_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Invoices and credit notes of the running system.\n\nExample: `tidegate invoice list`",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[str, typer.Argument(metavar="INVOICE", help="Id or number.")]


class Format(StrEnum):
    """How an invoice is saved."""

    PDF = "pdf"
    CSV = "csv"


class Focus(StrEnum):
    """Versions of FOCUS."""

    V1_2 = "1.2"
    V1_4 = "1.4"


@invoice_app.command("list")
def list_invoices(*, as_json: AsJson = False) -> None:
    """List invoices, the youngest first.

    Example: `tidegate invoice list`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli.moneytables import print_invoices  # noqa: PLC0415

    found = list(Client().pages("/v1/invoices"))
    if as_json:
        say_json(found)
    else:
        print_invoices(found)


@invoice_app.command("show")
def show_invoice(number: Number, *, as_json: AsJson = False) -> None:
    """Show an invoice with its lines.

    Example: `tidegate invoice show INV-2026-000001`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import invoice_id, print_invoice  # noqa: PLC0415

    client = Client()
    found = client.get(f"/v1/invoices/{invoice_id(client, number)}")
    if as_json:
        say_json(found)
    else:
        print_invoice(found)


@invoice_app.command("save")
def save_invoice(
    number: Number,
    *,
    format_: Annotated[
        Format, typer.Option("--format", help="PDF/A, or its lines as CSV.")
    ] = Format.PDF,
    out: Annotated[
        Path | None, typer.Option(help="The file; named after the invoice by default.")
    ] = None,
) -> None:
    """Save an invoice as a file.

    Example: `tidegate invoice save INV-2026-000001`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import invoice_id, save  # noqa: PLC0415

    client = Client()
    found = client.get(f"/v1/invoices/{invoice_id(client, number)}")
    content = client.download(f"/v1/invoices/{found['id']}/{format_.value}")
    save(content, out or Path(f"{found['number']}.{format_.value}"))


@invoice_app.command("paid")
def paid(number: Number) -> None:
    """Note that an invoice has been paid.

    Example: `tidegate invoice paid INV-2026-000001`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import invoice_id  # noqa: PLC0415

    client = Client()
    found = client.post(f"/v1/invoices/{invoice_id(client, number)}/paid")
    typer.echo(f"{found['number']} was paid at {found['paid_at']}.")


@invoice_app.command("credits")
def list_credits(*, as_json: AsJson = False) -> None:
    """List credit notes, the youngest first.

    Example: `tidegate invoice credits`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import print_credits  # noqa: PLC0415

    found = list(Client().pages("/v1/credit-notes"))
    if as_json:
        say_json(found)
    else:
        print_credits(found)


@invoice_app.command("focus")
def focus(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Such as 2026-03.")],
    *,
    version: Annotated[
        Focus, typer.Option("--focus-version", help="Of the specification.")
    ] = Focus.V1_2,
    out: Annotated[
        Path | None, typer.Option(help="The file; focus-<version>-<month>.csv by default.")
    ] = None,
) -> None:
    """Save a month's bills in the FinOps Open Cost and Usage Specification, with its metadata.

    Example: `tidegate invoice focus 2026-03`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import save  # noqa: PLC0415

    client = Client()
    path = out or Path(f"focus-{version.value}-{month}.csv")
    save(client.download("/v1/focus", month=month, version=version.value), path)
    told = client.get("/v1/focus/metadata", version=version.value)
    save(json.dumps(told, indent=2).encode(), path.with_suffix(".metadata.json"))


@invoice_app.command("verify")
def verify(*, as_json: AsJson = False) -> None:
    """Hold the books against themselves: documents, lines, ledger, holdings. Exit code 1 when something is wrong.

    Example: `tidegate invoice verify`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import print_books  # noqa: PLC0415

    told = Client().get("/v1/books")
    if as_json:
        say_json(told)
    else:
        print_books(told)
    if told["wrong"]:
        raise typer.Exit(1)
