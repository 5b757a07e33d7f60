"""Who is signed in: the cookie of a session, and the token of its forms."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response
from starlette.responses import RedirectResponse

from tidegate.control.access_store import AccessDoor
from tidegate.control.rates import Limiter
from tidegate.control.seal import Seal
from tidegate.control.sessions import LIFETIME_S, SignedIn, check_form, check_session
from tidegate.errors import AccessError
from tidegate.web.signin.oidc import Provider
from tidegate.web.signin.page import SignInPage, plain_page

FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "X-Form-Token"

_SESSION: Final = "tidegate_session"
_BEFORE: Final = "tidegate_before"


@dataclass(frozen=True)
class Doors:
    """What sign-in is given by the wiring.

    Attributes
    ----------
    seal : Seal
    access : AccessDoor
    wall_s : callable
        Wall-clock time in whole seconds.
    attempts : Limiter
        How often one address, and one account, may try to sign in.
    provider : Provider or None
        OpenID provider; None when there is none.
    page : callable
        Writes the sign-in page.
    public_url : str
        Address under which browsers reach this server, without a slash at the end; empty to take it from the request.
    """

    seal: Seal
    access: AccessDoor
    wall_s: Callable[[], int]
    attempts: Limiter
    provider: Provider | None = None
    page: Callable[[SignInPage], str] = plain_page
    public_url: str = ""


class SignInNeededError(Exception):
    """Nobody is signed in; the browser is led to the sign-in page."""


def doors_of(request: Request) -> Doors:
    """Return what the application of a request was given."""
    found: Doors = request.app.state.signin
    return found


Given = Annotated[Doors, Depends(doors_of)]


def is_secure(request: Request, doors: Doors) -> bool:
    """Whether the browser speaks TLS: to us, or to the proxy before us."""
    return request.url.scheme == "https" or doors.public_url.startswith("https://")


def base_url(request: Request, doors: Doors) -> str:
    """Address under which the browser reaches this server, without a slash at the end."""
    return doors.public_url or str(request.base_url).rstrip("/")


def _name(request: Request, doors: Doors, name: str) -> str:
    # A browser takes a cookie with this prefix only over TLS, for this very host, for all paths.
    return f"__Host-{name}" if is_secure(request, doors) else name


def set_cookie(
    request: Request, response: Response, name: str, value: str, lifetime_s: int
) -> None:
    """Set a cookie that no script reads and no other site's form sends."""
    doors = doors_of(request)
    response.set_cookie(
        _name(request, doors, name),
        value,
        max_age=lifetime_s,
        path="/",
        secure=is_secure(request, doors),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    set_cookie(request, response, name, "", 0)


def cookie(request: Request, name: str) -> str:
    """Return a cookie's value; empty without one."""
    return request.cookies.get(_name(request, doors_of(request), name), "")


def begin(request: Request, response: Response, token: str) -> None:
    """Give the browser its session."""
    set_cookie(request, response, _SESSION, token, LIFETIME_S)
    drop_cookie(request, response, _BEFORE)


def end(request: Request, response: Response) -> None:
    """Take the browser's session."""
    drop_cookie(request, response, _SESSION)


def session_token(request: Request) -> str:
    """Return the token of the browser's session; empty without one."""
    return cookie(request, _SESSION)


def token_before(request: Request, response: Response | None = None) -> str:
    """Return what the sign-in form of a browser is bound to; with a response, a new one if there is none."""
    token = cookie(request, _BEFORE)
    if not token and response is not None:
        token = secrets.token_urlsafe(32)
    if response is not None:
        set_cookie(request, response, _BEFORE, token, 3_600)
    return token


def visitor(request: Request, doors: Given) -> SignedIn:
    """Return who is signed in.

    Raises
    ------
    SignInNeededError
    """
    token = session_token(request)
    if not token:
        raise SignInNeededError
    try:
        with doors.access.changing() as store:
            return check_session(doors.seal, store.sessions, store.users, token, doors.wall_s())
    except AccessError:
        raise SignInNeededError from None


Visitor = Annotated[SignedIn, Depends(visitor)]
"""Who is signed in, as a parameter of a page's route."""


async def form_of_session(request: Request, doors: Given) -> None:
    """Let a form through only with the token of its session.

    Raises
    ------
    AccessError
        ``TG-ACCESS-CSRF``.
    """
    check_form(doors.seal, session_token(request), await sent_token(request))


async def sent_token(request: Request) -> str | None:
    """Return the token that came with a form."""
    sent = request.headers.get(FORM_HEADER)
    if sent is None and "form" in request.headers.get("content-type", ""):
        value = (await request.form()).get(FORM_FIELD)
        sent = value if isinstance(value, str) else None
    return sent


FORM: Final = Depends(form_of_session)
"""Dependency of every page's route that changes something."""


def install(app: FastAPI, doors: Doors) -> None:
    """Give an application its sign-in."""
    app.state.signin = doors
    app.add_exception_handler(SignInNeededError, _lead_to_sign_in)


def _lead_to_sign_in(request: Request, _error: Exception) -> Response:
    here = request.url.path.removeprefix(request.scope.get("root_path", ""))
    back = quote(here) if request.method == "GET" else quote("/")
    target = f"{request.scope.get('root_path', '')}/signin?next={back}"
    if request.headers.get(
        "hx-request"
    ):  # htmx follows a redirect into the fragment; this leads the whole page
        return Response(status_code=401, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)
