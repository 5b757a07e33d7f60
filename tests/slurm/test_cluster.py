"""The cluster that the other tests stand on is a real one, and listens on loopback alone."""

from pathlib import Path

import pytest
from tests.slurm.cluster import STRANGER, Cluster

pytestmark = pytest.mark.needs_slurm


def listening(pids: set[int]) -> set[str]:
    """Local addresses (hex, as the kernel prints them) on which these processes listen."""
    inodes = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            target = str(entry.readlink()) if entry.is_symlink() else ""
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path("/proc/net", name).read_text().splitlines()[1:]:
            cells = line.split()
            if cells[3] == "0A" and cells[9] in inodes:
                found.add(cells[1].partition(":")[0])
    return found


def test_daemons_listen_on_loopback_alone(cluster: Cluster):
    loopback = "0100007F"
    assert listening({daemon.pid for daemon in cluster.daemons.values()}) == {loopback}


def test_a_job_of_whole_nodes_runs(cluster: Cluster):
    job = cluster.submit("--gres=gpu:h100:8", "--nodes=2", "--exclusive")
    cluster.wait_state(job, "RUNNING")
    assert cluster.out("squeue", "-h", "-j", job, "-o", "%D %u") == "2 daemon"


def test_a_stranger_may_look_but_not_submit(cluster: Cluster):
    assert cluster.out("sinfo", "-h", "-o", "%P", user=STRANGER)
    refused = cluster.run("sbatch", "--wrap=true", user=STRANGER, check=False)
    assert refused.returncode
    assert "Invalid account" in refused.stderr
