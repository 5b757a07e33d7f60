"""slurmctld is killed, crashes, is away or forgets: no lease is lost or doubled, and internal work has its nodes."""

import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.slurm.breaking import (
    DEAF,
    CommandOf,
    Cut,
    another_second,
    do_until_done,
    facts,
    live,
    saved,
)
from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.leasing import BLUE, H100, RED, USER_OF, Desk, WallClock, commands_of, site_of
from tests.slurm.ruled import Ruled

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.history import Row, history
from tidegate.errors import SlurmError

pytestmark = pytest.mark.needs_slurm

OTHERS = ("sacctmgr -i modify qos", "scancel ")
"""What may be given besides: the quota, and jobs that are ended in other ways."""
HANDING = ("[tidegate preparing", "create reservation", "clean=1", "[tidegate leased")
"""Of each command that changes something while a lease begins, what tells it from the others."""
TAKING = (
    "scancel --signal=TERM",
    "noticed=",
    "[tidegate draining",
    "scancel --signal=KILL --batch",
    "Users=root Accounts=root",
    "scancel --ctld --reservation",
    "delete ReservationName=",
    "[tidegate wiping",
    "[tidegate clean",
    "State=IDLE",
)
"""The same while it is recalled, with a job of its tenant on it."""


@pytest.mark.parametrize(
    "step", [11, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 4, 7, 19, 24))]
)
def test_slurmctld_killed_at_any_moment_of_a_life(fragile: Cluster, step: int):
    """Killed after a command was acknowledged, and started again: what it had not saved is done again."""
    cut = Cut(fragile)
    cut.kill_slurmctld(at=step)
    driver = SlurmDriver(site_of(fragile), cut, WallClock())
    another_second()  # tags count seconds: which of two lives of one second is the later one, nobody could tell
    live(fragile, driver, f"lea_{step}")
    driver.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("during", "words"),
    [*(("begins", each) for each in HANDING), *(("ends", each) for each in TAKING)],
)
def test_slurmctld_killed_under_the_control_plane(
    fragile: Cluster, tmp_path: Path, during: str, words: str
):
    """At each change of a lease's life: it is metered to the second, and internal work has the nodes."""
    cut = Cut(fragile)
    driver = SlurmDriver(site_of(fragile), cut, WallClock())
    ruled = Ruled(tmp_path, driver, nodes=2, notice_s=3)
    ruled.step()
    if during == "begins":
        cut.kill_slurmctld(on=words)
    order = ruled.order(1, "preemptible")
    ruled.look_until(lambda: ruled.is_running(order), "the lease runs", 120)
    assert cut.on is None
    lease = ruled.lease(order)
    options = ("--partition=tg-h100", f"--reservation=tg-{lease.id}")
    # One that has to be killed, and one that waits in the reservation.
    deaf = fragile.submit(*options, user=USER_OF[RED], script=DEAF)
    fragile.wait_state(deaf, "RUNNING")
    waiting = fragile.submit(*options, user=USER_OF[RED])
    wait_until(lambda: saved(fragile, "job_state", lease.id, 2), "slurmctld has saved them")
    before = fragile.submit("--nodes=2", "--exclusive", "--gres=gpu:h100:8")
    if during == "ends":
        cut.kill_slurmctld(on=words)
        ruled.look_until(lambda: cut.on is None, "slurmctld was killed", 150)
    ruled.look_until(lambda: not ruled.lease(order).is_live, "it has been recalled", 150)
    # The job of before may be lost: slurmctld had not saved it.
    internal = (
        before
        if fragile.state(before)
        else fragile.submit("--nodes=2", "--exclusive", "--gres=gpu:h100:8")
    )
    ruled.look_until(
        lambda: fragile.state(internal) == "RUNNING", "internal work has the nodes", 120
    )
    ended = ruled.lease(order)
    held = ruled.metered_s(ended, int(time.time()) + 600)
    assert list(held.values()) == [(ended.ended_s or 0) - ended.start_s]
    assert len(ruled.told("lease.running")) == len(ruled.told("lease.ended")) == 1
    assert fragile.out("scontrol", "-o", "show", "reservation").startswith("No ")
    for job in (deaf, waiting):
        assert fragile.state(job) not in ("PENDING", "RUNNING", "COMPLETING")
    strange = [
        change
        for change in cut.changes
        if not any(each in change for each in (*HANDING, *TAKING, *OTHERS))
    ]
    assert not strange, "a command of the driver's after which slurmctld is killed in no test"
    fragile.run("scancel", internal)
    wait_until(fragile.all_idle, "everything is as it was")
    driver.close()


def test_slurmctld_gone_is_an_error_with_a_code_and_leases_go_on(fragile: Cluster):
    driver = SlurmDriver(site_of(fragile), commands_of(fragile), WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    since = desk.fact("hh0001").since_s
    job = fragile.submit("-p", "tg-h100", "--reservation=tg-lea_a", user=USER_OF[RED])
    fragile.wait_state(job, "RUNNING")
    wait_until(lambda: saved(fragile, "job_state", "hh0001"), "slurmctld has saved that")
    wait_until(lambda: saved(fragile, "node_state", "[tidegate leased"), "and the node")
    fragile.kill("slurmctld")
    impatient = SlurmDriver(site_of(fragile), replace(commands_of(fragile), read_s=1), WallClock())
    with pytest.raises(SlurmError, match=r"TG-SLURM-(DOWN|TIMEOUT)"):
        impatient.facts(H100)
    impatient.close()
    fragile.start_slurmctld()
    # Until it has heard from its nodes nothing is said of them; no lease looks as if it had failed.
    with pytest.raises(SlurmError, match="TG-SLURM-DOWN"):
        desk.fact("hh0001")
    wait_until(fragile.heard, "slurmctld has heard from its nodes")
    fact = desk.fact("hh0001")
    assert (fact.state, fact.lease_id, fact.since_s) == (NodeState.LEASED, "lea_a", since)
    assert fragile.state(job) == "RUNNING"
    desk.return_all("lea_a", "hh0001")
    driver.close()


@pytest.mark.slow
def test_a_slurmctld_that_crashes_at_the_end_of_a_lease(fragile: Cluster):
    """22.05 and 24.11 do: a tenant changes the partition of a job in its lease, is refused, and cancels the job.

    Its memory is corrupt from then on, and it aborts when the reservation is removed.
    """
    driver = SlurmDriver(site_of(fragile), commands_of(fragile), WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_c", RED, "hh0001")
    desk.hand_over("lea_d", BLUE, "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    since = desk.fact("hh0002").since_s
    user, options = USER_OF[RED], ("-p", "tg-h100", "--reservation=tg-lea_c", "--hold")
    job = fragile.submit(*options, user=user)
    change = ("scontrol", "update", f"JobId={job}", "Partition=internal")
    assert fragile.run(*change, user=user, check=False).returncode
    fragile.run("scancel", job, user=user)
    wait_until(lambda: saved(fragile, "node_state", "[tidegate leased", 2), "it has saved both")
    return_whatever_happens(desk, "lea_c", "hh0001")
    # The one has ended, whatever slurmctld did; the other is as it was.
    wait_until(lambda: (f := facts(driver).get("hh0002")) and f.lease_id == "lea_d", "it is there")
    assert facts(driver)["hh0002"].since_s == since
    return_whatever_happens(desk, "lea_d", "hh0002")
    wait_until(fragile.all_idle, "everything is as it was")
    driver.close()
    # What is corrupt in its memory would make 24.11 crash under the next test.
    fragile.kill("slurmctld", signal.SIGTERM)
    fragile.start_slurmctld()
    wait_until(fragile.all_idle, "it has heard from its nodes")


def return_whatever_happens(desk: Desk, lease: str, node: str) -> None:
    """Take, sanitise and give back, each again until it is done."""
    driver = desk.driver
    for command in (CommandOf(desk.take)(lease, node), CommandOf(desk.sanitise)(node)):
        do_until_done(driver, command, strays=False)
    wait_until(
        lambda: (f := facts(driver).get(node)) and f.state is NodeState.FREE and f.is_clean,
        "the node is wiped",
        60,
    )
    do_until_done(driver, CommandOf(desk.give_back)(node), strays=False)
    wait_until(
        lambda: (f := facts(driver).get(node)) and f.state is NodeState.FREE, "it is given back"
    )


@pytest.mark.slow  # slurmctld takes its time to save what it knows, and to hear from its nodes
def test_a_job_id_given_out_twice(fragile: Cluster, tmp_path: Path):
    """slurmctld was killed before it had saved a job: the next one gets its id. Both count, each for itself."""
    driver = SlurmDriver(site_of(fragile), commands_of(fragile), WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_t", RED, "hh0001", "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    since = desk.fact("hh0001").since_s
    wait_until(lambda: saved(fragile, "node_state", "[tidegate leased", 2), "it has saved both")
    wait_until(lambda: saved(fragile, "resv_state", "tg-lea_t"), "and the reservation")
    state, kept = fragile.folder / "state", tmp_path / "kept"
    # A file is written under another name first, and may be gone by the time it is copied.
    shutil.copytree(state, kept, ignore=shutil.ignore_patterns("*.new"))
    submit = ("--partition=tg-h100", "--reservation=tg-lea_t")
    first = fragile.submit(*submit, "--nodelist=hh0001", user=USER_OF[RED])
    fragile.wait_state(first, "RUNNING")
    told = ("sacct", "-n", "-P", "-X", "-D", "-j", first, "--format=JobIDRaw,Submit")
    wait_until(lambda: fragile.out(*told), "slurmdbd knows of it")
    another_second()  # the next is submitted in another one
    desk.notice("lea_t", "hh0001", "hh0002")
    fragile.kill("slurmctld")
    for path in state.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(kept, state, dirs_exist_ok=True)
    fragile.start_slurmctld()
    wait_until(lambda: facts(driver), "it has heard from its nodes")
    # On the other node: where the first is still there, slurmd drains the node ("Duplicate jobid").
    second = fragile.submit(*submit, "--nodelist=hh0002", user=USER_OF[RED])
    assert second == first
    # Warned, though a job with its id has been before: the notice was restored, and is for whoever is there.
    ended = ("COMPLETED", "CANCELLED", "FAILED", "")
    wait_until(lambda: facts(driver) and fragile.state(second) in ended, "it was warned")
    fact = desk.fact("hh0001")
    assert (fact.state, fact.lease_id, fact.since_s) == (NodeState.LEASED, "lea_t", since)
    wait_until(lambda: len(fragile.out(*told).splitlines()) == 2, "slurmdbd knows of both")

    def runs() -> dict[str, Row]:
        now_s = int(time.time())
        rows = history(commands_of(fragile), now_s - 3600, now_s + 60)
        return {row["NodeList"]: row for row in rows if row["JobIDRaw"] == first}

    # sacct does not show the lost one in every case; where it does, it is over.
    wait_until(lambda: "hh0002" in runs(), "the second is in the history")
    assert not any(row.open for node, row in runs().items() if node == "hh0001")
    desk.return_all("lea_t", "hh0001", "hh0002")
    wait_until(fragile.all_idle, "everything is as it was")
    driver.close()
