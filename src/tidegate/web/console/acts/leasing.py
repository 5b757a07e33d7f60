"""Stopping to lease, and leasing again."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response

from tidegate.control import steering as deeds
from tidegate.control.steering import Leasing
from tidegate.web.console.acts.dialog import Choice, Dialog, Field, carry_out, show
from tidegate.web.console.acts.pools import open_pool
from tidegate.web.console.effects import of_stopping
from tidegate.web.console.frame import Frame
from tidegate.web.console.pool_view import PoolPicture
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import FORM, Visitor

router: Final = APIRouter()

Text = Annotated[str, Form(max_length=200)]


def _(text: str) -> str:
    return text


def _stop(frame: Frame, console: Console, pool: PoolPicture, how: str) -> Dialog:
    say, figures = frame.texts.say, frame.figures
    leasing = Leasing.STOPPED if how == "stopped" else Leasing.DRAINING
    effect = of_stopping(pool, leasing, console.rules.breaks, console.clock.now_s())
    lines = [say(_("No new lease starts in %(pool)s."), pool=pool.row.id)]
    if leasing is Leasing.DRAINING:
        lines.append(
            say(_("%(n)s running leases keep their time; nothing is broken."), n=len(pool.leases))
        )
    else:
        lines += [
            say(_("%(n)s leases with %(nodes)s nodes get notice now."), n=effect.leases, nodes=effect.nodes),
            say(_("%(n)s firm promises break."), n=effect.broken),
            say(_("Tenants get %(refund)s back and %(credit)s on top."),
                refund=figures.money(effect.refund.amount, effect.refund.currency),
                credit=figures.money(effect.credit.amount, effect.credit.currency)),
            say(_("Rent forgone until the leases would have ended: at most %(money)s."),
                money=figures.money(effect.forgone.amount, effect.forgone.currency)),
        ]  # fmt: skip
    if effect.last_s is not None:
        left = figures.duration(max(0, effect.last_s - console.clock.now_s()))
        lines.append(say(_("The last node is back in %(time)s."), time=left))
    return Dialog(
        say(_("Stop leasing in %(pool)s"), pool=pool.row.id),
        say(_("Gently, or now? Own jobs come first either way.")),
        say(_("Stop leasing")),
        frame.path("pool-stop", pool=pool.row.id),
        frame.path("pool-stop", pool=pool.row.id) + "?preview=1",
        (
            Field("how", say(_("How")), leasing.value, choices=(
                Choice("draining", say(_("Drain gently")), say(_("Nothing new; what runs keeps its time."))),
                Choice("stopped", say(_("Stop now")), say(_("Everything is called back, firm or not."))),
            )),
        ),
        lines,
        is_harsh=leasing is Leasing.STOPPED,
        undo=say(_("Lease again at any time; notices already given stand.")),
    )  # fmt: skip


@router.get("/pools/{pool}/stop", name="console:pool-stop")
def ask_stop(
    request: Request, visitor: Visitor, console: Given, pool: str,
    how: Annotated[str, Query(max_length=20)] = "draining",
) -> Response:  # fmt: skip
    """Ask how to stop leasing."""
    frame, seen = open_pool(request, visitor, console, pool)
    return show(frame, _stop(frame, console, seen, how))


@router.post("/pools/{pool}/stop", name="console:pool-stop-do", dependencies=[FORM])
def do_stop(
    request: Request, visitor: Visitor, console: Given, pool: str, how: Text = "draining"
) -> Response:
    """Stop leasing."""
    frame, seen = open_pool(request, visitor, console, pool)
    leasing = Leasing.STOPPED if how == "stopped" else Leasing.DRAINING
    return carry_out(
        frame, lambda: _stop(frame, console, seen, how),
        lambda: deeds.set_leasing(
            console.steering, frame.actor, console.clock.now_s(), pool, leasing
        ),
        lambda: frame.go("pool", leasing.value, pool=pool),
    )  # fmt: skip


def _resume(frame: Frame, pool: PoolPicture) -> Dialog:
    say = frame.texts.say
    return Dialog(
        say(_("Lease again in %(pool)s"), pool=pool.row.id),
        say(_("Orders are judged again from now on.")),
        say(_("Lease again")),
        frame.path("pool-resume", pool=pool.row.id),
        effect=(
            say(_("%(n)s nodes may be promised for six hours."),
                n=pool.curve.room_for(6 * 3600) if pool.curve else 0),
        ),
        undo=say(_("Stop leasing to undo it.")),
    )  # fmt: skip


@router.get("/pools/{pool}/resume", name="console:pool-resume")
def ask_resume(request: Request, visitor: Visitor, console: Given, pool: str) -> Response:
    """Ask whether to lease again."""
    frame, seen = open_pool(request, visitor, console, pool)
    return show(frame, _resume(frame, seen))


@router.post("/pools/{pool}/resume", name="console:pool-resume-do", dependencies=[FORM])
def do_resume(request: Request, visitor: Visitor, console: Given, pool: str) -> Response:
    """Lease again."""
    frame, seen = open_pool(request, visitor, console, pool)
    return carry_out(
        frame, lambda: _resume(frame, seen),
        lambda: deeds.set_leasing(
            console.steering, frame.actor, console.clock.now_s(), pool, Leasing.OPEN
        ),
        lambda: frame.go("pool", "open", pool=pool),
    )  # fmt: skip
