"""The driver on a real cluster: the life of a lease, and every command twice."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.slurm.cluster import OWNER, Cluster, wait_until
from tests.slurm.leasing import (
    BLUE,
    GB200,
    H100,
    RED,
    USER_OF,
    Desk,
    WallClock,
    commands_of,
    timed,
    with_wipe,
)
from tests.slurm.ruled import Ruled

from tidegate.control.access import SYSTEM
from tidegate.control.lease_acts import LeaseActs, NotYetError
from tidegate.control.ports import HandOver, NodeState
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import OnTake, ProductRule, SlurmSite
from tidegate.errors import DriverError
from tidegate.lease.lease import EndReason
from tidegate.lease.states import LeaseState
from tidegate.quota import FLICKER_S

pytestmark = pytest.mark.needs_slurm

DEAF = "trap '' TERM; while true; do sleep 0.2; done"
"""Ignores SIGTERM, as a batch script."""
DEAF_STEPS = f"trap '' TERM; srun sh -c \"{DEAF}\""
"""Ignores it, and so does its step on every node."""


def lease_job(
    cluster: Cluster, lease: str, tenant: str = RED, nodes: int = 1, script: str = "sleep 600"
) -> str:
    job = cluster.submit(
        "--partition=tg-h100",
        f"--reservation=tg-{lease}",
        f"--nodes={nodes}",
        user=USER_OF[tenant],
        script=script,
    )
    cluster.wait_state(job, "RUNNING")
    return job


def ticking_until(desk: Desk, true: Callable[[], bool], what: str) -> None:
    """Wait while the driver is looked at, as the running system does each second."""

    def tick() -> bool:
        desk.driver.facts(H100)
        return true()

    wait_until(tick, what)


def code_of(act: object) -> str:
    assert callable(act)
    with pytest.raises(DriverError) as caught:
        act()
    return caught.value.code


def test_the_life_of_a_lease(cluster: Cluster, desk: Desk):
    began = int(time.time())
    desk.hand_over("lea_a", RED, "hh0001", "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    fact = desk.fact("hh0001")
    assert fact.lease_id == "lea_a"
    assert began <= fact.since_s <= int(time.time())
    job = lease_job(cluster, "lea_a", nodes=2)
    assert cluster.out("squeue", "-h", "-j", job, "-o", "%N") == "hh[0001-0002]"
    desk.notice("lea_a", "hh0001", "hh0002")
    assert desk.fact("hh0001").since_s == fact.since_s
    # At once, when the job's script may not have begun: the signal is sent again.
    ticking_until(desk, lambda: cluster.state(job) != "RUNNING", "the job has heard")
    desk.take("lea_a", "hh0001", "hh0002")
    desk.wait(NodeState.DRAINING, "hh0001", "hh0002")
    desk.sanitise("hh0001", "hh0002")
    desk.wait(NodeState.FREE, "hh0001", "hh0002", clean=True)
    assert "DRAIN" in cluster.out("scontrol", "-o", "show", "node", "hh0001")
    desk.give_back("hh0001", "hh0002")
    assert desk.fact("hh0001").state is NodeState.FREE
    wait_until(cluster.all_idle, "every node is idle")
    assert "tidegate" not in cluster.out("scontrol", "-o", "show", "node")
    assert cluster.out("scontrol", "-o", "show", "reservation").startswith("No ")


def test_a_node_that_is_given_back_may_be_had_at_once(cluster: Cluster, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    desk.return_all("lea_a", "hh0001")
    # One that is only undrained would have to register with slurmctld first, up to a second later.
    cluster.run("salloc", "--no-shell", "--immediate=1", "--nodelist=hh0001", user=OWNER)


def test_what_a_refused_hand_over_had_in_hand_does_not_count_against_the_next(desk: Desk):
    desk.driver.set_leasable(H100, 2)
    assert (
        code_of(lambda: desk.hand_over("lea_a", "ten_nobody", "hh0001", "hh0002"))
        == "TG-DRIVER-UNKNOWN"
    )
    desk.hand_over("lea_b", RED, "hh0003", "hh0004")
    assert code_of(lambda: desk.hand_over("lea_c", BLUE, "hh0005")) == "TG-DRIVER-QUOTA"
    desk.wait(NodeState.LEASED, "hh0003", "hh0004")


def test_a_driver_told_that_another_may_have_led_puts_nothing_back(
    cluster: Cluster, desk: Desk, site: SlurmSite
):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    other = Desk(SlurmDriver(site, commands_of(cluster), WallClock()))
    other.return_all("lea_a", "hh0001")
    desk.driver.forget()
    assert desk.fact("hh0001").state is NodeState.FREE
    assert cluster.out("scontrol", "-o", "show", "reservation").startswith("No ")
    other.driver.close()


def test_a_node_that_died_meanwhile_is_not_brought_back_by_giving_it_back(
    cluster: Cluster, desk: Desk
):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    desk.take("lea_a", "hh0001")
    desk.sanitise("hh0001")
    desk.wait(NodeState.FREE, "hh0001", clean=True)
    cluster.run("scontrol", "update", "NodeName=hh0001", "State=DOWN", "Reason=tidegate: died")
    desk.give_back("hh0001")
    assert "DOWN" in cluster.out("sinfo", "-h", "-n", "hh0001", "-o", "%T").upper()


def test_a_submission_is_noticed_without_a_look(cluster: Cluster, desk: Desk):
    called = threading.Event()
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    desk.driver.on_stir(called.set)
    desk.driver.facts(H100)
    assert not called.wait(1)  # it has begun to ask, and nothing has come
    cluster.submit("--nodes=1")
    assert called.wait(2)


def test_a_lease_grows_and_shrinks_under_running_jobs(cluster: Cluster, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001", "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    jobs = [lease_job(cluster, "lea_a") for _ in range(2)]
    since = desk.fact("hh0001").since_s
    time.sleep(1.1)  # since is in whole seconds
    desk.hand_over("lea_a", RED, "hh0003")
    desk.wait(NodeState.LEASED, "hh0003")
    assert desk.fact("hh0001").since_s == since < desk.fact("hh0003").since_s
    desk.return_all("lea_a", "hh0002")
    assert cluster.state(jobs[0]) == "RUNNING"
    assert cluster.state(jobs[1]) != "RUNNING"
    assert [desk.fact(n).lease_id for n in ("hh0001", "hh0002", "hh0003")] == [
        "lea_a",
        None,
        "lea_a",
    ]


def test_every_command_twice_changes_nothing(cluster: Cluster, desk: Desk):
    driver = desk.driver
    handed = desk.hand_over("lea_a", RED, "hh0001")
    driver.hand_over(handed)
    desk.wait(NodeState.LEASED, "hh0001")
    job = lease_job(cluster, "lea_a", script=DEAF)
    noticed = desk.notice("lea_a", "hh0001")
    taken = desk.take("lea_a", "hh0001")
    driver.notice(noticed)
    driver.take(taken)
    driver.hand_over(handed)
    assert desk.fact("hh0001").state is NodeState.DRAINING
    wiped = desk.sanitise("hh0001")
    desk.wait(NodeState.FREE, "hh0001", clean=True)
    back = desk.give_back("hh0001")
    internal = cluster.submit("--nodelist=hh0001", "--exclusive")
    cluster.wait_state(internal, "RUNNING")
    driver.sanitise(wiped)
    driver.give_back(back)
    driver.take(taken)
    assert cluster.state(internal) == "RUNNING"
    assert desk.fact("hh0001").state is NodeState.INTERNAL
    assert cluster.state(job) != "RUNNING"


def test_a_second_driver_carries_on_where_the_first_was_killed(
    cluster: Cluster, desk: Desk, site: SlurmSite, tmp_path: Path
):
    stuck = SlurmDriver(
        with_wipe(site, tmp_path / "stuck", "sleep 60"), commands_of(cluster), WallClock()
    )
    first = Desk(stuck)
    first.hand_over("lea_a", RED, "hh0001")
    assert first.fact("hh0001").state is NodeState.SANITISING
    stuck.close()
    # The first never comes back; another process finds all it needs in the cluster.
    desk.wait(NodeState.LEASED, "hh0001")
    assert desk.fact("hh0001").lease_id == "lea_a"
    lease_job(cluster, "lea_a", script=DEAF)
    desk.return_all("lea_a", "hh0001")
    wait_until(cluster.all_idle, "every node is idle")


def test_frontier_is_refused(desk: Desk):
    on_frontier = Desk(desk.driver, GB200)
    assert code_of(lambda: on_frontier.hand_over("lea_a", RED, "gb0001")) == "TG-DRIVER-FRONTIER"
    assert code_of(lambda: desk.hand_over("lea_a", RED, "gb0001")) == "TG-DRIVER-UNKNOWN"
    assert code_of(lambda: desk.driver.set_leasable(GB200, 1)) == "TG-DRIVER-FRONTIER"
    assert code_of(lambda: desk.driver.facts("moon")) == "TG-DRIVER-UNKNOWN"


def test_nodes_in_other_hands_are_refused_and_nothing_is_done(cluster: Cluster, desk: Desk):
    internal = cluster.submit("--nodelist=hh0001", "--exclusive")
    cluster.wait_state(internal, "RUNNING")
    desk.hand_over("lea_a", RED, "hh0002")
    desk.wait(NodeState.LEASED, "hh0002")
    for node in ("hh0001", "hh0002"):
        assert (
            code_of(lambda node=node: desk.hand_over("lea_b", BLUE, "hh0003", node))
            == "TG-DRIVER-BUSY"
        )
    assert code_of(lambda: desk.sanitise("hh0001")) == "TG-DRIVER-BUSY"
    assert code_of(lambda: desk.sanitise("hh0002")) == "TG-DRIVER-BUSY"
    assert code_of(lambda: desk.give_back("hh0002")) == "TG-DRIVER-BUSY"
    assert desk.fact("hh0003").state is NodeState.FREE
    assert cluster.state(internal) == "RUNNING"


def test_a_tenant_without_an_account_is_refused_and_nothing_is_left(cluster: Cluster, desk: Desk):
    assert code_of(lambda: desk.hand_over("lea_a", "ten_unknown", "hh0001")) == "TG-DRIVER-UNKNOWN"
    assert code_of(lambda: desk.hand_over("lea a;x", RED, "hh0001")) == "TG-DRIVER-UNKNOWN"
    assert desk.fact("hh0001").state is NodeState.FREE
    wait_until(cluster.all_idle, "every node is idle")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that a tenant's job can write to; pytest's own are closed to other users."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.parametrize(
    "script", ["sleep 600", DEAF, DEAF_STEPS], ids=["polite", "deaf", "deaf steps"]
)
def test_notice_reaches_and_its_end_is_kept(
    cluster: Cluster, desk: Desk, open_folder: Path, script: str
):
    heard, ready = open_folder / "heard", open_folder / "ready"
    witness = (
        f"(trap 'date +%s.%N > {heard}; exit' TERM; touch {ready}; while true; do sleep 0.02; done)"
        f" & {script}"
    )
    desk.hand_over("lea_a", RED, "hh0001", "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    job = lease_job(cluster, "lea_a", nodes=2, script=witness)
    wait_until(ready.exists, "the script has begun")
    began = time.time()
    desk.notice("lea_a", "hh0001", "hh0002")
    wait_until(lambda: heard.exists() and heard.read_text(), "the signal has come")
    assert float(heard.read_text()) - began < 2
    waiting = cluster.submit("--gres=gpu:h100:8", "--nodes=6", "--exclusive")
    took = timed(lambda: desk.take("lea_a", "hh0001", "hh0002"))
    wait_until(lambda: cluster.state(job) not in ("RUNNING", "COMPLETING"), "the job has left", 2)
    assert took < 4  # KillWait is 5 s: nobody waits for it
    desk.sanitise("hh0001", "hh0002")
    desk.wait(NodeState.FREE, "hh0001", "hh0002", clean=True)
    desk.give_back("hh0001", "hh0002")
    cluster.wait_state(waiting, "RUNNING", seconds=5)


def test_a_job_that_starts_under_notice_is_warned_too(cluster: Cluster, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    desk.notice("lea_a", "hh0001")
    time.sleep(1.1)  # starts are told in whole seconds
    job = lease_job(cluster, "lea_a")
    ticking_until(desk, lambda: cluster.state(job) != "RUNNING", "it was warned")


@pytest.mark.parametrize(
    ("body", "said"),
    [("echo no key >&2; exit 3", "exit code 3: no key"), ("sleep 60", "not done after 0.5 s")],
)
def test_a_node_whose_wipe_fails_is_drained_shown_and_never_lent(
    cluster: Cluster, desk: Desk, site: SlurmSite, tmp_path: Path, body: str, said: str
):
    driver = SlurmDriver(
        with_wipe(site, tmp_path / "wipe", f'[ "$1" = hh0001 ] || exit 0; {body}', timeout_s=0.5),
        commands_of(cluster),
        WallClock(),
    )
    mine = Desk(driver)
    mine.hand_over("lea_a", RED, "hh0001", "hh0002")
    mine.wait(NodeState.FAILED, "hh0001")
    assert said in mine.fact("hh0001").note
    assert said in cluster.out("sinfo", "-h", "-R", "-n", "hh0001", "-o", "%E")
    assert code_of(lambda: mine.hand_over("lea_b", BLUE, "hh0001")) == "TG-DRIVER-BUSY"
    assert code_of(lambda: mine.give_back("hh0001")) == "TG-DRIVER-BUSY"
    # The tenant is not on it; and what else was handed over works.
    mine.wait(NodeState.LEASED, "hh0002")
    options = ("--partition=tg-h100", "--reservation=tg-lea_a", "--nodelist=hh0001", "--wrap=true")
    refused = cluster.run("sbatch", *options, user=USER_OF[RED], check=False)
    assert "Requested node configuration is not available" in refused.stderr
    driver.close()
    # Mended, wiped again by a driver whose wipe works, it comes back.
    desk.sanitise("hh0001")
    desk.wait(NodeState.FREE, "hh0001", clean=True)
    desk.give_back("hh0001")
    assert desk.fact("hh0001").state is NodeState.FREE


def test_what_waits_is_counted_in_whole_nodes(cluster: Cluster, desk: Desk):
    held = cluster.submit("--gres=gpu:h100:8", "--nodes=6", "--exclusive")
    cluster.wait_state(held, "RUNNING")
    cluster.submit("--gres=gpu:h100:8", "--nodes=2")
    cluster.submit("--gpus=h100:4")
    cluster.submit("--gpus=h100:6", "--array=1-3")
    cluster.submit("--gres=gpu:gb200:4", "--nodes=3", "--hold")
    cluster.submit("--gres=gpu:h100:8", f"--dependency=afterok:{held}")
    wait_until(lambda: desk.driver.facts(H100).waiting.waiting_jobs == 5, "all are seen", 10)
    seen = desk.driver.facts(H100).waiting
    assert (seen.busy_nodes, seen.pending_nodes) == (6, 2 + 3)
    assert desk.driver.facts(GB200).waiting.pending_nodes == 0


def test_quota_holds_new_jobs_but_never_below_what_is_leased(cluster: Cluster, desk: Desk):
    def limit() -> str:
        return cluster.out("sacctmgr", "-nP", "show", "qos", "tg-h100", "format=grptres")

    desk.hand_over("lea_a", RED, "hh0001", "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    desk.driver.set_leasable(H100, 4)
    assert limit() == "node=4"
    desk.driver.set_leasable(H100, 0)
    assert limit() == "node=2"
    lease_job(cluster, "lea_a", nodes=2)
    desk.driver.set_leasable(H100, 100)


def test_a_token_that_comes_late_for_a_refused_command_is_tried_again(cluster: Cluster, desk: Desk):
    internal = cluster.submit("--nodelist=hh0001", "--exclusive")
    cluster.wait_state(internal, "RUNNING")
    command = HandOver(desk.token(), H100, "lea_a", RED, "flex", ("hh0001",))
    assert code_of(lambda: desk.driver.hand_over(command)) == "TG-DRIVER-BUSY"
    cluster.run("scancel", internal)
    wait_until(lambda: desk.fact("hh0001").state is NodeState.FREE, "the node is free")
    desk.driver.hand_over(command)
    desk.wait(NodeState.LEASED, "hh0001")


def test_jobs_that_wait_in_a_lease_do_not_keep_its_nodes(cluster: Cluster, desk: Desk):
    """Slurm removes no reservation in which a job waits."""
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    lease_job(cluster, "lea_a", script=DEAF)
    options = ("--partition=tg-h100", "--reservation=tg-lea_a")
    waiting = [cluster.submit(*options, *more, user=USER_OF[RED]) for more in ((), ("--hold",))]
    internal = cluster.submit("--gres=gpu:h100:8", "--nodes=6", "--exclusive")
    desk.return_all("lea_a", "hh0001")
    cluster.wait_state(internal, "RUNNING")
    assert [cluster.state(job) for job in waiting] == ["CANCELLED", "CANCELLED"]


def test_jobs_of_a_product_that_says_so_wait_again(cluster: Cluster, site: SlurmSite):
    """As long as their lease has nodes left; Slurm lets a requeued job wait for two minutes."""
    rules = {"preemptible": ProductRule(OnTake.REQUEUE, "USR1")}
    driver = SlurmDriver(replace(site, products=rules), commands_of(cluster), WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001", "hh0002", product="preemptible")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    job = lease_job(cluster, "lea_a", script=DEAF)
    first = cluster.out("squeue", "-h", "-j", job, "-o", "%N")
    other = "hh0002" if first == "hh0001" else "hh0001"
    desk.return_all("lea_a", first)
    cluster.wait_state(job, "PENDING")
    desk.return_all("lea_a", other)
    assert cluster.state(job) == "CANCELLED"
    driver.close()


def test_saved_work_gives_nodes_back_before_the_notice_ends(
    cluster: Cluster, site: SlurmSite, open_folder: Path, tmp_path: Path
):
    """One tenant saves and ends, one that hears nothing says by the interface that it is done."""
    rules = {"preemptible": ProductRule(OnTake.CHECKPOINT, "USR1")}
    driver = SlurmDriver(replace(site, products=rules), commands_of(cluster), WallClock())
    ruled = Ruled(tmp_path, driver, nodes=6)
    orders = [ruled.ordered(2, "preemptible", tenant) for tenant in (RED, BLUE)]
    red, blue = (ruled.lease(order) for order in orders)
    saved = open_folder / "saved"
    ready = open_folder / "ready"
    saving = f"trap 'sleep 1; echo > {saved}; exit 0' USR1; touch {ready}; while true; do sleep 0.1; done"
    job = lease_job(cluster, red.id, RED, 2, saving)
    lease_job(cluster, blue.id, BLUE, 2, f"trap '' USR1; {DEAF}")
    ruled.look_until(ready.exists, "the script has begun")
    internal = cluster.submit("--gres=gpu:h100:8", "--nodes=6", "--exclusive")
    ruled.look_until(lambda: ruled.line.book.short_since_s > 0, "internal work lacks nodes")
    ruled.line.book.short_since_s -= FLICKER_S  # what was just lent is not recalled for less
    ruled.look_until(lambda: not ruled.lease(orders[0]).is_live, "the first is over")
    ended = ruled.lease(orders[0])
    assert (saved.exists(), cluster.state(job)) == (True, "COMPLETED")
    assert (ended.state, ended.reason) == (LeaseState.ENDED, EndReason.RECALLED)
    assert ended.noticed_s <= ended.ended_s < ended.take_s - 60  # type: ignore[operator] # all are known
    assert ruled.lease(orders[1]).state is LeaseState.NOTICED
    acts = LeaseActs(
        ruled.store, {H100: ruled.pool}, WallClock().now_s, wake=lambda _: None, wait_s=0
    )
    with pytest.raises(NotYetError):
        acts.checkpoint_done(SYSTEM, blue.id)
    ruled.look_until(lambda: cluster.state(internal) == "RUNNING", "internal work has the nodes")
    assert ruled.lease(orders[1]).reason == EndReason.GIVEN_BACK
    for lease in (ended, ruled.lease(orders[1])):
        held = ruled.metered_s(lease, int(time.time()) + 600)
        assert set(held.values()) == {(lease.ended_s or 0) - lease.start_s}
    driver.close()
