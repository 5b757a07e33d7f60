"""What one step of the loop writes, all of it in one transaction or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tidegate.control.ports import Command
from tidegate.control.wishes import Wish
from tidegate.lease.events import Event
from tidegate.lease.lease import Holding, Lease, Order, Quote
from tidegate.quota import BACK_OFF_S, level_called_for

CALLED_FOR: Final = "called_for"
"""Where a decision's plan names the internal demand that leases were called back for."""

KEPT_OUT: Final = "kept_out"
"""Where a decision's plan names the offers that promises kept out: a later leader counts them again."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A command with its place in its pool's outbox."""

    number: int
    command: Command
    lease_id: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and on what.

    Attributes
    ----------
    id : str
    pool_id : str
    at_s : int
    snapshot : bytes
        Packed; :func:`tidegate.control.packing.read_snapshot` opens it.
    plan : mapping
        The plan with its reasons, as plain data.
    """

    id: str
    pool_id: str
    at_s: int
    snapshot: bytes
    plan: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """Internal demand at a tick of the grid."""

    pool_id: str
    tick: int
    demand_nodes: int
    busy_nodes: int
    pending_nodes: int
    failed_nodes: int


@dataclass(frozen=True, slots=True)
class Watch:
    """How a pool's driver is doing.

    Attributes
    ----------
    facts_at_s : int or None
        When the pool was last seen.
    is_stale : bool
        Whether that is too long ago to sell anything.
    trouble : str
        What the driver last failed at; empty when all is well.
    started_jobs, late_jobs : int
        Internal jobs started so far, and those of them that were late.
    drift : str
        What somebody has changed by hand, as the driver last showed it; empty when nothing.
    pending_nodes : int
        Nodes that internal jobs wait for, as it was last seen.
    """

    facts_at_s: int | None = None
    is_stale: bool = True
    trouble: str = ""
    started_jobs: int = 0
    late_jobs: int = 0
    drift: str = ""
    pending_nodes: int = 0


@dataclass(frozen=True, slots=True)
class Calm:
    """After a recall: what is kept for internal work to come back.

    Attributes
    ----------
    level : int
        The internal demand that a recall was made for, in nodes.
    until_s : int
        Until when it counts.
    """

    level: int = 0
    until_s: int = 0

    def called_for(self, demand: int, now_s: int) -> "Calm":
        """Return what counts after a recall for such an internal demand."""
        level = level_called_for(self.level, self.until_s, demand, now_s)
        return Calm(level, now_s + BACK_OFF_S)


@dataclass
class Changes:
    """What a step has come to.

    A thing that moves twice stands here once, as it came out; its events tell both moves.

    Attributes
    ----------
    events : list of Event
    quotes, orders, leases : dict
        By id, as they now are.
    new_orders, new_leases : set of str
        Ids of those that were not there before.
    closed, opened : dict
        By node: the holding as it was kept in the tables with its end, and the one that is open now.
    past : list of Holding
        Holdings that began and ended within the step.
    commands : list of Numbered
    decisions : list of Decision
    ticks : list of Tick
    watch : Watch or None
    wishes : list of Wish
        Granted or refused.
    """

    events: list[Event] = field(default_factory=list)
    quotes: dict[str, Quote] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    new_orders: set[str] = field(default_factory=set)
    new_leases: set[str] = field(default_factory=set)
    closed: dict[str, Holding] = field(default_factory=dict)
    opened: dict[str, Holding] = field(default_factory=dict)
    past: list[Holding] = field(default_factory=list)
    commands: list[Numbered] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    watch: Watch | None = None
    wishes: list[Wish] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.events
            or self.orders
            or self.leases
            or self.opened
            or self.commands
            or self.ticks
            or self.watch
            or self.wishes
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What the tables know of a pool: what a new leader begins with.

    Attributes
    ----------
    leases : sequence of Lease
        Those that live, in order of their numbers.
    holdings : sequence of Holding
        Those that are open.
    waitlist : sequence of Order
    commands : sequence of Numbered
        Those not done yet, in order.
    last_command, last_lease : int
        The highest numbers given so far.
    ticks : sequence of (int, int)
        Tick and demand, in order.
    sold_s, broken_s : int
        Firm node-seconds sold so far, and those of them not kept.
    watch : Watch
    calm : Calm
        As of the latest recalls.
    kept_out : sequence of (int, int, int)
        Offers that promises kept out of late: tick, horizon and price of each.
    """

    leases: Sequence[Lease]
    holdings: Sequence[Holding]
    waitlist: Sequence[Order]
    commands: Sequence[Numbered]
    last_command: int
    last_lease: int
    ticks: Sequence[tuple[int, int]]
    sold_s: int
    broken_s: int
    watch: Watch
    calm: Calm = field(default_factory=Calm)
    kept_out: Sequence[tuple[int, int, int]] = ()
