"""An application called in the test's own process, without a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI


class AppTransport(httpx.BaseTransport):
    """Hands requests to an ASGI application; may be used from many threads."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self.inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        return self._portal.call(self._handle, request, body)

    async def _handle(self, request: httpx.Request, body: bytes) -> httpx.Response:
        inner = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        response = await self.inner.handle_async_request(inner)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


@contextmanager
def serving(app: FastAPI) -> Iterator[AppTransport]:
    """Serve an application until the end."""
    with start_blocking_portal() as portal:
        yield AppTransport(app, portal)


def caller(transport: AppTransport, key: str | None, **more: Any) -> httpx.Client:
    """Client that asks with a key."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(
        transport=transport, base_url="http://tidegate.test", headers=headers, **more
    )
