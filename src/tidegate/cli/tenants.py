"""``tidegate tenants``: those who lease."""

from typing import Annotated

import typer

from tidegate.cli.rows import AsJson, say_one, say_rows

tenants_app = typer.Typer(
    name="tenants",
    help="Tenants of the running system.\n\nExample: `tidegate tenants create --name Acme`",
    rich_markup_mode="markdown",
)

TenantId = Annotated[str, typer.Argument(metavar="TENANT", help="Its id.")]


@tenants_app.callback(invoke_without_command=True)
def tenants(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show tenants.

    Example: `tidegate tenants`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help

    if context.invoked_subcommand is not None:
        return
    columns = {
        "tenant": "id",
        "name": "name",
        "e-mail": "email",
        "since": "created_at",
        "suspended": "suspended_at",
    }
    say_rows(Client().pages("/v1/tenants"), columns, as_json=as_json, nothing="no tenants")


@tenants_app.command("create")
def create_tenant(
    *,
    name: Annotated[str, typer.Option(help="What it is called.")],
    email: Annotated[str | None, typer.Option(help="Where notices go.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take on a tenant.

    Example: `tidegate tenants create --name "Acme Robotics" --email ops@acme.example`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().post("/v1/tenants", {"name": name, "email": email}), as_json=as_json)


@tenants_app.command("suspend")
def suspend_tenant(tenant_id: TenantId, *, as_json: AsJson = False) -> None:
    """Sell nothing new to a tenant; what it holds goes on.

    Example: `tidegate tenants suspend ten_1m89...`
    """
    _change(tenant_id, is_suspended=True, as_json=as_json)


@tenants_app.command("resume")
def resume_tenant(tenant_id: TenantId, *, as_json: AsJson = False) -> None:
    """Let a suspended tenant buy again.

    Example: `tidegate tenants resume ten_1m89...`
    """
    _change(tenant_id, is_suspended=False, as_json=as_json)


def _change(tenant_id: str, *, is_suspended: bool, as_json: bool) -> None:
    from tidegate.cli.client import Client  # noqa: PLC0415

    changed = Client().change(f"/v1/tenants/{tenant_id}", {"suspended": is_suspended})
    say_one(changed, as_json=as_json)
