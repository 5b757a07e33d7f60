"""What the console's charts draw, as plain data: the page's script knows how."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from fastapi import APIRouter, Request
from numpy.typing import NDArray

from tidegate.control.access import Act
from tidegate.control.pools import TICK_S
from tidegate.control.views import Held
from tidegate.forecast import HORIZONS_S
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.operator import find_pool
from tidegate.web.console.pool_view import FAN_SHARES, PoolPicture, picture
from tidegate.web.console.services import Given
from tidegate.web.palette import product_colour
from tidegate.web.signin import Visitor

router: Final = APIRouter()

PAST_S: Final = 3 * 86_400
AHEAD_S: Final = 86_400
_STACKED: Final[Mapping[str, Any]] = {"stack": "held", "width": 0, "step": "end"}


def _(text: str) -> str:
    return text


@router.get("/pools/{pool}/tide.json", name="console:pool-tide")
def tide(request: Request, visitor: Visitor, console: Given, pool: str) -> Mapping[str, Any]:
    """Return the tide of a pool: what was, what is leased, and how far demand may rise."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    now_s = console.clock.now_s()
    found = picture(console, find_pool(console, pool), now_s)
    since_tick = (now_s - PAST_S) // TICK_S
    ticks = console.views.ticks(pool, since_tick)
    times = np.array([tick.tick * TICK_S for tick in ticks], dtype=np.int64)
    say = frame.texts.say
    capacity = found.row.nodes
    leases = console.views.held_between(pool, now_s - PAST_S, now_s)
    # What was read from a log before the system began knows demand alone.
    busy = [tick.busy_nodes or max(0, tick.demand_nodes - tick.pending_nodes) for tick in ticks]
    series = [_line(say(_("own jobs")), "internal", times, busy, area=0.55, **_STACKED)]
    for place, offer in enumerate(found.live.offers):
        nodes = nodes_at(times, [each for each in leases if each.product == offer.product.id])
        hue = product_colour(place)
        series.append(_line(offer.product.id, hue, times, nodes, area=0.7, **_STACKED))
    series.append(
        _line(
            say(_("own demand")), "demand", times, [t.demand_nodes for t in ticks], step="end", z=4
        )
    )
    if found.fan is not None:
        for share, within in zip(FAN_SHARES, found.fan, strict=True):
            name = say(_("in %(share)s of futures within"), share=frame.figures.percent(share, 0))
            points = _ahead(found, now_s, within)
            series.append(_points(name, "demand", points, width=0.5, z=3, area=0.09))
    if found.curve is not None:
        bound = _ahead(found, now_s, found.curve.bound)
        series.append(_points(say(_("own demand at most")), "demand", bound, dashes=True, z=4))
    ends = [
        [1000 * int(times[0]) if times.size else 1000 * now_s, capacity],
        [1000 * (now_s + AHEAD_S), capacity],
    ]
    series.append(_points(say(_("capacity")), "capacity", ends, width=1))
    return {
        "x": "time",
        "unit": say(_("nodes")),
        "top": capacity,
        "now": 1000 * now_s,
        "series": series,
        "hide": [],
    }


def _ahead(found: PoolPicture, now_s: int, nodes: NDArray[np.int64]) -> list[list[int]]:
    """Return points of a curve over the horizons, from demand now on."""
    points = [[1000 * now_s, found.tick.demand_nodes if found.tick else 0]]
    for horizon_s, value in zip(HORIZONS_S, nodes.tolist(), strict=True):
        if horizon_s <= AHEAD_S:
            points.append([1000 * (now_s + horizon_s), value])
    return points


def nodes_at(times: np.ndarray[Any, Any], leases: Sequence[Held]) -> list[int]:
    """Return how many nodes leases held at each time; times ascending."""
    change = np.zeros(times.size + 1, dtype=np.int64)
    for lease in leases:
        change[np.searchsorted(times, lease.from_s)] += lease.nodes
        if lease.to_s is not None:
            change[np.searchsorted(times, lease.to_s)] -= lease.nodes
    held: list[int] = np.cumsum(change[:-1]).tolist()
    return held


@router.get("/pools/{pool}/curve.json", name="console:pool-curve")
def curve(request: Request, visitor: Visitor, console: Given, pool: str) -> Mapping[str, Any]:
    """Return a pool's quota curve, with what is promised of it."""
    owner_only(visitor.actor, Act.QUOTA_READ)
    frame = Frame(request, visitor, "overview")
    found = picture(console, find_pool(console, pool), console.clock.now_s())
    say = frame.texts.say
    series: list[dict[str, Any]] = []
    labels: list[str] = []
    if found.curve is not None:
        labels = [frame.figures.duration(int(h)) for h in found.curve.horizons_s]
        for name, colour, values in (
            (say(_("quota")), "product-1", found.curve.quota),
            (say(_("promised")), "product-2", found.curve.promised),
            (say(_("own demand at most")), "internal", found.curve.bound),
        ):
            series.append(
                {"name": name, "colour": colour, "points": values.tolist(), "step": "middle"}
            )
    return {
        "x": "category",
        "categories": labels,
        "unit": say(_("nodes")),
        "top": found.row.nodes,
        "series": series,
    }


def _points(name: str, colour: str, points: Sequence[Sequence[int]], **more: Any) -> dict[str, Any]:
    return {"name": name, "colour": colour, "points": points, **more}


def _line(
    name: str, colour: str, times: np.ndarray[Any, Any], values: Sequence[int], **more: Any
) -> dict[str, Any]:
    points = [[1000 * at, value] for at, value in zip(times.tolist(), values, strict=True)]
    return _points(name, colour, points, **more)
