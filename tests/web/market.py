"""A market that is played in a moment: few futures, and findings that need no play."""

from datetime import date
from functools import cache

from tidegate.app.marketstory import told_story
from tidegate.market.claims import Decider, Finding, claims
from tidegate.market.posterior import shipped
from tidegate.market.run import Draws
from tidegate.plan import surface
from tidegate.plan.marketstory import MarketStory

ENTRY = date(2026, 11, 1)


@cache
def story() -> MarketStory:
    source = shipped()
    # A grid of fewer futures than the product plays: what is tested is the page.
    surface.DRAWS = 3  # type: ignore[misc]
    found = told_story(
        "enters",
        "base",
        Draws(source.posterior, 8, 1),
        ENTRY,
        origin=source.origin,
        with_claims=False,
    )
    decider = (Decider("own_use", 0.5, -1.0),)
    findings = tuple(
        Finding(claim, None, None, None, (), None)
        if claim.effect is None
        else Finding(claim, 0.1 * (claim.number % 10), 0.02, (-0.1, 0.2), decider, 0.5)
        for claim in claims()
    )
    return MarketStory(**{**vars(found), "findings": findings})
