"""What the driver is told about a site: which nodes are which pool, who the tenants are, how a node is wiped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from tidegate.fleet import Tier

PREFIX: Final = "tg-"
"""What the name of every object in Slurm begins with that is ours."""


class OnTake(StrEnum):
    """What becomes of a tenant's job whose nodes are taken."""

    CANCEL = "cancel"
    """It ends."""
    REQUEUE = "requeue"
    """It waits again, and starts anew when its lease has nodes for it."""
    CHECKPOINT = "checkpoint"
    """It saves its work and ends by itself, and then its lease's nodes are taken at once; else as ``requeue``."""

    @property
    def waits_again(self) -> bool:
        """Whether a job that is there at the end of a notice is to wait again."""
        return self is not OnTake.CANCEL


class Drift(StrEnum):
    """What is done about changes made by hand."""

    REPAIR = "repair"
    """What Tidegate had set is set again."""
    RESPECT = "respect"
    """They stand, and are shown; a lease that lost its nodes by them ends."""


@dataclass(frozen=True)
class SlurmPool:
    """A pool, as Slurm knows it.

    Attributes
    ----------
    id : str
    nodes : tuple of str
        Names of its nodes, in the order in which internal jobs fill them.
    gpu_type : str
        As the site names it; empty when GPUs have no type.
    gpus_per_node : int
    tier : Tier
    """

    id: str
    nodes: tuple[str, ...]
    gpu_type: str
    gpus_per_node: int
    tier: Tier

    @property
    def lease_name(self) -> str:
        """Name of the partition and of the QOS of its leases."""
        return f"{PREFIX}{self.id}".lower()


@dataclass(frozen=True)
class ProductRule:
    """How jobs under a product are warned and taken.

    Attributes
    ----------
    on_take : OnTake
    signal : str
        Sent at the start of a notice.
    """

    on_take: OnTake = OnTake.CANCEL
    signal: str = "TERM"


@dataclass(frozen=True)
class WipeHook:
    """The site's way of sanitising a node.

    Attributes
    ----------
    argv : tuple of str
        Program and arguments; the node's name is added as the last one. It must be harmless when run again.
    timeout_s : float
        After this it is ended, and the node counts as not wiped.
    at_once : int
        How many run side by side.
    """

    argv: tuple[str, ...]
    timeout_s: float = 900.0
    at_once: int = 32


@dataclass(frozen=True)
class SlurmSite:
    """A cluster.

    Attributes
    ----------
    pools : tuple of SlurmPool
        A node stands in at most one.
    wipe : WipeHook
    products : mapping of str to ProductRule
        By product; others are warned with SIGTERM and cancelled.
    drift : Drift
    late_after_s : int
        An internal job that waited longer while nodes were leased counts as late.
    watch_per_s : int
        How many times a second slurmctld is asked whether jobs were submitted, while nodes are lent; 0 for never.
    """

    pools: tuple[SlurmPool, ...]
    wipe: WipeHook
    products: Mapping[str, ProductRule] = field(default_factory=dict)
    drift: Drift = Drift.REPAIR
    late_after_s: int = 900
    watch_per_s: int = 4

    @cached_property
    def pool_of_node(self) -> Mapping[str, SlurmPool]:
        """The pool that a node stands in."""
        return {node: pool for pool in self.pools for node in pool.nodes}

    def pool(self, name: str) -> SlurmPool | None:
        """Return a pool by its id."""
        return next((pool for pool in self.pools if pool.id == name), None)

    def rule(self, product: str) -> ProductRule:
        """Return how jobs under a product are treated."""
        return self.products.get(product, ProductRule())


def account_of(tenant_id: str) -> str:
    """Return the account of a tenant; Slurm writes accounts in lower case."""
    return f"{PREFIX}{tenant_id}".lower()


def reservation_of(lease_id: str) -> str:
    """Return the name of a lease's reservation."""
    return f"{PREFIX}{lease_id}"


def lease_of(reservation: str) -> str | None:
    """Return the lease that a reservation is for; None when it is none of ours."""
    return reservation.removeprefix(PREFIX) if reservation.startswith(PREFIX) else None
