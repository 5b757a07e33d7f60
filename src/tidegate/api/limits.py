"""How often the interface may be asked, by whom."""

import math
import time
from typing import Final

from tidegate.control.rates import Limiter, Rate
from tidegate.errors import AccessError, RequestError

ACTOR_RATE: Final = Rate(burst=400, per_second=100.0)
"""Requests of one key or user."""
STRANGER_RATE: Final = Rate(burst=20, per_second=0.2)
"""Failed attempts to authenticate from one address."""

_SPENT: Final = "Too many requests in a short time."


class TooOftenError(RequestError):
    """``TG-API-RATE``, with the seconds to wait."""

    retry_s: int = 1


class Limits:
    """The limiters of one replica.

    Parameters
    ----------
    actor : Rate
        Of one key or user.
    stranger : Rate
        Failed attempts to authenticate from one address.
    """

    def __init__(self, actor: Rate = ACTOR_RATE, stranger: Rate = STRANGER_RATE) -> None:
        self._actors = Limiter(actor, time.monotonic)
        self._strangers = Limiter(stranger, time.monotonic)

    def count(self, actor_id: str) -> None:
        """Count a request.

        Raises
        ------
        TooOftenError
        """
        _pass(self._actors.take(actor_id))

    def failed(self, address: str, error: AccessError) -> AccessError:
        """Count a failed attempt; hands the error back to be raised.

        A key that works gets in whatever others at its address have tried: behind a proxy that is everybody.

        Raises
        ------
        TooOftenError
        """
        _pass(self._strangers.take(address))
        return error


def _pass(wait_s: float) -> None:
    if wait_s:
        error = TooOftenError("TG-API-RATE", _SPENT)
        error.retry_s = math.ceil(wait_s)
        raise error
