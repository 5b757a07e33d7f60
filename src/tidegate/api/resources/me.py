"""``/v1/me``: who asks."""

from fastapi import APIRouter
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.shapes import Shape
from tidegate.control.access import RIGHTS, Act, Role

router = APIRouter(prefix="/me", tags=["me"])


class MeOut(Shape):
    """Who asks."""

    id: str
    role: Role
    tenant_id: str | None
    rights: list[Act] = Field(description="What this key may do.")


@router.get("", summary="Say who I am")
def read_me(actor: Asking) -> MeOut:
    """Say whose key this is, and what it may do."""
    rights = RIGHTS[actor.role] if actor.scopes is None else RIGHTS[actor.role] & actor.scopes
    return MeOut(id=actor.id, role=actor.role, tenant_id=actor.tenant_id, rights=sorted(rights))
