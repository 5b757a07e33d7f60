"""slurmdbd is down, a node dies: leases go on, meters stop where they must, and internal work is not blocked."""

import time
from datetime import datetime
from pathlib import Path

import pytest
from tests.control.moneyhouse import RULES
from tests.slurm.breaking import DEAF
from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.leasing import BLUE, H100, RED, USER_OF, Desk, WallClock, commands_of, site_of
from tests.slurm.ruled import Ruled

from tidegate.control.invoicing import credit_breaks
from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.errors import SlurmError
from tidegate.lease.events import NODES_REPLACED
from tidegate.lease.lease import EndReason
from tidegate.lease.states import LeaseState

pytestmark = pytest.mark.needs_slurm


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


@pytest.mark.slow
def test_without_slurmdbd_the_control_plane_lends_recalls_and_settles(
    fragile: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The quota, the beginning of a lease, its recall and its bill: all while slurmdbd is down; then it catches up."""
    monkeypatch.setattr("tidegate.control.outbox.CAP_RETRY_S", 2.0)
    driver = SlurmDriver(site_of(fragile), commands_of(fragile), WallClock())
    quota = ("sacctmgr", "-nP", "show", "qos", "tg-h100", "format=grptres")
    fragile.run("sacctmgr", "-i", "modify", "qos", "tg-h100", "set", "GrpTRES=node=-1")
    fragile.kill("slurmdbd")
    ruled = Ruled(tmp_path, driver, nodes=2, notice_s=3)
    order = ruled.ordered(1, "preemptible")
    lease = ruled.lease(order)
    options = ("--partition=tg-h100", f"--reservation=tg-{lease.id}")
    tenants = fragile.submit(*options, user=USER_OF[RED], script=DEAF)
    fragile.wait_state(tenants, "RUNNING")
    internal = fragile.submit("--nodes=2", "--exclusive", "--gres=gpu:h100:8")
    ruled.look_until(lambda: fragile.state(internal) == "RUNNING", "internal work has the nodes")
    ended = ruled.lease(order)
    assert (ended.state, ended.reason) == (LeaseState.ENDED, EndReason.RECALLED)
    held = ruled.metered_s(ended, int(time.time()) + 600)
    assert list(held.values()) == [(ended.ended_s or 0) - ended.start_s]
    assert credit_breaks(ruled.money, RULES, int(time.time())) == []
    fragile.run("scancel", internal)
    fragile.start_slurmdbd()
    ruled.look_until(lambda: fragile.out(*quota) == "node=2", "the quota is set")
    # What was run meanwhile comes into its books, and lies within what was metered.
    told = ("sacct", "-n", "-P", "-X", "-j", tenants, "--format=Start,End")
    wait_until(lambda: "Unknown" not in (fragile.out(*told) or "Unknown"), "slurmdbd knows of it")
    start_s, end_s = (seconds_of(text) for text in fragile.out(*told).split("|"))
    assert ended.start_s <= start_s < end_s <= (ended.ended_s or 0) + 1
    driver.close()


def seconds_of(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def ended_s(cluster: Cluster, job: str) -> int:
    """When a job that was requeued ended for the first time, as sacct has it."""
    told = cluster.out("sacct", "-n", "-P", "-X", "-D", "-j", job, "-o", "State,End").splitlines()
    end = next(line.split("|")[1] for line in told if line.startswith("NODE_FAIL"))
    return seconds_of(end)


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
