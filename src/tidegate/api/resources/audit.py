"""``/v1/audit``: who did what."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given
from tidegate.api.shapes import Shape, Time
from tidegate.control.access import Act, require
from tidegate.control.audit import AuditEntry, AuditVerdict, verify

router = APIRouter(prefix="/audit", tags=["audit"])


class EntryOut(Shape):
    """One deed."""

    id: str
    at: Time
    actor_id: str
    role: str
    tenant_id: str | None
    act: str
    subject: str
    data: dict[str, Any]


class VerdictOut(Shape):
    """What a check of the log found."""

    intact: bool
    sealed: int = Field(description="Entries in the chain.")
    unsealed: int = Field(description="Entries too young to be in it.")
    head: str = Field(description="The last link that holds, `position:digest`; note it elsewhere.")
    broken: str | None = Field(description="What is wrong with the first link that does not hold.")


def _out(item: AuditEntry) -> EntryOut:
    return EntryOut(
        id=item.id,
        at=item.at_s,
        actor_id=item.actor_id,
        role=item.role,
        tenant_id=item.tenant_id,
        act=item.act,
        subject=item.subject,
        data=dict(item.data),
    )


def _verdict(found: AuditVerdict) -> VerdictOut:
    return VerdictOut(
        intact=found.broken is None,
        sealed=found.sealed,
        unsealed=found.unsealed,
        head=found.head,
        broken=found.broken,
    )


@router.get("", summary="List deeds")
def list_audit(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[EntryOut]:
    """List who did what, the youngest first."""
    require(actor, Act.AUDIT_READ)

    def fetch(before: str | None, limit: int) -> list[AuditEntry]:
        with services.access.reading() as store:
            return store.audit.entries(actor.reach, before, limit)

    return paging.page(query, fetch, _out)


@router.get("/verify", summary="Check the log")
def verify_audit(
    services: Given,
    actor: Asking,
    head: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}:[0-9a-f]{64}$")] = None,
) -> VerdictOut:
    """Check every link of the chain; with `head`, that it still goes through one noted earlier."""
    require(actor, Act.AUDIT_READ)
    with services.access.reading() as store:
        return _verdict(verify(services.seal, store.audit, head))
