"""``tidegate slurm``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.screen import out, say_json

slurm_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Set a Slurm cluster up for leases, look whether it is, and undo it."
    "\n\nExample: `tidegate slurm check slurm.toml`",
)

SiteFile = Annotated[
    Path, typer.Argument(help="Slurm file (TOML): pools, nodes, and how a node is wiped.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@slurm_app.command("check")
def check(slurm_file: SiteFile, *, as_json: AsJson = False) -> None:
    """Say what of the cluster is as leases need it, and what to do about the rest; change nothing.

    Exits with 1 when something that leases need is missing. Example: `tidegate slurm check slurm.toml`
    """
    from rich.markup import escape  # noqa: PLC0415  kept off the path of --help
    from rich.table import Table  # noqa: PLC0415

    from tidegate.app.slurmfile import read_slurm_file  # noqa: PLC0415
    from tidegate.drivers.slurm.checks import check as look  # noqa: PLC0415

    told = read_slurm_file(slurm_file)
    findings = look(told.commands, told.site)
    if as_json:
        say_json({"checks": [asdict(found) for found in findings]})
    else:
        table = Table("part", "state", "found", "what to do", box=None, pad_edge=False)
        for found in findings:
            bad = "[bold red]needed[/]" if found.is_needed else "[yellow]advised[/]"
            mark = "[green]ok[/]" if found.is_good else bad
            todo = "" if found.is_good else found.todo
            table.add_row(escape(found.what), mark, escape(found.found), escape(todo))
        out.print(table)
    if any(found.is_needed and not found.is_good for found in findings):
        raise typer.Exit(1)


@slurm_app.command("install")
def install(slurm_file: SiteFile, *, as_json: AsJson = False) -> None:
    """Make the QOS that leases need, and print the lines to add to slurm.conf.

    May be called again. Example: `tidegate slurm install slurm.toml`
    """
    from tidegate.app.slurmfile import read_slurm_file  # noqa: PLC0415
    from tidegate.drivers.slurm.setup import LEASE_QOS, conf_lines  # noqa: PLC0415
    from tidegate.drivers.slurm.setup import install as make  # noqa: PLC0415

    told = read_slurm_file(slurm_file)
    make(told.commands, told.site)
    lines = conf_lines(told.site)
    if as_json:
        say_json({"add": lines, "deny_qos": LEASE_QOS})
        return
    out.print("The QOS are there. Add to slurm.conf, then `scontrol reconfigure`:", markup=False)
    for line in lines:
        out.print(line, soft_wrap=True, markup=False)
    out.print(f"and to the line of every other partition: DenyQos={LEASE_QOS}", markup=False)


@slurm_app.command("tenant")
def tenant(
    slurm_file: SiteFile,
    tenant_id: Annotated[str, typer.Argument(help="Id of the tenant.")],
    *,
    user: Annotated[
        list[str] | None,
        typer.Option(help="Unix user who runs the tenant's jobs; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a tenant's account, and let users run jobs under it, in its leases alone.

    May be called again, with more users. Example: `tidegate slurm tenant slurm.toml ten_42 --user alice`
    """
    from tidegate.app.slurmfile import read_slurm_file  # noqa: PLC0415
    from tidegate.drivers.slurm.setup import add_tenant  # noqa: PLC0415
    from tidegate.drivers.slurm.site import account_of  # noqa: PLC0415

    told = read_slurm_file(slurm_file)
    add_tenant(told.commands, tenant_id, user or [])
    if as_json:
        say_json({"account": account_of(tenant_id), "users": user or []})
    else:
        out.print(
            f"account {account_of(tenant_id)}: {', '.join(user or []) or 'no user yet'}",
            markup=False,
        )


@slurm_app.command("sudoers")
def sudoers(
    slurm_file: SiteFile,
    *,
    user: Annotated[str, typer.Option(help="User that Tidegate runs as.")] = "tidegate",
    slurm_user: Annotated[
        str, typer.Option("--as", help="SlurmUser, or another administrator of Slurm.")
    ] = "slurm",
    env_file: Annotated[
        str | None,
        typer.Option(help="File that sets SLURM_CONF, where it is not in Slurm's own place."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the lines for sudoers that let a Slurm operator do what leases need, and nothing else.

    They fit the nodes of the Slurm file; sudo 1.9.10 or later. Example: `tidegate slurm sudoers slurm.toml`
    """
    from tidegate.app.slurmfile import read_slurm_file  # noqa: PLC0415
    from tidegate.drivers.slurm.sudoers import sudoers as lines  # noqa: PLC0415

    text = lines(read_slurm_file(slurm_file).site, user, slurm_user, env_file)
    if as_json:
        say_json({"sudoers": text})
        return
    typer.echo(text, nl=False)


@slurm_app.command("uninstall")
def uninstall(slurm_file: SiteFile, *, as_json: AsJson = False) -> None:
    """Remove every trace: leases' jobs and reservations, tags, accounts, QOS; say what is left to do by hand.

    Jobs in leases are ended. May be called again; exits with 1 while lines of slurm.conf are left.
    Example: `tidegate slurm uninstall slurm.toml`
    """
    from tidegate.app.slurmfile import read_slurm_file  # noqa: PLC0415
    from tidegate.drivers.slurm.setup import uninstall as remove  # noqa: PLC0415

    left = remove(read_slurm_file(slurm_file).commands)
    if as_json:
        say_json({"left_in_slurm_conf": left})
    elif left:
        out.print(
            "Remove from slurm.conf, `scontrol reconfigure`, and call this again:", markup=False
        )
        for line in left:
            out.print(line, soft_wrap=True, markup=False)
    else:
        out.print("Nothing of Tidegate is left in Slurm.", markup=False)
    if left:
        raise typer.Exit(1)
