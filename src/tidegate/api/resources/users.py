"""``/v1/users``: people who sign in to the console."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import IfMatch, require_match, tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.resources.tenants import Email, Name
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape, Time
from tidegate.control import user_acts
from tidegate.control.access import Role
from tidegate.control.passwords import LONGEST, SHORTEST
from tidegate.control.user_acts import UserWish
from tidegate.control.users import User

router = APIRouter(prefix="/users", tags=["users"])

Password = Annotated[
    str,
    Field(
        min_length=SHORTEST,
        max_length=LONGEST,
        description="Kept as an argon2id hash; never sent back.",
    ),
]


class UserOut(Shape):
    """Somebody who signs in."""

    id: str
    email: str
    name: str
    role: Role
    tenant_id: str | None
    has_password: bool
    has_provider: bool = Field(description="Whether a provider has vouched for this account.")
    created_at: Time
    disabled_at: Time | None


class UserIn(Body):
    """Somebody to be made known."""

    email: Email
    name: Name
    role: Role
    tenant_id: str | None = Field(default=None, max_length=40)
    password: Password | None = Field(
        default=None, description="Leave it out for somebody who signs in through the provider."
    )


class UserChange(Body):
    """What is to be changed; what is left out stays."""

    name: Name | None = None
    role: Role | None = None
    password: Password | None = None
    disabled: bool | None = None


def _out(user: User) -> UserOut:
    return UserOut(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        tenant_id=user.tenant_id,
        has_password=user.password_hash is not None,
        has_provider=user.subject is not None,
        created_at=user.created_s,
        disabled_at=user.disabled_s,
    )


@router.get("", summary="List users")
def list_users(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[UserOut]:
    """List who can sign in."""
    return paging.page(
        query,
        lambda after, limit: user_acts.list_users(services.access, actor, after, limit),
        _out,
    )


@router.post("", status_code=201, response_model=UserOut, summary="Make somebody known")
def create_user(services: Given, actor: Asking, once: Doing, body: UserIn) -> Response:
    """Make somebody known who can then sign in."""
    wish = UserWish(body.email, body.name, body.role, body.tenant_id, body.password)
    return once(
        lambda: _out(user_acts.create_user(services.access, actor, wish, services.wall_s())),
        at="/v1/users",
    )


@router.get("/{user_id}", response_model=UserOut, summary="Read a user")
def read_user(request: Request, services: Given, actor: Asking, user_id: Id) -> Response:
    """Read what is known of somebody."""
    return tagged(request, _out(user_acts.find_user(services.access, actor, user_id)))


@router.patch("/{user_id}", response_model=UserOut, summary="Change a user")
def change_user(
    request: Request,
    services: Given,
    actor: Asking,
    user_id: Id,
    body: UserChange,
    if_match: IfMatch = None,
) -> Response:
    """Change somebody's name, role or password, or disable the account; open sessions end."""
    wall_s = services.wall_s()

    def change(user: User) -> User:
        require_match(if_match, _out(user))
        return user_acts.edited(
            user,
            wall_s,
            name=body.name,
            role=body.role,
            password=body.password,
            is_disabled=body.disabled,
        )

    after = user_acts.change_user(services.access, actor, user_id, change, wall_s)
    return tagged(request, _out(after))
