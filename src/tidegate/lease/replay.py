"""From events to the state that they lead to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tidegate.lease.events import LEASE_CHANGED, NODES_MOVED, Event
from tidegate.lease.lease import Holding, Lease, Order, Quote, Recorded, typed
from tidegate.lease.states import (
    HOLDING_MOVES,
    LEASE_MOVES,
    ORDER_MOVES,
    QUOTE_MOVES,
    HoldingState,
    may_move,
)

_KINDS: Final[Mapping[str, tuple[type[Any], Mapping[Any, Any]]]] = {
    "quote": (Quote, QUOTE_MOVES),
    "order": (Order, ORDER_MOVES),
    "lease": (Lease, LEASE_MOVES),
}


@dataclass
class Life:
    """Everything that events tell of.

    Attributes
    ----------
    things : dict
        Quotes, orders and leases by id.
    holdings : dict
        The open holding of each (pool, node).
    past : list of Holding
        Holdings that are over, in the order in which they ended.
    """

    things: dict[str, Quote | Order | Lease] = field(default_factory=dict)
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)
    past: list[Holding] = field(default_factory=list)


def _move_nodes(life: Life, event: Event) -> None:
    data = event.data
    state, since_s = HoldingState(data["state"]), data["since_s"]
    for node in data["nodes"]:
        key = (event.subject, node)
        before = life.holdings.get(key)
        if before is not None:
            if before.state is not state and not may_move(HOLDING_MOVES, before.state, state):
                raise ValueError(f"event {event.seq}: {node} goes from {before.state} to {state}")
            life.past.append(replace(before, until_s=since_s))
        life.holdings[key] = Holding(event.subject, node, state, data["lease_id"], since_s)


def _move_thing(life: Life, event: Event, cls: type[Recorded], moves: Mapping[Any, Any]) -> None:
    before: Any = life.things.get(event.subject)
    if before is None:
        life.things[event.subject] = cls.from_data(event.data)  # type: ignore[assignment]
        return
    after = replace(before, **typed(cls, event.data))
    if event.kind != LEASE_CHANGED and not may_move(moves, before.state, after.state):
        raise ValueError(
            f"event {event.seq}: {event.subject} goes from {before.state} to {after.state}"
        )
    life.things[event.subject] = after


def replay(events: Iterable[Event]) -> Life:
    """Return the state that events lead to.

    Parameters
    ----------
    events : iterable of Event
        In order of their numbers, from the first.

    Raises
    ------
    ValueError
        When an event tells of a move that the table of states does not allow.
    """
    life = Life()
    for event in events:
        if event.kind == NODES_MOVED:
            _move_nodes(life, event)
            continue
        known = _KINDS.get(event.kind.partition(".")[0])
        if known is not None:
            _move_thing(life, event, *known)
    return life
