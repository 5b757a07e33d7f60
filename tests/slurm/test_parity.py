"""The same demand and requests on the embedded driver and on Slurm: the same decisions; meters as sacct has them."""

import time
from datetime import datetime
from pathlib import Path

import pytest
from tests.control.living import START_S, HandClock, Living, a_database, a_pool, an_order
from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.leasing import RED, USER_OF, commands_of, site_of
from tests.slurm.ruled import Ruled

from tidegate.drivers.embedded.jobs import JobList
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.lease.lease import Order

pytestmark = pytest.mark.needs_slurm

HOUR = 3600
# An hour of the owner's jobs: (submitted at, seconds, nodes). Never do two wait at once: in what order is the
# scheduler's choice.
JOBS = ((360, 2400, 2), (1200, 1440, 3), (3000, 480, 4))
# What tenants ask for: (asked at, product, nodes, seconds).
ASKED = (
    (0, "preemptible", 2, 2 * HOUR),
    (120, "flex", 1, 2 * HOUR),
    (360, "preemptible", 2, HOUR),
    (480, "preemptible", 3, HOUR),
    (2400, "preemptible", 1, HOUR),
    (3360, "flex", 2, 2 * HOUR),
)


class OnSlurm:
    """Brings the jobs of the hour to a real cluster when their time has come on the clock of the test."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.jobs: dict[int, str] = {}
        self.ends: dict[int, int] = {}

    def bring_to(self, now_s: int) -> None:
        """Submit what is due, end what has run for its time, and wait until slurmctld shows it."""
        at = now_s - START_S
        for number, (submit, seconds, nodes) in enumerate(JOBS):
            if number not in self.jobs and submit <= at:
                options = ("--gres=gpu:h100:8", f"--nodes={nodes}", "--exclusive")
                self.jobs[number] = self.cluster.submit(*options)
                self._settle(self.jobs[number])
            job = self.jobs.get(number)
            if job and number not in self.ends and self.cluster.state(job) == "RUNNING":
                self.ends[number] = at + seconds
            if job and 0 < self.ends.get(number, 0) <= at:
                self.cluster.run("scancel", job)
                self.ends[number] = -1
                self.cluster.wait_state(job, "CANCELLED")

    def _settle(self, job: str) -> None:
        """Wait until a job runs, or is known to wait for nodes."""

        def known() -> bool:
            told = self.cluster.out("squeue", "-h", "-j", job, "-o", "%T %r")
            return told.startswith("RUNNING") or "Resources" in told or "ReqNodeNotAvail" in told

        wait_until(known, "the scheduler has looked at the job")


def an_hour(living: Living, slurm: OnSlurm | None = None) -> list[tuple[object, ...]]:
    """Play it in steps of two minutes; return verdicts and lives of leases, without ids."""
    placed: list[Order] = []
    for at in range(0, HOUR + 1, 120):
        living.clock.time_s = START_S + at
        if slurm is not None:
            slurm.bring_to(START_S + at)
        for when, product, nodes, seconds in ASKED:
            if when == at:
                order = an_order(
                    living.pool, product, nodes=nodes, duration_s=seconds, tenant_id=RED
                )
                placed.append(living.place(order))
        # Commands given in one step are seen in the next; wipes take no time here.
        for _ in range(3):
            living.step()
            time.sleep(0.05 if slurm is not None else 0)
        if slurm is not None:
            slurm.bring_to(START_S + at)
            living.step()
    return [life(living, order) for order in placed]


def life(living: Living, order: Order) -> tuple[object, ...]:
    judged = living.store.order(order.id)
    assert judged is not None
    lease = living.store.lease(judged.lease_id) if judged.lease_id else None
    told: tuple[object, ...] = (judged.product, judged.state, judged.reason)
    if lease is None:
        return told
    times = (lease.start_s, lease.noticed_s, lease.take_s, lease.ended_s)
    return (*told, lease.state, lease.reason, *(None if t is None else t - START_S for t in times))


@pytest.mark.slow
def test_the_same_decisions_on_slurm(cluster: Cluster, tmp_path: Path):
    pool = a_pool(6, risk=0.5, sanitise_s=0)
    jobs = JobList(
        [START_S + submit for submit, _, _ in JOBS],
        [seconds for _, seconds, _ in JOBS],
        [8 * nodes for _, _, nodes in JOBS],
    )
    for name in ("embedded", "slurm"):
        (tmp_path / name).mkdir()
    simulated = an_hour(Living(a_database(tmp_path / "embedded"), pool, jobs, quiet_days=2))
    clock = HandClock()
    driver = SlurmDriver(site_of(cluster), commands_of(cluster), clock)
    living = Living(a_database(tmp_path / "slurm"), pool, driver=driver, quiet_days=2)
    living.clock = clock
    living.line = living.begin()
    real = an_hour(living, OnSlurm(cluster))
    driver.close()
    assert real == simulated
    assert {one[1] for one in real} == {"admitted", "refused"}
    assert any(one[3] == "ended" and one[4] == "recalled" for one in real if len(one) > 3)


def test_the_meter_agrees_with_sacct(cluster: Cluster, driver: SlurmDriver, tmp_path: Path):
    """A job from the first to the last second of a lease: the ledger's seconds are those of Slurm's own accounts."""
    ruled = Ruled(tmp_path, driver, nodes=6)
    order = ruled.ordered(2)
    lease = ruled.lease(order)
    job = cluster.submit(
        "--partition=tg-h100", f"--reservation=tg-{lease.id}", "--nodes=2", user=USER_OF[RED]
    )
    cluster.wait_state(job, "RUNNING")
    time.sleep(3)
    ruled.give_back(lease)
    ruled.look_until(lambda: not ruled.lease(order).is_live, "the tenant has given it back")

    def told() -> list[str]:
        what = "--format=Start,End,NNodes,Account"
        return cluster.out("sacct", "-n", "-P", "-X", "-j", job, what).split("|")

    ruled.look_until(
        lambda: len(told()) == 4 and told()[1] not in ("Unknown", ""), "slurmdbd has the end"
    )
    start, end, nodes, account = told()
    assert (nodes, account) == ("2", "tg-ten_red")
    start_s, end_s = (
        int(datetime.fromisoformat(f"{text}+00:00").timestamp()) for text in (start, end)
    )
    # The job is submitted after the tenant has been let in, and waits for a pass of the scheduler.
    waited_s = start_s - lease.start_s
    assert waited_s >= 0
    held = ruled.metered_s(lease)
    assert len(held) == 2
    for seconds in held.values():
        assert abs(seconds - (end_s - start_s) - waited_s) <= 1
    ruled.look_until(lambda: ruled.is_quiet, "all is given back")
