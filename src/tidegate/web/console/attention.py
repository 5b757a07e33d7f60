"""What needs a human: found anew from the state at each look, so that it goes when its cause does."""

from collections.abc import Sequence
from typing import Any, Final

from tidegate.control.steering import Leasing
from tidegate.lease.states import HoldingState
from tidegate.web.console.frame import Frame
from tidegate.web.console.pool_view import PoolPicture
from tidegate.web.console.services import Console

LONG_S: Final = 2 * 3600
"""A break is news for so long."""

FEW_FAILED: Final = 0.05
"""Share of failed nodes above which a pool is in trouble."""


def _(text: str) -> str:
    return text


def needs_a_human(
    frame: Frame, console: Console, pools: Sequence[PoolPicture]
) -> list[dict[str, Any]]:
    """Return the cases, the gravest first."""
    found: list[dict[str, Any]] = []
    for pool in pools:
        found += _of_pool(frame, console, pool)
    return sorted(found, key=lambda case: case["kind"] != "bad")


def _of_pool(frame: Frame, console: Console, pool: PoolPicture) -> list[dict[str, Any]]:
    say, name = frame.texts.say, pool.row.id
    now_s = console.clock.now_s()
    cases: list[dict[str, Any]] = []

    def case(kind: str, title: str, text: str, since_s: int | None) -> None:
        cases.append(
            {
                "kind": kind,
                "title": title,
                "text": text,
                "since_s": since_s,
                "href": frame.path("pool", pool=name),
                "link": name,
            }
        )

    if pool.row.is_stale:
        case(
            "bad",
            say(_("The scheduler of %(pool)s does not answer"), pool=name),
            pool.row.trouble or say(_("Nothing is sold there until it does.")),
            pool.row.facts_at_s,
        )
    if pool.row.drift:
        case(
            "warn",
            say(_("Somebody changed things by hand in %(pool)s"), pool=name),
            pool.row.drift,
            None,
        )
    failed = pool.count(HoldingState.FAILED)
    if failed > FEW_FAILED * pool.row.nodes:
        case(
            "bad",
            say(
                _("%(n)s of %(all)s nodes of %(pool)s have failed"),
                n=failed,
                all=pool.row.nodes,
                pool=name,
            ),
            say(_("They count as gone until they are repaired.")),
            None,
        )
    broken = [
        lease
        for lease in console.views.broken_since(name, now_s - LONG_S)
        if lease.ended_s is not None
    ]
    if broken:
        case(
            "warn",
            say(_("%(n)s promises were broken in %(pool)s"), n=len(broken), pool=name),
            say(_("Their tenants are credited without asking. A lower risk breaks fewer.")),
            max(lease.ended_s or 0 for lease in broken),
        )
    if pool.steering.leasing is not Leasing.OPEN and pool.can_lease:
        case(
            "warn",
            say(_("Leasing is stopped in %(pool)s"), pool=name),
            say(_("An operator stopped it; it does not start again by itself.")),
            None,
        )
    for kept in pool.steering.quarantined.values():
        case(
            "warn",
            say(_("Node %(node)s is in quarantine"), node=kept.node),
            kept.reason,
            kept.since_s,
        )
    return cases
