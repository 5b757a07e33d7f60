"""``/v1/leases``: whole nodes held by one tenant; and what a workload reads of its own lease."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given, Services
from tidegate.api.shapes import Body, Id, Shape, Time, TimeIn
from tidegate.control.access import Act, Actor, existing, require
from tidegate.lease.lease import Lease
from tidegate.lease.states import LeaseState

router: Final = APIRouter(prefix="/leases", tags=["leases"])


class LeaseOut(Shape):
    """Whole nodes held by one tenant."""

    id: str
    order_id: str
    tenant_id: str
    pool_id: str
    product: str
    nodes: int
    state: LeaseState
    admitted_at: Time
    start_at: Time = Field(description="When its tenant gets the nodes; expected, while starting.")
    end_at: Time = Field(description="Its wanted end.")
    firm_until: Time = Field(description="Not taken back before, without breaking the promise.")
    notice_s: int
    noticed_at: Time | None
    take_at: Time | None = Field(description="When the nodes will be taken, once under notice.")
    ended_at: Time | None
    reason: str | None = Field(description="How it ended.")
    broken_s: int = Field(description="Firm seconds not kept.")
    lost_s: int = Field(
        description="Firm node-seconds not kept on nodes that failed and were not replaced."
    )
    price: Decimal
    currency: str


class WholeLeaseOut(LeaseOut):
    """A lease with the nodes that it holds now."""

    node_names: list[str]


class LeaseQuery(ListQuery):
    """Filters of the list of leases."""

    live: bool | None = Field(default=None, description="Those that live, or those that do not.")


class ExtendIn(Body):
    """How much longer."""

    end_at: TimeIn = Field(description="The new end, later than the one before.")


class ShrinkIn(Body):
    """How much smaller."""

    nodes: int = Field(ge=1, le=100_000, description="Nodes that stay.")


class NoticeAction(StrEnum):
    """What a workload should expect."""

    NONE = "none"
    RECALL = "recall"
    END = "end"
    GONE = "gone"


class LeaseNoticeOut(Shape):
    """What a workload should expect."""

    action: NoticeAction = Field(
        description="`none`; `recall`: the nodes are taken at `at`; `end`: the lease ends at `at`, within an hour; "
        "`gone`: it has ended."
    )
    at: Time | None
    seconds_left: int | None


def _fields(lease: Lease) -> dict[str, object]:
    return {
        "id": lease.id,
        "order_id": lease.order_id,
        "tenant_id": lease.tenant_id,
        "pool_id": lease.pool_id,
        "product": lease.product,
        "nodes": lease.nodes,
        "state": lease.state,
        "admitted_at": lease.admitted_s,
        "start_at": lease.start_s,
        "end_at": lease.end_s,
        "firm_until": lease.firm_until_s,
        "notice_s": lease.notice_s,
        "noticed_at": lease.noticed_s,
        "take_at": lease.take_s,
        "ended_at": lease.ended_s,
        "reason": lease.reason,
        "broken_s": lease.broken_s,
        "lost_s": lease.lost_s,
        "price": lease.price,
        "currency": lease.currency,
    }


def _out(lease: Lease) -> LeaseOut:
    return LeaseOut.model_validate(_fields(lease))


def _find(services: Services, actor: Actor, lease_id: str) -> Lease:
    return existing(services.views.lease(lease_id, actor.reach), "lease", lease_id)


@router.get("", summary="List leases")
def list_leases(
    services: Given, actor: Asking, query: Annotated[LeaseQuery, Query()], paging: Paging
) -> Page[LeaseOut]:
    """List leases, the youngest first."""
    require(actor, Act.LEASES_READ)
    return paging.page(
        query,
        lambda before, limit: services.views.leases(
            actor.reach, live=query.live, before_id=before, limit=limit
        ),
        _out,
    )


@router.get("/{lease_id}", response_model=WholeLeaseOut, summary="Read a lease")
def read_lease(request: Request, services: Given, actor: Asking, lease_id: Id) -> Response:
    """Read a lease with its nodes."""
    require(actor, Act.LEASES_READ)
    lease = _find(services, actor, lease_id)
    nodes = services.views.nodes_of(lease_id, actor.reach)
    whole = WholeLeaseOut.model_validate({**_fields(lease), "node_names": nodes})
    return tagged(request, whole)


@router.post(
    "/{lease_id}/extend", status_code=200, response_model=LeaseOut, summary="Make a lease longer"
)
def extend_lease(
    services: Given,
    actor: Asking,
    once: Doing,
    lease_id: Id,
    body: ExtendIn,
) -> Response:
    """Move a lease's end further out, at its price. Its firm time stays as it was sold."""
    return once(
        lambda: _out(services.lease_acts.extend(actor, lease_id, body.end_at)),
        status=200,
    )


@router.post(
    "/{lease_id}/shrink", status_code=200, response_model=LeaseOut, summary="Give nodes back"
)
def shrink_lease(
    services: Given, actor: Asking, once: Doing, lease_id: Id, body: ShrinkIn
) -> Response:
    """Give nodes of a running lease back until so many are left."""
    return once(
        lambda: _out(services.lease_acts.shrink(actor, lease_id, body.nodes)),
        status=200,
    )


@router.post(
    "/{lease_id}/end", status_code=200, response_model=LeaseOut, summary="Give a lease back"
)
def end_lease(services: Given, actor: Asking, once: Doing, lease_id: Id) -> Response:
    """Give all nodes back now; what has not been used is not paid for."""
    return once(lambda: _out(services.lease_acts.end(actor, lease_id)), status=200)


@router.get("/{lease_id}/notice", summary="What a workload should expect")
def read_notice(services: Given, actor: Asking, lease_id: Id) -> LeaseNoticeOut:
    """Say what a workload on the lease should expect; made to be polled every few seconds."""
    require(actor, Act.NOTICES_READ)
    return _notice(_find(services, actor, lease_id), services.till.now_s())


@router.post(
    "/{lease_id}/checkpoint-done",
    status_code=200,
    response_model=LeaseOut,
    summary="Say that all is saved",
)
def checkpoint_done(services: Given, actor: Asking, once: Doing, lease_id: Id) -> Response:
    """Say that a workload under notice has saved its work: the nodes go back at once, and are no longer paid for."""
    require(actor, Act.NOTICES_WRITE)
    return once(lambda: _out(services.lease_acts.checkpoint_done(actor, lease_id)), status=200)


_SOON_S: Final = 3_600


def _notice(lease: Lease, now_s: int) -> LeaseNoticeOut:
    if not lease.is_live:
        return LeaseNoticeOut(action=NoticeAction.GONE, at=lease.ended_s, seconds_left=0)
    if lease.take_s is not None:
        left_s = max(0, lease.take_s - now_s)
        return LeaseNoticeOut(action=NoticeAction.RECALL, at=lease.take_s, seconds_left=left_s)
    if lease.end_s - now_s <= _SOON_S:
        left_s = max(0, lease.end_s - now_s)
        return LeaseNoticeOut(action=NoticeAction.END, at=lease.end_s, seconds_left=left_s)
    return LeaseNoticeOut(action=NoticeAction.NONE, at=None, seconds_left=None)
