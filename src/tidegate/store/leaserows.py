"""Between rows and the lease's things."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from tidegate.control.ports import Command, GiveBack, HandOver, Notice, Sanitise, Take
from tidegate.lease.lease import Holding, Lease, Order, Quote, Recorded, typed
from tidegate.lease.states import HoldingState

R = TypeVar("R", bound=Recorded)

_KINDS: Mapping[str, type[Command]] = {
    "hand-over": HandOver,
    "notice": Notice,
    "take": Take,
    "sanitise": Sanitise,
    "give-back": GiveBack,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def values_of(thing: Quote | Order | Lease | Holding) -> dict[str, Any]:
    """Return a thing's fields as columns."""
    return {each.name: getattr(thing, each.name) for each in fields(thing)}


def thing_of(cls: type[R], row: Mapping[Any, Any]) -> R:
    """Return the thing that a row holds."""
    known = {each.name: row[each.name] for each in fields(cls)}  # type: ignore[arg-type]
    return cls(**typed(cls, known))


def holding_of(row: Mapping[Any, Any]) -> Holding:
    """Return the holding that a row holds."""
    return Holding(
        row["pool_id"],
        row["node"],
        HoldingState(row["state"]),
        row["lease_id"],
        row["since_s"],
        row["until_s"],
    )


def kind_of(command: Command) -> str:
    """Return a command's kind as it stands in the table."""
    return _NAMES[type(command)]


def body_of(command: Command) -> dict[str, Any]:
    """Return a command as plain data."""
    return {each.name: getattr(command, each.name) for each in fields(command)}


def command_of(kind: str, body: Mapping[str, Any]) -> Command:
    """Return the command that a row holds."""
    return _KINDS[kind](**{**body, "nodes": tuple(body["nodes"])})
