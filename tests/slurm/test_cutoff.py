"""Commands that are cut off, answers that are garbage or contradict each other, clocks apart: nothing is lost."""

import time
from pathlib import Path

import pytest
from tests.slurm.breaking import Cut, another_second, live
from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.leasing import H100, RED, USER_OF, Desk, WallClock, commands_of
from tests.slurm.ruled import Ruled

from tidegate.control.ports import NodeState
from tidegate.control.reconcile import check_facts
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmSite
from tidegate.errors import DriverError, SlurmError

pytestmark = pytest.mark.needs_slurm


class Off(WallClock):
    """A clock that is so many seconds ahead of slurmctld's."""

    def __init__(self, ahead_s: int) -> None:
        self._ahead_s = ahead_s

    def now_s(self) -> int:
        return int(time.time()) + self._ahead_s


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


@pytest.mark.parametrize("ahead_s", [-3600, 3600])
def test_clocks_apart_by_an_hour(cluster: Cluster, site: SlurmSite, ahead_s: int):
    """All times are by the driver's clock, whatever slurmctld's says."""
    clock = Off(ahead_s)
    driver = SlurmDriver(site, commands_of(cluster), clock)
    desk = Desk(driver)
    internal = cluster.submit("--nodelist=hh0002", "--exclusive")
    cluster.wait_state(internal, "RUNNING")
    started_s = clock.now_s()
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    lent_s = clock.now_s()
    assert 0 <= lent_s - desk.fact("hh0001").since_s <= 3
    assert abs(desk.fact("hh0002").since_s - started_s) <= 3
    # One that starts after the notice is warned, though the notice is an hour before or after by its clock.
    desk.notice("lea_a", "hh0001")
    options = ("--partition=tg-h100", "--reservation=tg-lea_a")
    late = cluster.submit(*options, user=USER_OF[RED])
    cluster.wait_state(late, "RUNNING")
    wait_until(
        lambda: driver.facts(H100) is not None and cluster.state(late) != "RUNNING", "it is warned"
    )
    # Its time comes from the reservation when its tag is lost, and nobody remembers it.
    cluster.run("scontrol", "update", "NodeName=hh0001", "Comment=")
    other = cluster.submit(*options, user=USER_OF[RED])
    cluster.wait_state(other, "RUNNING")
    anew = SlurmDriver(site, commands_of(cluster), clock)
    check_facts(anew.facts(H100), H100, 6, clock.now_s())
    assert abs(Desk(anew).fact("hh0001").since_s - lent_s) <= 5
    anew.close()
    desk.return_all("lea_a", "hh0001")
    driver.close()


@pytest.mark.parametrize("ahead_s", [-3600, 3600])
def test_a_lease_is_metered_by_one_clock(
    cluster: Cluster, site: SlurmSite, tmp_path: Path, ahead_s: int
):
    """The control plane's: as long as its tenant could use it, whenever slurmctld says that was."""
    driver = SlurmDriver(site, commands_of(cluster), Off(ahead_s))
    ruled = Ruled(tmp_path, driver, nodes=6, ahead_s=ahead_s)
    order = ruled.ordered(2)
    began = time.monotonic()
    another_second()
    another_second()
    ruled.give_back(ruled.lease(order))
    ruled.look_until(lambda: not ruled.lease(order).is_live, "it has ended")
    lasted_s = time.monotonic() - began
    ended = ruled.lease(order)
    held = ruled.metered_s(ended, (ended.ended_s or 0) + 600)
    assert set(held.values()) == {(ended.ended_s or 0) - ended.start_s}
    assert abs((ended.ended_s or 0) - ended.start_s - lasted_s) <= 2
    assert abs((ended.ended_s or 0) - ahead_s - time.time()) <= 3
    ruled.look_until(lambda: ruled.is_quiet, "its nodes are free")
    driver.close()
