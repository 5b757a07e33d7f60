"""``/v1/notices``: what a tenant must be told."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given, Services
from tidegate.api.shapes import Id, Shape, Time
from tidegate.control.access import Act, Actor, existing, require
from tidegate.control.notices import Notice

router = APIRouter(prefix="/notices", tags=["notices"])


class NoticeOut(Shape):
    """Something that a tenant must be told."""

    id: str
    tenant_id: str
    kind: str = Field(description="Kind of the event that it tells of.")
    subject: str = Field(description="Id of what it is about.")
    headline: str
    at: Time = Field(description="When it happened, by the fleet's clock.")
    data: dict[str, Any]
    seen_at: Time | None


class NoticeQuery(ListQuery):
    """Filters of the list of notices."""

    unseen: bool = Field(default=False, description="Only those that nobody has marked as seen.")


def _out(notice: Notice) -> NoticeOut:
    return NoticeOut(
        id=notice.id,
        tenant_id=notice.tenant_id,
        kind=notice.kind,
        subject=notice.subject,
        headline=notice.headline,
        at=notice.at_s,
        data=dict(notice.data),
        seen_at=notice.seen_s,
    )


@router.get("", summary="List notices")
def list_notices(
    services: Given, actor: Asking, query: Annotated[NoticeQuery, Query()], paging: Paging
) -> Page[NoticeOut]:
    """List notices, the youngest first."""
    require(actor, Act.NOTICES_READ)

    def fetch(before: str | None, limit: int) -> list[Notice]:
        with services.access.reading() as store:
            return store.notices.notices(actor.reach, before, limit, unseen=query.unseen)

    return paging.page(query, fetch, _out)


@router.post("/{notice_id}/seen", status_code=200, response_model=NoticeOut, summary="Mark as seen")
def see_notice(services: Given, actor: Asking, once: Doing, notice_id: Id) -> Response:
    """Say that a notice was read."""
    require(actor, Act.NOTICES_WRITE)
    return once(lambda: _out(_see(services, actor, notice_id)), status=200)


def _see(services: Services, actor: Actor, notice_id: str) -> Notice:
    with services.access.changing() as store:
        notice = existing(
            store.notices.notice(notice_id, actor.reach, to_change=True), "notice", notice_id
        )
        if notice.seen_s is None:
            notice = replace(notice, seen_s=services.wall_s())
            store.notices.save_notice(notice)
    return notice
