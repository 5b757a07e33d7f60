"""Every POST carries an Idempotency-Key: a repeat gets the first answer, and nothing is done twice."""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from tidegate.api.guard import Asking
from tidegate.api.services import Given, Services
from tidegate.control.access import Actor
from tidegate.control.once import ABANDONED_S, Ticket
from tidegate.errors import Place, RequestError

_PURPOSE = "answer"
_KEY = Header(
    alias="Idempotency-Key",
    description="A text of your choice, new for each thing that you mean; the same for a repeat.",
    pattern=r"^[\x21-\x7e]{1,255}$",
)


Key = Annotated[str, _KEY]
"""The key alone: for a route whose use case does by itself what is meant once."""


class BusyError(RequestError):
    """``TG-API-IDEMPOTENCY-BUSY``, with the seconds to wait."""

    retry_s: int = 1


async def body_of(request: Request) -> bytes:
    """Return the body as it came."""
    return await request.body()


def fingerprint(request: Request, body: bytes) -> str:
    """Hash of what a repeat has in common with the first."""
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


class Once:
    """Serves the request of a key once.

    Called by a route with what it does; gives back what that answered, now or the first time.
    """

    def __init__(self, services: Services, actor: Actor, key: str, print_: str) -> None:
        self._services = services
        self._actor_id = actor.id
        self.key = key
        self.fingerprint = print_

    def __call__(
        self,
        do: Callable[[], BaseModel | None],
        *,
        status: int = 201,
        at: str | None = None,
    ) -> Response:
        """Do it, unless it has been done.

        Parameters
        ----------
        do : callable
            Does it in one transaction, and returns what is answered.
        status : int
            Of the answer; 204 when there is nothing to tell.
        at : str or None
            Path of the list that what was made belongs to, for the header ``Location``.

        Raises
        ------
        RequestError
            ``TG-API-IDEMPOTENCY-REUSED``.
        BusyError
        """
        told = self._begin()
        if told is not None:
            return self._response(told, replayed=True)
        try:
            model = do()
        except BaseException:
            # Nothing was done: what is to be changed is changed in one transaction, or not at all.
            with self._services.access.changing() as store:
                store.tickets.drop(self._actor_id, self.key)
            raise
        answer = json.dumps(
            {
                "status": status if model is not None else 204,
                "body": None if model is None else model.model_dump_json(),
                "headers": {"Location": f"{at}/{getattr(model, 'id', '')}"} if at else {},
            }
        )
        with self._services.access.changing() as store:
            sealed = self._services.seal.encrypt(_PURPOSE, answer)
            store.tickets.answer(self._actor_id, self.key, sealed)
        return self._response(answer, replayed=False)

    def _begin(self) -> str | None:
        now_s = self._services.wall_s()
        ticket = Ticket(self._actor_id, self.key, self.fingerprint, now_s)
        with self._services.access.changing() as store:
            before = store.tickets.add(ticket)
            if before is None:
                return None
            if before.fingerprint != self.fingerprint:
                raise RequestError(
                    "TG-API-IDEMPOTENCY-REUSED",
                    "was used before for another request.",
                    place=Place(field="Idempotency-Key"),
                    expected="a new key for a new request.",
                )
            if before.answer is not None:
                return self._services.seal.decrypt(_PURPOSE, before.answer)
            if now_s < before.at_s + ABANDONED_S or not store.tickets.take_over(before, now_s):
                raise BusyError(
                    "TG-API-IDEMPOTENCY-BUSY", "The first request is still being served."
                )
        return None

    @staticmethod
    def _response(answer: str, *, replayed: bool) -> Response:
        told = json.loads(answer)
        headers = dict(told["headers"])
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        media = None if told["body"] is None else "application/json"
        return Response(told["body"], told["status"], headers, media)


async def once_of(
    request: Request,
    services: Given,
    actor: Asking,
    key: Key,
    body: Annotated[bytes, Depends(body_of)],
) -> Once:
    """Return the key of a request, ready to be used."""
    return Once(services, actor, key, fingerprint(request, body))


Doing = Annotated[Once, Depends(once_of)]
"""What a POST does its work through, as a parameter of a route."""
