"""One cluster for all tests here that leave it as they found it."""

from collections.abc import Iterator

import pytest
from tests.slurm.cluster import Cluster, started, wait_until
from tests.slurm.conf import Group, Layout
from tests.slurm.leasing import Desk, WallClock, commands_of, set_up, site_of

from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmSite


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster]:
    """Six nodes of H100 and two of GB200, started once and set up for leases."""
    with started() as cluster:
        set_up(cluster, site_of(cluster))
        yield cluster


@pytest.fixture
def cluster(running_cluster: Cluster) -> Iterator[Cluster]:
    """The running cluster without job, reservation, tag or drained node, before and after."""
    yield running_cluster
    clear(running_cluster)


@pytest.fixture
def site(cluster: Cluster) -> SlurmSite:
    return site_of(cluster)


@pytest.fixture
def driver(cluster: Cluster, site: SlurmSite) -> Iterator[SlurmDriver]:
    driver = SlurmDriver(site, commands_of(cluster), WallClock())
    yield driver
    driver.close()


@pytest.fixture
def desk(driver: SlurmDriver) -> Desk:
    return Desk(driver)


@pytest.fixture(scope="session")
def running_fragile() -> Iterator[Cluster]:
    """Two nodes of H100 and one of GB200 whose daemons die."""
    layout = Layout((Group("hh", 2, "h100"), Group("gb", 1, "gb200")), slurmd_timeout_s=6)
    with started(layout) as cluster:
        set_up(cluster, site_of(cluster))
        yield cluster


@pytest.fixture
def fragile(running_fragile: Cluster) -> Iterator[Cluster]:
    """Such a cluster, whole and empty before and after: a test that fails leaves nothing to the next."""
    yield running_fragile
    running_fragile.start_missing()
    clear(running_fragile)


def clear(cluster: Cluster) -> None:
    """End all jobs, remove what leases have left, and wait until every node is idle."""
    # One that crashed has been started again: it first hears from its nodes.
    wait_until(cluster.heard, "slurmctld has heard from its nodes")
    jobs = cluster.out("squeue", "-h", "-o", "%A").split()
    if jobs:
        steps = cluster.out("squeue", "-h", "-s", "-o", "%i").split()
        steps = [step for step in steps if step.rpartition(".")[2].isdigit()]
        for argv in (["--signal=KILL", *steps], ["--signal=KILL", "--batch", *jobs], jobs):
            cluster.run("scancel", *argv, check=False)

    def without_reservations() -> bool:
        names = cluster.out(
            "squeue", "-h", "-o", "%A"
        )  # a job that leaves still holds its reservation
        lines = cluster.out("scontrol", "-o", "show", "reservation").splitlines()
        for line in lines:
            if line.startswith("ReservationName="):
                cluster.run("scontrol", "delete", line.split()[0], check=False)
        return not names and all(line.startswith("No ") for line in lines)

    wait_until(without_reservations, "no job and no reservation is left", 60)
    cluster.run("scontrol", "update", f"NodeName={','.join(cluster.nodes)}", "Comment=")
    drained = cluster.out("sinfo", "-h", "-N", "-t", "drain,down", "-o", "%N").split()
    if drained:
        cluster.run("scontrol", "update", f"NodeName={','.join(set(drained))}", "State=RESUME")
    wait_until(cluster.all_idle, "every node is idle again", 60)
