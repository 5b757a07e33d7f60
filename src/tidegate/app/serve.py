"""Serving: the HTTP interface, metrics and health around the running system."""

import gc
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from tidegate.api import create_app
from tidegate.app.console import add_console
from tidegate.app.live import Live
from tidegate.app.services import services_of
from tidegate.app.telemetry import CONTENT_TYPE
from tidegate.errors import RunError
from tidegate.web.console.signing_in import Persona

log = structlog.get_logger(__name__)

DRAIN_S: Final = 10
"""Real seconds that requests under way are given at the end."""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    RunError
        ``TG-LIVE-PORT``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then do accepted connections send an answer's body without waiting for its head's receipt.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise RunError(
            "TG-LIVE-PORT",
            f"{host}:{port} cannot be listened on: {error.strerror}.",
            expected="another --port, or 0 for any that is free.",
        ) from error
    sock.listen(1024)
    return sock


def web_app(live: Live, personas: Sequence[Persona] = ()) -> FastAPI:
    """Return the application: the console, ``/v1``, ``/metrics``, ``/healthz``, ``/readyz``."""
    services = services_of(live)
    app = create_app(services)
    add_console(app, live, services, personas)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(live.telemetry.text(), media_type=CONTENT_TYPE)

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> Response:
        if live.is_alive:
            return PlainTextResponse("ok\n")
        return PlainTextResponse("a thread has ended\n", status_code=500)

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> Response:
        lacks = live.readiness()
        told = {"ready": not lacks, "leads": live.loop.leads, "lacks": lacks}
        return JSONResponse(told, status_code=503 if lacks else 200)

    return app


def serve(
    live: Live,
    sock: socket.socket,
    started: Callable[[str], None],
    personas: Sequence[Persona] = (),
) -> None:
    """Run the system until it is told to end (SIGINT, SIGTERM).

    Parameters
    ----------
    live : Live
    sock : socket
        Where to listen.
    started : callable
        Given the address, once it listens.
    personas : sequence of Persona
        Whom a visitor of the demonstration may be.
    """
    host, port = sock.getsockname()[:2]
    config = uvicorn.Config(
        web_app(live, personas),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
    # The server answers these signals while it runs, and raises them again afterwards: then all is still to be closed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    try:
        live.start()
        # What has been loaded stays: left out of the collector's rounds, which would stop everything for 0.2 s else.
        gc.collect()
        gc.freeze()
        started(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        uvicorn.Server(config).run(sockets=[sock])
    except _EndedError:
        log.info("ending")
    finally:
        live.stop()


class _EndedError(BaseException):
    """The process was told to end."""


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _EndedError
