"""``/v1/tenants``: those who lease."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import IfMatch, require_match, tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape, Time
from tidegate.control import tenant_acts
from tidegate.control.tenants import Tenant

router = APIRouter(prefix="/tenants", tags=["tenants"])

_EMAIL = r"^[^@\s]{1,64}@[^@\s]{1,255}$"
Email = Annotated[str, Field(max_length=320, pattern=_EMAIL)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class TenantOut(Shape):
    """A tenant."""

    id: str
    name: str
    email: str | None = Field(description="Where notices go.")
    created_at: Time
    suspended_at: Time | None = Field(description="From then on nothing new is sold to it.")


class TenantIn(Body):
    """A tenant to be taken on."""

    name: Name
    email: Email | None = None


class TenantChange(Body):
    """What is to be changed; what is left out stays."""

    name: Name | None = None
    email: Email | None = Field(default=None, description="null removes it.")
    suspended: bool | None = None


def _out(tenant: Tenant) -> TenantOut:
    return TenantOut(
        id=tenant.id,
        name=tenant.name,
        email=tenant.email,
        created_at=tenant.created_s,
        suspended_at=tenant.suspended_s,
    )


@router.get("", summary="List tenants")
def list_tenants(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[TenantOut]:
    """List the tenants that you may see; a tenant sees itself."""
    return paging.page(
        query,
        lambda after, limit: tenant_acts.list_tenants(services.access, actor, after, limit),
        _out,
    )


@router.post("", status_code=201, response_model=TenantOut, summary="Take on a tenant")
def create_tenant(services: Given, actor: Asking, once: Doing, body: TenantIn) -> Response:
    """Take on a tenant. Make a key for it at `/v1/keys`."""
    return once(
        lambda: _out(
            tenant_acts.create_tenant(
                services.access,
                actor,
                name=body.name,
                email=body.email,
                wall_s=services.wall_s(),
            )
        ),
        at="/v1/tenants",
    )


@router.get("/{tenant_id}", response_model=TenantOut, summary="Read a tenant")
def read_tenant(request: Request, services: Given, actor: Asking, tenant_id: Id) -> Response:
    """Read what is known of a tenant."""
    return tagged(request, _out(tenant_acts.read_tenant(services.access, actor, tenant_id)))


@router.patch("/{tenant_id}", response_model=TenantOut, summary="Change a tenant")
def change_tenant(  # what a route depends on is what it is given
    request: Request,
    services: Given,
    actor: Asking,
    tenant_id: Id,
    body: TenantChange,
    if_match: IfMatch = None,
) -> Response:
    """Change what is known of a tenant, suspend it or allow it to buy again."""
    wall_s = services.wall_s()

    def change(tenant: Tenant) -> Tenant:
        require_match(if_match, _out(tenant))
        clears_email = "email" in body.model_fields_set and body.email is None
        return tenant_acts.edited(
            tenant,
            wall_s,
            name=body.name,
            email="" if clears_email else body.email,
            is_suspended=body.suspended,
        )

    after = tenant_acts.change_tenant(services.access, actor, tenant_id, change, wall_s)
    return tagged(request, _out(after))
