"""Commands that are cut off, answers that are garbage or contradict each other, clocks apart: nothing is lost."""

import time

import pytest
from tests.slurm.breaking import Cut, live
from tests.slurm.cluster import Cluster
from tests.slurm.leasing import H100, RED, Desk, WallClock, commands_of

from tidegate.control.ports import NodeState
from tidegate.control.reconcile import check_facts
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmSite
from tidegate.errors import DriverError, SlurmError

pytestmark = pytest.mark.needs_slurm


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
