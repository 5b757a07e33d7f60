"""Training runs that are known to come."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from tidegate.control import steering as deeds
from tidegate.web.console.acts.dialog import Choice, Dialog, carry_out, show
from tidegate.web.console.acts.dialog import Field as Asked
from tidegate.web.console.acts.pools import open_pool
from tidegate.web.console.acts.typed import as_typed, typed_moment, typed_number
from tidegate.web.console.frame import Frame
from tidegate.web.console.pool_view import PoolPicture
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import FORM, Visitor

router: Final = APIRouter()

Text = Annotated[str, Form(max_length=200)]


class RunForm(BaseModel):
    """What is typed of a run."""

    name: str = Field(default="", max_length=200)
    start: str = Field(default="", alias="from", max_length=40)
    end: str = Field(default="", alias="to", max_length=40)
    gpus: str = Field(default="", max_length=20)
    sure: str = Field(default="firm", max_length=20)


def _(text: str) -> str:
    return text


def _announce(frame: Frame, console: Console, pool: PoolPicture, sent: Mapping[str, str]) -> Dialog:
    say = frame.texts.say
    gpus = typed_number(sent.get("gpus", ""), 1)
    from_s, to_s = typed_moment(sent.get("from", "")), typed_moment(sent.get("to", ""))
    lines: list[str] = []
    if gpus and from_s and to_s and to_s > from_s:
        nodes = -(-int(gpus) // pool.row.gpus_per_node)
        running = [lease for lease in pool.leases if lease.firm_until_s > from_s]
        firm = sum(lease.nodes for lease in running)
        lines = [
            say(_("%(n)s nodes are not promised for any time that reaches into the run."), n=nodes),
            say(_("%(n)s leases with %(nodes)s nodes are firm beyond its start; they keep their promises."),
                n=len(running), nodes=firm),
        ]  # fmt: skip
    half = str(pool.row.nodes * pool.row.gpus_per_node // 2)
    hour_s = console.clock.now_s() // 3600 * 3600
    start, end = (
        sent.get(name, as_typed(hour_s + days * 86_400)) for name, days in (("from", 1), ("to", 3))
    )
    return Dialog(
        say(_("Announce a training run in %(pool)s"), pool=pool.row.id),
        say(_("What is known beforehand need not be forecast: its GPUs are kept for it.")),
        say(_("Announce it")),
        frame.path("pool-announce", pool=pool.row.id),
        frame.path("pool-announce", pool=pool.row.id) + "?preview=1",
        (
            Asked("name", say(_("Name")), sent.get("name", ""), help=say(_("Such as: llm-7 pretraining"))),
            Asked("from", say(_("From, in UTC")), start, "datetime-local"),
            Asked("to", say(_("To, in UTC")), end, "datetime-local"),
            Asked("gpus", say(_("GPUs")), sent.get("gpus", half), "number"),
            Asked("sure", say(_("How sure")), sent.get("sure", "firm"), choices=(
                Choice("firm", say(_("firm")), say(_("It will start then."))),
                Choice("likely", say(_("likely")), say(_("It may be late, or not come."))),
            )),
        ),
        lines,
        undo=say(_("Withdraw it on the pool's page.")),
    )  # fmt: skip


@router.get("/pools/{pool}/announce", name="console:pool-announce")
def ask_announce(request: Request, visitor: Visitor, console: Given, pool: str) -> Response:
    """Ask for a run."""
    frame, seen = open_pool(request, visitor, console, pool)
    return show(frame, _announce(frame, console, seen, dict(request.query_params)))


@router.post("/pools/{pool}/announce", name="console:pool-announce-do", dependencies=[FORM])
def do_announce(
    request: Request, visitor: Visitor, console: Given, pool: str, form: Annotated[RunForm, Form()]
) -> Response:  # fmt: skip
    """Announce a run."""
    frame, seen = open_pool(request, visitor, console, pool)
    sent = form.model_dump(by_alias=True)
    return carry_out(
        frame, lambda: _announce(frame, console, seen, sent),
        lambda: deeds.announce(
            console.steering, frame.actor, console.clock.now_s(), pool, name=form.name,
            from_s=typed_moment(form.start) or 0, to_s=typed_moment(form.end) or 0,
            gpus=int(typed_number(form.gpus, 1) or 0),
            is_firm=form.sure != "likely",
        ),
        lambda: frame.go("pool", "announced", pool=pool),
    )  # fmt: skip


@router.post("/pools/{pool}/announced/{run}", name="console:pool-withdraw", dependencies=[FORM])
def do_withdraw(
    request: Request, visitor: Visitor, console: Given, pool: str, run: str
) -> Response:
    """Take an announcement back."""
    frame, _seen = open_pool(request, visitor, console, pool)
    deeds.withdraw(console.steering, frame.actor, console.clock.now_s(), pool, run)
    return frame.go("pool", "withdrawn", pool=pool)
