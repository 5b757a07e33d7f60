"""``tidegate market claims`` and ``report``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.market import (
    ENTRY,
    Backend,
    Count,
    DaskAddress,
    EntryMonth,
    Json,
    PosteriorFile,
    Rents,
    Scenario,
    Seed,
    Workers,
    crew_of,
    draws_of,
    market,
    month_of,
)
from tidegate.cli.screen import say_json

__all__ = ["market"]


@market.command(epilog="Example: `tidegate market claims --draws 500`")
def claims(
    draws: Count = 600,
    seed: Seed = 0,
    posterior: PosteriorFile = None,
    entry: EntryMonth = ENTRY,
    backend: Backend = "threading",
    workers: Workers = None,
    dask_address: DaskAddress = None,
    as_json: Json = False,
) -> None:
    """Test each of the sixteen claims: in what share of futures it holds, by how much, and what decides."""
    from tidegate.app.market import claim_findings  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.market.claims import scenarios_needed  # noqa: PLC0415
    from tidegate.plan.marketclaims import claims_json  # noqa: PLC0415

    first = month_of("--entry", entry)
    crew = crew_of(backend, workers, dask_address)
    drawn = draws_of(posterior, draws, seed)
    began = time.perf_counter()
    with screen.progress(list(scenarios_needed()), "draws") as bars:
        found, _ = claim_findings(drawn, first, crew=crew, progress=bars)
    seconds = time.perf_counter() - began
    if as_json:
        say_json(claims_json(found, drawn, seconds))
        return
    markettables.show_claims(found, draws, seconds)


@market.command(epilog="Example: `tidegate market report enters --out market.html`")
def report(
    scenario: Scenario = "enters",
    against: Annotated[str, typer.Option(help="What it is held against.")] = "base",
    with_claims: Annotated[
        bool, typer.Option("--claims/--no-claims", help="Whether the claims are tested too.")
    ] = True,
    rents: Rents = None,
    draws: Count = 300,
    seed: Seed = 0,
    posterior: PosteriorFile = None,
    entry: EntryMonth = ENTRY,
    backend: Backend = "threading",
    workers: Workers = None,
    dask_address: DaskAddress = None,
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

    first = month_of("--entry", entry)
    crew = crew_of(backend, workers, dask_address)
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
