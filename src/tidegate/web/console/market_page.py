"""The market: rents ahead over those that were seen, claims, and sliders that the server answers at once."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from tidegate.control.access import Act, not_found
from tidegate.market.claims import Finding
from tidegate.plan.marketstory import MarketStory
from tidegate.web.charts.market import Fan, fan_of, gaps
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.market_sliders import answer_of, short
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import Visitor
from tidegate.web.wording import ABSENT

router: Final = APIRouter()

_TABLE_STEP: Final = 6


def _(text: str) -> str:
    return text


VERDICTS: Final[Mapping[str, str]] = {
    "input": _("an input"),
    "holds": _("holds"),
    "open": _("undecided"),
    "fails": _("fails"),
}
"""What the model says of a claim."""

EVIDENCE: Final[Mapping[str, str]] = {
    "confirmed": _("confirmed"),
    "unconfirmed": _("unconfirmed"),
    "unclear": _("unclear"),
    "none": _("none"),
    "contradicted": _("contradicted"),
    "supported": _("supported"),
    "mixed": _("mixed"),
    "weak": _("weak"),
    "unsupported": _("unsupported"),
    "partly": _("partly"),
    "early": _("early"),
}
"""What public sources say of it."""

UNITS: Final[Mapping[str, str]] = {
    "bn USD/year": _("bn USD a year"),
    "points": _("points"),
    "correlation": _("correlation"),
}
"""Units of effects that are no shares."""


def _told(console: Console) -> MarketStory | None:
    return console.market.story() if console.market else None


@router.get("/market", name="console:market")
def market(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show the market, or that it is being played."""
    owner_only(visitor.actor, Act.PRICES_READ)
    frame = Frame(request, visitor, "market")
    story = _told(console)
    if story is None:
        return frame.page("market-waiting", is_played=console.market is not None)
    return frame.page(
        "market",
        titles=(story.run.market.title, story.other.market.title),
        entry=f"{story.entry:%Y-%m}",
        futures=story.run.draws.count,
        rents=[_rent(frame, story, generation) for generation in story.let],
        claims=[_claim(frame, it) for it in story.findings],
        **answer_of(frame, story.surface),
    )


@router.get("/market/now", name="console:market-now")
def now(request: Request, visitor: Visitor, console: Given) -> Response:
    """Say whether the market has been played: the page is led to it then."""
    owner_only(visitor.actor, Act.PRICES_READ)
    frame = Frame(request, visitor, "market")
    if console.market and _told(console) is None and request.headers.get("hx-request"):
        return Response(status_code=204)
    return frame.go("market")


@router.get("/market/answer", name="console:market-answer")
def answer(request: Request, visitor: Visitor, console: Given) -> Response:
    """Tell what the sliders' position brings."""
    owner_only(visitor.actor, Act.PRICES_READ)
    frame = Frame(request, visitor, "market")
    story = _told(console)
    if story is None or not request.headers.get("hx-request"):
        return frame.go("market")
    return frame.page("market-answer", **answer_of(frame, story.surface) | {"is_fragment": True})


@router.get("/market/rents.json", name="console:market-rents")
def rents(
    request: Request,
    visitor: Visitor,
    console: Given,
    generation: Annotated[str, Query(max_length=200)] = "",
) -> Mapping[str, Any]:
    """Return the fan of a generation's rents, over what was seen."""
    owner_only(visitor.actor, Act.PRICES_READ)
    story = _told(console)
    if story is None:
        return {"x": "category", "categories": [], "unit": "", "series": []}
    name = generation or story.surface.reference
    if name not in story.let:
        raise not_found("generation", name)
    say = Frame(request, visitor, "market").texts.say
    fan = _fan(story, name)
    low, q1, middle, q3, high = fan.bands
    series: list[dict[str, Any]] = []
    for place, (bottom, upper, area) in enumerate(((low, high, 0.14), (q1, q3, 0.26))):
        stack = {"stack": f"band-{place}", "width": 0, "colour": "product-1"}
        series.append({"name": f"from-{place}", "points": bottom, **stack})
        series.append({"name": f"to-{place}", "points": gaps(bottom, upper), "area": area, **stack})
    hidden = [line["name"] for line in series]
    for title, points, hue, more in (
        (say(_("95 of 100 futures below")), high, "product-1", {"width": 0.6}),
        (say(_("median with the entry")), middle, "product-1", {}),
        (say(_("5 of 100 futures below")), low, "product-1", {"width": 0.6}),
        (say(_("median without")), fan.rival, "product-2", {"dashes": True}),
        (say(_("seen")), fan.seen, "capacity", {"dots": True, "z": 4}),
    ):
        series.append({"name": title, "points": points, "colour": hue, **more})
    return {
        "x": "category",
        "categories": fan.months,
        "unit": say(_("USD per GPU-hour")),
        "digits": 2,
        "top": fan.top,
        "series": series,
        "hide": hidden,
    }


def _fan(story: MarketStory, generation: str) -> Fan:
    first, last = story.first_of(generation), story.span[1]
    return fan_of(story.run, story.other, generation, story.seen, first=first, last=last)


def _rent(frame: Frame, story: MarketStory, generation: str) -> dict[str, Any]:
    """Return what stands round the drawing of a generation's rents: a sentence, and its figures."""
    fan = _fan(story, generation)
    low, middle, high = fan.bands[0], fan.bands[2], fan.bands[4]

    def text(value: float | None) -> str:
        return frame.figures.number(value, 2)

    rows = [
        (month, *(text(line[t]) for line in (low, middle, high, fan.rival, fan.seen)))
        for t, month in enumerate(fan.months)
        if (middle[t] is not None and t % _TABLE_STEP == 0) or fan.seen[t] is not None
    ]
    summary = frame.texts.say(
        _("In %(month)s: median %(middle)s USD, nine in ten futures from %(low)s to %(high)s USD.")
    ) % {
        "month": fan.months[-1],
        "middle": text(middle[-1]),
        "low": text(low[-1]),
        "high": text(high[-1]),
    }
    return {"generation": generation, "summary": summary, "rows": rows}


def _claim(frame: Frame, it: Finding) -> dict[str, Any]:
    say, figures = frame.texts.say, frame.figures

    def text(value: float) -> str:
        if it.claim.unit in ("change", "share"):
            return figures.percent(value)
        return short(frame, value)

    effect, interval = ABSENT, ""
    if it.effect is not None and it.interval is not None:
        unit = UNITS.get(it.claim.unit)
        effect = text(it.effect) + (f" {say(unit)}" if unit else "")
        interval = f"{text(it.interval[0])} … {text(it.interval[1])}"
    return {
        "number": it.claim.number,
        "text": say(it.claim.text),
        "verdict": say(VERDICTS[it.verdict]),
        "share": it.share,
        "effect": effect,
        "interval": interval,
        "deciders": [f"{d.name} {figures.number(d.index, 2)}" for d in it.deciders],
        "evidence": say(EVIDENCE.get(it.claim.verdict, it.claim.verdict)),
        "source": it.claim.evidence if it.claim.evidence != it.claim.verdict else "",
    }
