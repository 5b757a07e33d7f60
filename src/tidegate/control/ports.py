"""What the running system asks of the world: a clock, drivers, feeds. Stores are declared beside their users.

Times are whole seconds since the epoch, on the clock of :class:`Clock`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Clock(Protocol):
    """The only source of the domain's time.

    Deadlines of network calls, sessions, keys and leadership are not the domain's: a clock that runs 600
    times as fast must not end them.
    """

    def now_s(self) -> int:
        """Return the time."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait for so many of this clock's seconds, or until it is stopped."""
        ...


class NodeState(StrEnum):
    """What a driver sees a node doing."""

    FREE = "free"
    INTERNAL = "internal"
    LEASED = "leased"
    DRAINING = "draining"
    SANITISING = "sanitising"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NodeFact:
    """A node as a driver sees it.

    Attributes
    ----------
    node : str
        Its name, unique in the pool.
    state : NodeState
    lease_id : str or None
        The lease that holds it, or that it is being made ready for.
    since_s : int
        Since when.
    is_clean : bool
        Whether nobody has held it since it was last sanitised; a driver that cannot tell says False.
    note : str
        What the driver adds, for people.
    is_left : bool
        Of a leased node under notice: whether its tenant's work has been saved and has ended, as its product has it.
    """

    node: str
    state: NodeState
    lease_id: str | None
    since_s: int
    is_clean: bool = False
    note: str = ""
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class InternalDemand:
    """What the owner's own jobs hold and wait for, in whole nodes.

    Attributes
    ----------
    busy_nodes : int
        Nodes with at least one internal job.
    pending_nodes : int
        Nodes that waiting jobs ask for: whole nodes, and the GPUs of smaller jobs added up and rounded up.
    waiting_jobs : int
    widest_nodes : int
        Nodes that the widest waiting job asks for; 0 from a driver that cannot tell, or when none takes whole nodes.
    started_jobs, late_jobs : int
        Jobs started since the driver was, and those of them that had waited beyond the recall floor while
        nodes were leased.
    """

    busy_nodes: int
    pending_nodes: int = 0
    waiting_jobs: int = 0
    started_jobs: int = 0
    late_jobs: int = 0
    widest_nodes: int = 0


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool as its driver sees it.

    Attributes
    ----------
    pool : str
    at_s : int
        When it was seen.
    nodes : tuple of NodeFact
        Every node of the pool, in the order in which internal jobs fill them.
    waiting : InternalDemand
    drift : tuple of str
        What somebody has changed by hand and is not a node's, and what was done about it; for as long as it is so.
    """

    pool: str
    at_s: int
    nodes: tuple[NodeFact, ...]
    waiting: InternalDemand
    drift: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give nodes to a tenant: sanitise those that are not clean, then let the tenant in, on all at once."""

    token: str
    pool: str
    lease_id: str
    tenant_id: str
    product: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Warn the tenant's workload now: the nodes will be taken."""

    token: str
    pool: str
    lease_id: str
    nodes: tuple[str, ...]
    take_at_s: int


@dataclass(frozen=True, slots=True)
class Take:
    """Have the nodes leave the tenant, whatever runs there."""

    token: str
    pool: str
    lease_id: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sanitise:
    """Begin to sanitise nodes; the facts show when they are done (free and clean) or have failed."""

    token: str
    pool: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Put nodes, once sanitised, to internal use again."""

    token: str
    pool: str
    nodes: tuple[str, ...]


Command = HandOver | Notice | Take | Sanitise | GiveBack


class Driver(Protocol):
    """The scheduler of one or more pools.

    A command may come twice with the same token; the second time changes nothing. A driver refuses to hand over
    nodes of a pool that may not be leased. What cannot be done raises
    :class:`~tidegate.errors.DriverError`, and then nothing of the command has been done.
    """

    def facts(self, pool: str) -> PoolFacts:
        """Look at a pool."""
        ...

    def hand_over(self, command: HandOver) -> None:
        """Give nodes to a tenant."""
        ...

    def notice(self, command: Notice) -> None:
        """Warn a tenant's workload."""
        ...

    def take(self, command: Take) -> None:
        """Take nodes from a tenant."""
        ...

    def sanitise(self, command: Sanitise) -> None:
        """Begin to sanitise nodes."""
        ...

    def give_back(self, command: GiveBack) -> None:
        """Put nodes to internal use."""
        ...


@runtime_checkable
class CapsQuota(Protocol):
    """A driver that can be held to the quota: a second lock, should a command come out of turn.

    Until it is told, nothing limits it. It is told again after each of its restarts, and whenever the quota changes.
    """

    def set_leasable(self, pool: str, nodes: int) -> None:
        """Lend no more nodes than these from now on: a hand-over that would is refused with ``TG-DRIVER-QUOTA``.

        Nothing is taken from anybody.
        """
        ...


@runtime_checkable
class Stirs(Protocol):
    """A driver in which things come to pass by themselves, and that says so: then it is looked at at once."""

    def on_stir(self, call: Callable[[], None]) -> None:
        """Have this called, from any thread, when a look would show something new."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A driver that keeps in mind what it has done, in case its scheduler forgets it."""

    def forget(self) -> None:
        """Take in, from any thread and at once, that another leader may have acted since."""
        ...


@dataclass(frozen=True, slots=True)
class DemandPoint:
    """Internal demand at a moment of the past, in nodes."""

    at_s: int
    demand_nodes: int


class Feed(Protocol):
    """The history of internal demand, for a forecast that begins with more than nothing."""

    def demand(self, pool: str, since_s: int) -> Iterable[DemandPoint]:
        """Return demand from ``since_s`` on, in order of time."""
        ...
