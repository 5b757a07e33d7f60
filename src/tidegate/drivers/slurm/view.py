"""A cluster at one moment, and what it says of a pool: pure, so that it can be fed with recordings."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Final

from tidegate.control.ports import InternalDemand, NodeFact, NodeState, PoolFacts
from tidegate.drivers.slurm.answers import read_jobs, read_nodes, read_reservations
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.records import Job, Node, Reservation
from tidegate.drivers.slurm.site import (
    PREFIX,
    OnTake,
    SlurmPool,
    SlurmSite,
    lease_of,
    reservation_of,
)
from tidegate.drivers.slurm.tag import Phase, Tag, read_tag
from tidegate.errors import SlurmError

# Beginnings of reasons for which a job would not start on an empty cluster either.
NOT_FOR_WANT_OF_NODES: Final = (
    "Dependency",
    "BeginTime",
    "JobHeld",
    "JobArrayTaskLimit",
    "Licenses",
    "QOS",
    "Assoc",
    "MaxJobs",
    "Reservation",
    "Partition",
    "BadConstraints",
    "InvalidAccount",
    "InvalidQOS",
    "JobLaunchFailure",
    "Cleaning",
)

# Of these, those that may pass: a job that has saved its work and asked to be requeued waits for its time.
_NOT_YET: Final = ("BeginTime", "Dependency", "JobHeld")

_SHOWN: Final[Mapping[Phase, NodeState]] = {
    Phase.PREPARING: NodeState.SANITISING,
    Phase.LEASED: NodeState.LEASED,
    Phase.DRAINING: NodeState.DRAINING,
    Phase.WIPING: NodeState.SANITISING,
    Phase.CLEAN: NodeState.FREE,
    Phase.FAILED: NodeState.FAILED,
}

_NEVER: Final[Mapping[str, int]] = {}


@dataclass(frozen=True)
class View:
    """What was seen.

    Attributes
    ----------
    at_s : int
    nodes : mapping of str to Node
    jobs : tuple of Job
    reservations : mapping of str to Reservation
    """

    at_s: int
    nodes: Mapping[str, Node]
    jobs: tuple[Job, ...]
    reservations: Mapping[str, Reservation]

    @cached_property
    def tags(self) -> Mapping[str, Tag]:
        """Tags of the nodes that have one."""
        found = (
            (name, read_tag(node.comment)) for name, node in self.nodes.items() if node.comment
        )
        return {name: tag for name, tag in found if tag is not None}

    @cached_property
    def lease_of_node(self) -> Mapping[str, str]:
        """The lease whose reservation a node is in."""
        return {
            node: lease
            for name, reservation in self.reservations.items()
            if (lease := lease_of(name)) is not None
            for node in reservation.nodes
        }

    @cached_property
    def jobs_on(self) -> Mapping[str, tuple[Job, ...]]:
        """Jobs that hold a node, or are just leaving it."""
        found: dict[str, list[Job]] = defaultdict(list)
        for job in self.jobs:
            for node in job.nodes:
                found[node].append(job)
        return {node: tuple(jobs) for node, jobs in found.items()}


def look(commands: Commands, at_s: int) -> View:
    """Look at a cluster.

    Raises
    ------
    SlurmError
        When Slurm does not answer, or not as it should.
    """
    # Jobs first: a job that starts meanwhile is then seen by its node, which counts as busy.
    jobs = read_jobs(commands)
    reservations = read_reservations(commands)
    nodes = read_nodes(commands)
    return View(
        at_s,
        {node.name: node for node in nodes},
        jobs,
        {found.name: found for found in reservations},
    )


def look_at(commands: Commands, at_s: int, names: Iterable[str], lease_id: str = "") -> View:
    """Look at some nodes and those of a lease's reservation, the jobs on them, and all reservations.

    Raises
    ------
    SlurmError
        When Slurm does not answer, or not as it should; ``TG-SLURM-FAILED`` when it does not know one of the nodes.
    """
    reservations = {found.name: found for found in read_reservations(commands)}
    leased = reservations.get(reservation_of(lease_id))
    wanted = sorted({*names, *(leased.nodes if leased else ())})
    # Jobs before nodes, as above.
    jobs = read_jobs(commands, wanted)
    nodes = read_nodes(commands, wanted)
    return View(at_s, {node.name: node for node in nodes}, jobs, reservations)


def is_tenants(job: Job) -> bool:
    """Whether a job runs under a lease."""
    return job.qos.startswith(PREFIX) or job.reservation.startswith(PREFIX)


def facts_of(
    view: View,
    site: SlurmSite,
    pool: SlurmPool,
    started: int = 0,
    late: int = 0,
    silent_s: Mapping[str, int] = _NEVER,
) -> PoolFacts:
    """Say what a view shows of a pool.

    Parameters
    ----------
    view : View
    site : SlurmSite
    pool : SlurmPool
    started, late : int
        Internal jobs that have been seen to start, and those of them that had waited too long.
    silent_s : mapping of str to int
        Since when nodes are silent, for those that were seen to be.

    Raises
    ------
    SlurmError
        ``TG-SLURM-DOWN`` while slurmctld has not heard from most of the nodes: then nothing can be said of them.
    """
    unheard = sum(name in view.nodes and view.nodes[name].unheard for name in pool.nodes)
    if 2 * unheard > len(pool.nodes):
        raise SlurmError(
            "TG-SLURM-DOWN",
            f"slurmctld has just started: it has not heard from {unheard} of {len(pool.nodes)} nodes of {pool.id}.",
        )
    left = _left(view, site)
    nodes = tuple(_fact(view, name, silent_s.get(name), left) for name in pool.nodes)
    busy = sum(fact.state is NodeState.INTERNAL for fact in nodes)
    pending, waiting, widest = _pending(view, site, pool)
    demand = InternalDemand(busy, pending, waiting, started, late, widest)
    return PoolFacts(pool.id, view.at_s, nodes, demand)


def _left(view: View, site: SlurmSite) -> frozenset[str]:
    """Return the nodes under notice whose tenants have ended by themselves, where their product has them save work.

    A lease is left when no job of its tenant is on any of its nodes, and none could start there.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for name, tag in view.tags.items():
        is_asked = site.rule(tag.product).on_take is OnTake.CHECKPOINT
        if is_asked and tag.phase is Phase.LEASED and tag.noticed_s:
            found[tag.lease_id].append(name)
    at_work = {
        lease_of(job.reservation)
        for job in view.jobs
        if not (job.waits and job.reason.startswith(_NOT_YET))
    }
    return frozenset(
        name
        for lease_id, names in found.items()
        if lease_id not in at_work
        # A part of the queue may be missing: the nodes have to be idle too.
        and not any(view.jobs_on.get(name) or view.nodes[name].busy for name in names)
        for name in names
    )


def _fact(view: View, name: str, silent_s: int | None, left: Collection[str]) -> NodeFact:
    node = view.nodes.get(name)
    if node is None:
        note = "Slurm does not know this node."
        return NodeFact(name, NodeState.FAILED, None, view.at_s, note=note)
    tag = view.tags.get(name)
    lease = (tag.lease_id if tag else "") or None
    since = min(tag.since_s, view.at_s) if tag else 0
    if node.dead:
        # Its tenant has been without it since it fell silent, not only since Slurm has given it up.
        gone_s = node.reason_s if silent_s is None else silent_s
        gone_s = min(gone_s or view.at_s, view.at_s)
        if tag is not None and tag.phase is Phase.LEASED:
            gone_s = max(gone_s, since)
        return NodeFact(name, NodeState.FAILED, lease, gone_s, note=node.reason or node.state)
    if tag is not None:
        shown = _tagged(view, node, tag, since)
        return replace(shown, is_left=True) if name in left else shown
    strange = view.lease_of_node.get(name)
    if strange is not None:
        # The tag was removed by hand, and the reservation stands: its tenant is let in all the same.
        start = min(view.reservations[f"{PREFIX}{strange}"].start_s, view.at_s)
        return NodeFact(name, NodeState.LEASED, strange, start, note="The node's tag is gone.")
    return _untagged(view, node)


def _untagged(view: View, node: Node) -> NodeFact:
    name = node.name
    internal = [job.start_s for job in view.jobs_on.get(name, ())]
    if internal or node.busy:
        begun = min((start for start in internal if start), default=0)
        return NodeFact(name, NodeState.INTERNAL, None, min(begun, view.at_s))
    if node.drained or node.state != "IDLE":
        note = node.reason or ("drained" if node.drained else f"in state {node.state}")
        since_s = min(node.reason_s or view.at_s, view.at_s)
        return NodeFact(name, NodeState.FAILED, None, since_s, note=note)
    return NodeFact(name, NodeState.FREE, None, 0)


def _tagged(view: View, node: Node, tag: Tag, since: int) -> NodeFact:
    state = _SHOWN[tag.phase]
    lease = tag.lease_id or None
    if tag.phase is Phase.LEASED and view.lease_of_node.get(node.name) != tag.lease_id:
        internal = any(not is_tenants(job) for job in view.jobs_on.get(node.name, ()))
        free = NodeState.INTERNAL if internal else NodeState.FREE
        note = f"The reservation of {tag.lease_id} no longer has this node."
        return NodeFact(node.name, free, None, since, note=note)
    if tag.phase is Phase.CLEAN and node.name in view.lease_of_node:
        # Wiped, but a job that is leaving still holds its reservation: not to be had by anybody yet.
        return NodeFact(node.name, NodeState.SANITISING, None, since)
    note = node.reason if tag.phase is Phase.FAILED else ""
    if tag.phase is Phase.LEASED and node.drained:
        note = f"Drained by hand: {node.reason}"
    return NodeFact(node.name, state, lease, since, is_clean=tag.phase is Phase.CLEAN, note=note)


def _pending(view: View, site: SlurmSite, pool: SlurmPool) -> tuple[int, int, int]:
    """Nodes that waiting internal jobs ask of a pool, how many jobs those are, and the nodes of the widest."""
    nodes = jobs = gpus_of_small = widest = 0
    partitions = _partitions(view, pool)
    for job in view.jobs:
        if (
            not (job.waits and job.gpus)
            or is_tenants(job)
            or not partitions.intersection(job.partitions)
        ):
            continue
        if job.reason.startswith(NOT_FOR_WANT_OF_NODES) or job.reservation:
            continue
        if job.gpu_type != pool.gpu_type and not (
            job.gpu_type == "" and _first(view, site, job) is pool
        ):
            continue
        jobs += job.tasks
        if job.gpus >= pool.gpus_per_node or job.nodes_wanted > 1:
            wanted = max(ceil(job.gpus / pool.gpus_per_node), job.nodes_wanted)
            nodes += job.tasks * wanted
            widest = max(widest, wanted)
        else:
            gpus_of_small += job.tasks * job.gpus
    return nodes + ceil(gpus_of_small / pool.gpus_per_node), jobs, widest


def _partitions(view: View, pool: SlurmPool) -> frozenset[str]:
    """Partitions of internal jobs that hold nodes of a pool."""
    first = next((view.nodes[name] for name in pool.nodes if name in view.nodes), None)
    return (
        frozenset()
        if first is None
        else frozenset(name for name in first.partitions if not name.startswith(PREFIX))
    )


def _first(view: View, site: SlurmSite, job: Job) -> SlurmPool | None:
    """The pool that a job without a GPU type is counted in: the first that it may run in."""
    return next((p for p in site.pools if _partitions(view, p).intersection(job.partitions)), None)
