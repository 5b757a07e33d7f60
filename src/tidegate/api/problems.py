"""Errors as ``application/problem+json`` (RFC 9457), each code with its HTTP status."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tidegate.errors import (
    CODES,
    AccessError,
    InputError,
    Place,
    RequestError,
    StoreError,
    TidegateError,
)

PROBLEM_TYPE: Final = "application/problem+json"

STATUS: Final[Mapping[str, int]] = {
    "TG-API-SYNTAX": 400,
    "TG-API-FIELD": 422,
    "TG-API-NOT-FOUND": 404,
    "TG-API-METHOD": 405,
    "TG-API-SIZE": 413,
    "TG-API-TYPE": 415,
    "TG-API-CURSOR": 400,
    "TG-API-CONFLICT": 409,
    "TG-API-IDEMPOTENCY": 400,
    "TG-API-IDEMPOTENCY-REUSED": 422,
    "TG-API-IDEMPOTENCY-BUSY": 409,
    "TG-API-ETAG": 412,
    "TG-API-ETAG-MISSING": 428,
    "TG-API-RATE": 429,
    "TG-API-FAILED": 500,
    "TG-API-NOT-READY": 503,
    "TG-ACCESS-MISSING": 401,
    "TG-ACCESS-KEY": 401,
    "TG-ACCESS-SESSION": 401,
    "TG-ACCESS-SIGN-IN": 401,
    "TG-ACCESS-PROVIDER": 502,
    "TG-ACCESS-CSRF": 403,
    "TG-ACCESS-RIGHT": 403,
    "TG-ACCESS-SCOPE": 403,
    "TG-BILL-GRANT": 409,
    "TG-LIVE-POOL": 422,
    "TG-LIVE-FRONTIER": 422,
    "TG-LIVE-PRODUCT": 422,
    "TG-LIVE-SIZE": 422,
    "TG-LIVE-QUOTE": 409,
    "TG-LIVE-STATE": 409,
    "TG-STORE-DOWN": 503,
    "TG-HOOK-URL": 422,
}
"""Status of each code that an answer can carry; others go by their class (:func:`status_of`)."""

_OF_HTTP: Final[Mapping[int, str]] = {
    404: "TG-API-NOT-FOUND",
    405: "TG-API-METHOD",
    413: "TG-API-SIZE",
    415: "TG-API-TYPE",
}

_NO_KEY: Final = RequestError(
    "TG-API-IDEMPOTENCY",
    "is missing or malformed.",
    place=Place(field="Idempotency-Key"),
    expected="1 to 255 printable ASCII characters without spaces, new for each thing that you mean.",
)

log = structlog.get_logger(__name__)


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Where: the dotted path of a field, or the name of a header.")
    message: str
    expected: str | None = Field(default=None, description="What would be right.")


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(description="Reference that identifies the kind of problem: one for a code.")
    title: str = Field(description="What the code means.")
    status: int
    detail: str = Field(description="What is wrong here.")
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(description="Stable code; scripts may match on it.")
    request_id: str = Field(description="Under which the server's log has this request.")
    errors: list[Fault] = Field(default_factory=list, description="All that is wrong, one by one.")


def status_of(error: TidegateError) -> int:
    """HTTP status of an error."""
    if error.code in STATUS:
        return STATUS[error.code]
    if isinstance(error, InputError):
        return 422
    return 403 if isinstance(error, AccessError) else 500


def problem(
    request: Request,
    error: TidegateError,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer of an error."""
    status = status_of(error)
    extra = dict(headers or {})
    if status == 401:  # noqa: PLR2004  RFC 9110, 11.6.1: a 401 says how to authenticate
        extra["WWW-Authenticate"] = 'Bearer realm="tidegate"'
    retry_s = getattr(error, "retry_s", None)
    if retry_s is not None:
        extra["Retry-After"] = str(retry_s)
    body = Problem(
        type=f"/v1/problems/{error.code}",
        title=CODES[error.code],
        status=status,
        detail=_detail(error),
        instance=request.url.path,
        code=error.code,
        request_id=request.scope.get("state", {}).get("request_id", ""),
        errors=list(faults) or _faults(error),
    )
    content = body.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status, extra, media_type=PROBLEM_TYPE)


def _detail(error: TidegateError) -> str:
    where = str(error.place)
    text = f"{where} {error.message}" if where else error.message
    return f"{text} Expected: {error.expected}" if error.expected else text


def _faults(error: TidegateError) -> list[Fault]:
    every = (error, *getattr(error, "others", ()))
    return [
        Fault(field=each.place.field, message=each.message, expected=each.expected)
        for each in every
        if each.place.field
    ]


def _on_tidegate_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TidegateError)
    if status_of(error) >= 500:  # noqa: PLR2004
        _log(request, error)
    return problem(request, error)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong: Sequence[Any] = error.errors()
    if any(each["type"] == "json_invalid" for each in wrong):
        return problem(request, RequestError("TG-API-SYNTAX", "The body is not valid JSON."))
    for each in wrong:
        if tuple(each["loc"]) == ("header", "Idempotency-Key"):
            return problem(request, _NO_KEY)
    # What was sent is not sent back: it may hold a secret, and it may be anything.
    faults = [Fault(field=_path(each["loc"]), message=str(each["msg"])) for each in wrong]
    first = faults[0]
    wrapped = RequestError("TG-API-FIELD", f"{first.message}.", place=Place(field=first.field))
    return problem(request, wrapped, faults=faults)


def _path(parts: Sequence[object]) -> str:
    names = parts[1:] if len(parts) > 1 and parts[0] in ("body", "query", "path") else parts
    return ".".join(str(part) for part in names)


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _OF_HTTP.get(error.status_code, "TG-API-FAILED")
    if code == "TG-API-FAILED" and error.status_code < 500:  # noqa: PLR2004
        code = "TG-API-SYNTAX"
    headers = dict(error.headers or {})
    if code == "TG-API-METHOD":
        # The router names the methods of the first route that fits; an address may have several.
        allow = getattr(request.app.state, "methods_of", lambda _: ())(request.url.path)
        headers |= {"Allow": ", ".join(allow)} if allow else {}
    return problem(request, RequestError(code, CODES[code]), headers=headers)


def _on_database(request: Request, error: Exception) -> Response:
    _log(request, error)
    down = StoreError("TG-STORE-DOWN", "The database does not answer.")
    return problem(request, down, headers={"Retry-After": "2"})


def _on_fault(request: Request, error: Exception) -> Response:
    _log(request, error)
    return problem(
        request, RequestError("TG-API-FAILED", "The server failed; this has been logged.")
    )


def _log(request: Request, error: Exception) -> None:
    log.error(
        "request failed",
        request_id=request.scope.get("state", {}).get("request_id"),
        method=request.method,
        path=request.url.path,
        exc_info=error,
    )


def install(app: FastAPI) -> None:
    """Have every error of an application answered as a problem."""
    app.add_exception_handler(TidegateError, _on_tidegate_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(OperationalError, _on_database)
    app.add_exception_handler(Exception, _on_fault)
