"""``tidegate market claims`` and ``report``."""

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.made import with_made
from tidegate.cli.market import (
    Count,
    Json,
    PosteriorFile,
    Rents,
    Scenario,
    Seed,
    crew_from,
    drawn,
    first_from,
    market,
)
from tidegate.cli.screen import say_json

if TYPE_CHECKING:
    from tidegate.app.workers import Crew
    from tidegate.market.run import Draws

__all__ = ["market"]


@market.command(epilog="Example: `tidegate market claims --draws 500`")
@with_made(first=first_from, crew=crew_from, futures=drawn(600))
def claims(*, first: date, crew: "Crew", futures: "Draws", as_json: Json = False) -> None:
    """Test each of the sixteen claims: in what share of futures it holds, by how much, and what decides."""
    from tidegate.app.market import claim_findings  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.market.claims import scenarios_needed  # noqa: PLC0415
    from tidegate.plan.marketclaims import claims_json  # noqa: PLC0415

    began = time.perf_counter()
    with screen.progress(list(scenarios_needed()), "draws") as bars:
        found, _ = claim_findings(futures, first, crew=crew, progress=bars)
    seconds = time.perf_counter() - began
    if as_json:
        say_json(claims_json(found, futures, seconds))
        return
    markettables.show_claims(found, futures.count, seconds)


@market.command(epilog="Example: `tidegate market report enters --out market.html`")
@with_made(first=first_from, crew=crew_from)
def report(
    scenario: Scenario = "enters",
    *,
    first: date,
    crew: "Crew",
    against: Annotated[str, typer.Option(help="What it is held against.")] = "base",
    with_claims: Annotated[
        bool, typer.Option("--claims/--no-claims", help="Whether the claims are tested too.")
    ] = True,
    rents: Rents = None,
    draws: Count = 300,
    seed: Seed = 0,
    posterior: PosteriorFile = None,
    out: Annotated[Path, typer.Option(help="File for the page.")] = Path("market.html"),
    as_json: Json = False,
) -> None:
    """Write a page: rents as fans over history, lessors, prices, claims, and sliders that answer at once."""
    from tidegate.app.market import posterior_of  # noqa: PLC0415
    from tidegate.app.marketfiles import write_report  # noqa: PLC0415
    from tidegate.app.marketstory import told_story  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.market.claims import scenarios_needed  # noqa: PLC0415
    from tidegate.market.run import Draws  # noqa: PLC0415

    source = posterior_of(posterior)
    names = [Path(scenario).name, Path(against).name, *(scenarios_needed() if with_claims else ())]
    with screen.progress([*dict.fromkeys(names), "sliders"], "draws") as bars:
        story = told_story(
            scenario,
            against,
            Draws(source.posterior, draws, seed),
            first,
            origin=source.origin,
            rents=rents,
            with_claims=with_claims,
            crew=crew,
            progress=bars,
        )
    write_report(story, out)
    if as_json:
        told = {
            "file": str(out),
            "scenario": story.run.market.name,
            "against": story.other.market.name,
            "differences": [it.to_json() for it in story.differences],
            "seconds": round(story.seconds, 1),
        }
        say_json(told)
        return
    markettables.show_files([out])
