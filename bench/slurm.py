"""How fast leases move on a real Slurm of 256 nodes, and how fast 10,000 recorded ones are read.

Run by ``make bench-slurm``; needs root and the programs that ``tools/get-slurm`` installs. Ratios and counts are the
result; seconds are those of this machine.
"""

import argparse
import json
import os
import platform
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.slurming.house import running
from bench.slurming.recording import Recording, grown, recorded
from tests.slurm.cluster import Cluster, started, wait_until
from tests.slurm.conf import Group, Layout
from tests.slurm.leasing import RED, USER_OF, Desk, WallClock, commands_of, set_up, site_of

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite, WipeHook
from tidegate.drivers.slurm.view import look
from tidegate.fleet import Tier

DEAF = "trap '' TERM; while true; do sleep 1; done"
LIVES = "trap '' TERM; while true; do date +%s.%N; sleep 0.01; done"
"""Deaf too, and tells the time until it is killed."""


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def rpcs(cluster: Cluster) -> int:
    """Requests that slurmctld has answered."""
    block = cluster.out("sdiag").partition("by message type")[2].partition("\n\n")[0]
    return sum(int(count) for count in re.findall(r"count:(\d+)", block))


def thread_use(cluster: Cluster) -> float:
    """Processor seconds that slurmctld has used."""
    stat = (
        Path(f"/proc/{cluster.daemons['slurmctld'].pid}/stat")
        .read_text()
        .rpartition(")")[2]
        .split()
    )
    return (int(stat[11]) + int(stat[12])) / 100


def on_cluster(nodes: int) -> dict[str, Any]:
    told: dict[str, Any] = {"nodes": nodes}
    layout = Layout((Group("hh", nodes, "h100"), Group("gb", 1, "gb200")), slurmd_timeout_s=300)
    began = time.perf_counter()
    with started(layout) as cluster:
        told["start_s"] = time.perf_counter() - began
        site = site_of(cluster)
        set_up(cluster, site)
        driver = SlurmDriver(site, commands_of(cluster), WallClock())
        desk = Desk(driver)
        names = site.pools[0].nodes
        many, few = names[: min(100, nodes // 2)], names[: min(50, nodes // 4)]
        told["look_s"] = statistics.median(seconds(lambda: driver.facts("h100")) for _ in range(9))
        used, asked = thread_use(cluster), rpcs(cluster)
        began = time.perf_counter()
        for _ in range(10):
            driver.facts("h100")
            time.sleep(max(0.0, began + 1 - time.perf_counter()))
            began = time.perf_counter()
        told["look_slurmctld_share"] = (thread_use(cluster) - used) / 10
        told["look_requests"] = (rpcs(cluster) - asked) / 10

        told["hand_over_nodes"] = len(many)
        began = time.perf_counter()
        desk.hand_over("lea_many", RED, *many)
        told["hand_over_call_s"] = time.perf_counter() - began
        desk.wait(NodeState.LEASED, *many, seconds=120)
        told["hand_over_s"] = time.perf_counter() - began

        reservation = ("--partition=tg-h100", "--reservation=tg-lea_many")
        jobs = [
            cluster.submit(*reservation, f"--nodelist={name}", user=USER_OF[RED], script=DEAF)
            for name in few
        ]
        for job in jobs:
            cluster.wait_state(job, "RUNNING", seconds=120)
        internal = cluster.submit(
            "--gres=gpu:h100:8", f"--nodes={nodes - len(many) + len(few)}", "--exclusive"
        )
        told["recall_nodes"] = len(few)
        began = time.perf_counter()
        desk.notice("lea_many", *few)
        told["notice_s"] = time.perf_counter() - began
        began = time.perf_counter()
        desk.take("lea_many", *few)
        told["take_call_s"] = time.perf_counter() - began
        desk.sanitise(*few)
        desk.wait(NodeState.FREE, *few, clean=True, seconds=120)
        desk.give_back(*few)
        told["take_to_given_back_s"] = time.perf_counter() - began
        cluster.wait_state(internal, "RUNNING", seconds=120)
        told["take_to_internal_start_s"] = time.perf_counter() - began
        cluster.run("scancel", internal)
        driver.close()
    return told


def has_text(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def recall(trials: int, notice_s: int) -> dict[str, Any]:
    """Submission of an internal job to its start, with a notice of so many seconds and a tenant that is deaf.

    The running system does it, with its loop and its store: nothing here tells it what to do but an order.
    """
    over: list[float] = []
    first: list[float] = []
    parts: list[float] = []
    kept: list[float] = []
    at_random = random.Random(20)
    with (
        started(Layout((Group("hh", 8, "h100"), Group("gb", 1, "gb200")))) as cluster,
    ):
        site = site_of(cluster)
        set_up(cluster, site)
        driver = SlurmDriver(site, commands_of(cluster), WallClock())
        heard = cluster.folder / "heard"
        heard.mkdir(mode=0o777)
        heard.chmod(0o777)
        for trial in range(trials):
            # A house of its own: what a recall was made for is kept from lending for half an hour.
            with TemporaryDirectory() as folder, running(driver, Path(folder), notice_s) as house:
                lease = house.lease(4)
                at_signal = f"(trap 'date +%s.%N > {heard}/{trial}; exit' TERM; while true; do sleep 0.01; done)"
                job = cluster.submit(
                    "--partition=tg-h100",
                    f"--reservation=tg-{lease}",
                    "--nodes=4",
                    user=USER_OF[RED],
                    script=f"{at_signal} & {LIVES} > {heard}/{trial}.lives",
                )
                cluster.wait_state(job, "RUNNING")
                # At any moment between two passes of the scheduler, and between two looks of the loop.
                time.sleep(2 + 2 * at_random.random())
                submitted = time.time()
                internal = cluster.submit("--gres=gpu:h100:8", "--nodes=8", "--exclusive")
                witnessed = heard / str(trial)
                wait_until(partial(has_text, witnessed), "the signal has come")
                wait_until(partial(house.is_open, lease), "its nodes are given back", notice_s + 30)
                opened = time.time()
                cluster.wait_state(internal, "RUNNING")
                over.append(time.time() - submitted - notice_s)
                parts.append(time.time() - opened)
                signalled = float(witnessed.read_text())
                first.append(signalled - submitted)
                last = Path(f"{witnessed}.lives").read_text().splitlines()[-1]
                kept.append(float(last) - signalled - notice_s)
                cluster.run("scancel", internal)
                wait_until(cluster.all_idle, "all nodes are idle")
                house.wait_idle()
        driver.close()

    def of(values: list[float]) -> dict[str, float]:
        return {"median": statistics.median(values), "worst": max(values)}

    return {
        "trials": trials,
        "notice_s": notice_s,
        "submission_to_first_signal_s": of(first),
        "start_beyond_notice_s": of(over),
        "of_that_waiting_for_slurms_scheduler_s": of(parts),
        "tenants_end_beyond_signal_and_notice_s": {**of(kept), "least": min(kept)},
    }


def replayed(nodes: int, jobs: int) -> dict[str, Any]:
    """Read a recorded answer, grown to so many nodes and jobs, and say what the pools show."""
    recording = grown(recorded(), nodes, jobs)
    pool = SlurmPool(
        "h100", tuple(f"hh{n:05d}" for n in range(1, nodes + 1)), "h100", 8, Tier.MAINSTAY
    )
    site = SlurmSite((pool,), WipeHook(("/bin/true",)))
    driver = SlurmDriver(site, recording, WallClock())
    read_s = statistics.median(seconds(lambda: look(recording, 0)) for _ in range(3))
    facts_s = statistics.median(seconds(lambda: driver.facts("h100")) for _ in range(3))
    facts = driver.facts("h100")
    driver.close()
    free = [fact.node for fact in facts.nodes if fact.state is NodeState.FREE]
    return {
        "nodes": len(facts.nodes),
        "jobs": jobs,
        "leased_nodes": sum(fact.state is NodeState.LEASED for fact in facts.nodes),
        "answer_mb": recording.size / 1e6,
        "read_s": read_s,
        "facts_s": facts_s,
        "hand_over_20_own_s": statistics.median(
            hand_over_own_s(site, recording, free[at : at + 20]) for at in range(0, 200, 20)
        ),
    }


class Forgetful:
    """Answers from a recording, forgets most that is changed, and keeps account of the time that it takes itself."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.own_s = 0.0

    def run(self, *argv: str, seconds: float | None = None) -> str:
        began = time.perf_counter()
        told = self._recording.answer(*argv)
        if told is None:
            self._recording = self._recording.after(*argv)
        self.own_s += time.perf_counter() - began
        return told or ""


def hand_over_own_s(site: SlurmSite, recording: Recording, nodes: Sequence[str]) -> float:
    """Seconds that the driver takes to hand nodes over, without what Slurm takes."""
    slurm = Forgetful(recording)
    driver = SlurmDriver(site, slurm, WallClock())
    driver.facts("h100")
    before_s = slurm.own_s
    took_s = seconds(partial(Desk(driver).hand_over, "lea_new", RED, *nodes))
    driver.close()
    return took_s - (slurm.own_s - before_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=256)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--notice", type=int, default=10, help="seconds, of a recall")
    parser.add_argument("--out", type=Path, default=Path("out/bench-slurm.json"))
    given = parser.parse_args()
    told = {
        "machine": {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "slurm": "22.05.8",
        },
        "replay": replayed(10_000, 10_000),
        "recall": recall(given.trials, given.notice),
        "cluster": on_cluster(given.nodes),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(told, indent=2))
    json.dump(told, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
