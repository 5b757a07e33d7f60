"""What has happened in a pool since the last turn, to be written in one transaction."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tidegate.control.changes import Changes, Decision, Numbered, Tick, Watch
from tidegate.control.packing import Packer
from tidegate.control.ports import Command
from tidegate.control.wishes import Wish
from tidegate.lease.events import LOOP, Event
from tidegate.lease.lease import Holding, Lease, Order, Quote, plain


class Journal:
    """Events, commands, decisions and rows, as they come.

    Parameters
    ----------
    commands : iterable of Numbered
        Those not done yet.
    last_command : int
        The highest number given to one so far.

    Attributes
    ----------
    fence : dict of str to int
        The last command that touches a node: facts seen before it was carried out say nothing of the node.
    packer : Packer
        Packs the snapshots of decisions.
    """

    def __init__(self, commands: Iterable[Numbered], last_command: int) -> None:
        self.fence: dict[str, int] = {}
        self.packer = Packer()
        self._last_command = last_command
        self._changes = Changes()
        for each in commands:
            self._raise_fence(each)

    @property
    def has_events(self) -> bool:
        """Whether something has happened since the last turn."""
        return bool(self._changes.events)

    def turn(self) -> Changes:
        """Return what has changed since the last turn, and begin anew."""
        changes, self._changes = self._changes, Changes()
        return changes

    def tell(self, kind: str, subject: str, data: dict[str, Any], at_s: int, **more: Any) -> None:
        """Record an event."""
        actor = more.pop("actor", LOOP)
        self._changes.events.append(Event(at_s, actor, kind, subject, plain(data), **more))

    def command(self, command: Command, lease_id: str | None = None) -> None:
        """Put a command into the outbox."""
        self._last_command += 1
        numbered = Numbered(self._last_command, command, lease_id)
        self._raise_fence(numbered)
        self._changes.commands.append(numbered)

    def _raise_fence(self, numbered: Numbered) -> None:
        for node in numbered.command.nodes:
            self.fence[node] = numbered.number

    def decided(self, decision: Decision) -> None:
        """Keep a decision."""
        self._changes.decisions.append(decision)
        self.packer.written(decision.id)

    def observed(self, tick: Tick) -> None:
        """Keep a tick."""
        self._changes.ticks.append(tick)

    def watched(self, watch: Watch) -> None:
        """Keep how the driver is doing."""
        self._changes.watch = watch

    def granted(self, wish: Wish) -> None:
        """Keep that a wish was granted or refused."""
        self._changes.wishes.append(wish)

    def quote(self, quote: Quote) -> None:
        """Keep a quote as it now is."""
        self._changes.quotes[quote.id] = quote

    def order(self, order: Order, *, is_new: bool = False) -> None:
        """Keep an order as it now is; a new one has no row yet."""
        self._changes.orders[order.id] = order
        if is_new:
            self._changes.new_orders.add(order.id)

    def lease(self, lease: Lease, *, is_new: bool = False) -> None:
        """Keep a lease as it now is; a new one has no row yet."""
        self._changes.leases[lease.id] = lease
        if is_new:
            self._changes.new_leases.add(lease.id)

    def held(self, before: Holding | None, holding: Holding) -> None:
        """Keep that a node has passed from one holding to another."""
        node, changes = holding.node, self._changes
        if before is not None:
            ended = replace(before, until_s=holding.since_s)
            if node in changes.opened:
                changes.past.append(ended)
            else:
                changes.closed[node] = ended
        changes.opened[node] = holding
