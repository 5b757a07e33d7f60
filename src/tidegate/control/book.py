"""One pool's state in the leader's memory, and the moves that can be made in it.

The book is changed first and written afterwards: its journal gives what has changed, to be written in one transaction.
When that fails the book is thrown away and made anew from the tables.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tidegate.control.changes import Kept, Watch
from tidegate.control.curve import engine_of
from tidegate.control.heldrows import HeldRows
from tidegate.control.journal import Journal
from tidegate.control.pools import LivePool
from tidegate.control.ports import NodeFact
from tidegate.control.roster import Roster
from tidegate.control.steering import Leasing, Steering
from tidegate.lease.events import LEASE_CHANGED, LOOP, NODES_MOVED
from tidegate.lease.lease import Holding, Lease, Order, Quote
from tidegate.lease.states import (
    HOLDING_MOVES,
    LEASE_MOVES,
    ORDER_MOVES,
    QUOTE_MOVES,
    HoldingState,
    LeaseState,
    OrderState,
    QuoteState,
    may_move,
)
from tidegate.quota import Record


class Book:
    """A pool as the leader knows it.

    Parameters
    ----------
    pool : LivePool
    kept : Kept
        What the tables know.
    steering : Steering
        What operators have said of the pool.

    Attributes
    ----------
    leases : dict of str to Lease
        Those that hold nodes, or are about to, in order of their numbers.
    booked : dict of str to Lease
        Those that are promised for a later start.
    roster : Roster
        The nodes, and which of them each live lease has.
    journal : Journal
        What has happened since the last turn.
    rows : HeldRows
        The leases as decisions read them.
    settled : dict of str to NodeFact
        Facts of nodes that the book has just as they say, by node; a node that moves leaves it.
    holds : dict of str to Quote
        Quotes whose nodes are kept, as of the last look.
    waitlist : dict of str to Order
    engine : Engine
    curve : int64 array
        As of the latest tick.
    refusals : Counter of str
        By lease, how often the driver refused nodes that were to replace others.
    clean : set of str
        Nodes that nobody has held since they were sanitised.
    busy, pending, waiting : int
        Nodes that internal jobs hold, and that waiting ones ask for; how many such jobs there are.
    widest : int
        Nodes that the widest waiting internal job asks for.
    calm : Calm
        What is kept for internal work to come back.
    short_since_s : int
        Since when internal work has lacked nodes that no lease was about to free; -1 when it does not.
    watch : Watch
    """

    def __init__(self, pool: LivePool, kept: Kept, steering: Steering) -> None:
        self.pool = pool.steered(steering)
        self.steering = steering
        self.booked = {lease.id: lease for lease in kept.leases if lease.state is LeaseState.BOOKED}
        running = [lease for lease in kept.leases if lease.state is not LeaseState.BOOKED]
        self.leases = {lease.id: lease for lease in running}
        self.rows = HeldRows(self.pool, running)
        self.roster = Roster(kept.holdings, self.leases)
        self.roster.spare(steering.quarantined)
        self.journal = Journal(kept.commands, kept.last_command)
        self.settled: dict[str, NodeFact] = {}
        self.holds: dict[str, Quote] = {}
        self.waitlist = {order.id: order for order in kept.waitlist}
        self.refusals: Counter[str] = Counter()
        self.clean: set[str] = set()
        self.watch = kept.watch
        self.busy = 0
        self.pending = 0
        self.widest = 0
        self.calm = kept.calm
        self.short_since_s = -1
        self.waiting = 0
        self._last_lease = kept.last_lease
        self._sold_s, self._broken_s = kept.sold_s, kept.broken_s
        self.engine = engine_of(self.pool, kept.ticks)
        self.engine.recall_refused(kept.kept_out)
        self.curve = self.engine.curve(self.roster.lost)
        self._leasable = 0
        self._leasable_tick: int | None = None

    @property
    def record(self) -> Record:
        """What was promised and kept so far."""
        return Record(self._sold_s, self._broken_s, self.watch.started_jobs, self.watch.late_jobs)

    @property
    def holdings(self) -> Mapping[str, Holding]:
        """The open holding of each node."""
        return self.roster.holdings

    def leasable(self) -> int:
        """Return how many nodes may be leased at most: renewed at a tick, and never below what is leased.

        That is the quota at the shortest horizon, or more while more is idle: leases whose nodes are back within the
        recall floor count at no horizon. Where leasing is not open, nothing is added to what is leased.
        """
        leased = self.rows.nodes
        if self.steering.leasing is not Leasing.OPEN:
            self._leasable, self._leasable_tick = 0, None
        elif self.engine.tick != self._leasable_tick:
            self._leasable_tick = self.engine.tick
            spare = max(0, len(self.roster.lendable) - self.pending)
            self._leasable = max(int(self.curve[0]), leased + spare)
        return max(self._leasable, leased)

    # ------------------------------------------------------------------------------------------------------- moves

    def enter(self, order: Order) -> None:
        """Take in an order that has no row yet; :meth:`place` follows."""
        self.journal.order(order, is_new=True)

    def place(self, order: Order) -> None:
        """Take in an order that was placed: it has its row, or is entered; now it has its event."""
        self.journal.tell(
            f"order.{OrderState.PLACED}",
            order.id,
            order.as_data(),
            order.placed_s,
            actor=order.actor,
            tenant_id=order.tenant_id,
        )

    def move_order(
        self, order: Order, state: OrderState, at_s: int, actor: str = LOOP, **changed: Any
    ) -> Order:
        """Move an order; return it as it now is."""
        _allow(may_move(ORDER_MOVES, order.state, state), order.id, order.state, state)
        changed |= {"state": state, "version": order.version + 1}
        moved = replace(order, **changed)
        self.journal.order(moved)
        self.waitlist.pop(order.id, None)
        if state is OrderState.WAITLISTED:
            self.waitlist[order.id] = moved
        self.journal.tell(
            f"order.{state}",
            order.id,
            changed,
            at_s,
            actor=actor,
            tenant_id=order.tenant_id,
            decision_id=changed.get("decision_id"),
        )
        return moved

    def move_quote(self, quote: Quote, state: QuoteState, at_s: int, **changed: Any) -> Quote:
        """Move a quote; return it as it now is."""
        _allow(may_move(QUOTE_MOVES, quote.state, state), quote.id, quote.state, state)
        changed |= {"state": state, "version": quote.version + 1}
        moved = replace(quote, **changed)
        self.journal.quote(moved)
        self.journal.tell(f"quote.{state}", quote.id, changed, at_s, tenant_id=quote.tenant_id)
        return moved

    def next_lease_number(self) -> int:
        """Return the number of the next lease."""
        self._last_lease += 1
        return self._last_lease

    def add_lease(self, lease: Lease, decision_id: str) -> None:
        """Admit a lease."""
        if lease.state is LeaseState.BOOKED:
            self.booked[lease.id] = lease
        else:
            self._begin(lease)
        self._sold_s += lease.nodes * lease.firm_s
        self.journal.lease(lease, is_new=True)
        self.journal.tell(
            f"lease.{lease.state}",
            lease.id,
            lease.as_data(),
            lease.admitted_s,
            tenant_id=lease.tenant_id,
            decision_id=decision_id,
        )

    def _begin(self, lease: Lease) -> None:
        self.leases[lease.id] = lease
        self.roster.begin(lease.id)
        self.rows.add(lease)

    def move_lease(self, lease: Lease, state: LeaseState, at_s: int, **changed: Any) -> Lease:
        """Move a lease; return it as it now is. One that does not live any more leaves the book."""
        _allow(may_move(LEASE_MOVES, lease.state, state), lease.id, lease.state, state)
        return self._change_lease(lease, f"lease.{state}", at_s, changed | {"state": state})

    def change_lease(self, lease: Lease, at_s: int, **changed: Any) -> Lease:
        """Change a lease in the state that it is in."""
        return self._change_lease(lease, LEASE_CHANGED, at_s, changed)

    def _change_lease(self, lease: Lease, kind: str, at_s: int, changed: dict[str, Any]) -> Lease:
        more = {name: changed.pop(name) for name in ("actor", "decision_id") if name in changed}
        changed["version"] = lease.version + 1
        moved = replace(lease, **changed)
        self.journal.lease(moved)
        if moved.state is LeaseState.BOOKED:
            self.booked[lease.id] = moved
        elif self.booked.pop(lease.id, None) is not None:
            if moved.is_live:
                self._begin(moved)
        elif moved.is_live:
            self.leases[lease.id] = moved
            self.rows.change(moved)
        else:
            del self.leases[lease.id]
            self.rows.remove(lease)
            self.refusals.pop(lease.id, None)
            self.roster.end(lease.id)
        self._broken_s += moved.nodes * moved.broken_s + moved.lost_s - lease.lost_s
        self.journal.tell(kind, lease.id, changed, at_s, tenant_id=lease.tenant_id, **more)
        return moved

    def move_nodes(
        self,
        nodes: Iterable[str],
        state: HoldingState,
        since_s: int,
        *,
        lease_id: str | None = None,
        at_s: int | None = None,
    ) -> None:
        """Move nodes into a state, in which they have been since ``since_s``."""
        moved: list[str] = []
        tenant_id = self.leases[lease_id].tenant_id if lease_id in self.leases else None
        for node in nodes:
            before = self.holdings.get(node)
            if before is not None:
                if before.state is state and before.lease_id == lease_id:
                    continue
                _allow(may_move(HOLDING_MOVES, before.state, state), node, before.state, state)
                since_s = max(since_s, before.since_s)
            moved.append(node)
        for node in moved:
            holding = Holding(self.pool.id, node, state, lease_id, since_s)
            self.journal.held(self.roster.hold(holding), holding)
            self.settled.pop(node, None)
        if moved:
            data = {"state": state, "lease_id": lease_id, "since_s": since_s, "nodes": moved}
            self.journal.tell(
                NODES_MOVED,
                self.pool.id,
                data,
                since_s if at_s is None else at_s,
                tenant_id=tenant_id,
            )

    def steer(self, steering: Steering) -> None:
        """Follow what an operator has said, as far as it does not change the forecast."""
        self.steering = steering
        self.roster.spare(steering.quarantined)
        self.curve = self.engine.curve(self.roster.lost)

    def watch_driver(self, watch: Watch) -> None:
        """Take note of how the driver is doing."""
        if watch != self.watch:
            self.watch = watch
            self.journal.watched(watch)


def _allow(allowed: bool, what: str, before: str, after: str) -> None:  # noqa: FBT001
    if not allowed:
        raise ValueError(f"{what} cannot go from {before} to {after}")
