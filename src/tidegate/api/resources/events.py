"""``/v1/events``: what has happened."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given
from tidegate.api.shapes import Shape, Time
from tidegate.control.access import Act, Actor, require
from tidegate.control.telling import told_to_tenant
from tidegate.lease.events import Event

router: Final = APIRouter(prefix="/events", tags=["events"])


class EventOut(Shape):
    """One thing that happened."""

    at: Time
    kind: str
    subject: str = Field(description="Id of what it happened to.")
    actor: str = Field(description="Who did it.")
    tenant_id: str | None
    decision_id: str | None = Field(description="The decision that it follows from.")
    data: dict[str, Any]


class EventQuery(ListQuery):
    """Filters of the list of events."""

    kind: str | None = Field(default=None, max_length=40)
    subject: str | None = Field(default=None, max_length=200)


def _out(actor: Actor, event: Event) -> EventOut:
    data = dict(event.data) if actor.tenant_id is None else told_to_tenant(event.data)
    return EventOut(
        at=event.at_s,
        kind=event.kind,
        subject=event.subject,
        actor=event.actor,
        tenant_id=event.tenant_id,
        decision_id=event.decision_id,
        data=data,
    )


@router.get("", summary="List events")
def list_events(
    services: Given, actor: Asking, query: Annotated[EventQuery, Query()], paging: Paging
) -> Page[EventOut]:
    """List what has happened, the youngest first; a tenant sees what happened to its own things."""
    require(actor, Act.EVENTS_READ)

    def fetch(before: str | None, limit: int) -> list[Event]:
        before_seq = None if before is None else int(before)
        with services.access.reading() as store:
            return store.events.page(
                actor.reach, before_seq, limit, kind=query.kind, subject=query.subject
            )

    return paging.page(query, fetch, lambda event: _out(actor, event), lambda event: str(event.seq))
