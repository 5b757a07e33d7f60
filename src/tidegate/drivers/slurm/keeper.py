"""Carrying on with what has been begun: wipes, letting tenants in, reservations that no longer fit, drift."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tidegate.drivers.slurm import hands
from tidegate.drivers.slurm.answers import Job, Reservation
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.site import PREFIX, Drift, OnTake, SlurmSite, account_of, lease_of
from tidegate.drivers.slurm.tag import Phase, Tag
from tidegate.drivers.slurm.view import View, is_tenants
from tidegate.drivers.slurm.wipes import Wipes
from tidegate.errors import SlurmError

PROLONG_S: Final = 30 * 86_400
"""A reservation that would end sooner is prolonged."""

YOUNG_S: Final = 5
"""A job counts as running before its script has begun: a signal to a younger one may find nobody, and is sent again."""


class Keeper:
    """Does what is due, from what a view shows.

    Parameters
    ----------
    site : SlurmSite
    commands : Commands
    wipes : Wipes
    """

    def __init__(self, site: SlurmSite, commands: Commands, wipes: Wipes) -> None:
        self._site = site
        self._commands = commands
        self._wipes = wipes
        self._known: dict[str, Tag] = {}
        self._warned: dict[tuple[str, int], int] = {}
        self._running: set[tuple[str, int]] = set()
        self._started: Counter[str] = Counter()
        self._late: Counter[str] = Counter()

    def close(self) -> None:
        """Begin no more wipes."""
        self._wipes.close()

    def started(self, pool: str) -> int:
        """Internal jobs that have been seen to start in a pool."""
        return self._started[pool]

    def late(self, pool: str) -> int:
        """Those of them that had waited too long while nodes were leased."""
        return self._late[pool]

    def carry_on(self, view: View) -> bool:
        """Do what is due; say whether anything was changed.

        Raises
        ------
        SlurmError
            When Slurm does not answer; all that is left to do is found again the next time.
        """
        self._count_starts(view)
        changed = self._collect_wipes(view)
        if not changed:
            self._begin_wipes(view)
            changed = self._let_in(view)
        changed |= self._mend(view)
        self._warn_newcomers(view)
        leaving = [n for n, tag in view.tags.items() if tag.phase in (Phase.DRAINING, Phase.WIPING)]
        if any(not job_leaves(job) for node in leaving for job in view.jobs_on.get(node, ())):
            self.end_jobs(view, leaving)
        self._known.update(view.tags)
        return changed

    # --- wipes

    def _collect_wipes(self, view: View) -> bool:
        good: dict[str, Tag | None] = {}
        bad: dict[str, dict[str, Tag | None]] = defaultdict(dict)
        for wiped in self._wipes.ended():
            tag = view.tags.get(wiped.node)
            if tag is None or not _wants_wipe(tag):
                continue  # taken, or given to somebody else, meanwhile
            if wiped.problem:
                failed = Tag(Phase.FAILED, view.at_s, tag.lease_id)
                bad[wiped.problem][wiped.node] = failed
            elif tag.phase is Phase.PREPARING:
                good[wiped.node] = replace(tag, is_clean=True)
            else:
                good[wiped.node] = Tag(Phase.CLEAN, view.at_s)
        if good:
            hands.tag_nodes(self._commands, view, good)
        for problem, tags in bad.items():
            hands.drain(self._commands, view, tags, f"wipe failed: {problem}")
        return bool(good or bad)

    def _begin_wipes(self, view: View) -> None:
        self._wipes.start(
            node
            for node, tag in view.tags.items()
            if _wants_wipe(tag) and node in self._site.pool_of_node and not _occupied(view, node)
        )

    # --- letting in

    def _let_in(self, view: View) -> bool:
        waiting: dict[str, dict[str, Tag]] = defaultdict(dict)
        for node, tag in view.tags.items():
            if tag.phase is Phase.PREPARING:
                waiting[tag.lease_id][node] = tag
        changed = False
        for lease_id, tags in waiting.items():
            reserved = all(view.lease_of_node.get(node) == lease_id for node in tags)
            if not all(tag.is_clean for tag in tags.values()):
                continue
            if reserved:
                leased: dict[str, Tag | None] = {
                    node: replace(tag, phase=Phase.LEASED, since_s=view.at_s, is_clean=False)
                    for node, tag in tags.items()
                }
                hands.resume(self._commands, view, leased)
            else:
                # A hand-over that was cut off before its reservation stood.
                self._reserve(view, lease_id, next(iter(tags.values())))
            changed = True
        return changed

    def _reserve(self, view: View, lease_id: str, tag: Tag) -> None:
        nodes = [n for n, t in view.tags.items() if t.lease_id == lease_id and _is_held(t)]
        pool = self._site.pool_of_node[nodes[0]]
        hands.reserve(
            self._commands, view, lease_id, nodes, account_of(tag.tenant_id), pool.lease_name
        )

    # --- reservations, and drift

    def _mend(self, view: View) -> bool:
        """Bring tags, drained nodes and reservations into line: what a crash or a hand has left behind."""
        changed = self._drain_again(view) or self._open_again(view)
        repair = self._site.drift is Drift.REPAIR
        held: dict[str, dict[str, Tag]] = defaultdict(dict)
        for node, tag in view.tags.items():
            if _is_held(tag):
                held[tag.lease_id][node] = tag
        for name, reservation in view.reservations.items():
            lease_id = lease_of(name)
            if lease_id is None:
                continue
            untagged = [node for node in reservation.nodes if node not in view.tags]
            if untagged and repair:
                self._tag_again(view, lease_id, untagged, reservation)
                changed = True
                continue
            kept = {*held.get(lease_id, {}), *untagged}
            if not kept or kept < set(reservation.nodes):
                changed |= self.fit_reservation(view, lease_id, sorted(kept))
            elif reservation.end_s - view.at_s < PROLONG_S:
                hands.prolong(self._commands, lease_id)
                changed = True
        if repair:
            changed |= self._recall_lost(view)
            for lease_id, tags in held.items():
                changed |= self._reserve_again(view, lease_id, tags)
        return changed

    def _recall_lost(self, view: View) -> bool:
        """Restore tags of which nothing is left: slurmctld was killed before it had saved them.

        No job can have started meanwhile: until slurmctld has heard from a node it starts none there.
        """
        gone = {
            node: tag
            for node, tag in self._known.items()
            if tag.phase is not Phase.CLEAN
            and _is_older(view, node, tag)
            and not _occupied(view, node)
        }
        leased: dict[str, Tag | None] = {
            n: tag for n, tag in gone.items() if tag.phase is Phase.LEASED
        }
        others: dict[str, Tag | None] = {
            n: replace(tag, is_clean=False) for n, tag in gone.items() if n not in leased
        }
        if leased:
            hands.tag_nodes(self._commands, view, leased)
        if others:
            hands.drain(self._commands, view, others, "between two holders")
        return bool(gone)

    def _open_again(self, view: View) -> bool:
        """Open leased nodes that are reserved and, after a fault, still drained by us."""
        tags: dict[str, Tag | None] = {
            node: tag
            for node, tag in view.tags.items()
            if tag.phase is Phase.LEASED
            and view.lease_of_node.get(node) == tag.lease_id
            and node in view.nodes
            and view.nodes[node].drained
            and view.nodes[node].reason.startswith(hands.OURS)
        }
        if tags:
            hands.resume(self._commands, view, tags)
        return bool(tags)

    def _drain_again(self, view: View) -> bool:
        """Drain nodes that somebody opened while they were between two holders."""
        tags: dict[str, Tag | None] = {
            node: tag
            for node, tag in view.tags.items()
            if tag.phase is not Phase.LEASED and node in view.nodes and not view.nodes[node].drained
        }
        if tags:
            hands.drain(self._commands, view, tags, "between two holders")
        return bool(tags)

    def _tag_again(
        self, view: View, lease_id: str, nodes: Sequence[str], reservation: Reservation
    ) -> None:
        """Restore tags that are gone: from memory, from the tenant's jobs, or else by wiping again."""
        tenant = next(iter(reservation.accounts), "").removeprefix(PREFIX)
        since_s = min(reservation.start_s, view.at_s)
        for node in nodes:
            known = self._known.get(node)
            if known is not None and known.lease_id == lease_id and known.phase is Phase.LEASED:
                hands.tag_nodes(self._commands, view, {node: known})
            elif any(is_tenants(job) for job in view.jobs_on.get(node, ())):
                tag = Tag(Phase.LEASED, since_s, lease_id, tenant)
                hands.tag_nodes(self._commands, view, {node: tag})
            else:
                tag = Tag(Phase.PREPARING, view.at_s, lease_id, tenant)
                hands.drain(self._commands, view, {node: tag}, f"for {lease_id}")

    def _reserve_again(self, view: View, lease_id: str, tags: Mapping[str, Tag]) -> bool:
        """Restore a reservation that is gone, lacks nodes, or has been given to somebody else."""
        there = view.reservations.get(f"{PREFIX}{lease_id}")
        astray = [node for node in tags if view.lease_of_node.get(node) != lease_id]
        accounts = tuple({account_of(tag.tenant_id) for tag in tags.values()})
        if not astray and (there is None or there.accounts == accounts):
            return False
        if any(not is_tenants(job) for node in astray for job in view.jobs_on.get(node, ())):
            return False  # internal work is there: it stays, and the facts show it
        self._reserve(view, lease_id, next(iter(tags.values())))
        return True

    def forget(self, nodes: Iterable[str]) -> None:
        """Forget nodes that are nobody's any more."""
        for node in nodes:
            self._known.pop(node, None)

    def fit_reservation(self, view: View, lease_id: str, nodes: Sequence[str]) -> bool:
        """Cut a lease's reservation down to these nodes, or remove it; say whether that was possible."""
        there = view.reservations.get(f"{PREFIX}{lease_id}")
        if there is None:
            return False
        if not nodes:
            return hands.unreserve(self._commands, lease_id)
        try:
            hands.reserve(self._commands, view, lease_id, nodes, there.accounts[0], there.partition)
        except SlurmError as error:
            if error.code != "TG-SLURM-FAILED":
                raise
            return False  # a job is still leaving: the next time
        return True

    # --- jobs

    def warn(self, view: View, nodes: Iterable[str]) -> None:
        """Send the jobs on nodes the signal of their product."""
        by_signal: dict[str, dict[str, Job]] = defaultdict(dict)
        for node in nodes:
            rule = self._site.rule(view.tags[node].product)
            for job in view.jobs_on.get(node, ()):
                if is_tenants(job) and not job_leaves(job):
                    by_signal[rule.signal][job.id] = job
        for signal, jobs in by_signal.items():
            hands.send(self._commands, jobs.values(), signal)
            self._warned.update(((job.id, job.start_s), view.at_s) for job in jobs.values())

    def _warn_newcomers(self, view: View) -> None:
        """Warn jobs that have started on a node under notice, or were too young when they were warned."""
        due = [
            node
            for node, tag in view.tags.items()
            if tag.noticed_s
            and tag.phase is Phase.LEASED
            and any(self._wants_warning(job, tag, view.at_s) for job in view.jobs_on.get(node, ()))
        ]
        if due:
            self.warn(view, due)

    def _wants_warning(self, job: Job, tag: Tag, now_s: int) -> bool:
        if not job.start_s or job_leaves(job):
            return False
        warned_s = self._warned.get((job.id, job.start_s))
        if warned_s is None:
            return job.start_s > tag.noticed_s - YOUNG_S
        return warned_s - job.start_s < YOUNG_S <= now_s - job.start_s

    def end_jobs(self, view: View, nodes: Sequence[str]) -> None:
        """End the tenants' jobs on nodes, and let those wait again whose product says so."""
        jobs: dict[str, Job] = {}
        again: dict[str, Job] = {}
        for node in nodes:
            tag = view.tags.get(node)
            rule = self._site.rule(tag.product if tag else "")
            for job in view.jobs_on.get(node, ()):
                if is_tenants(job):
                    jobs[job.id] = job
                    if rule.on_take is OnTake.REQUEUE:
                        again[job.id] = job
        if jobs:
            hands.end(self._commands, jobs.values())
            hands.requeue(self._commands, again.values())

    def _count_starts(self, view: View) -> None:
        running = {
            (job.id, job.start_s): job
            for job in view.jobs
            if job.start_s and not job.waits and not is_tenants(job)
        }
        if self._running or running:
            leased = {
                self._site.pool_of_node[node].id
                for node, tag in view.tags.items()
                if tag.phase is Phase.LEASED and node in self._site.pool_of_node
            }
            for key in running.keys() - self._running:
                job = running[key]
                pool = next(
                    (self._site.pool_of_node[n] for n in job.nodes if n in self._site.pool_of_node),
                    None,
                )
                if pool is None:
                    continue
                self._started[pool.id] += 1
                waited_s = job.start_s - (job.submit_s or job.start_s)
                if pool.id in leased and waited_s > self._site.late_after_s:
                    self._late[pool.id] += 1
        self._running = set(running)


def job_leaves(job: Job) -> bool:
    """Whether a job has ended and its nodes are being cleared."""
    return job.state == "COMPLETING"


def _is_older(view: View, node: str, tag: Tag) -> bool:
    """Whether a node's tag, or its lack of one, is older than the one we know of."""
    there = view.tags.get(node)
    if there is not None:
        return there.since_s < tag.since_s
    return node not in view.lease_of_node and not view.nodes[node].drained


def _wants_wipe(tag: Tag) -> bool:
    return tag.phase is Phase.WIPING or (tag.phase is Phase.PREPARING and not tag.is_clean)


def _is_held(tag: Tag) -> bool:
    return tag.phase in (Phase.PREPARING, Phase.LEASED)


def _occupied(view: View, node: str) -> bool:
    seen = view.nodes.get(node)
    return seen is None or seen.busy or bool(view.jobs_on.get(node))
