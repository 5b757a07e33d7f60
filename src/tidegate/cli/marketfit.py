"""``tidegate market calibrate`` and ``judge``: the model against what was seen."""

from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.market import Json, Rents, Seed, month_of

# The commands of the other modules have joined this one before.
from tidegate.cli.marketstory import market
from tidegate.cli.screen import say_json

__all__ = ["market"]


@market.command(epilog="Example: `tidegate market calibrate --rents rents.csv --out posterior.npz`")
def calibrate(
    rents: Rents = None,
    scenario: Annotated[str, typer.Option(help="Scenario whose past is played.")] = "base",
    until: Annotated[str | None, typer.Option(help="Last month to calibrate on.")] = None,
    draws: Annotated[int, typer.Option(min=100, max=100_000, help="Size of the ensemble.")] = 1500,
    kept: Annotated[int, typer.Option(min=10, help="Draws that are written.")] = 600,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="File for the posterior.")] = Path("posterior.npz"),
    as_json: Json = False,
) -> None:
    """Calibrate a scenario on monthly rents, and write the posterior draws."""
    from tidegate.app.marketfit import calibrated, write_posterior  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.feeds.marketfile import read_market  # noqa: PLC0415

    last = month_of("--until", until) if until else None
    it = read_market(scenario)
    with screen.progress(["calibrate"], "rounds") as bars:
        made = calibrated(
            it, rents, draws=draws, kept=min(kept, draws), seed=seed, until=last, progress=bars
        )
    write_posterior(made, out)
    if as_json:
        told = {**made.origin, "draws": len(made.posterior), "file": str(out)}
        say_json({**told, "parameters": markettables.parameter_rows(made)})
        return
    markettables.show_posterior(made, out)


@market.command(epilog="Example: `tidegate market judge --rents rents.csv --until 2025-06`")
def judge(
    rents: Rents = None,
    scenario: Annotated[str, typer.Option(help="Scenario whose past is played.")] = "base",
    until: Annotated[str, typer.Option(help="Last month that the model may know.")] = "2025-06",
    draws: Annotated[int, typer.Option(min=100, max=100_000, help="Size of the ensemble.")] = 1000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Calibrate up to a month, forecast what came after, and score it beside simple rivals."""
    from tidegate.app.marketfit import judged  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.feeds.marketfile import read_market  # noqa: PLC0415

    last = month_of("--until", until)
    it = read_market(scenario)
    with screen.progress(["judge"], "rounds") as bars:
        verdict = judged(it, rents, last, draws=draws, seed=seed, progress=bars)
    if as_json:
        say_json(markettables.verdict_json(verdict))
        return
    markettables.show_verdict(verdict)
