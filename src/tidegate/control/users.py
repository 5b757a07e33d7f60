"""People who sign in: with a password kept here, or through an OpenID provider."""

from dataclasses import dataclass
from typing import Protocol

from tidegate.control.access import Actor, Reach, Role
from tidegate.control.passwords import check_password
from tidegate.errors import AccessError


@dataclass(frozen=True)
class User:
    """Somebody who signs in.

    Attributes
    ----------
    id : str
    email : str
        In lower case; unique.
    name : str
    role : Role
    tenant_id : str or None
    password_hash : str or None
        Argon2 hash; None for somebody who signs in through the provider only.
    subject : str or None
        Issuer and subject of the OpenID provider, once known; unique.
    created_s : int
    disabled_s : int or None
    """

    id: str
    email: str
    name: str
    role: Role
    tenant_id: str | None
    password_hash: str | None
    subject: str | None
    created_s: int
    disabled_s: int | None = None

    def __repr__(self) -> str:
        return f"User({self.id}, {self.role}, tenant_id={self.tenant_id!r})"

    @property
    def actor(self) -> Actor:
        """Who acts when this one does."""
        return Actor(self.id, self.role, self.tenant_id)


class UserStore(Protocol):
    """Where users are kept."""

    def user(self, user_id: str, reach: Reach, *, to_change: bool = False) -> User | None:
        """User by id, when within reach; held against other writers when it is to be changed."""
        ...

    def user_of_email(self, email: str) -> User | None:
        """User by e-mail address in lower case."""
        ...

    def user_of_subject(self, subject: str) -> User | None:
        """User by issuer and subject."""
        ...

    def users(self, reach: Reach, after_id: str | None, limit: int) -> list[User]:
        """Users within reach in order of id, from behind ``after_id``."""
        ...

    def save_user(self, user: User) -> None:
        """Add a user, or replace the one of that id."""
        ...


@dataclass(frozen=True)
class Identity:
    """What a provider vouches for.

    Attributes
    ----------
    issuer, subject : str
    email : str or None
        In lower case, only when the provider has verified it.
    name : str
    """

    issuer: str
    subject: str
    email: str | None
    name: str

    @property
    def key(self) -> str:
        """Issuer and subject in one text; no issuer holds a space."""
        return f"{self.issuer} {self.subject}"


def sign_in_by_password(store: UserStore, email: str, password: str) -> User:
    """User of an e-mail address and password.

    Raises
    ------
    AccessError
        ``TG-ACCESS-SIGN-IN``; which of the two is wrong is not said, nor told by the time taken.
    """
    user = store.user_of_email(email.strip().lower())
    fits = check_password(user.password_hash if user else None, password)
    if user is None or not fits or user.disabled_s is not None:
        raise AccessError("TG-ACCESS-SIGN-IN", "E-mail address or password is wrong.")
    return user


def sign_in_by_identity(store: UserStore, identity: Identity) -> User:
    """User for whom a provider vouches: known by subject, or at the first time by verified address.

    Raises
    ------
    AccessError
        ``TG-ACCESS-SIGN-IN`` when nobody has made the account known, or it is disabled.
    """
    user = store.user_of_subject(identity.key)
    if user is None and identity.email is not None:
        user = store.user_of_email(identity.email)
        # An address changes hands; a subject does not. The first one to come keeps the account.
        if user is not None and user.subject is not None:
            user = None
    if user is None or user.disabled_s is not None:
        raise AccessError("TG-ACCESS-SIGN-IN", "This account is not known here, or it is disabled.")
    return user
