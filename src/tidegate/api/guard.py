"""Who asks: the API key of a request, as an actor."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tidegate.api.services import Given
from tidegate.control.access import Actor
from tidegate.errors import AccessError

# It says in the OpenAPI document how to authenticate; what is wrong is said by `actor_of`.
_bearer = HTTPBearer(auto_error=False, description="An API key: `tgk_...`.")


def address_of(request: Request) -> str:
    """Address that a request came from."""
    return request.client.host if request.client else "unknown"


async def actor_of(
    request: Request,
    services: Given,
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Actor:
    """Return who asks.

    Raises
    ------
    AccessError
        ``TG-ACCESS-MISSING`` or ``TG-ACCESS-KEY``.
    TooOftenError
    """
    if sent is None:
        raise AccessError(
            "TG-ACCESS-MISSING", "No API key was sent.", expected="Authorization: Bearer tgk_..."
        )
    try:
        key = services.keyring.checked_at_once(sent.credentials, services.wall_s())
        if key is None:
            key = await run_in_threadpool(
                services.keyring.checked, sent.credentials, services.wall_s()
            )
    except AccessError as error:
        raise services.limits.failed(address_of(request), error) from None
    services.limits.count(key.id)
    return key.actor


Asking = Annotated[Actor, Depends(actor_of)]
"""Who asks, as a parameter of a route; a route without it is open to everybody."""
