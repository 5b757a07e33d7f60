"""Leases, and each one's page: for those who run the fleet, and for the tenant that holds it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from tidegate.control.access import Act, existing, require
from tidegate.lease.events import LEASE_CHANGED, NODES_LOST, NODES_REPLACED, Event
from tidegate.lease.lease import Lease
from tidegate.web.console.frame import Frame
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import Visitor

router: Final = APIRouter()

PAGE: Final = 50
EVENTS: Final = 200


def _(text: str) -> str:
    return text


_FILTERS: Final = (("live", _("Running")), ("past", _("Ended")), ("all", _("All")))
_LIVE: Final[Mapping[str, bool | None]] = {"live": True, "past": False, "all": None}

_HAPPENED: Final[Mapping[str, str]] = {
    "lease.starting": _("Admitted; its nodes are being made ready"),
    "lease.running": _("Started; the tenant has the nodes"),
    "lease.noticed": _("Notice given"),
    "lease.ended": _("Ended"),
    "lease.broken": _("Taken back before the end of its firm time: broken, and credited"),
    "lease.failed": _("Ended by a failure"),
    LEASE_CHANGED: _("Changed"),
    NODES_REPLACED: _("Nodes failed; it has others instead"),
    NODES_LOST: _("Nodes failed; it goes on without, and what was firm is credited"),
}

State = Annotated[str, Query(pattern="^(live|past|all)$")]
Before = Annotated[str | None, Query(max_length=40)]


def lease_values(lease: Lease, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what the tables say of a lease."""
    return {
        "id": lease.id,
        "tenant": names.get(lease.tenant_id, lease.tenant_id),
        "product": lease.product,
        "pool": lease.pool_id,
        "nodes": lease.nodes,
        "state": lease.state.value,
        "is_live": lease.is_live,
        "take_at_s": lease.take_s,
        "start_s": lease.start_s,
        "firm_until_s": lease.firm_until_s,
        "end_s": lease.ended_s or lease.end_s,
        "price": lease.price,
        "currency": lease.currency,
    }


def names_for(frame: Frame, console: Console) -> Mapping[str, str]:
    """Return the tenants' names, for those who may see them."""
    return {} if frame.actor.tenant_id else console.tenant_names()


def page_of_leases(
    frame: Frame, console: Console, state: str, before: str | None
) -> dict[str, Any]:
    """Return a page of leases, the youngest first."""
    found = console.views.leases(
        frame.actor.reach, live=_LIVE[state], before_id=before, limit=PAGE + 1
    )
    names = names_for(frame, console)
    more = None
    if len(found) > PAGE:
        place = "portal" if frame.actor.tenant_id else "leases"
        more = f"{frame.path(place)}?state={state}&before={found[PAGE - 1].id}"
    return {"leases": [lease_values(lease, names) for lease in found[:PAGE]], "more": more}


@router.get("/leases", name="console:leases")
def leases(
    request: Request, visitor: Visitor, console: Given, state: State = "live", before: Before = None
) -> Response:
    """Show leases."""
    require(visitor.actor, Act.LEASES_READ)
    frame = Frame(request, visitor, "leases")
    filters = [(value, frame.texts.say(title)) for value, title in _FILTERS]
    return frame.page(
        "leases", filters=filters, chosen=state, **page_of_leases(frame, console, state, before)
    )


@router.get("/leases/now", name="console:leases-now")
def leases_now(
    request: Request, visitor: Visitor, console: Given, state: State = "live"
) -> Response:
    """Show leases as they are now."""
    require(visitor.actor, Act.LEASES_READ)
    frame = Frame(request, visitor, "leases")
    return frame.page("leases-now", **page_of_leases(frame, console, state, None))


@router.get("/leases/{lease}", name="console:lease")
def one_lease(request: Request, visitor: Visitor, console: Given, lease: str) -> Response:
    """Show a lease with all that happened to it."""
    require(visitor.actor, Act.LEASES_READ)
    frame = Frame(request, visitor, "portal" if visitor.actor.tenant_id else "leases")
    values = _one(frame, console, lease)
    events = console.views.events(lease, frame.actor.reach, EVENTS)
    values["lease"]["events"] = [_event(frame, event) for event in events]
    return frame.page("lease", **values)


@router.get("/leases/{lease}/now", name="console:lease-now")
def lease_now(request: Request, visitor: Visitor, console: Given, lease: str) -> Response:
    """Show a lease as it is now."""
    require(visitor.actor, Act.LEASES_READ)
    frame = Frame(request, visitor, "leases")
    return frame.page("lease-now", **_one(frame, console, lease))


def find_lease(frame: Frame, console: Console, lease_id: str) -> Lease:
    """Return a lease within reach.

    Raises
    ------
    RequestError
        ``TG-API-NOT-FOUND``.
    """
    return existing(console.views.lease(lease_id, frame.actor.reach), "lease", lease_id)


def _one(frame: Frame, console: Console, lease_id: str) -> dict[str, Any]:
    lease = find_lease(frame, console, lease_id)
    pool = console.pools[lease.pool_id]
    offer = pool.offer_of.get(lease.product)
    values = lease_values(lease, names_for(frame, console)) | {
        "gpus_per_node": pool.pool.gpus_per_node,
        "chip": pool.pool.chip.id,
        "firm_words": frame.texts.firmness(offer.product) if offer else "",
        "node_names": console.views.nodes_of(lease.id, frame.actor.reach),
    }
    if frame.actor.tenant_id:
        values["tenant"] = frame.visitor.name
    return {"lease": values, "may_change": Act.LEASES_WRITE in frame.rights}


def _event(frame: Frame, event: Event) -> dict[str, Any]:
    text = frame.texts.say(_HAPPENED.get(event.kind, event.kind))
    reason = event.data.get("reason")
    if reason:
        text += f" ({frame.texts.end_reason(str(reason))})"
    if event.kind in (NODES_REPLACED, NODES_LOST):
        gone, others = (event.data.get(name, ()) for name in ("failed", "nodes"))
        text += ": " + " → ".join(", ".join(names) for names in (gone, others) if names)
    return {
        "at_s": event.at_s,
        "text": text,
        "actor": event.actor,
        "decision_id": event.decision_id,
    }
