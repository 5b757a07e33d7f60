"""``tidegate finance`` and ``tidegate tiers``: what the finance desk asks."""

import typer

from tidegate.cli.finance.ahead import best_actions, impairment, pack, stress
from tidegate.cli.finance.ledger import acts, period, statement
from tidegate.cli.finance.measured import coverage, giant, schedule
from tidegate.cli.finance.moves import tiers

__all__ = ["finance", "tiers"]

finance = typer.Typer(
    name="finance",
    help="Does rent cover the fleet: statements, schedules, coverage, impairment, stress, tiers."
    "\n\nExample: `tidegate finance coverage examples/three-tiers.toml`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
finance.command()(coverage)
finance.command()(schedule)
finance.command()(stress)
finance.command("tiers")(best_actions)
finance.command()(impairment)
finance.command()(statement)
finance.command()(period)
finance.command()(acts)
finance.command()(pack)
finance.command()(giant)
