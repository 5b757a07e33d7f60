"""``tidegate webhooks``: events sent to a receiver."""

from typing import Annotated

import typer

from tidegate.cli import screen
from tidegate.cli.rows import AsJson, Limit, Tenant, say_one, say_rows

webhooks_app = typer.Typer(
    name="webhooks",
    help="Webhooks of the running system, their deliveries and dead letters."
    "\n\nExample: `tidegate webhooks create https://example.org/hook`",
    rich_markup_mode="markdown",
)

HookId = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id.")]


@webhooks_app.callback(invoke_without_command=True)
def webhooks(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show webhooks.

    Example: `tidegate webhooks`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help

    if context.invoked_subcommand is not None:
        return
    columns = {
        "webhook": "id",
        "tenant": "tenant_id",
        "url": "url",
        "kinds": "kinds",
        "disabled": "disabled_at",
        "trouble": "trouble",
    }
    say_rows(Client().pages("/v1/webhooks"), columns, as_json=as_json, nothing="no webhooks")


@webhooks_app.command("create")
def create_webhook(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent.")],
    *,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Kind of events, such as lease.*; may be repeated; all without it."),
    ] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Have events sent to a receiver.

    Example: `tidegate webhooks create https://hooks.acme.example/tidegate --kind "lease.*"`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    body = {"url": url, "kinds": kind or [], "tenant_id": tenant}
    say_one(Client().post("/v1/webhooks", body), as_json=as_json)
    screen.err.print("The secret is shown this once; the receiver verifies signatures with it.")


@webhooks_app.command("rotate")
def rotate_webhook(hook_id: HookId, *, as_json: AsJson = False) -> None:
    """Give a webhook a new secret; for a day messages are signed with both.

    Example: `tidegate webhooks rotate whk_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().post(f"/v1/webhooks/{hook_id}/rotate"), as_json=as_json)


@webhooks_app.command("test")
def try_webhook(hook_id: HookId, *, as_json: AsJson = False) -> None:
    """Send a webhook a message of the kind webhook.test.

    Example: `tidegate webhooks test whk_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().post(f"/v1/webhooks/{hook_id}/test"), as_json=as_json)


@webhooks_app.command("deliveries")
def list_deliveries(
    hook_id: HookId,
    *,
    state: Annotated[
        str | None, typer.Option(help="waiting, delivered or dead (every try failed).")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was sent to a webhook, the youngest first.

    Example: `tidegate webhooks deliveries whk_1m89... --state dead`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    columns = {
        "delivery": "id",
        "kind": "kind",
        "state": "state",
        "tries": "tries",
        "status": "status",
        "next try": "next_try_at",
        "trouble": "trouble",
    }
    rows = Client().pages(f"/v1/webhooks/{hook_id}/deliveries", state=state)
    say_rows(rows, columns, as_json=as_json, nothing="no deliveries", limit=limit)


@webhooks_app.command("replay")
def replay_delivery(
    hook_id: HookId,
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY", help="Its id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Have a delivery tried from the start, under the same id.

    Example: `tidegate webhooks replay whk_1m89... dlv_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    path = f"/v1/webhooks/{hook_id}/deliveries/{delivery_id}/replay"
    say_one(Client().post(path), as_json=as_json)


@webhooks_app.command("remove")
def remove_webhook(hook_id: HookId) -> None:
    """Forget a webhook and its deliveries.

    Example: `tidegate webhooks remove whk_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    Client().delete(f"/v1/webhooks/{hook_id}")
    screen.out.print(f"{hook_id} is removed", markup=False)
