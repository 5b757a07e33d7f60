"""What every reader gets: the files, the first page, the language."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from tidegate.control.access import not_found
from tidegate.web.console.frame import path_of
from tidegate.web.console.navigation import first_place
from tidegate.web.console.pages import MEDIA_TYPES, static_file
from tidegate.web.language import CODES, LANGUAGE_COOKIE
from tidegate.web.signin import FORM, Visitor, page_headers

router: Final = APIRouter()

_A_YEAR: Final = "public, max-age=31536000, immutable"
_KEPT_S: Final = 365 * 86_400


@router.get("/static/{name}", name="console:static")
def static(name: str) -> Response:
    """Serve a file; its address carries its digest, so it is kept by the browser."""
    try:
        content = static_file(name)
    except KeyError:
        raise not_found("file", name) from None
    kind = MEDIA_TYPES[name.rpartition(".")[2]]
    return Response(content, media_type=kind, headers={"Cache-Control": _A_YEAR})


@router.get("/", name="console:home")
def home(request: Request, visitor: Visitor) -> Response:
    """Lead to the page that somebody begins with."""
    target = path_of(request)(first_place(visitor.actor))
    return RedirectResponse(target, 303, page_headers())


@router.post("/language", name="console:language", dependencies=[FORM])
def language(
    request: Request,
    chosen: Annotated[str, Form(alias="language", max_length=20)],
    back: Annotated[str, Form(alias="next", max_length=1000)] = "/",
) -> Response:
    """Remember the language that somebody chose."""
    root = str(request.scope.get("root_path", ""))
    is_local = back.startswith("/console/") and "//" not in back and "\\" not in back
    answer = RedirectResponse(root + (back if is_local else "/console/"), 303, page_headers())
    if chosen in CODES:
        answer.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=_KEPT_S, httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
    return answer
