"""The console as a whole: every route below ``/console``, and what an application needs for them."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from tidegate.errors import AccessError, TidegateError
from tidegate.web.console import (
    acts,
    buying,
    charts,
    connections,
    decisions,
    desk,
    finance_pages,
    lease_acts,
    lease_pages,
    market_page,
    money_pages,
    operator,
    portal,
    prices,
    shell,
    stream,
)
from tidegate.web.console.frame import asset_of, path_of
from tidegate.web.console.pages import rendered
from tidegate.web.console.services import Console
from tidegate.web.console.stream import Watch
from tidegate.web.language import catalogue, reader_language
from tidegate.web.signin import page_headers

PREFIX: Final = "/console"

ROUTERS: Final = (
    shell.router,
    stream.router,
    operator.router,
    *acts.ROUTERS,
    charts.router,
    decisions.router,
    lease_pages.router,
    desk.router,
    money_pages.router,
    finance_pages.router,
    connections.router,
    portal.router,
    buying.router,
    lease_acts.router,
    prices.router,
    market_page.router,
)


def _(text: str) -> str:
    return text


def install(app: FastAPI, console: Console) -> None:
    """Give an application the console."""
    app.state.console = console
    app.state.console_watch = Watch(console.views)
    for router in ROUTERS:
        site = APIRouter(prefix=PREFIX, include_in_schema=False)
        site.include_router(router)
        app.include_router(site)
    app.add_api_route("/", _first, include_in_schema=False)


def _first(request: Request) -> Response:
    return RedirectResponse(path_of(request)("home"), 303)


def answer_with_pages(app: FastAPI, status_of: Callable[[TidegateError], int]) -> None:
    """Have errors of the console shown as pages, and all others as they were.

    Parameters
    ----------
    app : FastAPI
        Whose errors are answered in another way already.
    status_of : callable
        HTTP status of an error.
    """
    otherwise: Any = app.exception_handlers[TidegateError]

    async def answer(request: Request, error: Exception) -> Response:
        if _is_page(request) and isinstance(error, TidegateError):
            return _error_page(request, error, status_of(error))
        answered = otherwise(request, error)
        done: Response = await answered if isawaitable(answered) else answered
        return done

    app.exception_handlers[TidegateError] = answer


def _is_page(request: Request) -> bool:
    """Whether a request is for a page of the console, so that its errors are pages too."""
    root = str(request.scope.get("root_path", ""))
    return request.url.path.removeprefix(root).startswith(PREFIX)


def _error_page(request: Request, error: TidegateError, status: int) -> Response:
    """Return an error as a page: what happened, and what to do."""
    language = reader_language(request)
    say = catalogue(language).gettext
    titles = {403: say(_("This is not for you")), 404: say(_("There is no such page"))}
    values = {
        "path": path_of(request),
        "asset": asset_of(request),
        "form_token": "",
        "next": "/console/",
        "title": titles.get(status, say(_("That did not work"))),
        "message": error.message,
        "expected": error.expected or "",
        "code": error.code,
    }
    if isinstance(error, AccessError) and status == 403:  # noqa: PLR2004 - Forbidden
        values["expected"] = say(_("Sign in as somebody who may, or ask an operator."))
    return HTMLResponse(rendered("error.html.j2", language, values), status, page_headers())
