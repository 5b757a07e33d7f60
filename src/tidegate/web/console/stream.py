"""The stream that keeps pages current: what has changed, told to each only of what is its own.

One task a process looks for new events, however many pages are open. A page is told topics, never contents; it then
asks for its fragments again, which are held to who asks like any page.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tidegate.control.access import Reach
from tidegate.control.views import ViewStore
from tidegate.lease.events import Event
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import Visitor, page_headers

router: Final = APIRouter()

LOOK_S: Final = 1.0
"""Real seconds between two looks for new events."""
TICK_S: Final = 5.0
"""Real seconds between two signs of life to a page."""
LONGEST_S: Final = 15 * 60.0
"""A stream is ended after so long; the page opens another one, and shows who it is anew."""

_TOPICS: Final[Mapping[str, tuple[str, ...]]] = {
    "quote": ("quotes",),
    "order": ("orders",),
    "lease": ("leases",),
    "nodes": ("nodes",),
    "pool": ("pools", "attention"),
    "invoice": ("money",),
    "credit": ("money",),
    "budget": ("money",),
    "meter": ("money",),
    "notice": ("notices",),
    "webhook": ("webhooks",),
}


def topics_of(events: Iterable[Event], reach: Reach) -> list[str]:
    """Return what has changed for somebody.

    A tenant is told of its own things alone, and of no pool: how often a pool changes would tell of others.
    """
    found: set[str] = set()
    for event in events:
        if not reach.covers(event.tenant_id):
            continue
        family = event.kind.partition(".")[0]
        found.update(_TOPICS.get(family, ()))
        if reach.tenant_id is None and family in ("nodes", "pool"):
            found.add(f"pools:{event.subject}")
    return sorted(found)


class Watch:
    """Looks for new events while somebody listens.

    Parameters
    ----------
    views : ViewStore
    """

    def __init__(self, views: ViewStore) -> None:
        self._views = views
        self._listeners: set[asyncio.Queue[list[Event]]] = set()
        self._task: asyncio.Task[None] | None = None

    def listen(self) -> "asyncio.Queue[list[Event]]":
        """Return a queue that is given what happens from now on."""
        queue: asyncio.Queue[list[Event]] = asyncio.Queue(maxsize=100)
        self._listeners.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        return queue

    def leave(self, queue: "asyncio.Queue[list[Event]]") -> None:
        """Stop giving to a queue; the last one to leave ends the looking."""
        self._listeners.discard(queue)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look(self) -> None:
        last: int = await run_in_threadpool(self._views.last_event)
        while True:
            await asyncio.sleep(LOOK_S)
            events = await run_in_threadpool(self._views.events_after, last, 1000)
            if not events:
                continue
            last = events[-1].seq
            for queue in self._listeners:
                if queue.full():  # nobody reads it any more; it will find itself gone
                    continue
                queue.put_nowait(events)


def _told(kind: str, data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


async def _words(request: Request, console: Console, reach: Reach) -> AsyncIterator[str]:
    watch: Watch = request.app.state.console_watch
    queue = watch.listen()
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST_S
    try:
        yield "retry: 2000\n\n"
        yield _told("tick", {"now_s": console.clock.now_s(), "rate": console.rate})
        next_tick = loop.time() + TICK_S
        while loop.time() < until and not await request.is_disconnected():
            try:
                events = await asyncio.wait_for(queue.get(), max(0.05, next_tick - loop.time()))
            except TimeoutError:
                yield _told("tick", {"now_s": console.clock.now_s(), "rate": console.rate})
                next_tick = loop.time() + TICK_S
                continue
            topics = topics_of(events, reach)
            if topics:
                yield _told("changed", {"topics": topics})
    finally:
        watch.leave(queue)


@router.get("/stream", name="console:stream")
def stream(request: Request, visitor: Visitor, console: Given) -> Response:
    """Tell a page what changes, until it is closed."""
    headers = {**page_headers(), "X-Accel-Buffering": "no"}
    words = _words(request, console, visitor.actor.reach)
    return StreamingResponse(words, media_type="text/event-stream", headers=headers)
