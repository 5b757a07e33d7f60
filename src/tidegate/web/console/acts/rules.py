"""The rules of a pool: its risk, and its tier."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response

from tidegate.control import steering as deeds
from tidegate.fleet.tier import Tier
from tidegate.lease.states import HoldingState
from tidegate.web.console.acts.dialog import Choice, Dialog, Field, carry_out, show
from tidegate.web.console.acts.pools import open_pool
from tidegate.web.console.acts.typed import typed_number
from tidegate.web.console.effects import room_lost
from tidegate.web.console.frame import Frame
from tidegate.web.console.pool_view import PoolPicture, curve_of
from tidegate.web.console.services import Console, Given
from tidegate.web.console.texts import TIERS
from tidegate.web.signin import FORM, Visitor

router: Final = APIRouter()

Text = Annotated[str, Form(max_length=200)]


def _(text: str) -> str:
    return text


SHOWN_HORIZONS: Final = (3600, 6 * 3600, 24 * 3600, 168 * 3600)


def _risk(frame: Frame, console: Console, pool: PoolPicture, risk: float | None) -> Dialog:
    say = frame.texts.say
    wanted = pool.live.pool.policy.risk if risk is None else risk
    lines: list[str] = []
    if risk is not None and 0 < risk < 1 and pool.curve is not None:
        changed = console.pools[pool.row.id].steered(replace(pool.steering, risk=risk))
        engine = console.engines.what_if(console.views, changed)
        if engine is not None:
            lost = pool.count(HoldingState.FAILED) + len(pool.steering.quarantined)
            now_s = console.clock.now_s()
            after = curve_of(engine, changed, pool.leases, lost, now_s, pool.record)
            lines = [
                say(
                    _("For %(horizon)s: quota %(after)s nodes instead of %(before)s."),
                    horizon=frame.figures.duration(horizon_s),
                    before=before,
                    after=new,
                )
                for horizon_s, before, new in room_lost(pool.curve, after)
                if horizon_s in SHOWN_HORIZONS
            ] or [say(_("The quota stays what it is at the horizons that are sold most."))]
            lines.append(say(_("Leases that run keep their promises either way.")))
    return Dialog(
        say(_("Change the risk of %(pool)s"), pool=pool.row.id),
        say(_("Which share of the promised hours may break, and of own jobs be late? A lower one promises less.")),
        say(_("Change the risk")),
        frame.path("pool-risk", pool=pool.row.id),
        frame.path("pool-risk", pool=pool.row.id) + "?preview=1",
        (
            Field(
                "risk",
                say(_("Risk, in per cent")),
                f"{wanted * 100:g}",
                "number",
                say(_("Above 0 and below 100; the fleet file says %(risk)s."),
                    risk=frame.figures.percent(console.pools[pool.row.id].pool.policy.risk)),
            ),
        ),
        lines,
        undo=say(_("Undo it by setting the old value.")),
    )  # fmt: skip


@router.get("/pools/{pool}/risk", name="console:pool-risk")
def ask_risk(
    request: Request, visitor: Visitor, console: Given, pool: str,
    risk: Annotated[str, Query(max_length=20)] = "",
) -> Response:  # fmt: skip
    """Ask for another risk."""
    frame, seen = open_pool(request, visitor, console, pool)
    return show(frame, _risk(frame, console, seen, typed_number(risk, 100)))


@router.post("/pools/{pool}/risk", name="console:pool-risk-do", dependencies=[FORM])
def do_risk(
    request: Request, visitor: Visitor, console: Given, pool: str, risk: Text = ""
) -> Response:
    """Change the risk."""
    frame, seen = open_pool(request, visitor, console, pool)
    wanted = typed_number(risk, 100)
    return carry_out(
        frame, lambda: _risk(frame, console, seen, None),
        lambda: deeds.set_risk(
            console.steering, frame.actor, console.clock.now_s(), pool,
            -1.0 if wanted is None else wanted,
        ),
        lambda: frame.go("pool", "risk", pool=pool),
    )  # fmt: skip


def _tier(frame: Frame, pool: PoolPicture, tier: str) -> Dialog:
    say = frame.texts.say
    here = pool.live.pool.tier
    wanted = Tier(tier) if tier in set(Tier) else here
    lines: list[str] = []
    if wanted is not here:
        if not wanted.may_lease and pool.leases:
            lines.append(
                say(
                    _("%(n)s leases run: stop leasing first, and wait for the last one."),
                    n=len(pool.leases),
                )
            )
        elif not wanted.may_lease:
            lines.append(say(_("Nothing of it is leased any more.")))
        else:
            lines.append(say(_("It may be leased; running leases go on as they are.")))
    texts = {
        Tier.FRONTIER: _("Kept for own work; never leased."),
        Tier.MAINSTAY: _("Own work first; what is idle is leased."),
        Tier.LEGACY: _("Leased and granted until it is sold."),
        Tier.RETIRED: _("Out of service."),
    }
    return Dialog(
        say(_("Move %(pool)s to another tier"), pool=pool.row.id),
        say(_("It stands in %(tier)s now."), tier=frame.texts.tier(here.value)),
        say(_("Move it")),
        frame.path("pool-tier", pool=pool.row.id),
        frame.path("pool-tier", pool=pool.row.id) + "?preview=1",
        (
            Field("tier", say(_("Tier")), wanted.value, choices=tuple(
                Choice(each.value, say(TIERS[each.value]), say(texts[each])) for each in Tier
            )),
        ),
        lines,
        undo=say(_("Move it back to undo it.")),
    )  # fmt: skip


@router.get("/pools/{pool}/tier", name="console:pool-tier")
def ask_tier(
    request: Request, visitor: Visitor, console: Given, pool: str,
    tier: Annotated[str, Query(max_length=20)] = "",
) -> Response:  # fmt: skip
    """Ask for another tier."""
    frame, seen = open_pool(request, visitor, console, pool)
    return show(frame, _tier(frame, seen, tier))


@router.post("/pools/{pool}/tier", name="console:pool-tier-do", dependencies=[FORM])
def do_tier(
    request: Request, visitor: Visitor, console: Given, pool: str, tier: Text = ""
) -> Response:
    """Move a pool to another tier."""
    frame, seen = open_pool(request, visitor, console, pool)
    wanted = Tier(tier) if tier in set(Tier) else seen.live.pool.tier
    return carry_out(
        frame, lambda: _tier(frame, seen, tier),
        lambda: deeds.move_tier(
            console.steering, frame.actor, console.clock.now_s(), pool, wanted, len(seen.leases)
        ),
        lambda: frame.go("pool", "tier", pool=pool),
    )  # fmt: skip
