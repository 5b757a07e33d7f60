"""Jobs: tenants' are warned and ended, internal ones are counted as they start."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from tidegate.drivers.slurm import hands
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.moves import is_held, job_leaves
from tidegate.drivers.slurm.records import Job
from tidegate.drivers.slurm.site import SlurmSite
from tidegate.drivers.slurm.tag import Phase, Tag
from tidegate.drivers.slurm.view import View, is_tenants

YOUNG_S: Final = 5
"""A job counts as running before its script has begun: a signal to a younger one may find nobody, and is sent again."""

KEPT_S: Final = 3600
"""So long a job that is no longer seen is kept in mind, in seconds."""


class Warden:
    """Keeps account of jobs from one view to the next.

    Parameters
    ----------
    site : SlurmSite
    commands : Commands
    """

    def __init__(self, site: SlurmSite, commands: Commands) -> None:
        self._site = site
        self._commands = commands
        self._warned: dict[tuple[str, int], int] = {}
        self._seen_s: dict[tuple[str, int], int] = {}
        self.started: Counter[str] = Counter()
        self.late: Counter[str] = Counter()

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

    def warn_newcomers(self, view: View) -> None:
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
        """End the tenants' jobs on nodes; let those wait again whose product says so and whose lease has nodes left."""
        jobs: dict[str, Job] = {}
        again: dict[str, Job] = {}
        kept = {
            tag.lease_id for node, tag in view.tags.items() if is_held(tag) and node not in nodes
        }
        for node in nodes:
            tag = view.tags.get(node)
            rule = self._site.rule(tag.product if tag else "")
            for job in view.jobs_on.get(node, ()):
                if is_tenants(job):
                    jobs[job.id] = job
                    if rule.on_take.waits_again and tag is not None and tag.lease_id in kept:
                        again[job.id] = job
        if jobs:
            hands.end(self._commands, jobs.values())
            hands.requeue(self._commands, again.values())

    def count_starts(self, view: View) -> None:
        """Count internal jobs that have started since the last view, and those that had waited too long."""
        running = {
            (job.id, job.start_s): job
            for job in view.jobs
            if job.start_s and not job.waits and not is_tenants(job)
        }
        leased = {
            self._site.pool_of_node[node].id
            for node, tag in view.tags.items()
            if tag.phase is Phase.LEASED and node in self._site.pool_of_node
        }
        for key in running.keys() - self._seen_s.keys():
            job = running[key]
            pool = next(
                (self._site.pool_of_node[n] for n in job.nodes if n in self._site.pool_of_node),
                None,
            )
            if pool is None:
                continue
            self.started[pool.id] += 1
            waited_s = job.start_s - (job.submit_s or job.start_s)
            if pool.id in leased and waited_s > self._site.late_after_s:
                self.late[pool.id] += 1
        # One that is missing in a part of an answer does not start anew when it is there again.
        self._seen_s |= dict.fromkeys(running, view.at_s)
        for key in [key for key, at_s in self._seen_s.items() if view.at_s - at_s > KEPT_S]:
            del self._seen_s[key]
