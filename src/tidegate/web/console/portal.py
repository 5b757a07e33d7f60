"""The tenant's desk: what it holds, how it leases more, and how it gives back."""

from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request, Response

from tidegate.billing import month_of
from tidegate.control.access import Act
from tidegate.control.budgets import spent_in
from tidegate.control.documents import list_credit_notes
from tidegate.control.usage import usage
from tidegate.lease.lease import Lease
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import tenants_only
from tidegate.web.console.lease_pages import page_of_leases
from tidegate.web.console.money_pages import budget_of
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import Visitor

router: Final = APIRouter()

HOUR_S: Final = 3600
QUEUE_S: Final = 3600
"""An order from the portal that finds no room may be put on the waitlist for so long."""

MANY: Final = 200
_DEFAULT_HOURS: Final = "6"

Text = Annotated[str, Form(max_length=200)]
State = Annotated[str, Query(pattern="^(live|past|all)$")]


def _(text: str) -> str:
    return text


def own_id(frame: Frame) -> str:
    """Return the tenant that looks."""
    tenant_id = frame.actor.tenant_id
    assert tenant_id is not None, "the portal's routes are for a tenant's people"
    return tenant_id


@router.get("/portal", name="console:portal")
def portal(
    request: Request,
    visitor: Visitor,
    console: Given,
    state: State = "live",
    before: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Show what a tenant holds."""
    tenants_only(visitor.actor, Act.LEASES_READ)
    frame = Frame(request, visitor, "portal")
    return frame.page("portal", **_portal(frame, console, state, before))


@router.get("/portal/now", name="console:portal-now")
def portal_now(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show what a tenant holds now."""
    tenants_only(visitor.actor, Act.LEASES_READ)
    frame = Frame(request, visitor, "portal")
    return frame.page("portal-now", **_portal(frame, console, "live", None))


def _portal(frame: Frame, console: Console, state: str, before: str | None) -> dict[str, Any]:
    live = console.views.live_leases(frame.actor.reach)
    notices = sorted(
        (lease for lease in live if lease.take_s is not None), key=lambda lease: lease.due_s
    )
    return {
        "account": _account(frame, console, live),
        "notices": [
            {"lease_id": lease.id, "nodes": lease.nodes, "take_at_s": lease.take_s}
            for lease in notices
        ],
        "may_change": Act.LEASES_WRITE in frame.rights,
        **page_of_leases(frame, console, state, before),
    }


def _account(frame: Frame, console: Console, live: list[Lease]) -> dict[str, Any]:
    now_s = console.clock.now_s()
    month = month_of(now_s, console.rules.zone)
    with console.money.reading() as store:
        currency = store.accounts.account(own_id(frame), console.rules.currency).currency
        spent = spent_in(store, console.rules, own_id(frame), currency, month)
    rows = usage(console.money, frame.actor, month.start_s, max(now_s, month.start_s) + 1)
    notes = list_credit_notes(console.money, frame.actor, None, MANY)
    budget = budget_of(frame, console)

    def gpus(lease: Lease) -> int:
        return lease.nodes * console.pools[lease.pool_id].pool.gpus_per_node

    return {
        "gpus": sum(gpus(lease) for lease in live),
        "leases": len(live),
        "rent_per_hour": sum((lease.price * gpus(lease) for lease in live), Decimal(0)),
        "currency": currency,
        "month": spent.amount,
        "month_gpu_hours": sum(row.gpu_seconds for row in rows) / HOUR_S,
        "budget": budget["amount"] if budget else None,
        "budget_left": budget["amount"] - budget["used"] if budget else None,
        "credited": sum((kept.note.total.amount for kept in notes), Decimal(0)),
    }


@router.get("/portal/notice-help", name="console:portal-notice-help")
def notice_help(request: Request, visitor: Visitor) -> Response:
    """Show what a workload should do at a notice."""
    tenants_only(visitor.actor, Act.LEASES_READ)
    frame = Frame(request, visitor, "portal-notice-help")
    return frame.page("portal-notice-help", base_url=str(request.base_url).rstrip("/"))
