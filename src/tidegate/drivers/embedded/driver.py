"""The embedded driver: clusters on the system's clock."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tidegate.control.ports import (
    Clock,
    Command,
    DemandPoint,
    GiveBack,
    HandOver,
    Notice,
    PoolFacts,
    Sanitise,
    Take,
)
from tidegate.drivers.embedded.cluster import ClusterSpec, EmbeddedCluster
from tidegate.drivers.embedded.journal import Journal
from tidegate.errors import DriverError

_KINDS: Final[Mapping[str, type[Command]]] = {
    kind.__name__: kind for kind in (HandOver, Notice, Take, Sanitise, GiveBack)
}


class _Member:
    """A cluster with its journal."""

    def __init__(self, spec: ClusterSpec, journal: Journal | None) -> None:
        self.lock = threading.Lock()
        self.cluster = EmbeddedCluster(spec)
        self._journal = journal

    def catch_up(self) -> None:
        """Play what another process has commanded."""
        if self._journal is None:
            return
        for entry in self._journal.news():
            body = dict(entry["command"])
            body["nodes"] = tuple(body["nodes"])
            self.cluster.advance(entry["at_s"])
            self.cluster.do(_KINDS[entry["kind"]](**body))

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def facts(self, now_s: int) -> PoolFacts:
        with self.lock:
            if self._journal is not None:
                with self._journal.held():
                    self.catch_up()
            self.cluster.advance(now_s)
            return self.cluster.facts()

    def may_be_leased(self) -> None:
        if not self.cluster.spec.may_lease:
            raise DriverError(
                "TG-DRIVER-FRONTIER", f"pool {self.cluster.spec.pool} may not be leased."
            )

    def hold_to(self, most: int, command: HandOver) -> None:
        """Refuse what would lend more nodes than the most; what was done before is done again without harm."""
        with self.lock:
            leased = self.cluster.leased
            if not self.cluster.knows(command) and leased + len(command.nodes) > most:
                raise DriverError(
                    "TG-DRIVER-QUOTA",
                    f"{leased} nodes are lent, {len(command.nodes)} more would be above {most}.",
                )

    def do(self, command: Command) -> None:
        with self.lock:
            if self._journal is None:
                self.cluster.do(command)
                return
            with self._journal.held():
                self.catch_up()
                if self.cluster.do(command):
                    self._journal.add(
                        {
                            "at_s": self.cluster.now_s,
                            "kind": type(command).__name__,
                            "command": asdict(command),
                        }
                    )


class EmbeddedDriver:
    """A :class:`tidegate.control.ports.Driver` and a :class:`tidegate.control.ports.Feed`.

    A cluster's time goes on when it is looked at, and commands take effect at the moment of the last look: what
    was decided on still holds when it is carried out, at any speed of the clock.

    Parameters
    ----------
    clock : Clock
    specs : sequence of ClusterSpec
        One a pool.
    folder : Path or None
        Where the clusters' journals lie; None for clusters that end with the process.
    """

    def __init__(
        self, clock: Clock, specs: Sequence[ClusterSpec], folder: Path | None = None
    ) -> None:
        self._clock = clock
        self._leasable: dict[str, int] = {}
        self._members = {
            spec.pool: _Member(
                spec, None if folder is None else Journal(folder / f"{spec.pool}.journal")
            )
            for spec in specs
        }

    def close(self) -> None:
        """Close the journals."""
        for member in self._members.values():
            member.close()

    def _member(self, pool: str) -> _Member:
        try:
            return self._members[pool]
        except KeyError as error:
            raise DriverError("TG-DRIVER-UNKNOWN", f"there is no pool {pool}.") from error

    def facts(self, pool: str) -> PoolFacts:
        """Look at a pool."""
        return self._member(pool).facts(self._clock.now_s())

    def hand_over(self, command: HandOver) -> None:
        """Give nodes to a tenant."""
        member = self._member(command.pool)
        most = self._leasable.get(command.pool)
        if most is not None:
            member.hold_to(most, command)
        member.do(command)

    def set_leasable(self, pool: str, nodes: int) -> None:
        """Lend no more nodes than these from now on."""
        self._member(pool).may_be_leased()
        self._leasable[pool] = nodes

    def notice(self, command: Notice) -> None:
        """Warn a tenant's workload."""
        self._member(command.pool).do(command)

    def take(self, command: Take) -> None:
        """Take nodes from a tenant."""
        self._member(command.pool).do(command)

    def sanitise(self, command: Sanitise) -> None:
        """Begin to sanitise nodes."""
        self._member(command.pool).do(command)

    def give_back(self, command: GiveBack) -> None:
        """Put nodes to internal use."""
        self._member(command.pool).do(command)

    def demand(self, pool: str, since_s: int) -> Iterable[DemandPoint]:
        """Return the history of demand, tick by tick."""
        member = self._member(pool)
        with member.lock:
            member.cluster.advance(self._clock.now_s())
            return [point for point in member.cluster.history if point.at_s >= since_s]

    def next_s(self, pool: str) -> int | None:
        """Return when something is due next in a pool by itself."""
        return self._member(pool).cluster.next_s()
