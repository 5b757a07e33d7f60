"""``/v1/usage``: what was metered, by lease and hour."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given
from tidegate.api.shapes import Shape, Time, TimeIn
from tidegate.billing import month_of
from tidegate.control.usage import UsageHour, usage

router = APIRouter(prefix="/usage", tags=["usage"])

_HOUR_S = 3600


class UsageOut(Shape):
    """GPU-seconds of a lease in an hour."""

    tenant_id: str
    lease_id: str
    pool: str
    chip: str
    product: str
    start: Time
    end: Time
    gpu_seconds: int


class UsageQuery(ListQuery):
    """Of which time, and of whom."""

    from_: TimeIn | None = Field(
        default=None, alias="from", description="The month's beginning when left out."
    )
    until: TimeIn | None = Field(
        default=None, description="Not included; at most 92 days later. Now when left out."
    )
    tenant_id: str | None = Field(default=None, max_length=40)


def _key(hour: UsageHour) -> str:
    return f"{hour.start_s:012d} {hour.lease_id}"


def _out(hour: UsageHour) -> UsageOut:
    return UsageOut(
        tenant_id=hour.tenant_id,
        lease_id=hour.lease_id,
        pool=hour.pool,
        chip=hour.chip,
        product=hour.product,
        start=hour.start_s,
        end=hour.start_s + _HOUR_S,
        gpu_seconds=hour.gpu_seconds,
    )


@router.get("", summary="List usage by hour")
def list_usage(
    services: Given, actor: Asking, query: Annotated[UsageQuery, Query()], paging: Paging
) -> Page[UsageOut]:
    """List GPU-seconds by hour and lease, as the meter's ledger has them now."""
    till = services.till

    def fetch(after: str | None, limit: int) -> list[UsageHour]:
        until_s = till.now_s() if query.until is None else query.until
        month = month_of(until_s - 1, till.rules.zone)
        from_s = month.start_s if query.from_ is None else query.from_
        hours = usage(till.door, actor, from_s, until_s, query.tenant_id)
        return [hour for hour in hours if after is None or _key(hour) > after][:limit]

    return paging.page(query, fetch, _out, _key)
