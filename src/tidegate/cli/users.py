"""``tidegate users``: people who sign in to the console."""

import sys
from typing import Annotated, Any

import typer

from tidegate.cli import screen
from tidegate.cli.rows import AsJson, say_one, say_rows
from tidegate.errors import OptionError

users_app = typer.Typer(
    name="users",
    help="People who sign in to the console.\n\n"
    "Example: `tidegate users add --email olga@example.org --name Olga --role operator --password`",
    rich_markup_mode="markdown",
)

Who = Annotated[str, typer.Argument(metavar="USER", help="The id, or the e-mail address.")]


@users_app.callback(invoke_without_command=True)
def users(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show who can sign in.

    Example: `tidegate users`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help

    if context.invoked_subcommand is not None:
        return
    columns = {
        "user": "id",
        "e-mail": "email",
        "name": "name",
        "role": "role",
        "tenant": "tenant_id",
        "password": "has_password",
        "provider": "has_provider",
        "disabled": "disabled_at",
    }
    say_rows(Client().pages("/v1/users"), columns, as_json=as_json, nothing="no users")


@users_app.command("add")
def add_user(
    *,
    email: Annotated[str, typer.Option(help="With which they sign in.")],
    name: Annotated[str, typer.Option(help="What they are called.")],
    role: Annotated[str, typer.Option(help="operator, desk, finance, tenant or viewer.")],
    tenant: Annotated[
        str | None, typer.Option(help="To which tenant they belong; for the roles tenant, viewer.")
    ] = None,
    password: Annotated[
        bool,
        typer.Option(
            "--password",
            help="Ask for a password; without, they sign in through the OpenID provider.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make somebody known, who then can do no more than you.

    Example: `tidegate users add --email olga@example.org --name Olga --role operator --password`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    body = {
        "email": email,
        "name": name,
        "role": role,
        "tenant_id": tenant,
        "password": _password() if password else None,
    }
    say_one(Client().post("/v1/users", body), as_json=as_json)


@users_app.command("disable")
def disable_user(who: Who, *, as_json: AsJson = False) -> None:
    """Let somebody sign in no longer; open sessions end at once.

    Example: `tidegate users disable olga@example.org`
    """
    _change(who, {"disabled": True}, as_json=as_json)


@users_app.command("enable")
def enable_user(who: Who, *, as_json: AsJson = False) -> None:
    """Let somebody sign in again.

    Example: `tidegate users enable olga@example.org`
    """
    _change(who, {"disabled": False}, as_json=as_json)


@users_app.command("role")
def set_role(
    who: Who,
    role: Annotated[str, typer.Argument(help="operator, desk, finance, tenant or viewer.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Give somebody another role, no more than your own.

    Example: `tidegate users role olga@example.org desk`
    """
    _change(who, {"role": role}, as_json=as_json)


@users_app.command("password")
def set_password(who: Who, *, as_json: AsJson = False) -> None:
    """Ask for a new password for somebody; open sessions end at once.

    Example: `tidegate users password olga@example.org`
    """
    _change(who, {"password": _password()}, as_json=as_json)


def _change(who: str, body: dict[str, Any], *, as_json: bool) -> None:
    from tidegate.cli.client import Client  # noqa: PLC0415

    client = Client()
    user_id = who
    if "@" in who:
        found = [each["id"] for each in client.pages("/v1/users") if each["email"] == who.lower()]
        if not found:
            raise OptionError.at("USER", f"{who} is not known.", "one of `tidegate users`.")
        user_id = found[0]
    say_one(client.change(f"/v1/users/{user_id}", body), as_json=as_json)


def _password() -> str:
    """Ask for a password twice; from what is no terminal, one line is read. It never stands in a command."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first: str = typer.prompt("Password", hide_input=True, err=True)
    if typer.prompt("Once more", hide_input=True, err=True) != first:
        raise OptionError.at("--password", "was not the same twice.", "the same password twice.")
    screen.err.print("Kept as an argon2id hash.")
    return first
