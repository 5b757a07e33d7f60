"""``/v1/keys``: API keys."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape, Time, TimeIn
from tidegate.control import key_acts
from tidegate.control.access import Act, Role
from tidegate.control.keys import ApiKey, KeyWish, NewKey

router = APIRouter(prefix="/keys", tags=["keys"])


class KeyOut(Shape):
    """An API key, without its text."""

    id: str
    name: str
    role: Role
    tenant_id: str | None
    scopes: list[Act] | None = Field(description="What it is held to; null: all its role may do.")
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None


class NewKeyOut(KeyOut):
    """An API key just made."""

    key: str = Field(description="The key itself. It is shown this once.")


class KeyIn(Body):
    """An API key to be made."""

    name: str = Field(min_length=1, max_length=100, description="What you call it.")
    role: Role = Role.TENANT
    tenant_id: str | None = Field(default=None, max_length=40)
    scopes: list[Act] | None = Field(default=None, max_length=len(Act))
    expires_at: TimeIn | None = None


class RotationIn(Body):
    """How an API key is replaced."""

    grace_s: int = Field(
        default=86_400, ge=0, le=30 * 86_400, description="How long the old key still works."
    )


def _out(key: ApiKey) -> KeyOut:
    return KeyOut.model_validate(_fields(key))


def _new_out(new: NewKey) -> NewKeyOut:
    return NewKeyOut.model_validate({**_fields(new.key), "key": new.text})


def _fields(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "tenant_id": key.tenant_id,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "created_at": key.created_s,
        "expires_at": key.expires_s,
        "revoked_at": key.revoked_s,
    }


@router.get("", summary="List keys")
def list_keys(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[KeyOut]:
    """List the keys that you may see, the oldest first."""
    return paging.page(
        query, lambda after, limit: key_acts.list_keys(services.access, actor, after, limit), _out
    )


@router.post("", status_code=201, response_model=NewKeyOut, summary="Make a key")
def create_key(services: Given, actor: Asking, once: Doing, body: KeyIn) -> Response:
    """Make a key that can do no more than yours. Its text is in the answer, and never again."""
    return once(
        lambda: _new_out(
            key_acts.create_key(
                services.access,
                services.seal,
                actor,
                KeyWish(
                    body.name,
                    body.role,
                    body.tenant_id or actor.tenant_id,
                    None if body.scopes is None else frozenset(body.scopes),
                    body.expires_at,
                ),
                services.wall_s(),
            )
        ),
        at="/v1/keys",
    )


@router.get("/{key_id}", response_model=KeyOut, summary="Read a key")
def read_key(request: Request, services: Given, actor: Asking, key_id: Id) -> Response:
    """Read what a key may do; its text is not kept."""
    return tagged(request, _out(key_acts.find_key(services.access, actor, key_id)))


@router.post("/{key_id}/rotate", status_code=201, response_model=NewKeyOut, summary="Replace a key")
def rotate_key(
    services: Given, actor: Asking, once: Doing, key_id: Id, body: RotationIn
) -> Response:
    """Make a key like this one, which works on for a while."""
    return once(
        lambda: _new_out(
            key_acts.rotate_key(
                services.access,
                services.seal,
                actor,
                key_id,
                grace_s=body.grace_s,
                wall_s=services.wall_s(),
            )
        ),
        at="/v1/keys",
    )


@router.delete("/{key_id}", status_code=204, summary="Revoke a key")
def revoke_key(services: Given, actor: Asking, key_id: Id) -> None:
    """Have a key work no longer, at once."""
    key_acts.revoke_key(services.access, actor, key_id, services.wall_s())
