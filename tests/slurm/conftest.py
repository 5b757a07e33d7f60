"""One cluster for all tests here that leave it as they found it."""

from collections.abc import Iterator

import pytest
from tests.slurm.cluster import Cluster, started, wait_until


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster]:
    """Six nodes of H100 and two of GB200, started once."""
    with started() as cluster:
        yield cluster


@pytest.fixture
def cluster(running_cluster: Cluster) -> Iterator[Cluster]:
    """The running cluster with no job on it, before and after."""
    yield running_cluster
    clear(running_cluster)


def clear(cluster: Cluster) -> None:
    """End all jobs, and wait until every node is idle."""
    jobs = cluster.out("squeue", "-h", "-o", "%A").split()
    if jobs:
        # KILL to every process first: a job that ignores SIGTERM would take KillWait.
        cluster.run("scancel", "--signal=KILL", "--full", *jobs, check=False)
        cluster.run("scancel", *jobs, check=False)
    wait_until(cluster.all_idle, "every node is idle again", 60)
