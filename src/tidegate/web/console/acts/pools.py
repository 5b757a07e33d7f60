"""The pool that an operator acts on."""

from fastapi import Request

from tidegate.control.access import Act
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.operator import find_pool
from tidegate.web.console.pool_view import PoolPicture, picture
from tidegate.web.console.services import Console
from tidegate.web.signin import Visitor


def open_pool(
    request: Request, visitor: Visitor, console: Console, pool: str
) -> tuple[Frame, PoolPicture]:
    """Return the frame and the pool, for those who may change it."""
    owner_only(visitor.actor, Act.POOLS_WRITE)
    row = find_pool(console, pool)
    return Frame(request, visitor, "overview"), picture(console, row, console.clock.now_s())
