"""All that the market's report tells, played: scenario, rival, claims, sliders."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tidegate.app.market import CREW, Progress, check_entry, claim_findings, play_scenario, quiet
from tidegate.app.workers import Crew, side_by_side
from tidegate.feeds.marketfile import read_market
from tidegate.feeds.rentsfile import read_rents
from tidegate.market.calibrate import Posterior
from tidegate.market.claims import Finding
from tidegate.market.history import cited_rents
from tidegate.market.model import Market
from tidegate.market.run import Draws, MarketRun, play_block
from tidegate.plan.market import differences
from tidegate.plan.marketstory import MarketStory
from tidegate.plan.surface import YEARS, Surface, at_point, points, surface_of, told


def told_story(  # noqa: PLR0913  what a report is asked
    name: str,
    against: str,
    draws: Draws,
    entry: date,
    *,
    origin: Mapping[str, Any],
    rents: Path | None = None,
    with_claims: bool = True,
    crew: Crew = CREW,
    progress: Progress = quiet,
) -> MarketStory:
    """Play all that a report tells.

    Parameters
    ----------
    name, against : str
        The scenario, and what it is held against.
    draws : Draws
        Which futures.
    entry : date
        Month from which years are counted.
    origin : mapping
        How the posterior was made.
    rents : Path or None
        Rents to be drawn; the cited ones without it.
    with_claims : bool
        Whether the claims are tested too.
    crew : Crew
        Who plays.
    progress : callable
        Told what is played.

    Raises
    ------
    InputError
        When a scenario or the rents cannot be used.
    """
    began = time.perf_counter()
    seen = read_rents(rents) if rents else cited_rents()
    market, other = read_market(name), read_market(against)
    check_entry(market, entry, max(YEARS) if with_claims else 1)
    run = play_scenario(market, draws, crew=crew, progress=progress)
    rival = play_scenario(other, draws, crew=crew, progress=progress)
    found: tuple[Finding, ...] = ()
    if with_claims:
        found, _ = claim_findings(draws, entry, crew=crew, progress=progress)
    return MarketStory(
        run=run,
        other=rival,
        entry=entry,
        differences=differences(run, rival, entry),
        seen=seen,
        findings=found,
        surface=coarse_surface(market, draws.posterior, entry, crew=crew, progress=progress),
        origin=origin,
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True)
class _Point:
    """A point of the sliders' grid."""

    place: int
    market: Market
    draws: Draws
    entry: date
    generations: tuple[str, ...]


def _play_point(point: _Point) -> tuple[int, list[list[float]]]:
    months = min(point.market.months, point.market.month_of(point.entry) + 12 * max(YEARS) + 1)
    record = play_block(point.market, point.draws, 0, months)
    run = MarketRun(point.market, point.draws, record)
    return point.place, told(run, point.entry, point.generations)


def coarse_surface(
    market: Market,
    posterior: Posterior,
    entry: date,
    *,
    crew: Crew = CREW,
    progress: Progress = quiet,
) -> Surface:
    """Play every point of the sliders' grid over a few futures."""
    vendor = [g.id for g in market.generations if g.maker == "vendor"]
    reference = market.setting.reference
    shown = tuple(dict.fromkeys((reference, *vendor)))[:5]
    shown = tuple(g for g in market.generation_ids if g in shown)
    grid = [
        _Point(place, *at_point(market, posterior, at, entry), entry, shown)
        for place, at in enumerate(points())
    ]
    values: list[list[list[float]]] = [[] for _ in grid]
    progress("sliders", 0, len(grid))
    for done, (place, rows) in enumerate(side_by_side(_play_point, grid, crew), start=1):
        values[place] = rows
        progress("sliders", done, len(grid))
    return surface_of(values, shown, reference)
