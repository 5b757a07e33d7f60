"""Internal jobs of the embedded cluster: first fit in order of submission, as docs/guide/simulation.md says."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.drivers.embedded.room import Room


@dataclass(frozen=True)
class JobList:
    """Internal jobs, sorted by submission, on the clock of the running system.

    Attributes
    ----------
    submit_s, duration_s, gpus : sequence of int
    """

    submit_s: Sequence[int]
    duration_s: Sequence[int]
    gpus: Sequence[int]


class Schedule:
    """Who waits, who runs where.

    Parameters
    ----------
    jobs : JobList
    room : Room
    """

    def __init__(self, jobs: JobList, room: Room) -> None:
        self._jobs = jobs
        self._room = room
        self._next = 0
        # Waiting jobs by size: below a node in GPUs, then in whole nodes; the earliest that fits is a head.
        self._small: dict[int, list[int]] = {}
        self._whole: dict[int, list[int]] = {}
        self._ends: list[tuple[int, int, int]] = []
        self._nodes_of: dict[int, list[int]] = {}
        self._on: dict[int, set[int]] = {}
        self._starts: dict[int, int] = {}
        self.waiting_jobs = 0
        self._waiting_nodes = 0
        self._waiting_gpus = 0
        self.started_jobs = 0
        self.late_jobs = 0
        self.touched: set[int] = set()

    @property
    def busy_nodes(self) -> int:
        """Nodes with at least one internal job."""
        return len(self._on)

    @property
    def pending_nodes(self) -> int:
        """Nodes that waiting jobs ask for."""
        g = self._room.gpus_per_node
        return self._waiting_nodes + (self._waiting_gpus + g - 1) // g

    @property
    def widest_nodes(self) -> int:
        """Nodes that the widest waiting job asks for."""
        return max((size for size, jobs in self._whole.items() if jobs), default=0)

    def next_s(self) -> int | None:
        """Return when the next job ends or comes."""
        while self._ends and self._starts.get(self._ends[0][1]) != self._ends[0][2]:
            heapq.heappop(self._ends)
        due = [self._ends[0][0]] if self._ends else []
        if self._next < len(self._jobs.submit_s):
            due.append(self._jobs.submit_s[self._next])
        return min(due, default=None)

    def end_due(self, now_s: int) -> None:
        """End the jobs that are due."""
        while self._ends and self._ends[0][0] <= now_s:
            _, job, start_s = heapq.heappop(self._ends)
            if self._starts.get(job) == start_s:
                self._release(job)

    def submit_due(self, now_s: int) -> None:
        """Take in the jobs that come."""
        while self._next < len(self._jobs.submit_s) and self._jobs.submit_s[self._next] <= now_s:
            self._enqueue(self._next)
            self._next += 1

    def start_waiting(self, now_s: int, floor_s: int, *, is_leasing: bool) -> None:
        """Start waiting jobs, first fit in order of submission."""
        g = self._room.gpus_per_node
        while self.waiting_jobs:
            fitting = [
                (queue[0], queue)
                for gpus, queue in self._small.items()
                if queue and self._room.lowest(gpus) is not None
            ]
            fitting += [
                (queue[0], queue)
                for nodes, queue in self._whole.items()
                if queue and nodes <= self._room.idle
            ]
            if not fitting:
                return
            job, queue = min(fitting)
            heapq.heappop(queue)
            self._count(job, -1)
            gpus = self._jobs.gpus[job]
            if gpus < g:
                lowest = self._room.lowest(gpus)
                nodes = [] if lowest is None else [lowest]
                taken = gpus
            else:
                nodes, taken = self._room.lowest_idle(-(-gpus // g)), g
            self._start(job, nodes, taken, now_s)
            self.started_jobs += 1
            if is_leasing and now_s - self._jobs.submit_s[job] > floor_s:
                self.late_jobs += 1

    def kill_on(self, node: int) -> None:
        """Stop the jobs on a node; they wait again, in their old place, with their whole duration."""
        for job in sorted(self._on.get(node, ())):
            self._release(job)
            self._enqueue(job)

    def is_on(self, node: int) -> bool:
        """Whether an internal job is on a node."""
        return node in self._on

    def _start(self, job: int, nodes: list[int], gpus: int, now_s: int) -> None:
        self._nodes_of[job] = nodes
        self._starts[job] = now_s
        for node in nodes:
            self._room.set_free(node, self._room.free[node] - gpus)
            self._on.setdefault(node, set()).add(job)
            self.touched.add(node)
        heapq.heappush(self._ends, (now_s + self._jobs.duration_s[job], job, now_s))

    def _release(self, job: int) -> None:
        gpus = min(self._jobs.gpus[job], self._room.gpus_per_node)
        for node in self._nodes_of.pop(job):
            self._room.set_free(node, self._room.free[node] + gpus)
            self._on[node].discard(job)
            if not self._on[node]:
                del self._on[node]
            self.touched.add(node)
        del self._starts[job]

    def _enqueue(self, job: int) -> None:
        g, gpus = self._room.gpus_per_node, self._jobs.gpus[job]
        sizes, size = (self._small, gpus) if gpus < g else (self._whole, -(-gpus // g))
        heapq.heappush(sizes.setdefault(size, []), job)
        self._count(job, 1)

    def _count(self, job: int, sign: int) -> None:
        g, gpus = self._room.gpus_per_node, self._jobs.gpus[job]
        self.waiting_jobs += sign
        if gpus < g:
            self._waiting_gpus += sign * gpus
        else:
            self._waiting_nodes += sign * -(-gpus // g)
