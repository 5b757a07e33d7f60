"""Ten thousand recorded nodes and as many jobs, read and judged within a tick."""

import time

from bench.slurming.recording import grown, recorded
from tests.slurm.leasing import WallClock

from tidegate.control.ports import NodeState
from tidegate.control.reconcile import check_facts
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite, WipeHook
from tidegate.fleet import Tier

NODES = 10_000


def test_ten_thousand_nodes_within_a_tick():
    names = tuple(f"hh{number:05d}" for number in range(1, NODES + 1))
    site = SlurmSite(
        (SlurmPool("h100", names, "h100", 8, Tier.MAINSTAY),), WipeHook(("/bin/true",))
    )
    driver = SlurmDriver(site, grown(recorded(), NODES, NODES), WallClock())
    began = time.process_time()
    facts = driver.facts("h100")
    took_s = time.process_time() - began
    driver.close()
    check_facts(facts, "h100", NODES, int(time.time()) + 10**9)
    leased = {fact.node: fact.lease_id for fact in facts.nodes if fact.state is NodeState.LEASED}
    assert len(leased) == NODES // 4
    assert len(set(leased.values())) == 126
    assert leased["hh00080"] == "lea_1"
    assert facts.waiting.waiting_jobs == (1 + 9) * NODES // 4
    # Processor time of the first look, when nothing is remembered; the target is a second on the wall.
    assert took_s < 2
