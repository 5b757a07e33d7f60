"""``/v1/usage``: what was metered by lease and hour, and what the nodes of each pool were."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given, Services
from tidegate.api.shapes import Shape, Time, TimeIn
from tidegate.billing import month_of
from tidegate.control.usage import PoolUse, UsageHour, pool_use, usage

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


class PoolUseOut(Shape):
    """GPU-seconds of a pool, by what its nodes were."""

    pool: str
    start: Time
    end: Time = Field(description="As asked for, but not after now.")
    own: int = Field(description="Held by the owner's jobs; a node with any of them counts whole.")
    leased: int
    sanitising: int = Field(description="Between two holders.")
    idle: int
    failed: int


class SpanQuery(ListQuery):
    """Of which time."""

    from_: TimeIn | None = Field(
        default=None, alias="from", description="The month's beginning when left out."
    )
    until: TimeIn | None = Field(
        default=None, description="Not included; at most 92 days later. Now when left out."
    )


class UsageQuery(SpanQuery):
    """Of which time, and of whom."""

    tenant_id: str | None = Field(default=None, max_length=40)


def _span(services: Services, query: SpanQuery) -> tuple[int, int]:
    """Return from when and until when is asked: this month so far, when nothing is said."""
    till = services.till
    until_s = till.now_s() if query.until is None else query.until
    month = month_of(until_s - 1, till.rules.zone)
    return month.start_s if query.from_ is None else query.from_, until_s


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

    def fetch(after: str | None, limit: int) -> list[UsageHour]:
        from_s, until_s = _span(services, query)
        hours = usage(services.till.door, actor, from_s, until_s, query.tenant_id)
        return [hour for hour in hours if after is None or _key(hour) > after][:limit]

    return paging.page(query, fetch, _out, _key)


@router.get("/pools", summary="List use by pool")
def list_pool_use(
    services: Given, actor: Asking, query: Annotated[SpanQuery, Query()], paging: Paging
) -> Page[PoolUseOut]:
    """List what the nodes of each pool were: own, leased, sanitising, idle, failed; for the owner's people."""
    from_s, until_s = _span(services, query)
    found = pool_use(services.till, actor, from_s, until_s)
    # What is to come has not been watched.
    end_s = max(from_s, min(until_s, services.till.now_s()))

    def out(use: PoolUse) -> PoolUseOut:
        return PoolUseOut(
            pool=use.pool,
            start=from_s,
            end=end_s,
            own=use.own,
            leased=use.leased,
            sanitising=use.sanitising,
            idle=use.idle,
            failed=use.failed,
        )

    return paging.page(
        query,
        lambda after, limit: [u for u in found if after is None or u.pool > after][:limit],
        out,
        lambda use: use.pool,
    )
