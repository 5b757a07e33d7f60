"""API keys: 256 random bits, shown once, kept as a keyed hash.

A key reads ``tgk_<id>_<secret>``. The id finds the row; the secret is compared with the row's hash.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from tidegate.control.access import RIGHTS, Act, Actor, Reach, Role, require
from tidegate.control.seal import Seal
from tidegate.errors import AccessError, Place, RequestError

SECRET_BITS: Final = 256
ROTATION_GRACE_S: Final = 86_400
"""How long the old key of a rotation still works when nothing else is asked for."""

_PURPOSE: Final = "api-key"
_KEY: Final = re.compile(r"tgk_([0-9a-z]{8,40})_([0-9A-Za-z_-]{43})")
_ID_PREFIX: Final = "key_"
# Known when the module is loaded, matched against when no row is found: an unknown id takes as long as a wrong secret.
_NOBODY: Final = bytes(32)


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key; its text is not.

    Attributes
    ----------
    id : str
        ``key_`` and a time-ordered text.
    name : str
        What its holder calls it.
    role : Role
    tenant_id : str or None
    scopes : frozenset of Act, or None
        What it is held to; None for all that its role may do.
    digest : bytes
        HMAC-SHA-256 of the secret.
    created_s : int
    expires_s : int or None
        From then on it does not work.
    revoked_s : int or None
    """

    id: str
    name: str
    role: Role
    tenant_id: str | None
    scopes: frozenset[Act] | None
    digest: bytes
    created_s: int
    expires_s: int | None = None
    revoked_s: int | None = None

    def works(self, now_s: int) -> bool:
        """Whether the key is neither expired nor revoked."""
        return self.revoked_s is None and (self.expires_s is None or now_s < self.expires_s)

    @property
    def actor(self) -> Actor:
        """Who asks with this key."""
        return Actor(self.id, self.role, self.tenant_id, self.scopes)


@dataclass(frozen=True)
class KeyWish:
    """What a key is to be; as in :class:`ApiKey`."""

    name: str
    role: Role
    tenant_id: str | None = None
    scopes: frozenset[Act] | None = None
    expires_s: int | None = None


@dataclass(frozen=True)
class NewKey:
    """A key just made, with its text, which is shown now and never again."""

    key: ApiKey
    text: str

    def __repr__(self) -> str:
        return f"NewKey({self.key.id}, text=...)"


class KeyStore(Protocol):
    """Where keys are kept."""

    def key(self, key_id: str, reach: Reach, *, to_change: bool = False) -> ApiKey | None:
        """Key by id, when within reach; held against other writers when it is to be changed."""
        ...

    def keys(self, reach: Reach, after_id: str | None, limit: int) -> list[ApiKey]:
        """Keys within reach in order of id, from behind ``after_id``."""
        ...

    def save_key(self, key: ApiKey) -> None:
        """Add a key, or replace the one of that id."""
        ...


def make_key(seal: Seal, key_id: str, wish: KeyWish, now_s: int) -> NewKey:
    """Make a key out of 256 random bits."""
    secret = secrets.token_urlsafe(SECRET_BITS // 8)
    key = ApiKey(
        key_id,
        wish.name,
        wish.role,
        wish.tenant_id,
        wish.scopes,
        seal.digest(_PURPOSE, secret.encode()),
        now_s,
        wish.expires_s,
    )
    return NewKey(key, f"tgk_{key_id.removeprefix(_ID_PREFIX)}_{secret}")


def id_in(text: str) -> str | None:
    """Return the id of the key that a text claims to be."""
    found = _KEY.fullmatch(text)
    return _ID_PREFIX + found[1] if found else None


def check_key(seal: Seal, key: ApiKey | None, text: str, now_s: int) -> ApiKey:
    """Key of a text that somebody presents.

    Parameters
    ----------
    key : ApiKey or None
        The one of the text's id, if there is one.

    Raises
    ------
    AccessError
        ``TG-ACCESS-KEY`` when there is no such key, or it works no longer. Which of these is not said.
    """
    found = _KEY.fullmatch(text)
    secret = found[2] if found else ""
    fits = seal.matches(_PURPOSE, secret.encode(), key.digest if key else _NOBODY)
    if key is None or key.id != id_in(text) or not fits or not key.works(now_s):
        raise AccessError("TG-ACCESS-KEY", "The API key is unknown, expired or revoked.")
    return key


def check_grant(
    giver: Actor, role: Role, tenant_id: str | None, scopes: Iterable[Act] | None
) -> None:
    """Refuse a key or user that could do more than the one who gives it.

    Raises
    ------
    AccessError
        ``TG-ACCESS-RIGHT``.
    RequestError
        ``TG-API-FIELD`` when role and tenant do not fit.
    """
    require(giver, Act.KEYS_WRITE)
    try:
        Actor("new", role, tenant_id)
    except ValueError as wrong:
        raise RequestError("TG-API-FIELD", f"{wrong}.", place=Place(field="tenant_id")) from None
    asked = RIGHTS[role] if scopes is None else frozenset(scopes)
    has = RIGHTS[giver.role] if giver.scopes is None else RIGHTS[giver.role] & giver.scopes
    excess = sorted(asked - has)
    if excess or not giver.reach.covers(tenant_id):
        what = ", ".join(excess[:3]) or "what is not its own"
        raise AccessError("TG-ACCESS-RIGHT", f"Nobody can give away more than they have: {what}.")
    beyond = sorted(asked - RIGHTS[role])
    if beyond:
        raise RequestError(
            "TG-API-FIELD",
            f"holds what the role {role} may not do anyway: {', '.join(beyond[:3])}.",
            place=Place(field="scopes"),
        )


def retire(key: ApiKey, now_s: int, grace_s: int) -> ApiKey:
    """Key of a rotation that works for ``grace_s`` seconds more, and never longer than it would have."""
    ends_s = now_s + grace_s
    if key.expires_s is not None:
        ends_s = min(ends_s, key.expires_s)
    return replace(key, expires_s=ends_s)
