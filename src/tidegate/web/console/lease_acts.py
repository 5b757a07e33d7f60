"""What may be done with a lease: extend it, give nodes back, end it."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response

from tidegate.control.access import Act, require
from tidegate.lease.lease import Lease
from tidegate.web.console.acts.dialog import Dialog, Field, carry_out, show
from tidegate.web.console.acts.typed import typed_hours
from tidegate.web.console.frame import Frame
from tidegate.web.console.lease_pages import find_lease
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import FORM, Visitor

router: Final = APIRouter()

HOUR_S: Final = 3600
_DEFAULT_HOURS: Final = "6"

Text = Annotated[str, Form(max_length=200)]


def _(text: str) -> str:
    return text


def open_lease(
    request: Request, visitor: Visitor, console: Console, lease_id: str
) -> tuple[Frame, Lease]:
    """Return the frame and the lease, for those who may change it."""
    require(visitor.actor, Act.LEASES_WRITE)
    here = "portal" if visitor.actor.tenant_id else "leases"
    frame = Frame(request, visitor, here)
    return frame, find_lease(frame, console, lease_id)


def _end(frame: Frame, console: Console, lease: Lease) -> Dialog:
    say = frame.texts.say
    per_hour = lease.price * lease.nodes * console.pools[lease.pool_id].pool.gpus_per_node
    return Dialog(
        say(_("End the lease")),
        say(_("All nodes are given back now; what runs on them is stopped.")),
        say(_("End it now")),
        frame.path("lease-end", lease=lease.id),
        effect=(
            say(_("%(n)s nodes are given back and wiped."), n=lease.nodes),
            say(_("You no longer pay %(money)s per hour."), money=frame.figures.money(per_hour, lease.currency)),
        ),
        is_harsh=True,
        undo=say(_("It cannot be undone; order again to have nodes.")),
    )  # fmt: skip


@router.get("/leases/{lease}/end", name="console:lease-end")
def ask_end(request: Request, visitor: Visitor, console: Given, lease: str) -> Response:
    """Ask whether to end a lease."""
    frame, found = open_lease(request, visitor, console, lease)
    return show(frame, _end(frame, console, found))


@router.post("/leases/{lease}/end", name="console:lease-end-do", dependencies=[FORM])
def do_end(request: Request, visitor: Visitor, console: Given, lease: str) -> Response:
    """End a lease."""
    frame, found = open_lease(request, visitor, console, lease)
    return carry_out(
        frame, lambda: _end(frame, console, found),
        lambda: console.changes.end(frame.actor, lease),
        lambda: frame.go("lease", "ended", lease=lease),
    )  # fmt: skip


def _shrink(frame: Frame, lease: Lease, keep: str) -> Dialog:
    say = frame.texts.say
    given = lease.nodes - int(keep) if keep.isdecimal() else 0
    return Dialog(
        say(_("Give back some nodes")),
        say(_("It has %(n)s nodes. How many do you keep?"), n=lease.nodes),
        say(_("Give the others back")),
        frame.path("lease-shrink", lease=lease.id),
        frame.path("lease-shrink", lease=lease.id) + "?preview=1",
        (Field("keep", say(_("Nodes to keep")), keep or str(max(1, lease.nodes - 1)), "number"),),
        (say(_("%(n)s nodes are given back and wiped."), n=given),) if given > 0 else (),
        undo=say(_("It cannot be undone; order again to have nodes.")),
    )


@router.get("/leases/{lease}/shrink", name="console:lease-shrink")
def ask_shrink(
    request: Request, visitor: Visitor, console: Given, lease: str,
    keep: Annotated[str, Query(max_length=10)] = "",
) -> Response:  # fmt: skip
    """Ask how many nodes to keep."""
    frame, found = open_lease(request, visitor, console, lease)
    return show(frame, _shrink(frame, found, keep))


@router.post("/leases/{lease}/shrink", name="console:lease-shrink-do", dependencies=[FORM])
def do_shrink(
    request: Request, visitor: Visitor, console: Given, lease: str, keep: Text = ""
) -> Response:
    """Give nodes back."""
    frame, found = open_lease(request, visitor, console, lease)
    nodes = int(keep) if keep.isdecimal() else 0
    return carry_out(
        frame, lambda: _shrink(frame, found, keep),
        lambda: console.changes.shrink(frame.actor, lease, nodes),
        lambda: frame.go("lease", "shrunk", lease=lease),
    )  # fmt: skip


def _extend(frame: Frame, console: Console, lease: Lease, hours: str) -> Dialog:
    say = frame.texts.say
    seconds = typed_hours(hours)
    per_hour = lease.price * lease.nodes * console.pools[lease.pool_id].pool.gpus_per_node
    lines: tuple[str, ...] = ()
    if seconds is not None:
        lines = (
            say(_("The price stays; at most %(money)s more."),
                money=frame.figures.money(per_hour * seconds / HOUR_S, lease.currency)),
            say(_("The added time is not firm: it may be taken back with %(notice)s notice."),
                notice=frame.figures.duration(lease.notice_s)),
        )  # fmt: skip
    return Dialog(
        say(_("Extend the lease")),
        say(_("For how many hours more?")),
        say(_("Extend it")),
        frame.path("lease-extend", lease=lease.id),
        frame.path("lease-extend", lease=lease.id) + "?preview=1",
        (Field("hours", say(_("Hours more")), hours or _DEFAULT_HOURS, "number"),),
        lines,
        undo=say(_("End it early to undo it.")),
    )


@router.get("/leases/{lease}/extend", name="console:lease-extend")
def ask_extend(
    request: Request, visitor: Visitor, console: Given, lease: str,
    hours: Annotated[str, Query(max_length=10)] = _DEFAULT_HOURS,
) -> Response:  # fmt: skip
    """Ask for how much longer."""
    frame, found = open_lease(request, visitor, console, lease)
    return show(frame, _extend(frame, console, found, hours))


@router.post("/leases/{lease}/extend", name="console:lease-extend-do", dependencies=[FORM])
def do_extend(
    request: Request, visitor: Visitor, console: Given, lease: str, hours: Text = ""
) -> Response:
    """Extend a lease."""
    frame, found = open_lease(request, visitor, console, lease)
    end_s = found.end_s + (typed_hours(hours) or 0)
    return carry_out(
        frame, lambda: _extend(frame, console, found, hours),
        lambda: console.changes.extend(frame.actor, lease, end_s),
        lambda: frame.go("lease", "extended", lease=lease),
    )  # fmt: skip


@router.post(
    "/leases/{lease}/checkpointed", name="console:portal-checkpointed", dependencies=[FORM]
)
def checkpointed(request: Request, visitor: Visitor, console: Given, lease: str) -> Response:
    """Take nodes under notice early: their work is saved."""
    frame, _found = open_lease(request, visitor, console, lease)
    console.changes.end(frame.actor, lease)
    return frame.go("portal", "checkpointed")
