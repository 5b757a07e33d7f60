"""Sessions of people in a browser: a random token in a cookie, its keyed hash in the store.

Every form of a session carries a token of its own, so that another site cannot forge one.

Times are wall-clock seconds: a sped-up clock of the fleet does not end a session.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate.control.access import Actor, Reach
from tidegate.control.seal import Seal
from tidegate.control.users import UserStore
from tidegate.errors import AccessError

IDLE_S: Final = 2 * 3_600
"""A session that nobody uses for so long is over."""
LIFETIME_S: Final = 12 * 3_600
"""A session is over after so long, used or not."""

_TOUCH_S: Final = 60
_PURPOSE: Final = "session"
_FORM_PURPOSE: Final = "form"


@dataclass(frozen=True)
class SessionRow:
    """What is kept of a session.

    Attributes
    ----------
    digest : str
        Keyed hash of its token, in hexadecimal.
    user_id : str
    created_s, seen_s : int
    """

    digest: str
    user_id: str
    created_s: int
    seen_s: int


@dataclass(frozen=True)
class SignedIn:
    """Somebody in a browser.

    Attributes
    ----------
    actor : Actor
    name : str
        For the page's corner.
    form_token : str
        What a form of this session carries in its field ``form_token`` (htmx: the header ``X-Form-Token``).
    """

    actor: Actor
    name: str
    form_token: str


class SessionStore(Protocol):
    """Where sessions are kept."""

    def session(self, digest: str) -> SessionRow | None:
        """Session by hash."""
        ...

    def save_session(self, session: SessionRow) -> None:
        """Add a session, or replace the one of that hash."""
        ...

    def end_session(self, digest: str) -> None:
        """Forget a session."""
        ...

    def end_sessions_of(self, user_id: str) -> None:
        """Forget all sessions of a user."""
        ...

    def end_sessions_before(self, created_s: int, seen_s: int) -> int:
        """Forget sessions created or last used before these times; return how many."""
        ...


def open_session(seal: Seal, store: SessionStore, user_id: str, wall_s: int) -> str:
    """Open a session and return its token, for the cookie; 256 random bits."""
    token = secrets.token_urlsafe(32)
    store.save_session(SessionRow(_digest(seal, token), user_id, wall_s, wall_s))
    return token


def check_session(
    seal: Seal, store: SessionStore, users: UserStore, token: str, wall_s: int
) -> SignedIn:
    """Who holds the token of a session.

    Raises
    ------
    AccessError
        ``TG-ACCESS-SESSION`` when it is unknown or over, or its user disabled.
    """
    row = store.session(_digest(seal, token))
    user = users.user(row.user_id, Reach(None)) if row else None
    if (
        row is None
        or user is None
        or user.disabled_s is not None
        or wall_s >= row.created_s + LIFETIME_S
        or wall_s >= row.seen_s + IDLE_S
    ):
        raise AccessError("TG-ACCESS-SESSION", "The session is over.")
    if wall_s >= row.seen_s + _TOUCH_S:  # one write a minute, not one a page
        store.save_session(SessionRow(row.digest, row.user_id, row.created_s, wall_s))
    return SignedIn(user.actor, user.name, form_token(seal, token))


def close_session(seal: Seal, store: SessionStore, token: str) -> None:
    """End a session."""
    store.end_session(_digest(seal, token))


def form_token(seal: Seal, token: str) -> str:
    """Token that the forms of a session carry: bound to it, and of no use without its cookie."""
    return seal.digest(_FORM_PURPOSE, token.encode()).hex()


def check_form(seal: Seal, token: str, sent: str | None) -> None:
    """Let a form through only with the token of its session.

    Raises
    ------
    AccessError
        ``TG-ACCESS-CSRF``.
    """
    fits = hmac.compare_digest(form_token(seal, token).encode(), (sent or "").encode())
    if not fits:
        raise AccessError("TG-ACCESS-CSRF", "The form does not belong to this session.")


def _digest(seal: Seal, token: str) -> str:
    return seal.digest(_PURPOSE, token.encode()).hex()
