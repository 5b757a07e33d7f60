"""The desk's pages: what is sold and promised, and who the tenants are."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from tidegate.billing import month_of
from tidegate.control.access import Act, Reach
from tidegate.control.documents import list_credit_notes, list_invoices
from tidegate.lease.lease import Lease, Order
from tidegate.lease.states import HoldingState, OrderState, QuoteState
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.reasons import refusal
from tidegate.web.console.services import MOST_TENANTS, Console, Given
from tidegate.web.signin import Visitor

router: Final = APIRouter()

DAY_S: Final = 86_400
ROWS: Final = 12
MANY: Final = 2000
_TERMS_S: Final = (6 * 3600, DAY_S, 7 * DAY_S)

_EVERYBODY: Final = Reach(None)


def _(text: str) -> str:
    return text


@router.get("/desk", name="console:desk")
def desk(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show what is sold."""
    owner_only(visitor.actor, Act.ORDERS_READ)
    frame = Frame(request, visitor, "desk")
    return frame.page("desk", **_desk(frame, console))


@router.get("/desk/now", name="console:desk-now")
def desk_now(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show what is sold as it is now."""
    owner_only(visitor.actor, Act.ORDERS_READ)
    frame = Frame(request, visitor, "desk")
    return frame.page("desk-now", **_desk(frame, console))


def _desk(frame: Frame, console: Console) -> dict[str, Any]:
    views, now_s = console.views, console.clock.now_s()
    reach = frame.actor.reach
    names = console.tenant_names()
    leases = views.live_leases(reach)
    judged = views.orders(
        reach, [OrderState.ADMITTED, OrderState.REFUSED], since_s=now_s - DAY_S, limit=MANY
    )
    refused = sum(order.state is OrderState.REFUSED for order in judged)
    latest = views.orders(reach, list(OrderState), since_s=0, limit=ROWS)
    waiting = views.orders(reach, [OrderState.WAITLISTED], since_s=0, limit=MANY)
    quotes = views.quotes(reach, [QuoteState.OPEN, QuoteState.HELD], ROWS)
    free = leased = 0
    for pool in console.pools.values():
        if not pool.steered(console.steering.steering(pool.id)).pool.tier.may_lease:
            continue
        counts = views.holding_counts(pool.id)
        free += counts.get(HoldingState.FREE, 0)
    leased = sum(lease.nodes for lease in leases)
    return {
        "may_see_decisions": Act.DECISIONS_READ in frame.rights,
        "desk": {
            "occupancy": leased / (free + leased) if free + leased else None,
            "rent_per_hour": _rent(console, leases),
            "currency": _currency(console),
            "quotes": [
                {
                    "id": quote.id,
                    "tenant": names.get(quote.tenant_id, quote.tenant_id),
                    "product": quote.product,
                    "held": quote.state is QuoteState.HELD,
                    "nodes": quote.nodes,
                    "price": quote.price,
                    "currency": quote.currency,
                    "expires_s": quote.expires_s,
                }
                for quote in quotes
                if quote.expires_s > now_s
            ],
            "waiting": [order_values(frame, order, names) for order in waiting[:ROWS]],
            "orders": [order_values(frame, order, names) for order in latest],
            "refused_day": refused / len(judged) if judged else None,
            "orders_day": len(judged),
            "terms": [
                frame.texts.say(text) for text in (_("≤ 6 h"), _("≤ 1 d"), _("≤ 1 w"), _("longer"))
            ],
            "occupancy_rows": _occupancy(leases, now_s),
            "due": _due(frame, leases, names, now_s),
            **_breaks(frame, console, names, now_s),
        },
    }


def _currency(console: Console) -> str:
    return next((pool.currency for pool in console.pools.values()), console.rules.currency)


def _rent(console: Console, leases: Sequence[Lease]) -> Decimal:
    return sum(
        (
            lease.price * lease.nodes * console.pools[lease.pool_id].pool.gpus_per_node
            for lease in leases
        ),
        Decimal(0),
    )


def order_values(frame: Frame, order: Order, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what the tables say of an order."""
    horizon = frame.figures.duration(order.horizon_s)
    return {
        "id": order.id,
        "tenant": names.get(order.tenant_id, order.tenant_id),
        "product": order.product,
        "nodes": order.nodes,
        "placed_s": order.placed_s,
        "waits_until_s": order.waits_until_s,
        "state": order.state.value,
        "reason": refusal(frame.texts, order.reason, order.horizon_s, horizon),
        "decision_id": order.decision_id,
    }


def _occupancy(leases: Sequence[Lease], now_s: int) -> list[dict[str, Any]]:
    rows = []
    for product in sorted({lease.product for lease in leases}):
        own = [lease for lease in leases if lease.product == product]
        by_term = [0] * (len(_TERMS_S) + 1)
        for lease in own:
            left = lease.due_s - now_s
            by_term[sum(left > term_s for term_s in _TERMS_S)] += lease.nodes
        nodes = sum(lease.nodes for lease in own)
        priced = sum((lease.price * lease.nodes for lease in own), Decimal(0))
        rows.append(
            {
                "product": product,
                "leases": len(own),
                "nodes": nodes,
                "by_term": by_term,
                "mean_price": (priced / nodes).quantize(Decimal("0.0001")) if nodes else None,
            }
        )
    return rows


def _due(
    frame: Frame, leases: Sequence[Lease], names: Mapping[str, str], now_s: int
) -> list[dict[str, Any]]:
    say = frame.texts.say
    due: list[tuple[int, str, Lease]] = []
    for lease in leases:
        if now_s < lease.firm_until_s < min(now_s + DAY_S, lease.end_s):
            due.append((lease.firm_until_s, say(_("guarantee runs out")), lease))
        if now_s < lease.due_s < now_s + DAY_S:
            what = _("is taken back") if lease.take_s is not None else _("term ends")
            due.append((lease.due_s, say(what), lease))
    due.sort(key=lambda each: (each[0], each[2].id))
    return [
        {
            "lease_id": lease.id,
            "tenant": names.get(lease.tenant_id, lease.tenant_id),
            "nodes": lease.nodes,
            "what": what,
            "at_s": at_s,
        }
        for at_s, what, lease in due[:ROWS]
    ]


def _breaks(frame: Frame, console: Console, names: Mapping[str, str], now_s: int) -> dict[str, Any]:
    notes = list_credit_notes(console.money, frame.actor, None, MANY) if _sees_bills(frame) else []
    credit_of = {kept.note.lease_id: kept.note.total for kept in notes}
    month = month_of(now_s, console.rules.zone)
    credited = sum(
        (kept.note.total.amount for kept in notes if kept.note.issued_s >= month.start_s),
        Decimal(0),
    )
    broken = [
        lease
        for pool in console.pools
        for lease in console.views.broken_since(pool, now_s - 30 * DAY_S)
    ]
    broken.sort(key=lambda lease: -(lease.ended_s or 0))
    return {
        "credited": credited,
        "breaks": [
            {
                "lease_id": lease.id,
                "tenant": names.get(lease.tenant_id, lease.tenant_id),
                "at_s": lease.ended_s,
                "broken_s": lease.broken_s,
                "credit": credit_of[lease.id].amount if lease.id in credit_of else None,
                "currency": lease.currency,
            }
            for lease in broken[:ROWS]
        ],
    }


def _sees_bills(frame: Frame) -> bool:
    return Act.INVOICES_READ in frame.rights


@router.get("/tenants", name="console:tenants")
def tenants(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show the tenants."""
    owner_only(visitor.actor, Act.TENANTS_READ)
    frame = Frame(request, visitor, "tenants")
    reach = frame.actor.reach
    leases = console.views.live_leases(reach)
    invoices = list_invoices(console.money, frame.actor, None, MANY)
    notes = list_credit_notes(console.money, frame.actor, None, MANY)
    with console.access.reading() as store:
        found = store.tenants.tenants(reach, None, MOST_TENANTS)
    with console.money.reading() as store_of_money:
        classes = {
            tenant.id: store_of_money.accounts.account(
                tenant.id, console.rules.currency
            ).tenant_class
            for tenant in found
        }
    rows = []
    for tenant in found:
        own = [lease for lease in leases if lease.tenant_id == tenant.id]
        rows.append(
            {
                "id": tenant.id,
                "name": tenant.name,
                "tenant_class": classes[tenant.id],
                "leases": len(own),
                "gpus": sum(
                    lease.nodes * console.pools[lease.pool_id].pool.gpus_per_node for lease in own
                ),
                "billed": sum(
                    (k.invoice.net.amount for k in invoices if k.invoice.tenant.tenant_id == tenant.id),
                    Decimal(0),
                ),
                "credited": sum(
                    (k.note.total.amount for k in notes if k.note.tenant.tenant_id == tenant.id),
                    Decimal(0),
                ),
            }
        )  # fmt: skip
    return frame.page("tenants", tenants=rows, currency=_currency(console))


@router.get("/audit", name="console:audit")
def audit(
    request: Request,
    visitor: Visitor,
    console: Given,
    before: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Show who did what."""
    owner_only(visitor.actor, Act.AUDIT_READ)
    frame = Frame(request, visitor, "audit")
    page = 100
    with console.access.reading() as store:
        found = store.audit.entries(frame.actor.reach, before, page + 1)
        names = {user.id: user.name for user in store.users.users(_EVERYBODY, None, MANY)}
    rows = [
        {
            "at_s": item.at_s,
            "actor": names.get(item.actor_id, item.actor_id),
            "act": item.act,
            "subject": item.subject,
            "outcome": ", ".join(f"{name} {value}" for name, value in item.data.items()),
        }
        for item in found[:page]
    ]
    more = f"{frame.path('audit')}?before={found[page - 1].id}" if len(found) > page else None
    return frame.page("audit", rows=rows, more=more)
