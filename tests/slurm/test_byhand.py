"""Whatever somebody changes by hand: no lease is lost or doubled, and internal work is not blocked."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.slurm.breaking import another_second
from tests.slurm.cluster import Cluster
from tests.slurm.leasing import RED, Desk, WallClock, commands_of, with_wipe

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import Drift, SlurmSite

pytestmark = pytest.mark.needs_slurm


def test_a_tag_removed_by_hand_is_restored_with_its_time(cluster: Cluster, desk: Desk):
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    since = desk.fact("hh0001").since_s
    another_second()
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
