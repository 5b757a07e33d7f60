"""``tidegate keys``: API keys."""

from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli import screen
from tidegate.cli.rows import AsJson, Tenant, say_one, say_rows

keys_app = typer.Typer(
    name="keys",
    help="API keys of the running system.\n\nExample: `tidegate keys create --name workload`",
    rich_markup_mode="markdown",
)

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Its id.")]

_ONCE = "The key is shown this once; keep it where only its user can read it."


@keys_app.callback(invoke_without_command=True)
def keys(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show keys, without their text.

    Example: `tidegate keys`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help

    if context.invoked_subcommand is not None:
        return
    columns = {
        "key": "id",
        "name": "name",
        "role": "role",
        "tenant": "tenant_id",
        "scopes": "scopes",
        "expires": "expires_at",
        "revoked": "revoked_at",
    }
    say_rows(Client().pages("/v1/keys"), columns, as_json=as_json, nothing="no keys")


@keys_app.command("create")
def create_key(
    *,
    name: Annotated[str, typer.Option(help="What it is for.")],
    role: Annotated[
        str, typer.Option(help="operator, desk, finance, tenant or viewer.")
    ] = "tenant",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it is held to, such as leases:read; may be repeated."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends (ISO 8601, UTC by default).")
    ] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Make a key that can do no more than yours.

    Example: `tidegate keys create --name workload --scope notices:read --scope notices:write`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import instant  # noqa: PLC0415

    body = {
        "name": name,
        "role": role,
        "scopes": scope or None,
        "expires_at": instant(expires),
        "tenant_id": tenant,
    }
    say_one(Client().post("/v1/keys", body), as_json=as_json)
    screen.err.print(_ONCE)


@keys_app.command("rotate")
def rotate_key(
    key_id: KeyId,
    *,
    grace: Annotated[str, typer.Option(help="How long the old key still works.")] = "24h",
    as_json: AsJson = False,
) -> None:
    """Replace a key by a new one like it.

    Example: `tidegate keys rotate key_1m89... --grace 1h`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.leases import seconds_of  # noqa: PLC0415

    body = {"grace_s": seconds_of(grace, "--grace")}
    say_one(Client().post(f"/v1/keys/{key_id}/rotate", body), as_json=as_json)
    screen.err.print(_ONCE)


@keys_app.command("revoke")
def revoke_key(key_id: KeyId) -> None:
    """Have a key work no longer, at once.

    Example: `tidegate keys revoke key_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    Client().delete(f"/v1/keys/{key_id}")
    screen.out.print(f"{key_id} is revoked", markup=False)


@keys_app.command("operator")
def make_operator_key(
    *,
    data_dir: Annotated[
        Path | None, typer.Option(help="Data folder of the running system; as of tidegate serve.")
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "operator",
    as_json: AsJson = False,
) -> None:
    """Make an operator's key in the data folder of this machine, without asking a server: the first key.

    Example: `tidegate keys operator --data-dir /var/lib/tidegate`
    """
    from tidegate.app.doors import local_operator_key  # noqa: PLC0415

    new = local_operator_key(data_dir, name)
    say_one({"id": new.key.id, "role": new.key.role.value, "key": new.text}, as_json=as_json)
    screen.err.print(_ONCE)
