"""The life of a lease: every state and every allowed move, on one screen."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar


class QuoteState(StrEnum):
    """A priced offer."""

    OPEN = "open"  # reserves nothing
    HELD = "held"  # its nodes are kept until a stated time
    TAKEN = "taken"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OrderState(StrEnum):
    """The acceptance of an offer."""

    PLACED = "placed"  # not judged yet
    WAITLISTED = "waitlisted"  # judged again and again until it is admitted or its time is up
    ADMITTED = "admitted"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class LeaseState(StrEnum):
    """Whole nodes held by one tenant."""

    BOOKED = "booked"  # promised for a later start; it holds no node yet
    STARTING = "starting"  # its nodes are being made ready; nothing is billed
    RUNNING = "running"
    NOTICED = "noticed"  # the taking back has been announced
    ENDED = "ended"  # every promise kept
    BROKEN = "broken"  # taken back before the end of its firm time
    FAILED = "failed"  # a node failed, or could not be had


class HoldingState(StrEnum):
    """What a node is, and in whose hands."""

    FREE = "free"
    INTERNAL = "internal"  # the owner's jobs run on it
    LEASED = "leased"
    NOTICED = "noticed"  # leased, under notice
    DRAINING = "draining"  # between a holder's going and sanitising
    SANITISING = "sanitising"  # of a starting lease when it names one, else after a holder
    FAILED = "failed"


_Q, _O, _L, _H = QuoteState, OrderState, LeaseState, HoldingState

QUOTE_MOVES: Final[Mapping[QuoteState, frozenset[QuoteState]]] = MappingProxyType(
    {
        _Q.OPEN: frozenset({_Q.HELD, _Q.TAKEN, _Q.EXPIRED, _Q.WITHDRAWN}),
        _Q.HELD: frozenset({_Q.OPEN, _Q.TAKEN, _Q.EXPIRED, _Q.WITHDRAWN}),
        _Q.TAKEN: frozenset(),
        _Q.EXPIRED: frozenset(),
        _Q.WITHDRAWN: frozenset(),
    }
)
ORDER_MOVES: Final[Mapping[OrderState, frozenset[OrderState]]] = MappingProxyType(
    {
        _O.PLACED: frozenset({_O.WAITLISTED, _O.ADMITTED, _O.REFUSED, _O.CANCELLED}),
        _O.WAITLISTED: frozenset({_O.ADMITTED, _O.REFUSED, _O.CANCELLED}),
        _O.ADMITTED: frozenset(),
        _O.REFUSED: frozenset(),
        _O.CANCELLED: frozenset(),
    }
)
LEASE_MOVES: Final[Mapping[LeaseState, frozenset[LeaseState]]] = MappingProxyType(
    {
        _L.BOOKED: frozenset({_L.STARTING, _L.ENDED, _L.BROKEN, _L.FAILED}),
        _L.STARTING: frozenset({_L.RUNNING, _L.NOTICED, _L.ENDED, _L.BROKEN, _L.FAILED}),
        _L.RUNNING: frozenset({_L.NOTICED, _L.ENDED, _L.BROKEN, _L.FAILED}),
        _L.NOTICED: frozenset({_L.ENDED, _L.BROKEN, _L.FAILED}),
        _L.ENDED: frozenset(),
        _L.BROKEN: frozenset(),
        _L.FAILED: frozenset(),
    }
)
HOLDING_MOVES: Final[Mapping[HoldingState, frozenset[HoldingState]]] = MappingProxyType(
    {
        _H.FREE: frozenset({_H.INTERNAL, _H.SANITISING, _H.DRAINING, _H.FAILED}),
        _H.INTERNAL: frozenset({_H.FREE, _H.DRAINING, _H.SANITISING, _H.FAILED}),
        _H.SANITISING: frozenset({_H.LEASED, _H.DRAINING, _H.FREE, _H.INTERNAL, _H.FAILED}),
        _H.LEASED: frozenset({_H.NOTICED, _H.DRAINING, _H.FAILED}),
        _H.NOTICED: frozenset({_H.DRAINING, _H.FAILED}),
        _H.DRAINING: frozenset({_H.SANITISING, _H.FREE, _H.INTERNAL, _H.FAILED}),
        _H.FAILED: frozenset({_H.DRAINING, _H.SANITISING, _H.FREE, _H.INTERNAL}),
    }
)

LIVE_LEASES: Final = frozenset({_L.BOOKED, _L.STARTING, _L.RUNNING, _L.NOTICED})
"""States of a lease that counts in the quota."""

BILLABLE: Final = frozenset({_H.LEASED, _H.NOTICED})
"""States of a holding in which its tenant has the node."""

S = TypeVar("S", bound=StrEnum)


def may_move(moves: Mapping[S, frozenset[S]], before: S, after: S) -> bool:
    """Whether a table of moves allows one."""
    return after in moves[before]
