"""The pages of sign-in: ``/signin``, the way to a provider and back, ``/signout``."""

import math
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from tidegate.control.access import Actor
from tidegate.control.access_store import AccessStore
from tidegate.control.audit import entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.passwords import hash_password, is_outdated
from tidegate.control.sessions import check_form, close_session, form_token, open_session
from tidegate.control.users import User, sign_in_by_identity, sign_in_by_password
from tidegate.errors import AccessError
from tidegate.web.language import reader_language
from tidegate.web.signin import guard
from tidegate.web.signin.guard import FORM, Doors, Given, base_url
from tidegate.web.signin.oidc import Flow
from tidegate.web.signin.page import SignInPage
from tidegate.web.signin.policy import page_headers

router: Final = APIRouter(include_in_schema=False)

_FLOW: Final = "tidegate_flow"
_FLOW_S: Final = 600
_TOO_LONG: Final = 1_000

Back = Annotated[str, Query(alias="next", max_length=_TOO_LONG)]


@router.get("/signin")
def show(request: Request, doors: Given, back: Back = "/") -> Response:
    """Show the sign-in page."""
    return _page(request, doors, back, "")


@router.post("/signin")
def sign_in(
    request: Request,
    doors: Given,
    email: Annotated[str, Form(max_length=320)],
    password: Annotated[str, Form(max_length=_TOO_LONG)],
    sent_token: Annotated[str, Form(alias=guard.FORM_FIELD, max_length=_TOO_LONG)] = "",
    back: Annotated[str, Form(alias="next", max_length=_TOO_LONG)] = "/",
) -> Response:
    """Sign in with a password."""
    address = request.client.host if request.client else "unknown"
    try:
        check_form(doors.seal, guard.token_before(request), sent_token)
        for name in (f"from {address}", f"as {email.strip().lower()}"):
            wait_s = doors.attempts.take(name)
            if wait_s:
                return _page(
                    request, doors, back, f"Too many attempts. Try again in {math.ceil(wait_s)} s."
                )
        with doors.access.reading() as store:
            user = sign_in_by_password(store.users, email, password)
        with doors.access.changing() as store:
            if user.password_hash and is_outdated(user.password_hash):
                store.users.save_user(replace(user, password_hash=hash_password(password)))
            return _begin(request, doors, store, user, back, "password")
    except AccessError as error:
        if error.code == "TG-ACCESS-SIGN-IN":
            _note_failure(doors, email)
        return _page(request, doors, back, error.message)


@router.get("/signin/provider")
def leave(request: Request, doors: Given, back: Back = "/") -> Response:
    """Lead the browser to the provider."""
    if doors.provider is None:
        return _page(request, doors, back, "There is no sign-in provider here.")
    try:
        url, flow = doors.provider.way_out(_redirect_uri(request, doors), _local(back))
    except AccessError as error:
        return _page(request, doors, back, error.message)
    answer = RedirectResponse(url, 303, page_headers())
    guard.set_cookie(request, answer, _FLOW, doors.seal.encrypt(_FLOW, flow.to_text()), _FLOW_S)
    return answer


@router.get("/signin/callback")
def come_back(request: Request, doors: Given) -> Response:
    """Take the browser back from the provider."""
    back = "/"
    try:
        flow = Flow.from_text(doors.seal.decrypt(_FLOW, guard.cookie(request, _FLOW)))
        back = flow.back
        if doors.provider is None:
            raise AccessError("TG-ACCESS-SIGN-IN", "There is no sign-in provider here.")
        uri = _redirect_uri(request, doors)
        identity = doors.provider.way_back(uri, f"{uri}?{request.url.query}", flow)
        with doors.access.changing() as store:
            user = sign_in_by_identity(store.users, identity)
            if user.subject is None:
                user = replace(user, subject=identity.key)
                store.users.save_user(user)
            answer = _begin(request, doors, store, user, back, "provider")
    except ValueError:
        answer = _page(
            request, doors, back, "This sign-in was not begun in this browser. Try again."
        )
    except AccessError as error:
        answer = _page(request, doors, back, error.message)
    guard.drop_cookie(request, answer, _FLOW)
    return answer


@router.post("/signout", dependencies=[FORM])
def sign_out(request: Request, doors: Given) -> Response:
    """End the session."""
    with doors.access.changing() as store:
        close_session(doors.seal, store.sessions, guard.session_token(request))
    answer = RedirectResponse(f"{_root(request)}/signin", 303, page_headers())
    guard.end(request, answer)
    return answer


def _begin(
    request: Request, doors: Doors, store: AccessStore, user: User, back: str, way: str
) -> Response:
    wall_s = doors.wall_s()
    # Always a new session: one that was there before is not taken over.
    close_session(doors.seal, store.sessions, guard.session_token(request))
    token = open_session(doors.seal, store.sessions, user.id, wall_s)
    store.audit.add(
        entry(
            new_id(Prefix.AUDIT_ENTRY),
            user.actor,
            "session.begin",
            user.id,
            wall_s=wall_s,
            data={"way": way},
        )
    )
    answer = RedirectResponse(f"{_root(request)}{_local(back)}", 303, page_headers())
    guard.begin(request, answer, token)
    return answer


def _note_failure(doors: Doors, email: str) -> None:
    with doors.access.changing() as store:
        user = store.users.user_of_email(email.strip().lower())
        if user is None:  # what somebody typed may be a password: it is not written down
            return
        item = entry(
            new_id(Prefix.AUDIT_ENTRY),
            Actor("nobody", user.role, user.tenant_id),
            "session.refuse",
            user.id,
            wall_s=doors.wall_s(),
        )
        store.audit.add(item)


def _page(request: Request, doors: Doors, back: str, trouble: str) -> Response:
    answer = HTMLResponse(status_code=403 if trouble else 200, headers=page_headers())
    token = guard.token_before(request, answer)
    page = SignInPage(
        _root(request),
        form_token(doors.seal, token),
        _local(back),
        doors.provider is not None,
        reader_language(request),
        trouble,
    )
    answer.body = doors.page(page).encode()
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _redirect_uri(request: Request, doors: Doors) -> str:
    return f"{base_url(request, doors)}/signin/callback"


def _local(back: str) -> str:
    """Path on this server; what would lead elsewhere becomes the first page."""
    parts = urlsplit(back)
    is_local = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if is_local and not parts.scheme and not parts.netloc and "\\" not in back else "/"
