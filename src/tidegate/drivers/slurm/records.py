"""A cluster's nodes, reservations and jobs as frozen values, however they were told."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from tidegate.drivers.slurm.hostlist import expand

_KEPT: Final = 1 << 16
"""Texts whose meaning is kept: most of a queue is the same at the next look."""


_HELD: Final = frozenset(("COMPLETING", "BLOCKED"))
"""Flags of a node that no other job may have, whatever its base state."""

_HARMLESS: Final = frozenset(("DRAIN", "RESERVED", "PLANNED"))
"""Flags of a node that is there and empty, and waits to be opened."""


@dataclass(frozen=True)
class Node:
    """A node.

    Attributes
    ----------
    name : str
    state : str
        Its base state, such as ``IDLE``, ``MIXED``, ``ALLOCATED``, ``DOWN``.
    flags : frozenset of str
        What is added to it, such as ``DRAIN``, ``RESERVED``, ``NOT_RESPONDING``.
    gpu_type : str
        Such as ``h100``; empty when the site tells none.
    gpus : int
    partitions : frozenset of str
    comment, reason : str
    reason_s : int
        Since when it is drained or down for that reason, in Unix seconds of slurmctld's clock; 0 when unknown.
    """

    name: str
    state: str
    flags: frozenset[str]
    gpu_type: str
    gpus: int
    partitions: frozenset[str]
    comment: str
    reason: str
    reason_s: int = 0

    @property
    def drained(self) -> bool:
        """Whether no new job starts on it."""
        return "DRAIN" in self.flags

    @property
    def only_drained(self) -> bool:
        """Whether it is there and empty, and a drain is all that keeps jobs from it."""
        return self.state == "IDLE" and self.drained and self.flags <= _HARMLESS

    @property
    def dead(self) -> bool:
        """Whether Slurm has given it up."""
        return self.state in ("DOWN", "ERROR", "FAIL", "FAILING", "FUTURE") or "FAIL" in self.flags

    @property
    def unheard(self) -> bool:
        """Whether slurmctld has not heard from it since it started."""
        return self.state == "UNKNOWN"

    @property
    def silent(self) -> bool:
        """Whether it has missed its last ping: Slurm gives it up when it goes on."""
        return "NOT_RESPONDING" in self.flags

    @property
    def busy(self) -> bool:
        """Whether a job holds some of it, is just leaving it, or has its whole block to itself."""
        return self.state in ("ALLOCATED", "MIXED") or bool(_HELD.intersection(self.flags))


@dataclass(frozen=True)
class Reservation:
    """A reservation.

    Attributes
    ----------
    name : str
    nodes : tuple of str
    accounts, users : tuple of str
        Who may use it.
    partition : str
    flags : frozenset of str
    start_s, end_s : int
        Unix seconds.
    """

    name: str
    nodes: tuple[str, ...]
    accounts: tuple[str, ...]
    users: tuple[str, ...]
    partition: str
    flags: frozenset[str]
    start_s: int
    end_s: int


@dataclass(frozen=True)
class Job:
    """A job that waits, runs, or is just leaving; the waiting tasks of an array are one.

    Attributes
    ----------
    id : str
        As ``scancel`` takes it: ``123`` or ``123_4``.
    tasks : int
        Jobs that it stands for.
    state : str
    partitions : tuple of str
    user, account, qos, reservation : str
    nodes_wanted : int
    tres : str
        What it holds, or asks for.
    hosts : str
        Nodes that it holds, as a host list.
    start_s, submit_s : int
        Unix seconds; 0 when unknown.
    reason : str
        Why it waits.
    """

    id: str
    tasks: int
    state: str
    partitions: tuple[str, ...]
    user: str
    account: str
    qos: str
    reservation: str
    nodes_wanted: int
    tres: str
    hosts: str
    start_s: int
    submit_s: int
    reason: str

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Nodes that it holds."""
        return expand(self.hosts)

    @property
    def waits(self) -> bool:
        """Whether it has not started."""
        return self.state == "PENDING"

    @property
    def gpus(self) -> int:
        """GPUs that it holds or asks for, over all of its nodes."""
        return gpus_of_tres(self.tres)[1]

    @property
    def gpu_type(self) -> str:
        """Type of these GPUs; empty when it is not told."""
        return gpus_of_tres(self.tres)[0]


@lru_cache(maxsize=_KEPT)
def gpus_of_tres(tres: str) -> tuple[str, int]:
    """Return type and number of the GPUs in ``cpu=16,gres/gpu=8,gres/gpu:h100=8``."""
    plain = re.search(r"(?:^|,)gres[/:]gpu[=:](\d+)", tres)
    typed = re.findall(r"(?:^|,)gres[/:]gpu:([^=:,]+)[=:](\d+)", tres)
    kind = typed[0][0] if len(typed) == 1 else ""
    count = int(plain[1]) if plain else sum(int(number) for _, number in typed)
    return kind, count
