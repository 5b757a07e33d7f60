"""Why: a decision with what it was made on."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from tidegate.control.access import Act, not_found
from tidegate.control.packing import read_snapshot
from tidegate.quota import Snapshot, committed
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.reasons import verdict_words
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import Visitor

router: Final = APIRouter()


def _(text: str) -> str:
    return text


@router.get("/decisions/{decision}", name="console:decision")
def one_decision(request: Request, visitor: Visitor, console: Given, decision: str) -> Response:
    """Show a decision with its reasons."""
    owner_only(visitor.actor, Act.DECISIONS_READ)
    frame = Frame(request, visitor, "overview")
    row = console.views.decision(decision)
    if row is None or row.pool_id not in console.pools:
        raise not_found("decision", decision)
    snapshot = read_snapshot(row.snapshot, console.views.packed_snapshot)
    plan: Any = row.plan
    lines = [
        {"text": frame.texts.say(_("Called back, because own jobs wait:")), "lease_id": lease_id}
        for lease_id in plan.get("recall", [])
    ]
    lines += [
        {"text": verdict_words(frame.texts, frame.figures, verdict), "lease_id": None}
        for verdict in plan.get("verdicts", [])
    ]
    return frame.page(
        "decision",
        decision={
            "id": row.id,
            "pool": row.pool_id,
            "at_s": row.at_s,
            "lines": lines,
            "facts": _facts(frame, snapshot),
            "curve": _curve(console, row.pool_id, snapshot, plan),
        },
    )


def _facts(frame: Frame, snapshot: Snapshot) -> list[tuple[str, str]]:
    say, number = frame.texts.say, frame.figures.number
    record = snapshot.record
    return [
        (say(_("Free nodes")), number(snapshot.idle)),
        (say(_("Nodes that own jobs wait for")), number(snapshot.pending)),
        (say(_("Free nodes kept after a recall")), number(snapshot.kept_back)),
        (say(_("Own jobs waiting")), number(snapshot.waiting)),
        (say(_("Nodes leased")), number(snapshot.leased)),
        (say(_("Nodes on their way back")), number(snapshot.sanitising)),
        (say(_("Leases held")), number(snapshot.held.size)),
        (say(_("Requests judged")), number(snapshot.asked.size)),
        (say(_("Nodes that they ask for")), number(int(snapshot.asked["nodes"].sum()))),
        (
            say(_("Firm hours broken so far")),
            frame.figures.percent(record.broken_s / record.sold_s if record.sold_s else 0.0, 2),
        ),
        (
            say(_("Own jobs late so far")),
            frame.figures.percent(record.late / record.started if record.started else 0.0, 2),
        ),
    ]


def _curve(console: Console, pool_id: str, snapshot: Snapshot, plan: Any) -> list[dict[str, Any]]:
    pool = console.pools[pool_id]
    granted_s = pool.floor_s - snapshot.sanitise_s
    promised = committed(snapshot.held, snapshot.now_s, snapshot.horizons_s, granted_s).tolist()
    binding = {verdict.get("horizon_s") for verdict in plan.get("verdicts", [])}
    usable = pool.pool.nodes - pool.pool.policy.reserve_nodes
    return [
        {
            "horizon_s": horizon_s,
            "bound": max(0, usable - quota),
            "quota": quota,
            "promised": held,
            "room": max(0, quota - held),
            "binds": horizon_s in binding,
        }
        for horizon_s, quota, held in zip(
            snapshot.horizons_s.tolist(), snapshot.curve.tolist(), promised, strict=True
        )
    ]
