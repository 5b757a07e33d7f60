"""What is asked of the events by those who tell others of them."""

from collections.abc import Collection, Sequence
from typing import Protocol

from tidegate.control.access import Reach
from tidegate.lease.events import Event
from tidegate.lease.lease import Lease


class EventStore(Protocol):
    """Events, read in order."""

    def last(self) -> int:
        """Number of the last event that is there; 0 in the beginning."""
        ...

    def after(
        self, seq: int, limit: int, *, until: int, kinds: Collection[str] | None = None
    ) -> list[Event]:
        """Everybody's events behind one number and up to another, in order; of all kinds, or of some."""
        ...

    def page(
        self,
        reach: Reach,
        before_seq: int | None,
        limit: int,
        *,
        kind: str | None = None,
        subject: str | None = None,
    ) -> list[Event]:
        """Events within reach, youngest first, from behind ``before_seq``."""
        ...

    def add(self, events: Sequence[Event]) -> None:
        """Write events; the last thing in a transaction."""
        ...

    def ending(self, from_s: int, until_s: int) -> list[Lease]:
        """Live leases whose wanted end lies behind ``from_s`` and not behind ``until_s``."""
        ...
