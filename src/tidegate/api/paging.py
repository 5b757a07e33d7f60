"""Lists in pages, gone through by cursors that nobody else can make, or read."""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from tidegate.api.guard import Asking
from tidegate.api.services import Given, Services
from tidegate.control.access import Actor
from tidegate.errors import Place, RequestError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_PURPOSE = "cursor"


class Page(BaseModel, Generic[M]):
    """A part of a list."""

    items: list[M]
    next_cursor: str | None = Field(
        default=None, description="To be sent as `cursor` for the next part; null at the end."
    )


class ListQuery(BaseModel):
    """Parameters that every list knows; a list with filters adds its own."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=500, description="Most items of a page.")
    cursor: str | None = Field(
        default=None, max_length=1_000, description="`next_cursor` of the page before."
    )


class Pager:
    """Cuts one list, as one request asks for it, into pages.

    A cursor is encrypted, and holds for the list, the filters and the actor's reach that it was made for.
    """

    def __init__(self, request: Request, services: Services, actor: Actor) -> None:
        self._services = services
        filters = sorted(
            (name, value)
            for name, value in request.query_params.multi_items()
            if name not in ("cursor", "limit")
        )
        self._list = [request.url.path, filters, actor.reach.tenant_id]

    def after(self, cursor: str | None) -> str | None:
        """Return the id behind which the page begins; None for the first page.

        Raises
        ------
        RequestError
            ``TG-API-CURSOR``.
        """
        if cursor is None:
            return None
        try:
            made_for, last_id = json.loads(self._services.seal.decrypt(_PURPOSE, cursor))
        except ValueError:
            made_for, last_id = None, ""
        if made_for != json.loads(json.dumps(self._list)):
            raise RequestError(
                "TG-API-CURSOR",
                "was not given out by this list.",
                place=Place(field="cursor"),
                expected="next_cursor of the page before, with the same filters.",
            )
        return str(last_id)

    def page(
        self,
        query: ListQuery,
        fetch: Callable[[str | None, int], Sequence[T]],
        shape: Callable[[T], M],
        id_of: Callable[[T], str] = lambda item: str(getattr(item, "id")),  # noqa: B009
    ) -> Page[M]:
        """Return the page that was asked for.

        Parameters
        ----------
        fetch : callable
            Returns at most so many items from behind an id.
        shape : callable
            Makes what is sent of an item.
        id_of : callable
            By what the list is ordered.
        """
        found = list(fetch(self.after(query.cursor), query.limit + 1))
        items = found[: query.limit]
        is_last = len(found) <= query.limit
        cursor = None if is_last else self._cursor(id_of(items[-1]))
        return Page(items=[shape(item) for item in items], next_cursor=cursor)

    def _cursor(self, last_id: str) -> str:
        text = json.dumps([self._list, last_id], separators=(",", ":"))
        return self._services.seal.encrypt(_PURPOSE, text)


async def pager_of(request: Request, services: Given, actor: Asking) -> Pager:
    """Return the pager of a request."""
    return Pager(request, services, actor)


Paging = Annotated[Pager, Depends(pager_of)]
