"""Whatever breaks, and whatever is changed by hand: no lease is lost or doubled, and internal work is not blocked."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.control.moneyhouse import RULES
from tests.slurm.cluster import Cluster, started, wait_until
from tests.slurm.conf import Group, Layout
from tests.slurm.leasing import (
    BLUE,
    H100,
    RED,
    USER_OF,
    Desk,
    WallClock,
    commands_of,
    set_up,
    site_of,
    with_wipe,
)
from tests.slurm.ruled import Ruled

from tidegate.control.invoicing import credit_breaks
from tidegate.control.ports import Command, HandOver, NodeFact, NodeState
from tidegate.control.reconcile import check_facts
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.history import Row, history
from tidegate.drivers.slurm.site import Drift, SlurmSite
from tidegate.errors import DriverError, SlurmError
from tidegate.lease.events import NODES_REPLACED
from tidegate.lease.lease import EndReason
from tidegate.lease.states import LeaseState

pytestmark = pytest.mark.needs_slurm

DEAF = "trap '' TERM; while true; do sleep 0.2; done"


@pytest.fixture
def desk(driver: SlurmDriver) -> Desk:
    return Desk(driver)


class Cut:
    """Commands of which one, by its number, is cut off: before it is run, or before its answer comes."""

    def __init__(self, cluster: Cluster) -> None:
        self.real = commands_of(cluster)
        self.count = 0
        self.at = -1
        self.after = False
        self.then: Callable[[], None] = lambda: None

    def run(self, *argv: str, seconds: float | None = None) -> str:
        self.count += 1
        if self.count != self.at:
            return self.real.run(*argv, seconds=seconds)
        if self.after:
            self.real.run(*argv, seconds=seconds)
        self.then()
        raise SlurmError("TG-SLURM-TIMEOUT", "cut off by the test")


def do_until_done(
    driver: SlurmDriver, command: Command, seconds: float = 30, *, strays: bool = True
) -> None:
    """Give a command again until it is done, as the outbox does."""
    act = {
        "HandOver": driver.hand_over,
        "Notice": driver.notice,
        "Take": driver.take,
        "Sanitise": driver.sanitise,
        "GiveBack": driver.give_back,
    }[type(command).__name__]

    said = ""

    def done() -> bool:
        nonlocal said
        try:
            act(command)  # type: ignore[operator] # the one that takes it
        except DriverError as error:
            said = str(error)
            if strays:
                take_strays(driver)
            assert error.code.startswith("TG-SLURM-") or error.code == "TG-DRIVER-BUSY"  # noqa: PT017
            return False
        return True

    try:
        wait_until(done, f"{command} is done", seconds)
    except TimeoutError:
        raise AssertionError(f"{command}: {said}") from None


def take_strays(driver: SlurmDriver) -> None:
    """What the running system does with nodes of leases that have ended: slurmctld had not saved their end."""
    desk = Desk(driver)
    for fact in facts(driver).values():
        with suppress(DriverError):
            if fact.state is NodeState.LEASED:
                desk.take(fact.lease_id or "", fact.node)
            if fact.state in (NodeState.LEASED, NodeState.DRAINING):
                desk.sanitise(fact.node)
            if fact.is_clean:
                desk.give_back(fact.node)


def facts(driver: SlurmDriver) -> dict[str, NodeFact]:
    try:
        return {fact.node: fact for fact in driver.facts(H100).nodes}
    except DriverError:
        return {}


def live(cluster: Cluster, driver: SlurmDriver, lease: str, node: str = "hh0001") -> None:
    """A whole life of a lease, each command given until it is done; then the cluster is as it was."""
    desk = Desk(driver)

    def wait(state: NodeState, *, clean: bool = False) -> None:
        wait_until(
            lambda: (
                (f := facts(driver).get(node)) and f.state is state and (f.is_clean or not clean)
            ),
            f"{node} is {state}",
            60,
        )

    do_until_done(driver, HandOver(desk.token(), H100, lease, RED, "flex", (node,)))
    wait(NodeState.LEASED)
    wait_until(
        lambda: (f := facts(driver).get(node)) and f.lease_id == lease, "it is with the lease"
    )
    assert cluster.out("scontrol", "-o", "show", "reservation").count("ReservationName=") == 1
    for step in (desk.notice, desk.take):
        giving = CommandOf(step)
        do_until_done(driver, giving(lease, node))
    do_until_done(driver, CommandOf(desk.sanitise)(node))
    wait(NodeState.FREE, clean=True)
    do_until_done(driver, CommandOf(desk.give_back)(node))
    wait(NodeState.FREE)
    wait_until(cluster.all_idle, "everything is as it was")
    assert cluster.out("scontrol", "-o", "show", "reservation").startswith("No ")


class CommandOf:
    """The command that a method of the desk would give."""

    def __init__(self, give: Callable[..., Command]) -> None:
        self._give = give

    def __call__(self, *words: str) -> Command:
        desk: Desk = self._give.__self__  # type: ignore[attr-defined] # a bound method
        kept, caught = desk.driver, list[Command]()

        class Catch:
            def __getattr__(self, name: str) -> Callable[[Command], None]:
                return caught.append

        desk.driver = Catch()  # type: ignore[assignment] # takes any command
        try:
            self._give(*words)
        finally:
            desk.driver = kept
        return caught[0]


@pytest.mark.parametrize("after", [False, True], ids=["not done", "done but not told"])
def test_a_command_cut_off_at_any_step_is_repeated_without_harm(
    cluster: Cluster, site: SlurmSite, after: bool
):
    for at in range(1, 40, 5):
        cut = Cut(cluster)
        cut.at, cut.after = at, after
        driver = SlurmDriver(site, cut, WallClock())
        live(cluster, driver, f"lea_{at}_{after}")
        driver.close()


def test_answers_that_are_garbage_change_nothing(cluster: Cluster, site: SlurmSite, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")

    class Garbled(Cut):
        def run(self, *argv: str, seconds: float | None = None) -> str:
            text = self.real.run(*argv, seconds=seconds)
            return text.replace("=", "?") if argv[:3] == ("scontrol", "-o", "show") else text

    garbled = SlurmDriver(site, Garbled(cluster), WallClock())
    with pytest.raises(SlurmError, match="TG-SLURM-GARBAGE"):
        garbled.facts(H100)
    with pytest.raises(SlurmError, match="TG-SLURM-GARBAGE"):
        Desk(garbled).take("lea_a", "hh0001")
    garbled.close()
    assert desk.fact("hh0001").state is NodeState.LEASED


def test_what_contradicts_itself_is_taken_at_its_worst(cluster: Cluster, site: SlurmSite):
    """squeue shows a job on a node that scontrol calls idle: nothing is handed over."""
    job = cluster.submit("--nodelist=hh0001", "--exclusive")
    cluster.wait_state(job, "RUNNING")

    class Liar(Cut):
        def run(self, *argv: str, seconds: float | None = None) -> str:
            return self.real.run(*argv, seconds=seconds).replace("State=ALLOCATED", "State=IDLE")

    driver = SlurmDriver(site, Liar(cluster), WallClock())
    assert Desk(driver).fact("hh0001").state is NodeState.INTERNAL
    with pytest.raises(DriverError, match="TG-DRIVER-BUSY"):
        Desk(driver).hand_over("lea_a", RED, "hh0001")
    driver.close()


def test_clocks_apart_by_an_hour(cluster: Cluster, site: SlurmSite):
    for offset in (-3600, 3600):

        class Off(WallClock):
            by = offset

            def now_s(self) -> int:
                return int(time.time()) + self.by

        driver = SlurmDriver(site, commands_of(cluster), Off())
        desk = Desk(driver)
        desk.hand_over("lea_a", RED, "hh0001")
        desk.wait(NodeState.LEASED, "hh0001")
        cluster.run("scontrol", "update", "NodeName=hh0001", "Comment=")
        check_facts(driver.facts(H100), H100, 6, Off().now_s())
        desk.return_all("lea_a", "hh0001")
        driver.close()


# --- somebody changes things by hand


def test_a_tag_removed_by_hand_is_restored_with_its_time(cluster: Cluster, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    since = desk.fact("hh0001").since_s
    time.sleep(1.1)
    cluster.run("scontrol", "update", "NodeName=hh0001", "Comment=mine")
    fact = desk.fact("hh0001")
    assert (fact.state, fact.lease_id, fact.since_s) == (NodeState.LEASED, "lea_a", since)
    assert "Comment=mine [tidegate leased" in cluster.out(
        "scontrol", "-o", "show", "node", "hh0001"
    )
    desk.return_all("lea_a", "hh0001")
    assert "Comment=mine" in cluster.out("scontrol", "-o", "show", "node", "hh0001")


def test_a_node_nobody_remembers_is_wiped_before_its_tenant_comes(
    cluster: Cluster, site: SlurmSite, tmp_path: Path
):
    log = tmp_path / "wiped"
    cluster.run(
        "scontrol", "create", "reservation", "ReservationName=tg-lea_a", "Nodes=hh0001",
        "Accounts=tg-ten_red", "PartitionName=tg-h100", "StartTime=now", "Duration=60", "Flags=IGNORE_JOBS",
    )  # fmt: skip
    driver = SlurmDriver(
        with_wipe(site, tmp_path / "wipe", f'echo "$1" >> {log}'), commands_of(cluster), WallClock()
    )
    Desk(driver).wait(NodeState.LEASED, "hh0001")
    assert log.read_text() == "hh0001\n"
    driver.close()


def test_a_reservation_removed_or_given_away_by_hand(cluster: Cluster, desk: Desk, site: SlurmSite):
    desk.hand_over("lea_a", RED, "hh0001", "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    since = desk.fact("hh0001").since_s
    cluster.run("scontrol", "update", "ReservationName=tg-lea_a", "Accounts=tg-ten_blue")
    desk.fact("hh0001")
    assert "Accounts=tg-ten_red" in cluster.out("scontrol", "-o", "show", "reservation", "tg-lea_a")
    cluster.run("scontrol", "update", "ReservationName=tg-lea_a", "Nodes=hh0001")
    desk.fact("hh0001")
    assert "Nodes=hh[0001-0002]" in cluster.out("scontrol", "-o", "show", "reservation", "tg-lea_a")
    cluster.run("scontrol", "delete", "ReservationName=tg-lea_a")
    # Respected: it is shown, and left as it is.
    respecting = SlurmDriver(replace(site, drift=Drift.RESPECT), commands_of(cluster), WallClock())
    shown = Desk(respecting).fact("hh0001")
    assert (shown.state, shown.lease_id) == (NodeState.FREE, None)
    assert "no longer has this node" in shown.note
    respecting.close()
    # Repaired.
    fact = desk.fact("hh0001")
    assert (fact.state, fact.lease_id, fact.since_s) == (NodeState.LEASED, "lea_a", since)


def test_internal_work_that_got_in_by_hand_is_left_alone(cluster: Cluster, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    cluster.run("scontrol", "delete", "ReservationName=tg-lea_a")
    job = cluster.submit("--nodelist=hh0001", "--exclusive")
    cluster.wait_state(job, "RUNNING")
    fact = desk.fact("hh0001")
    assert (fact.state, fact.lease_id) == (NodeState.INTERNAL, None)
    assert cluster.state(job) == "RUNNING"


def test_a_node_opened_by_hand_between_two_holders_is_shut_again(
    cluster: Cluster, site: SlurmSite, tmp_path: Path
):
    driver = SlurmDriver(
        with_wipe(site, tmp_path / "wipe", "sleep 1"), commands_of(cluster), WallClock()
    )
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001")
    cluster.run("scontrol", "update", "NodeName=hh0001", "State=UNDRAIN")
    assert desk.fact("hh0001").state is NodeState.SANITISING
    assert "DRAIN" in cluster.out("scontrol", "-o", "show", "node", "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    driver.close()


def test_a_node_drained_by_hand_stays_drained(cluster: Cluster, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    desk.take("lea_a", "hh0001")
    desk.sanitise("hh0001")
    desk.wait(NodeState.FREE, "hh0001", clean=True)
    cluster.run("scontrol", "update", "NodeName=hh0001", "State=DRAIN", "Reason=bad fan")
    desk.give_back("hh0001")
    fact = desk.fact("hh0001")
    assert (fact.state, fact.note) == (NodeState.FAILED, "bad fan")


# --- daemons that die; on a cluster of their own


@pytest.fixture(scope="module")
def fragile() -> Iterator[Cluster]:
    with started(
        Layout((Group("hh", 2, "h100"), Group("gb", 1, "gb200")), slurmd_timeout_s=6)
    ) as cluster:
        set_up(cluster, site_of(cluster))
        yield cluster


@pytest.mark.parametrize(
    "step", [11, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 4, 7, 19, 24))]
)
def test_slurmctld_killed_at_any_moment_of_a_life(fragile: Cluster, step: int):
    """Killed after a command was acknowledged, and started again: what it had not saved is done again."""
    cut = Cut(fragile)

    def die() -> None:
        fragile.kill("slurmctld")
        fragile.start_slurmctld()

    cut.at, cut.after, cut.then = step, True, die
    driver = SlurmDriver(site_of(fragile), cut, WallClock())
    # Tags count seconds: which of two lives of one second is the later one, nobody could tell.
    began_s = int(time.time())
    wait_until(lambda: int(time.time()) > began_s, "the next second")
    live(fragile, driver, f"lea_{step}")
    driver.close()


@pytest.mark.slow
@pytest.mark.parametrize(("handing", "taking"), [(2, 9), (5, 4)])
def test_slurmctld_killed_under_the_control_plane(
    fragile: Cluster, tmp_path: Path, handing: int, taking: int
):
    """While a lease begins, and again while it ends: it is metered to the second, and internal work has the nodes."""
    cut = Cut(fragile)

    def die() -> None:
        fragile.kill("slurmctld")
        fragile.start_slurmctld()

    cut.after, cut.then = True, die
    driver = SlurmDriver(site_of(fragile), cut, WallClock())
    ruled = Ruled(tmp_path, driver, nodes=2)
    ruled.step()
    order = ruled.order(1)
    cut.at = cut.count + handing
    ruled.look_until(lambda: ruled.is_running(order), "the lease runs")
    lease = ruled.lease(order)
    assert cut.count > cut.at
    time.sleep(3)
    ruled.give_back(lease)
    cut.at = cut.count + taking
    ruled.look_until(lambda: cut.count > cut.at, "slurmctld was killed")
    # A job of before would be lost with it: slurmctld had not saved it.
    internal = fragile.submit("--nodes=2", "--exclusive", "--gres=gpu:h100:8")
    ruled.look_until(
        lambda: fragile.state(internal) == "RUNNING", "internal work has the nodes", 90
    )
    ended = ruled.lease(order)
    held = ruled.metered_s(ended, int(time.time()) + 600)
    assert list(held.values()) == [(ended.ended_s or 0) - ended.start_s]
    assert len(ruled.told("lease.running")) == len(ruled.told("lease.ended")) == 1
    assert fragile.out("scontrol", "-o", "show", "reservation").startswith("No ")
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
    time.sleep(6)  # slurmctld saves what it knows within five seconds
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
    time.sleep(6)  # slurmctld saves what it knows within five seconds
    return_whatever_happens(desk, "lea_c", "hh0001")
    # The one has ended, whatever slurmctld did; the other is as it was.
    wait_until(lambda: (f := facts(driver).get("hh0002")) and f.lease_id == "lea_d", "it is there")
    assert facts(driver)["hh0002"].since_s == since
    return_whatever_happens(desk, "lea_d", "hh0002")
    wait_until(fragile.all_idle, "everything is as it was")
    driver.close()


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
    time.sleep(6)  # slurmctld saves what it knows within five seconds
    state, saved = fragile.folder / "state", tmp_path / "saved"
    shutil.copytree(state, saved)
    submit = ("--partition=tg-h100", "--reservation=tg-lea_t")
    first = fragile.submit(*submit, "--nodelist=hh0001", user=USER_OF[RED])
    fragile.wait_state(first, "RUNNING")
    told = ("sacct", "-n", "-P", "-X", "-D", "-j", first, "--format=JobIDRaw,Submit")
    wait_until(lambda: fragile.out(*told), "slurmdbd knows of it")
    time.sleep(1.1)  # the next is submitted in another second
    desk.notice("lea_t", "hh0001", "hh0002")
    fragile.kill("slurmctld")
    shutil.copytree(saved, state, dirs_exist_ok=True)
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


def test_without_slurmdbd_nodes_are_handed_over_and_taken(fragile: Cluster):
    driver = SlurmDriver(site_of(fragile), commands_of(fragile), WallClock())
    desk = Desk(driver)
    fragile.kill("slurmdbd")
    try:
        with pytest.raises(SlurmError, match=r"TG-SLURM-(DOWN|FAILED|TIMEOUT)"):
            driver.set_leasable(H100, 1)
        desk.hand_over("lea_a", BLUE, "hh0001")
        desk.wait(NodeState.LEASED, "hh0001")
        job = fragile.submit(
            "-p", "tg-h100", "--reservation=tg-lea_a", user=USER_OF[BLUE], script=DEAF
        )
        fragile.wait_state(job, "RUNNING")
        internal = fragile.submit("--nodes=2", "--exclusive")
        desk.return_all("lea_a", "hh0001")
        fragile.wait_state(internal, "RUNNING")
        fragile.run("scancel", internal)
    finally:
        fragile.start_slurmdbd()
    driver.close()


def ended_s(cluster: Cluster, job: str) -> int:
    """When a job that was requeued ended for the first time, as sacct has it."""
    told = cluster.out("sacct", "-n", "-P", "-X", "-D", "-j", job, "-o", "State,End").splitlines()
    end = next(line.split("|")[1] for line in told if line.startswith("NODE_FAIL"))
    return int(datetime.fromisoformat(f"{end}+00:00").timestamp())


@pytest.mark.slow  # slurmctld takes its time to give a node up
def test_a_node_that_dies_under_a_lease(fragile: Cluster, tmp_path: Path):
    """Its meter stops, the lease gets the other node, then has none left and is credited; it comes back unlent."""
    driver = SlurmDriver(site_of(fragile), commands_of(fragile), WallClock())
    ruled = Ruled(tmp_path, driver, nodes=2)
    order = ruled.ordered(1)
    lease = ruled.lease(order)
    quota = ("sacctmgr", "-nP", "show", "qos", "tg-h100", "format=grptres")
    ruled.look_until(lambda: fragile.out(*quota) == "node=2", "the quota is set")
    options = ("--partition=tg-h100", f"--reservation=tg-{lease.id}")
    killed = fragile.submit(*options, user=USER_OF[RED])
    fragile.wait_state(killed, "RUNNING")
    queued = fragile.submit(*options, user=USER_OF[RED])
    died_s = int(time.time())
    fragile.kill("slurmd:hh0002")
    ruled.look_until(lambda: ruled.told(NODES_REPLACED), "it is replaced")
    assert ruled.told(NODES_REPLACED)[0].data == {"failed": ["hh0002"], "nodes": ["hh0001"]}
    # What its tenant has queued runs on the other node.
    ruled.look_until(lambda: fragile.state(queued) == "RUNNING", "the tenant works on")
    assert fragile.out("squeue", "-h", "-j", queued, "-o", "%N") == "hh0001"
    shown = {fact.node: fact for fact in driver.facts(H100).nodes}
    gone_s = shown["hh0002"].since_s
    assert (shown["hh0002"].state, shown["hh0001"].lease_id) == (NodeState.FAILED, lease.id)
    assert "Not responding" in shown["hh0002"].note
    # From its silence on, not only from when Slurm has given it up.
    assert died_s <= gone_s <= ended_s(fragile, killed)
    held = ruled.metered_s(lease)
    assert held["hh0002"] == gone_s - lease.start_s
    # No other is left when that one dies too: the lease has failed, and is credited.
    fragile.kill("slurmd:hh0001")
    fragile.run("scontrol", "update", "NodeName=hh0001", "State=DOWN", "Reason=burnt")
    ruled.look_until(lambda: ruled.lease(order).state is LeaseState.FAILED, "it has failed")
    ended = ruled.lease(order)
    assert (ended.reason, ended.broken_s > 23 * 3600) == (EndReason.NODE_FAILED, True)
    (note,) = credit_breaks(ruled.money, RULES, int(time.time()))
    assert note.lease_id == lease.id
    assert ruled.metered_s(lease, int(time.time()) + 600)["hh0002"] == held["hh0002"]
    # Both come back: nobody's, and open to nobody before they are wiped.
    for node in ("hh0001", "hh0002"):
        fragile.start_slurmd(node)
    internal = fragile.submit("--nodes=2", "--exclusive")
    ruled.look_until(lambda: fragile.state(internal) == "RUNNING", "internal work has them")
    assert fragile.out("scontrol", "-o", "show", "reservation").startswith("No ")
    assert "tidegate" not in fragile.out("scontrol", "-o", "show", "node")
    fragile.run("scancel", internal)
    driver.close()
