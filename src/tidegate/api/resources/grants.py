"""``/v1/grants``: GPU time given to approved projects, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.amounts import MoneyOut, money_out
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape, Time, TimeIn
from tidegate.billing import Grant
from tidegate.control import grants
from tidegate.control.ids import Prefix, new_id
from tidegate.errors import Place, RequestError
from tidegate.fleet import catalogue

router = APIRouter(prefix="/grants", tags=["grants"])


class GrantOut(Shape):
    """A grant."""

    id: str
    tenant_id: str
    project: str
    chip: str
    gpu_hours: int
    valid_from: Time
    valid_until: Time


class GrantIn(Body):
    """A project to be approved."""

    tenant_id: str = Field(min_length=1, max_length=40)
    project: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    chip: str = Field(min_length=1, max_length=200)
    gpu_hours: int = Field(ge=1, le=1_000_000_000)
    valid_from: TimeIn
    valid_until: TimeIn


class MonthOut(Shape):
    """What was used in a month."""

    start: Time
    gpu_seconds: int


class GrantReportOut(Shape):
    """What a grant was used for."""

    grant: GrantOut
    gpu_seconds: int
    left_gpu_seconds: int
    leases: int
    months: list[MonthOut]
    worth: MoneyOut | None = Field(description="What the time would have cost at the flex price.")


def _out(grant: Grant) -> GrantOut:
    return GrantOut(
        id=grant.id,
        tenant_id=grant.tenant_id,
        project=grant.project,
        chip=grant.chip,
        gpu_hours=grant.gpu_hours,
        valid_from=grant.from_s,
        valid_until=grant.until_s,
    )


@router.get("", summary="List grants")
def list_grants(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[GrantOut]:
    """List grants."""
    return paging.page(
        query,
        lambda after, limit: grants.list_grants(services.till.door, actor, after, limit),
        _out,
    )


@router.post("", status_code=201, response_model=GrantOut, summary="Approve a project")
def award_grant(services: Given, actor: Asking, once: Doing, body: GrantIn) -> Response:
    """Give a tenant's project GPU time."""

    def award() -> GrantOut:
        if body.chip not in catalogue():
            raise _wrong("chip", "is not in the catalogue.", "a chip of the catalogue.")
        if body.valid_until <= body.valid_from:
            raise _wrong("valid_until", "lies before the start.", "a time after valid_from.")
        grant = Grant(
            new_id(Prefix.GRANT),
            body.tenant_id,
            body.project,
            body.chip,
            body.gpu_hours,
            body.valid_from,
            body.valid_until,
        )
        door = services.till.door
        return _out(grants.award_grant(door, actor, grant, wall_s=services.wall_s()))

    return once(award, at="/v1/grants")


def _wrong(field: str, message: str, expected: str) -> RequestError:
    return RequestError("TG-API-FIELD", message, place=Place(field=field), expected=expected)


@router.get("/{grant_id}", summary="Report a grant")
def report_grant(services: Given, actor: Asking, grant_id: Id) -> GrantReportOut:
    """Report what a grant was used for, month by month."""
    till = services.till
    report = grants.report_grant(till.door, actor, till.rules, grant_id, till.offered, till.now_s())
    return GrantReportOut(
        grant=_out(report.grant),
        gpu_seconds=report.gpu_seconds,
        left_gpu_seconds=report.left_gpu_seconds,
        leases=report.leases,
        months=[
            MonthOut(start=month.start_s, gpu_seconds=seconds) for month, seconds in report.by_month
        ],
        worth=None if report.worth is None else money_out(report.worth),
    )
