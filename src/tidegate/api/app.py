"""The application: routes, and what holds for all of them."""

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import compile_path

from tidegate.api import problems
from tidegate.api.envelope import Envelope
from tidegate.api.resources import ROUTERS
from tidegate.api.services import Services

PREFIX: Final = "/v1"

_PROBLEM: Final[dict[str, Any]] = {
    "content": {problems.PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
_ALWAYS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "The request cannot be served as it is.", **_PROBLEM},
    "5XX": {"description": "The server cannot serve it.", **_PROBLEM},
}


def create_app(services: Services) -> FastAPI:
    """Make the application that serves ``/v1``.

    The wiring adds what else the process serves: the console's pages, metrics, health.
    """
    app = FastAPI(
        title="Tidegate",
        version=version("tidegate"),
        description="Lease the idle tide of a GPU fleet, and have it back in time.",
        openapi_url=f"{PREFIX}/openapi.json",
        # The pages that FastAPI brings load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    for router in ROUTERS:
        everything = APIRouter(prefix=PREFIX, responses=_ALWAYS)
        everything.include_router(router)
        app.include_router(everything)
    app.state.methods_of = _methods_of(app)
    problems.install(app)
    app.add_middleware(Envelope)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _methods_of(app: FastAPI) -> Callable[[str], list[str]]:
    """Return what tells the methods that an address knows."""

    @cache
    def table() -> list[tuple[re.Pattern[str], list[str]]]:
        paths = app.openapi()["paths"]
        return [(compile_path(path)[0], sorted(map(str.upper, paths[path]))) for path in paths]

    def methods_of(path: str) -> list[str]:
        return sorted({m for pattern, methods in table() if pattern.match(path) for m in methods})

    return methods_of


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        app.openapi_schema = document
    return app.openapi_schema
