"""Nodes that are not to be lent."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from tidegate.control import steering as deeds
from tidegate.web.console.acts.dialog import Dialog, Field, carry_out, show
from tidegate.web.console.acts.pools import open_pool
from tidegate.web.console.frame import Frame
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import FORM, Visitor

router: Final = APIRouter()

Text = Annotated[str, Form(max_length=200)]


def _(text: str) -> str:
    return text


def _quarantine(frame: Frame, console: Console, pool: str, node: str) -> Dialog:
    say = frame.texts.say
    holding = console.views.holding(pool, node)
    leased = holding is not None and holding.lease_id is not None
    return Dialog(
        say(_("Quarantine %(node)s"), node=node),
        say(_("A node in quarantine is not lent, and not promised.")),
        say(_("Quarantine it")),
        frame.path("node-quarantine", pool=pool, node=node),
        fields=(Field("reason", say(_("Why")), help=say(_("Such as: GPU 3 drops off the bus"))),),
        effect=(
            say(_("The lease that holds it keeps it to its end."))
            if leased
            else say(_("It counts as gone in the quota from now on.")),
        ),
        undo=say(_("Release it to undo it.")),
    )


@router.get("/pools/{pool}/nodes/{node}/quarantine", name="console:node-quarantine")
def ask_quarantine(
    request: Request, visitor: Visitor, console: Given, pool: str, node: str
) -> Response:
    """Ask why a node goes into quarantine."""
    frame, _seen = open_pool(request, visitor, console, pool)
    return show(frame, _quarantine(frame, console, pool, node))


@router.post(
    "/pools/{pool}/nodes/{node}/quarantine", name="console:node-quarantine-do", dependencies=[FORM]
)
def do_quarantine(
    request: Request, visitor: Visitor, console: Given, pool: str, node: str, reason: Text = ""
) -> Response:
    """Put a node into quarantine."""
    frame, _seen = open_pool(request, visitor, console, pool)
    return carry_out(
        frame, lambda: _quarantine(frame, console, pool, node),
        lambda: deeds.quarantine(
            console.steering, frame.actor, console.clock.now_s(), pool, node, reason
        ),
        lambda: frame.go("pool", "quarantined", pool=pool),
    )  # fmt: skip


def _release(frame: Frame, pool: str, node: str) -> Dialog:
    say = frame.texts.say
    return Dialog(
        say(_("Release %(node)s"), node=node),
        say(_("It may be lent again.")),
        say(_("Release it")),
        frame.path("node-release", pool=pool, node=node),
        effect=(say(_("It counts in the quota again from now on.")),),
        undo=say(_("Quarantine it again to undo it.")),
    )


@router.get("/pools/{pool}/nodes/{node}/release", name="console:node-release")
def ask_release(
    request: Request, visitor: Visitor, console: Given, pool: str, node: str
) -> Response:
    """Ask whether to release a node."""
    frame, _seen = open_pool(request, visitor, console, pool)
    return show(frame, _release(frame, pool, node))


@router.post(
    "/pools/{pool}/nodes/{node}/release", name="console:node-release-do", dependencies=[FORM]
)
def do_release(
    request: Request, visitor: Visitor, console: Given, pool: str, node: str
) -> Response:
    """Release a node."""
    frame, _seen = open_pool(request, visitor, console, pool)
    return carry_out(
        frame, lambda: _release(frame, pool, node),
        lambda: deeds.release(console.steering, frame.actor, console.clock.now_s(), pool, node),
        lambda: frame.go("pool", "released", pool=pool),
    )  # fmt: skip
