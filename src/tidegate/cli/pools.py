"""``tidegate pools``, ``products`` and ``events``: what is there, what it sells, what has happened."""

from typing import Annotated

import typer

from tidegate.cli.rows import AsJson, Limit, say_rows


def pools(*, as_json: AsJson = False) -> None:
    """Show the pools of a running system.

    Example: `tidegate pools`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help

    columns = {
        "pool": "id",
        "site": "site",
        "chip": "chip",
        "tier": "tier",
        "nodes": "nodes",
        "GPUs/node": "gpus_per_node",
        "sells": "products",
        "selling": "is_selling",
    }
    say_rows(Client().pages("/v1/pools"), columns, as_json=as_json, nothing="no pools")


def products(*, as_json: AsJson = False) -> None:
    """Show what can be ordered, and what it promises.

    Example: `tidegate products`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    columns = {
        "pool": "pool",
        "product": "id",
        "list price": "list_price",
        "currency": "currency",
        "in words": "in_words",
    }
    say_rows(Client().pages("/v1/products"), columns, as_json=as_json, nothing="nothing is sold")


def events(
    *,
    kind: Annotated[str | None, typer.Option(help="Of one kind, such as lease.noticed.")] = None,
    subject: Annotated[str | None, typer.Option(help="Of one thing (its id).")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show what has happened, the youngest first.

    Example: `tidegate events --subject lea_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    columns = {"at": "at", "kind": "kind", "subject": "subject", "actor": "actor", "data": "data"}
    say_rows(
        Client().pages("/v1/events", kind=kind, subject=subject),
        columns,
        as_json=as_json,
        nothing="nothing has happened",
        limit=limit,
    )
