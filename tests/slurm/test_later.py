"""What later releases do otherwise, put before the real cluster: lines as 25.11 prints them, and what 23.11 refuses."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from tests.slurm.cluster import Cluster, started, wait_until
from tests.slurm.conftest import clear
from tests.slurm.leasing import BLUE, RED, USER_OF, Desk, WallClock, commands_of, set_up, site_of

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm import hands
from tidegate.drivers.slurm.answers import read_nodes
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmSite
from tidegate.errors import DriverError, SlurmError

pytestmark = pytest.mark.needs_slurm

POWER = re.compile(r" CapWatts=\S+ CurrentWatts=\S+ AveWatts=\S+( ExtSensors\w+=\S+)*")
LATER = "ResumeAfterTime=None CurrentWatts=n/a AveWatts=n/a"


class Later:
    """A cluster of a later release, as far as the driver sees it."""

    def __init__(self, cluster: Cluster) -> None:
        self.real = commands_of(cluster)
        self.refused = 0

    def run(self, *argv: str, seconds: float | None = None) -> str:
        if argv[:2] == ("scontrol", "update") and "Users=root" in argv:
            self._keep_access(argv[2].removeprefix("ReservationName="))
        text = self.real.run(*argv, seconds=seconds)
        if argv[:3] != ("scontrol", "-o", "show"):
            return text
        if argv[3] == "nodes":
            return "".join(f"{node_line(line)}\n" for line in text.splitlines())
        return text.replace(" Watts=n/a", "").replace(
            " MaxStartDelay", " AllowedQOS=(null) MaxStartDelay"
        )

    def _keep_access(self, reservation: str) -> None:
        """From 23.11 on: no update by which jobs that were submitted to a reservation lose it."""
        if reservation in self.real.run("squeue", "-h", "-a", "-O", "Reservation:|").split("|"):
            self.refused += 1
            raise SlurmError("TG-SLURM-FAILED", "Error updating the reservation")


def node_line(line: str) -> str:
    """Reason before Comment, and what came in between 22.05 and 25.11 around them."""
    line = POWER.sub(f" {LATER}", line)
    comment = re.search(r" Comment=(.*?)(?= Reason=|\s*$)", line)
    reason = re.search(r" Reason=(.*?\])(?= Comment=|\s*$)", line)
    for found in (comment, reason):
        if found:
            line = line.replace(found[0], "")
    line = line.replace("+RESERVED", "+PLANNED+RESERVED")
    ends = [found[0] for found in (reason, comment) if found]
    return f"{line}{''.join(ends)} Extra={{x=1}} InstanceType=p5 ReservationName=tg-x"


def test_lines_of_25_11_say_the_same(cluster: Cluster):
    own = "Comment=rack 7 [tidegate failed since=1 lease=lea_a]"
    cluster.run(
        "scontrol", "update", "NodeName=hh0001", own, "State=DRAIN", "Reason=bad fan, slot 2"
    )
    later = {node.name: node for node in read_nodes(Later(cluster))}
    for node in read_nodes(commands_of(cluster)):
        assert later[node.name] == node
    assert later["hh0001"].comment == own.removeprefix("Comment=")
    assert later["hh0001"].reason == "bad fan, slot 2"


def test_a_lease_lives_and_its_reservation_goes_though_jobs_wait_in_it(
    cluster: Cluster, site: SlurmSite
):
    later = Later(cluster)
    driver = SlurmDriver(site, later, WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001", "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    options = ("--partition=tg-h100", "--reservation=tg-lea_a", "--nodes=2")
    jobs = [cluster.submit(*options, user=USER_OF[RED]) for _ in range(3)]
    cluster.wait_state(jobs[0], "RUNNING")
    desk.return_all("lea_a", "hh0001")
    desk.return_all("lea_a", "hh0002")
    assert cluster.state(jobs[0]) in ("CANCELLED", "FAILED")  # killed, then cancelled
    assert [cluster.state(job) for job in jobs[1:]] == ["CANCELLED"] * 2
    assert cluster.out("scontrol", "-o", "show", "reservation").startswith("No ")
    assert later.refused <= 3  # while the first one was still leaving
    desk.hand_over("lea_b", BLUE, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    driver.close()


@pytest.fixture(scope="module")
def crowded() -> Iterator[Cluster]:
    """A cluster of its own: Slurm keeps jobs that are over for minutes, and here they are many."""
    with started() as cluster:
        set_up(cluster, site_of(cluster))
        yield cluster


@pytest.mark.parametrize(
    ("release", "loops", "pause_s"), [("here", 1, 0), ("here", 3, 0), ("23.11", 1, 0.3)]
)
def test_a_tenant_who_submits_again_and_again_does_not_keep_its_nodes(
    crowded: Cluster, release: str, loops: int, pause_s: float
):
    """As fast as it can, and three times as fast; with a later release put before it, whose look takes time, slower."""
    commands = commands_of(crowded) if release == "here" else Later(crowded)
    driver = SlurmDriver(site_of(crowded), commands, WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    submit = "sbatch --output=/dev/null -p tg-h100 --reservation=tg-lea_a --wrap='sleep 600'"
    loop = f"while true; do {submit}; sleep {pause_s}; done"
    with submitting(crowded, USER_OF[RED], loop, loops):
        running = ("squeue", "-h", "-a", "-R", "tg-lea_a", "-t", "RUNNING", "-o", "%i")
        wait_until(lambda: crowded.out(*running), "a job of the tenant's runs")
        internal = crowded.submit("--gres=gpu:h100:8", "--nodes=6", "--exclusive")
        desk.take("lea_a", "hh0001")
        desk.sanitise("hh0001")
        desk.wait(NodeState.FREE, "hh0001", clean=True)
        desk.give_back("hh0001")
        crowded.wait_state(internal, "RUNNING")
    driver.close()
    clear(crowded)


@contextmanager
def submitting(cluster: Cluster, user: str, script: str, loops: int) -> Iterator[None]:
    """Have a user run a script so many times at once while the block lasts."""
    with ExitStack() as stack:
        for _ in range(loops):
            process = subprocess.Popen(
                ("sh", "-c", script),
                env=cluster.env,
                user=user,
                group="nogroup",
                extra_groups=[],
                cwd="/",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
        yield


def test_a_closed_reservation_lets_no_tenant_in(cluster: Cluster, driver: SlurmDriver):
    """Neither its own nor another; and its own again once it is given nodes again."""
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    options = ("--hold", "--partition=tg-h100", "--reservation=tg-lea_a")
    submit = ("sbatch", "--parsable", "--output=/dev/null", *options, "--wrap=true")
    waiting = cluster.out(*submit, user=USER_OF[RED])
    hands.close(commands_of(cluster), "lea_a")
    cluster.wait_state(waiting, "CANCELLED")
    for tenant in (RED, BLUE):
        refused = cluster.run(*submit, user=USER_OF[tenant], check=False)
        assert "Access denied to requested reservation" in refused.stderr
    desk.fact("hh0001")  # the lease goes on: what was changed is mended
    assert cluster.out(*submit, user=USER_OF[RED]).isdigit()
    assert cluster.run(*submit, user=USER_OF[BLUE], check=False).returncode
    desk.return_all("lea_a", "hh0001")


def retried(act: Callable[[], object]) -> set[str]:
    """Do something until it is done, as the outbox does; return the codes of the errors on the way."""
    codes = set()

    def done() -> bool:
        try:
            act()
        except DriverError as error:
            codes.add(error.code)
            return False
        return True

    wait_until(done, "it is done")
    return codes


def test_leases_and_hand_overs_go_on_while_slurm_is_reconfigured(
    cluster: Cluster, driver: SlurmDriver
):
    """From 23.11 on every daemon starts anew for that: for a moment nothing is known of the nodes."""
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    job = cluster.submit("--partition=tg-h100", "--reservation=tg-lea_a", user=USER_OF[RED])
    cluster.wait_state(job, "RUNNING")
    before = desk.fact("hh0001")
    codes = set()
    for node in ("hh0002", "hh0003", "hh0004"):
        cluster.run("scontrol", "reconfigure")
        codes |= retried(partial(desk.hand_over, f"lea_{node}", BLUE, node))
        codes |= retried(partial(desk.fact, "hh0001"))
        assert desk.fact("hh0001") == before
    assert codes <= {"TG-SLURM-DOWN"}
    desk.wait(NodeState.LEASED, "hh0002", "hh0003", "hh0004")
    assert cluster.state(job) == "RUNNING"
