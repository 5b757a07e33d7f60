"""What people look at: questions to the running system that change nothing, each held to who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tidegate.control.access import Reach
from tidegate.fleet.tier import Tier
from tidegate.lease.events import Event
from tidegate.lease.lease import Holding, Lease, Order, Quote
from tidegate.lease.states import HoldingState, OrderState, QuoteState


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool, and how its driver is doing.

    Attributes
    ----------
    id, site, chip : str
    tier : Tier
    nodes, gpus_per_node, sanitise_s : int
    facts_at_s : int or None
        When its driver was last heard of.
    is_stale : bool
    trouble : str
        What the driver last failed at.
    drift : str
        What somebody has changed by hand in its scheduler.
    pending_nodes : int
        Nodes that internal jobs wait for now.
    """

    id: str
    site: str
    chip: str
    tier: Tier
    nodes: int
    gpus_per_node: int
    sanitise_s: int
    facts_at_s: int | None
    is_stale: bool
    trouble: str
    drift: str = ""
    pending_nodes: int = 0


@dataclass(frozen=True, slots=True)
class TickRow:
    """Internal demand at a tick."""

    tick: int
    demand_nodes: int
    busy_nodes: int
    pending_nodes: int
    failed_nodes: int


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision with the snapshot that it was made on.

    Attributes
    ----------
    id, pool_id : str
    at_s : int
    snapshot : bytes
        Packed; :func:`tidegate.control.packing.read_snapshot` opens it.
    plan : mapping
    """

    id: str
    pool_id: str
    at_s: int
    snapshot: bytes
    plan: dict[str, object]


class Held(NamedTuple):
    """Nodes that a lease of a product held, from one moment to another (None: still so)."""

    product: str
    nodes: int
    from_s: int
    to_s: int | None


class ViewStore(Protocol):
    """Where it is looked up. What takes a reach finds nothing beyond it."""

    def pools(self) -> list[PoolRow]:
        """Pools in order of their ids."""
        ...

    def holdings(self, pool_id: str) -> list[Holding]:
        """Open holdings of a pool."""
        ...

    def holding_counts(self, pool_id: str) -> Mapping[HoldingState, int]:
        """How many nodes of a pool are in each state."""
        ...

    def holding(self, pool_id: str, node: str) -> Holding | None:
        """A node's open holding."""
        ...

    def latest_tick(self, pool_id: str) -> TickRow | None:
        """The latest tick of a pool."""
        ...

    def nodes_of(self, lease_id: str, reach: Reach) -> list[str]:
        """Nodes that a lease holds now, in order of their names."""
        ...

    def ticks(self, pool_id: str, since_tick: int) -> list[TickRow]:
        """Demand of a pool from a tick on, in order."""
        ...

    def live_leases(self, reach: Reach, pool_id: str | None = None) -> list[Lease]:
        """Leases that hold nodes, or are about to."""
        ...

    def leases(
        self, reach: Reach, *, live: bool | None, before_id: str | None, limit: int
    ) -> list[Lease]:
        """Leases, the youngest first, from behind one; all, or those that live or do not."""
        ...

    def held_between(self, pool_id: str, from_s: int, to_s: int) -> list[Held]:
        """What leases of a pool held at some time between."""
        ...

    def broken_since(self, pool_id: str, since_s: int) -> list[Lease]:
        """Leases of a pool whose promise was broken since then."""
        ...

    def promised(self, pool_id: str) -> tuple[int, int]:
        """Firm node-seconds of a pool sold so far, and those of them not kept."""
        ...

    def lease(self, lease_id: str, reach: Reach) -> Lease | None:
        """A lease."""
        ...

    def orders(
        self, reach: Reach, states: Sequence[OrderState], *, since_s: int, limit: int
    ) -> list[Order]:
        """Orders in these states placed since then, the youngest first."""
        ...

    def quotes(self, reach: Reach, states: Sequence[QuoteState], limit: int) -> list[Quote]:
        """Quotes in these states, the youngest first."""
        ...

    def orders_page(
        self, reach: Reach, state: OrderState | None, before_id: str | None, limit: int
    ) -> list[Order]:
        """Orders, the youngest first, from behind one; all, or those in a state."""
        ...

    def order(self, order_id: str, reach: Reach) -> Order | None:
        """An order."""
        ...

    def quotes_page(
        self, reach: Reach, state: QuoteState | None, before_id: str | None, limit: int
    ) -> list[Quote]:
        """Quotes, the youngest first, from behind one; all, or those in a state."""
        ...

    def quote(self, quote_id: str, reach: Reach) -> Quote | None:
        """A quote."""
        ...

    def decision(self, decision_id: str) -> DecisionRow | None:
        """A decision."""
        ...

    def packed_snapshot(self, decision_id: str) -> bytes:
        """The snapshot of a decision that another names."""
        ...

    def latest_decision(self, pool_id: str) -> DecisionRow | None:
        """The latest decision of a pool."""
        ...

    def events(self, subject: str, reach: Reach, limit: int) -> list[Event]:
        """Events of a thing, in order; the latest ones when there are more."""
        ...

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """Events after a number, whosoever they are: for those who tell each their own."""
        ...

    def last_event(self) -> int:
        """Number of the latest event; 0 before the first."""
        ...
