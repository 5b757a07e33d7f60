"""``tidegate``: the root command, and what happens to errors."""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from tidegate.cli import marketfit
from tidegate.cli.advise import advise
from tidegate.cli.audit import audit_app
from tidegate.cli.backtest import backtest
from tidegate.cli.backup import backup, restore
from tidegate.cli.doctor import doctor
from tidegate.cli.feed import feed_app
from tidegate.cli.finance import finance, tiers
from tidegate.cli.invoice import invoice_app
from tidegate.cli.keys import keys_app
from tidegate.cli.leases import leases_app, order, orders_app, quote
from tidegate.cli.pools import events, pools, products
from tidegate.cli.prices import prices_app
from tidegate.cli.quota import quota
from tidegate.cli.screen import show_error
from tidegate.cli.serve import serve
from tidegate.cli.slurm import slurm_app
from tidegate.cli.tenants import tenants_app
from tidegate.cli.usage import usage
from tidegate.cli.users import users_app
from tidegate.cli.webhooks import webhooks_app
from tidegate.errors import TidegateError

app = typer.Typer(
    name="tidegate",
    help="Lease the idle tide of a GPU fleet, and have it back in time.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command()(backtest)
app.command()(advise)
app.command()(quota)
app.command()(serve)
app.command()(backup)
app.command()(restore)
app.command()(doctor)
app.command()(pools)
app.command()(products)
app.command()(quote)
app.command()(order)
app.add_typer(orders_app)
app.add_typer(leases_app)
app.command()(events)
app.command()(usage)
app.add_typer(invoice_app, name="invoice")
app.add_typer(prices_app, name="prices")
app.add_typer(tenants_app)
app.add_typer(keys_app)
app.add_typer(users_app)
app.add_typer(webhooks_app)
app.add_typer(audit_app)
app.add_typer(feed_app, name="feed")
app.add_typer(slurm_app, name="slurm")
app.add_typer(finance)
app.add_typer(tiers)
app.add_typer(marketfit.market)


def _print_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"tidegate {version('tidegate')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda asked: _print_version(asked=asked),
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Lease the idle tide of a GPU fleet, and have it back in time."""


def main() -> None:
    """Run the command line; exit with 0 when done, 1 when the run failed, 2 on bad input."""
    try:
        app()
    except TidegateError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone (`tidegate ... | head`); so do we, in silence.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
