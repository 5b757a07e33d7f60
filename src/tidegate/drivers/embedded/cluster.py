"""One pool of the embedded driver: nodes, internal jobs, failures, and what is leased. It has no clock of its own."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.control.ports import (
    Command,
    DemandPoint,
    GiveBack,
    HandOver,
    InternalDemand,
    NodeFact,
    NodeState,
    Notice,
    PoolFacts,
    Sanitise,
    Take,
)
from tidegate.drivers.embedded.jobs import JobList, Schedule
from tidegate.drivers.embedded.room import Room
from tidegate.errors import DriverError

_HELD: Final = frozenset({NodeState.LEASED, NodeState.SANITISING})


@dataclass(frozen=True)
class Failure:
    """A node that fails, and when it is back."""

    time_s: int
    node: int
    until_s: int


@dataclass(frozen=True)
class ClusterSpec:
    """What an embedded cluster is made of.

    Attributes
    ----------
    pool : str
    nodes, gpus_per_node : int
    sanitise_s : int
    floor_s : int
        The recall floor, beyond which a job that waited is late.
    may_lease : bool
    start_s : int
        When its time begins.
    jobs : JobList
    failures : sequence of Failure
        Sorted by time, at most one open per node.
    tick_s : int
        Demand is noted on this grid, for the forecast's history.
    """

    pool: str
    nodes: int
    gpus_per_node: int
    sanitise_s: int
    floor_s: int
    may_lease: bool
    start_s: int
    jobs: JobList
    failures: Sequence[Failure] = ()
    tick_s: int = 300


class EmbeddedCluster:
    """A pool that lives from one call to the next: time goes on when it is told to.

    Parameters
    ----------
    spec : ClusterSpec
    """

    def __init__(self, spec: ClusterSpec) -> None:
        self.spec = spec
        width = len(str(spec.nodes - 1))
        self.names = [f"{spec.pool}-{i:0{width}d}" for i in range(spec.nodes)]
        self._number = {name: i for i, name in enumerate(self.names)}
        self.now_s = spec.start_s
        self.history: list[DemandPoint] = []
        self._room = Room(spec.nodes, spec.gpus_per_node)
        self._schedule = Schedule(spec.jobs, self._room)
        self._state = [NodeState.FREE] * spec.nodes
        self._lease: list[str | None] = [None] * spec.nodes
        self._since = [spec.start_s] * spec.nodes
        self._until = [0] * spec.nodes
        self._clean = [True] * spec.nodes
        self._due: list[tuple[int, int]] = []  # ends of sanitising and repair, with the node
        self._failure = 0
        self._leased = 0
        self._tokens: set[str] = set()
        self._facts = [self._fact(node) for node in range(spec.nodes)]
        self._changed: set[int] = set()  # nodes whose fact is another now

    # ------------------------------------------------------------------------------------------------------- time

    def next_s(self) -> int | None:
        """Return when something is due next by itself."""
        due = [time for time in (self._schedule.next_s(),) if time is not None]
        if self._due:
            due.append(self._due[0][0])
        if self._failure < len(self.spec.failures):
            due.append(self.spec.failures[self._failure].time_s)
        return min(due, default=None)

    def advance(self, to_s: int) -> None:
        """Let time go on to a moment; what is due then has happened afterwards."""
        while (due := self.next_s()) is not None and due <= to_s:
            self._note_demand(due)
            self._round(max(due, self.now_s))
        self._note_demand(to_s + 1)
        self.now_s = max(self.now_s, to_s)

    def _note_demand(self, before_s: int) -> None:
        """Note demand at the ticks up to a moment at which it may change."""
        tick_s = self.spec.tick_s
        last = self.history[-1].at_s if self.history else self.spec.start_s - 1
        demand = self._schedule.busy_nodes + self._schedule.pending_nodes
        for at_s in range((last // tick_s + 1) * tick_s, before_s, tick_s):
            self.history.append(DemandPoint(at_s, min(self.spec.nodes, demand)))

    def _round(self, now_s: int) -> None:
        self.now_s = now_s
        schedule = self._schedule
        schedule.end_due(now_s)
        self._free_due(now_s)
        failures = self.spec.failures
        while self._failure < len(failures) and failures[self._failure].time_s <= now_s:
            self._fail(failures[self._failure])
            self._failure += 1
        schedule.submit_due(now_s)
        schedule.start_waiting(now_s, self.spec.floor_s, is_leasing=self._leased > 0)
        self._see_jobs()

    def _see_jobs(self) -> None:
        """Bring the states of nodes into line with the jobs that came and went."""
        for node in self._schedule.touched:
            if self._state[node] not in (NodeState.FREE, NodeState.INTERNAL):
                continue
            is_on = self._schedule.is_on(node)
            self._clean[node] = False
            self._set(node, NodeState.INTERNAL if is_on else NodeState.FREE)
        self._schedule.touched.clear()

    def _free_due(self, now_s: int) -> None:
        while self._due and self._due[0][0] <= now_s:
            until_s, node = heapq.heappop(self._due)
            if self._until[node] != until_s:
                continue  # a failure came in between
            self._until[node] = 0
            if self._state[node] is NodeState.SANITISING and self._lease[node] is not None:
                self._set(node, NodeState.LEASED, self._lease[node])
            elif self._state[node] in (NodeState.SANITISING, NodeState.FAILED):
                self._clean[node] = True
                self._room.set_free(node, self.spec.gpus_per_node)
                self._set(node, NodeState.FREE)

    def _fail(self, failure: Failure) -> None:
        node = failure.node
        if self._state[node] in (NodeState.FREE, NodeState.INTERNAL):
            self._schedule.kill_on(node)
            self._room.set_free(node, 0)
        elif self._lease[node] is not None:
            self._leased -= 1
        self._set(node, NodeState.FAILED)
        self._be_until(node, failure.until_s)

    def _be_until(self, node: int, until_s: int) -> None:
        self._until[node] = until_s
        heapq.heappush(self._due, (until_s, node))

    def _set(self, node: int, state: NodeState, lease_id: str | None = None) -> None:
        if self._state[node] is not state or self._lease[node] != lease_id:
            self._since[node] = self.now_s
        self._state[node] = state
        self._lease[node] = lease_id
        self._changed.add(node)

    # -------------------------------------------------------------------------------------------------- what is seen

    def facts(self) -> PoolFacts:
        """Return the pool as it is now."""
        schedule = self._schedule
        for node in self._changed:
            self._facts[node] = self._fact(node)
        self._changed.clear()
        return PoolFacts(
            self.spec.pool,
            self.now_s,
            tuple(self._facts),
            InternalDemand(
                schedule.busy_nodes,
                schedule.pending_nodes,
                schedule.waiting_jobs,
                schedule.started_jobs,
                schedule.late_jobs,
                schedule.widest_nodes,
            ),
        )

    def _fact(self, node: int) -> NodeFact:
        return NodeFact(
            self.names[node],
            self._state[node],
            self._lease[node],
            self._since[node],
            self._clean[node] and self._state[node] is NodeState.FREE,
        )

    # ----------------------------------------------------------------------------------------------------- commands

    @property
    def leased(self) -> int:
        """Nodes that are a lease's, or being made ready for one."""
        return self._leased

    def knows(self, command: Command) -> bool:
        """Whether it has carried a command out."""
        return command.token in self._tokens

    def do(self, command: Command) -> bool:
        """Carry a command out, unless it was before; say whether anything was done.

        Raises
        ------
        DriverError
            When it cannot be; nothing of it has been done then.
        """
        if command.token in self._tokens:
            return False
        nodes = self._numbers(command.nodes)
        match command:
            case HandOver():
                self._hand_over(command, nodes)
            case Take():
                self._take(command, nodes)
            case Sanitise():
                self._sanitise(nodes)
            case Notice() | GiveBack():
                pass  # a simulated workload hears nothing; sanitised nodes are back by themselves
        self._tokens.add(command.token)
        return True

    def _numbers(self, names: Iterable[str]) -> list[int]:
        try:
            return [self._number[name] for name in names]
        except KeyError as error:
            raise DriverError(
                "TG-DRIVER-UNKNOWN", f"pool {self.spec.pool} has no node {error.args[0]}."
            ) from error

    def _hand_over(self, command: HandOver, nodes: list[int]) -> None:
        spec = self.spec
        if not spec.may_lease:
            raise DriverError(
                "TG-DRIVER-FRONTIER", f"pool {spec.pool} may not be leased; nothing is handed over."
            )
        busy = [self.names[node] for node in nodes if self._state[node] is not NodeState.FREE]
        if busy:
            raise DriverError(
                "TG-DRIVER-BUSY", f"{', '.join(busy)}: not free; nothing is handed over."
            )
        is_clean = all(self._clean[node] for node in nodes)
        for node in nodes:
            self._room.set_free(node, 0)
            self._clean[node] = False
            if is_clean:
                self._set(node, NodeState.LEASED, command.lease_id)
            else:
                self._set(node, NodeState.SANITISING, command.lease_id)
                self._be_until(node, self.now_s + spec.sanitise_s)
        self._leased += len(nodes)

    def _take(self, command: Take, nodes: list[int]) -> None:
        for node in nodes:
            if self._lease[node] == command.lease_id and self._state[node] in _HELD:
                self._until[node] = 0
                self._leased -= 1
                self._set(node, NodeState.DRAINING)

    def _sanitise(self, nodes: list[int]) -> None:
        held = [
            self.names[node]
            for node in nodes
            if self._state[node] in (NodeState.LEASED, NodeState.INTERNAL)
        ]
        if held:
            raise DriverError("TG-DRIVER-BUSY", f"{', '.join(held)}: not empty; nothing is wiped.")
        for node in nodes:
            if self._state[node] in (NodeState.DRAINING, NodeState.FREE):
                self._room.set_free(node, 0)
                self._set(node, NodeState.SANITISING)
                self._be_until(node, self.now_s + self.spec.sanitise_s)
