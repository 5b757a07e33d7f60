"""What every answer carries and no request may exceed: an id, security headers, a largest body."""

import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidegate.api.problems import problem
from tidegate.errors import RequestError

LARGEST_BODY: Final = 64 * 1024
"""Most bytes of a request's body."""

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_NOTHING_LOADS: Final = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HSTS: Final = "max-age=31536000; includeSubDomains"


class _TooLargeError(Exception):
    """More came than may come."""


class Envelope:
    """ASGI middleware around the whole application.

    A page sets its own Content-Security-Policy and Cache-Control; an answer without them gets the strictest.
    """

    def __init__(self, app: ASGIApp, largest_body: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{secrets.token_hex(12)}"
        scope.setdefault("state", {})["request_id"] = request_id
        started = False
        taken = 0

        async def count(message: Message) -> Message:
            nonlocal taken
            taken += len(message.get("body", b""))
            if taken > self._largest:
                raise _TooLargeError
            return message

        async def receive_counted() -> Message:
            return await count(await receive())

        async def send_dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", _NOTHING_LOADS)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _HSTS)
            await send(message)

        try:
            if self._declared(scope) > self._largest:
                raise _TooLargeError
            if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
                error = RequestError("TG-API-SYNTAX", "An address holds no NUL character.")
                await problem(Request(scope), error)(scope, receive, send_dressed)
                return
            if not self._is_readable(scope):
                error = RequestError(
                    "TG-API-TYPE",
                    "The body is not JSON.",
                    expected="Content-Type: application/json.",
                )
                await problem(Request(scope), error)(scope, receive, send_dressed)
                return
            await self._app(scope, receive_counted, send_dressed)
        except _TooLargeError:
            if started:
                raise
            error = RequestError(
                "TG-API-SIZE",
                "The body is too large.",
                expected=f"at most {self._largest} bytes.",
            )
            answer = problem(Request(scope), error, headers={"Connection": "close"})
            await answer(scope, receive, send_dressed)

    @staticmethod
    def _is_readable(scope: Scope) -> bool:
        """Whether what comes to ``/v1`` is said to be JSON; pages read their own forms."""
        headers = Headers(scope=scope)
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        if not has_body or not scope["path"].startswith("/v1/"):
            return True
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        return media == "application/json"

    @staticmethod
    def _declared(scope: Scope) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length":
                return int(value) if value.isdigit() else 0
        return 0
