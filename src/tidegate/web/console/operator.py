"""The operator's pages: the tide of all pools, one pool, its nodes, and why it was decided so."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from tidegate.control.access import Act, existing, not_found
from tidegate.control.views import PoolRow
from tidegate.lease.lease import Lease
from tidegate.lease.states import HoldingState, LeaseState
from tidegate.web.console.attention import needs_a_human
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.pool_view import (
    EVERYBODY,
    PoolPicture,
    letters,
    natural,
    picture,
)
from tidegate.web.console.reasons import recall_reason
from tidegate.web.console.services import Console, Given
from tidegate.web.palette import product_colour
from tidegate.web.signin import Visitor

router: Final = APIRouter()

SIX_HOURS_S: Final = 6 * 3600
DAY_S: Final = 86_400
TABLE_ROWS: Final = 500


def find_pool(console: Console, pool_id: str) -> PoolRow:
    """Return a pool.

    Raises
    ------
    RequestError
        ``TG-API-NOT-FOUND``.
    """
    row = next((each for each in console.views.pools() if each.id == pool_id), None)
    if row is None or pool_id not in console.pools:
        raise not_found("pool", pool_id)
    return row


def _pictures(console: Console) -> list[PoolPicture]:
    now_s = console.clock.now_s()
    rows = [row for row in console.views.pools() if row.id in console.pools]
    return [picture(console, row, now_s) for row in rows]


@router.get("/overview", name="console:overview")
def overview(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show all pools."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    pools = _pictures(console)
    return frame.page(
        "overview",
        pools=[pool_values(frame, pool) for pool in pools],
        **_now(frame, console, pools),
    )


@router.get("/overview/now", name="console:overview-now")
def overview_now(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show what changes all the time."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    return frame.page("overview-now", **_now(frame, console, _pictures(console)))


def _now(frame: Frame, console: Console, pools: Sequence[PoolPicture]) -> dict[str, Any]:
    names = console.tenant_names()
    noticed = [(pool, lease) for pool in pools for lease in pool.leases if lease.take_s is not None]
    noticed.sort(key=lambda pair: pair[1].due_s)
    return {
        "totals": _totals(console, pools),
        "attention": needs_a_human(frame, console, pools),
        "recalls": [_recall(frame, console, pool, lease, names) for pool, lease in noticed],
    }


def _totals(console: Console, pools: Sequence[PoolPicture]) -> dict[str, Any]:
    def gpus(nodes: int, pool: PoolPicture) -> int:
        return nodes * pool.row.gpus_per_node

    total = sum(gpus(pool.row.nodes, pool) for pool in pools)
    internal = sum(gpus(pool.count(HoldingState.INTERNAL), pool) for pool in pools)
    leased = sum(gpus(pool.leased_nodes, pool) for pool in pools)
    idle = sum(
        gpus(pool.row.nodes - pool.count(HoldingState.INTERNAL), pool)
        for pool in pools
        if pool.can_lease
    )
    sold_s = sum(pool.record.sold_s for pool in pools)
    broken_s = sum(pool.record.broken_s for pool in pools)
    return {
        "gpus": total,
        "internal_gpus": internal,
        "leased_gpus": leased,
        "idle_gpus": idle,
        "pending_nodes": sum(pool.row.pending_nodes for pool in pools),
        "returning_nodes": sum(
            lease.nodes for pool in pools for lease in pool.leases if lease.take_s is not None
        ),
        "rent_per_hour": sum(
            (rent_per_hour(pool, lease) for pool in pools for lease in pool.leases), Decimal(0)
        ),
        "currency": next((pool.live.currency for pool in pools), console.rules.currency),
        "broken_share": broken_s / sold_s if sold_s else 0.0,
    }


def rent_per_hour(pool: PoolPicture, lease: Lease) -> Decimal:
    """Return what a lease brings in an hour."""
    return lease.price * lease.nodes * pool.row.gpus_per_node


def _recall(
    frame: Frame, console: Console, pool: PoolPicture, lease: Lease, names: Mapping[str, str]
) -> dict[str, Any]:
    events = console.views.events(lease.id, EVERYBODY, 50)
    said = next((e for e in reversed(events) if e.kind == f"lease.{LeaseState.NOTICED}"), None)
    return {
        "lease_id": lease.id,
        "tenant": names.get(lease.tenant_id, lease.tenant_id),
        "product": lease.product,
        "pool": pool.row.id,
        "nodes": lease.nodes,
        "take_at_s": lease.take_s,
        "reason": recall_reason(frame.texts, said),
        "decision_id": said.decision_id if said else None,
    }


@router.get("/pools/{pool}", name="console:pool")
def one_pool(request: Request, visitor: Visitor, console: Given, pool: str) -> Response:
    """Show a pool."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    found = picture(console, find_pool(console, pool), console.clock.now_s())
    return frame.page("pool", **_pool_page(frame, found))


@router.get("/pools/{pool}/now", name="console:pool-now")
def pool_now(request: Request, visitor: Visitor, console: Given, pool: str) -> Response:
    """Show what changes of a pool."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    found = picture(console, find_pool(console, pool), console.clock.now_s())
    return frame.page("pool-now", **_pool_page(frame, found))


def _pool_page(frame: Frame, pool: PoolPicture) -> dict[str, Any]:
    return {
        "pool": pool_values(frame, pool),
        "may_change": Act.POOLS_WRITE in frame.rights,
    }


def pool_values(frame: Frame, pool: PoolPicture) -> dict[str, Any]:
    """Return what the templates say of a pool."""
    row, tick, curve = pool.row, pool.tick, pool.curve
    products = [offer.product.id for offer in pool.live.offers]

    def at(horizon_s: int) -> tuple[int, int]:
        if curve is None:
            return 0, 0
        return curve.room_for(horizon_s), int(curve.quota[curve.place(horizon_s)])

    (room_6h, quota_6h), (room_24h, quota_24h) = at(SIX_HOURS_S), at(DAY_S)
    busy, pending = pool.count(HoldingState.INTERNAL), row.pending_nodes
    demand = min(row.nodes, busy + pending)
    return {
        "id": row.id,
        "chip": row.chip,
        "site": row.site,
        "tier": pool.live.pool.tier.value,
        "nodes": row.nodes,
        "gpus_per_node": row.gpus_per_node,
        "can_lease": pool.can_lease,
        "leasing": pool.steering.leasing.value if pool.can_lease else "never",
        "risk": pool.live.pool.policy.risk,
        "eps": pool.live.policy.eps,
        "stale_since_s": (row.facts_at_s or 0) if row.is_stale and row.facts_at_s else None,
        "cold_note": cold_note(frame, tick is None),
        "demand_nodes": demand,
        "busy_nodes": busy,
        "pending_nodes": pending,
        "leased_nodes": pool.leased_nodes,
        "leases": len(pool.leases),
        "free_nodes": pool.count(HoldingState.FREE),
        "sanitising_nodes": pool.count(HoldingState.SANITISING, HoldingState.DRAINING),
        "failed_nodes": pool.count(HoldingState.FAILED),
        "room_6h": room_6h,
        "quota_6h": quota_6h,
        "room_24h": room_24h,
        "quota_24h": quota_24h,
        "product_keys": [
            (product_colour(place), product, "") for place, product in enumerate(products)
        ],
        "announced": pool.steering.announced,
        "decision_id": None,
        "summary": frame.texts.say(
            _("Own demand is %(demand)s of %(nodes)s nodes now, and %(leased)s are leased."),
            demand=demand,
            nodes=row.nodes,
            leased=pool.leased_nodes,
        ),
        "curve_summary": frame.texts.say(
            _("Up to %(six)s nodes may be promised for six hours, %(day)s for a day."),
            six=quota_6h,
            day=quota_24h,
        ),
    }


def cold_note(frame: Frame, is_cold: bool) -> str:  # noqa: FBT001
    """Return what to say of a pool that has no history."""
    if not is_cold:
        return ""
    return frame.texts.say(
        _("Nothing is known of this pool's demand yet, so nothing firm is promised.")
    )


@router.get("/pools/{pool}/nodes.json", name="console:pool-nodes")
def pool_nodes(request: Request, visitor: Visitor, console: Given, pool: str) -> Mapping[str, Any]:
    """Return the state of every node, a letter each."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    find_pool(console, pool)
    states = letters(console.views.holdings(pool), console.steering.steering(pool))
    words = {
        "F": "free", "I": "internal", "L": "leased", "N": "noticed", "D": "draining",
        "S": "sanitising", "X": "failed", "Q": "quarantined",
    }  # fmt: skip
    return {
        "names": list(states),
        "states": "".join(states.values()),
        "words": {letter: frame.texts.state(state) for letter, state in words.items()},
    }


@router.get("/pools/{pool}/nodes", name="console:pool-node-table")
def pool_node_table(request: Request, visitor: Visitor, console: Given, pool: str) -> Response:
    """Show every node in a table."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    find_pool(console, pool)
    holdings = sorted(console.views.holdings(pool), key=lambda each: natural(each.node))
    rows = [
        {
            "name": each.node,
            "state": each.state.value,
            "since_s": each.since_s,
            "lease_id": each.lease_id,
        }
        for each in holdings[:TABLE_ROWS]
    ]
    return frame.page("node-table", nodes=rows, more=len(holdings) > TABLE_ROWS)


@router.get("/pools/{pool}/nodes/{node}", name="console:node")
def one_node(request: Request, visitor: Visitor, console: Given, pool: str, node: str) -> Response:
    """Show a node."""
    owner_only(visitor.actor, Act.POOLS_READ)
    frame = Frame(request, visitor, "overview")
    find_pool(console, pool)
    holding = existing(console.views.holding(pool, node), "node", node)
    kept = console.steering.steering(pool).quarantined.get(node)
    lease = console.views.lease(holding.lease_id, EVERYBODY) if holding.lease_id else None
    names = console.tenant_names() if lease else {}
    return frame.page(
        "node",
        pool=pool,
        may_change=Act.POOLS_WRITE in frame.rights,
        node={
            "name": node,
            "state": holding.state.value,
            "since_s": holding.since_s,
            "lease_id": holding.lease_id,
            "tenant": names.get(lease.tenant_id, lease.tenant_id) if lease else "",
            "quarantined": kept is not None,
            "note": kept.reason if kept else "",
        },
    )


def _(text: str) -> str:
    return text
