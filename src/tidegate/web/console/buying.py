"""From a choice to a running lease: choose, see the price, order."""

import secrets
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response

from tidegate.control.access import Act
from tidegate.control.asking import Ask
from tidegate.control.prices import price_terms
from tidegate.errors import TidegateError
from tidegate.lease.lease import Quote
from tidegate.lease.product import ProductKind
from tidegate.lease.states import HoldingState, OrderState
from tidegate.web.console.acts.typed import typed_hours
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import tenants_only
from tidegate.web.console.pool_view import PoolPicture, picture
from tidegate.web.console.portal import own_id
from tidegate.web.console.reasons import refusal
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import FORM, Visitor

router: Final = APIRouter()

HOUR_S: Final = 3600
QUEUE_S: Final = 3600
"""An order that finds no room may be put on the waitlist for so long."""

_DEFAULT_HOURS: Final = "6"

Text = Annotated[str, Form(max_length=200)]


def _(text: str) -> str:
    return text


@router.get("/portal/new", name="console:portal-new")
def choose(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show what can be leased."""
    tenants_only(visitor.actor, Act.ORDERS_WRITE)
    return _chooser(Frame(request, visitor, "portal-new"), console)


_ROOM: Final = {True: _("room now"), False: _("full at the moment")}


def _chooser(
    frame: Frame, console: Console, *, form: dict[str, str] | None = None, wrong: str = "",
    advice: str = "", wrongs: dict[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    offers = _offers(frame, console)
    chosen = {"nodes": "1", "hours": _DEFAULT_HOURS, "offer": ""} | (form or {})
    if not chosen["offer"] and offers:
        chosen["offer"] = next((it["value"] for it in offers if it["has_room"]), offers[0]["value"])
    sizes = sorted({offer["gpus_per_node"] for offer in offers})
    return frame.page(
        "portal-new", status, quote=None, offers=offers, form=chosen, wrong=wrong, advice=advice,
        wrongs=wrongs or {}, gpus_per_node=" / ".join(map(str, sizes)),
    )  # fmt: skip


def _offers(frame: Frame, console: Console) -> list[dict[str, Any]]:
    now_s = console.clock.now_s()
    found = []
    for row in console.views.pools():
        if row.id not in console.pools:
            continue
        pool = picture(console, row, now_s)
        if not pool.can_lease or pool.steering.leasing.value != "open":
            continue
        for offer in pool.live.offers:
            if offer.product.kind is ProductKind.GRANT:
                continue
            terms = price_terms(
                console.money, console.till.offered, offer.product, row.chip,
                tenant_id=own_id(frame), gpus=row.gpus_per_node, wanted_s=None, now_s=now_s,
            )  # fmt: skip
            has_room = _has_room(pool, offer.product.guaranteed_s(7 * 86_400))
            found.append(
                {
                    "value": f"{row.id}/{offer.product.id}",
                    "chip": row.chip,
                    "product": offer.product.id,
                    "price": terms.base.rate,
                    "currency": terms.currency,
                    "firm_words": frame.texts.firmness(offer.product),
                    "has_room": has_room,
                    "room_words": frame.texts.say(_ROOM[has_room]),
                    "gpus_per_node": row.gpus_per_node,
                }
            )
    return found


def _has_room(pool: PoolPicture, firm_s: int) -> bool:
    """Whether there is room for one node now; how much there is would tell of others' leases."""
    free = pool.count(HoldingState.FREE)
    room = free if firm_s == 0 or pool.curve is None else min(free, pool.curve.room_for(firm_s))
    return room > 0


@router.post("/portal/quote", name="console:portal-quote", dependencies=[FORM])
def ask_price(
    request: Request, visitor: Visitor, console: Given,
    offer: Text = "", nodes: Text = "", hours: Text = "",
) -> Response:  # fmt: skip
    """Show the price of what was chosen."""
    tenants_only(visitor.actor, Act.QUOTES_WRITE)
    frame = Frame(request, visitor, "portal-new")
    form = {"offer": offer, "nodes": nodes, "hours": hours}
    say = frame.texts.say
    wrongs: dict[str, str] = {}
    if not nodes.isdecimal() or int(nodes) < 1:
        wrongs["nodes"] = say(_("A whole number from 1 on."))
    duration_s = typed_hours(hours)
    if duration_s is None:
        wrongs["hours"] = say(_("A number of hours above 0, such as 6 or 0.5."))
    if wrongs or duration_s is None:
        return _chooser(frame, console, form=form, wrongs=wrongs, status=422)
    pool, _slash, product = offer.rpartition("/")
    try:
        quote = console.quotes.quote(frame.actor, Ask(pool, product, int(nodes), duration_s))
    except TidegateError as error:
        return _chooser(
            frame, console, form=form, wrong=error.message, advice=error.expected or "", status=422
        )
    return frame.page(
        "portal-new", quote=_quote_values(frame, console, quote), wrong="", advice="", wrongs={}
    )


def _quote_values(frame: Frame, console: Console, quote: Quote) -> dict[str, Any]:
    live = console.pools[quote.pool_id]
    product = live.offer_of[quote.product].product
    per_hour = quote.price * quote.nodes * live.pool.gpus_per_node
    return {
        "id": quote.id,
        # One press of the button is one order, however often the browser sends it.
        "key": secrets.token_urlsafe(16),
        "nodes": quote.nodes,
        "gpus_per_node": live.pool.gpus_per_node,
        "chip": live.pool.chip.id,
        "price": quote.price,
        "currency": quote.currency,
        "rent_per_hour": per_hour,
        "total": per_hour * quote.duration_s / HOUR_S,
        "duration_s": quote.duration_s,
        "firm_words": frame.texts.firmness(product),
        "break_words": frame.texts.breaking(product, console.rules.breaks.credit_share),
        "expires_s": quote.expires_s,
    }


@router.post("/portal/order", name="console:portal-order", dependencies=[FORM])
def order(
    request: Request, visitor: Visitor, console: Given,
    quote: Text = "", key: Text = "", wait: Text = "",
) -> Response:  # fmt: skip
    """Order what was quoted."""
    tenants_only(visitor.actor, Act.ORDERS_WRITE)
    frame = Frame(request, visitor, "portal-new")
    try:
        placed = console.sales.order(
            frame.actor, quote, wait_for_room_s=QUEUE_S if wait else 0, key=f"console-{key}"
        )
    except TidegateError as error:
        return _chooser(
            frame, console, wrong=error.message, advice=error.expected or "", status=409
        )
    if placed.state is OrderState.ADMITTED and placed.lease_id:
        return frame.go("lease", "ordered", lease=placed.lease_id)
    if placed.state in (OrderState.PLACED, OrderState.WAITLISTED):
        return frame.go("portal", "waitlisted")
    horizon = frame.figures.duration(placed.horizon_s)
    said = refusal(frame.texts, placed.reason, placed.horizon_s, horizon)
    advice = frame.texts.say(
        _("Fewer nodes, a shorter time or a less firm product may fit; nothing was charged.")
    )
    form = {
        "offer": f"{placed.pool_id}/{placed.product}",
        "nodes": str(placed.nodes),
        "hours": f"{placed.duration_s / HOUR_S:g}",
    }
    return _chooser(frame, console, form=form, wrong=said, advice=advice, status=409)
