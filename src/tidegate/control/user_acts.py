"""What is done with people who sign in: made known, changed, disabled."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tidegate.control.access import Act, Actor, Role, existing, not_found, require
from tidegate.control.access_store import AccessDoor
from tidegate.control.audit import AuditEntry, entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.keys import check_grant
from tidegate.control.passwords import hash_password
from tidegate.control.users import User
from tidegate.errors import Place, RequestError


@dataclass(frozen=True)
class UserWish:
    """Somebody to be made known.

    Attributes
    ----------
    email, name : str
    role : Role
    tenant_id : str or None
    password : str or None
        None for somebody who signs in through the OpenID provider.
    """

    email: str
    name: str
    role: Role
    tenant_id: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"UserWish({self.role}, tenant_id={self.tenant_id!r})"


def create_user(door: AccessDoor, actor: Actor, wish: UserWish, wall_s: int) -> User:
    """Make somebody known, who then can do no more than the one who does it.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-CONFLICT`` when the address is known already; as
        :func:`~tidegate.control.keys.check_grant`.
    """
    require(actor, Act.USERS_WRITE)
    check_grant(actor, wish.role, wish.tenant_id, None)
    user = User(
        new_id(Prefix.USER),
        wish.email.lower(),
        wish.name,
        wish.role,
        wish.tenant_id,
        None if wish.password is None else hash_password(wish.password),
        None,
        wall_s,
    )
    with door.changing() as store:
        if wish.tenant_id and store.tenants.tenant(wish.tenant_id, actor.reach) is None:
            raise not_found("tenant", wish.tenant_id)
        if store.users.user_of_email(user.email) is not None:
            raise RequestError(
                "TG-API-CONFLICT", "belongs to somebody already.", place=Place(field="email")
            )
        store.users.save_user(user)
        store.audit.add(_entry(actor, "users.create", user, wall_s))
    return user


def list_users(door: AccessDoor, actor: Actor, after_id: str | None, limit: int) -> list[User]:
    """People within the actor's reach."""
    require(actor, Act.USERS_READ)
    with door.reading() as store:
        return store.users.users(actor.reach, after_id, limit)


def find_user(door: AccessDoor, actor: Actor, user_id: str) -> User:
    """Somebody by id.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``.
    """
    require(actor, Act.USERS_READ)
    with door.reading() as store:
        return existing(store.users.user(user_id, actor.reach), "user", user_id)


def change_user(
    door: AccessDoor, actor: Actor, user_id: str, change: Callable[[User], User], wall_s: int
) -> User:
    """Change what is known of somebody; whoever gets a new password or is disabled is signed out.

    Parameters
    ----------
    change : callable
        Makes the new one of the one that is there; what it raises leaves everything as it was.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``.
    """
    require(actor, Act.USERS_WRITE)
    with door.changing() as store:
        before = existing(store.users.user(user_id, actor.reach, to_change=True), "user", user_id)
        after = change(before)
        if after == before:
            return after
        check_grant(actor, after.role, after.tenant_id, None)
        store.users.save_user(after)
        if after.password_hash != before.password_hash or after.disabled_s is not None:
            store.sessions.end_sessions_of(user_id)
        store.audit.add(_entry(actor, "users.change", after, wall_s))
    return after


def edited(
    user: User,
    wall_s: int,
    *,
    name: str | None,
    role: Role | None,
    password: str | None,
    is_disabled: bool | None,
) -> User:
    """Somebody with those things changed that are given."""
    after = replace(
        user,
        name=name if name is not None else user.name,
        role=role if role is not None else user.role,
        password_hash=hash_password(password) if password is not None else user.password_hash,
    )
    if is_disabled is None:
        return after
    disabled_s = (user.disabled_s or wall_s) if is_disabled else None
    return replace(after, disabled_s=disabled_s)


def _entry(actor: Actor, act: str, user: User, wall_s: int) -> AuditEntry:
    data = {
        "email": user.email,
        "role": user.role.value,
        "has_password": user.password_hash is not None,
        "disabled_s": user.disabled_s,
    }
    return entry(
        new_id(Prefix.AUDIT_ENTRY),
        actor,
        act,
        user.id,
        wall_s=wall_s,
        tenant_id=user.tenant_id,
        data=data,
    )
