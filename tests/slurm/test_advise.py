"""Advice on a real cluster: read by a user without any right, and nothing of it is changed."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.slurm import backlog
from tests.slurm.cluster import OWNER, STRANGER, Cluster, started, wait_until
from tests.slurm.past import DAY_S, FIRST_ID, give_past

from tidegate.app.advise import Advice, advise
from tidegate.app.feed import follow
from tidegate.drivers.slurm.commands import reads_only
from tidegate.drivers.slurm.tail import Polled
from tidegate.errors import FeedError, OptionError, SlurmError
from tidegate.feeds import read_jobs
from tidegate.feeds.fleetfile import read_fleet
from tidegate.plan import LogSource

pytestmark = pytest.mark.needs_slurm


class AsUser:
    """Slurm's commands, run by a user of the cluster; keeps what was run."""

    def __init__(self, cluster: Cluster, user: str) -> None:
        self.cluster = cluster
        self.user = user
        self.argvs: list[tuple[str, ...]] = []

    def run(self, *argv: str, seconds: float | None = None) -> str:
        self.argvs.append(argv)
        return self.cluster.run(*argv, user=self.user, seconds=seconds or 30).stdout


@pytest.fixture(scope="module")
def lived() -> Iterator[Cluster]:
    """A cluster with four weeks behind it, one job that runs and one that waits."""
    with started() as cluster:
        give_past(cluster, int(time.time()))
        running = cluster.submit("--gres=gpu:h100:8", "--nodes=5", "--exclusive")
        cluster.wait_state(running, "RUNNING")
        cluster.submit("--gres=gpu:h100:8", "--nodes=3", "--exclusive")
        elapsed = ("squeue", "-h", "-j", running, "-o", "%M")
        wait_until(lambda: cluster.out(*elapsed) > "0:01", "it has run for two seconds")
        told = f"SELECT count(*) FROM tide_job_table WHERE id_job < {FIRST_ID} AND time_start > 0;"
        wait_until(lambda: cluster.sql(told) == "1", "slurmdbd knows of the running job")
        yield cluster


@pytest.fixture(scope="module")
def advised(
    lived: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Advice, AsUser, Path]:
    folder = tmp_path_factory.mktemp("advice")
    commands = AsUser(lived, STRANGER)
    return advise(commands, folder, weeks=4, pause=lambda seconds: None), commands, folder


def everything(cluster: Cluster) -> str:
    """All that could have been changed, without what changes by itself."""
    shown = [
        cluster.out("scontrol", "-o", "show", what)
        for what in ("nodes", "partition", "reservation", "job")
    ]
    kept = [
        cluster.out("sacctmgr", "-nP", "show", what) for what in ("assoc", "qos", "account", "user")
    ]
    text = "\n".join([*shown, *kept])
    return re.sub(
        r"(CPULoad|FreeMem|RunTime|LastBusyTime|LastSchedEval|StartTime|EndTime)=\S+", "", text
    )


def rpcs(cluster: Cluster, user: str | None = None) -> dict[str, int]:
    """How often slurmctld was asked for what (by type), or by a user."""
    text = cluster.out("sdiag")
    title = "Remote Procedure Call statistics by " + ("user" if user else "message type")
    block = text.partition(title)[2].partition("\n\n")[0]
    return {m[1]: int(m[2]) for m in re.finditer(r"(\w+)\s*\(\s*\d+\) count:(\d+)", block)}


def test_pools_and_tiers_are_proposed(advised: tuple[Advice, AsUser, Path]):
    advice, _, folder = advised
    assert [
        (pool.id, pool.chip.id, pool.tier.value, len(pool.nodes)) for pool in advice.seen.pools
    ] == [
        ("h100", "H100-SXM", "mainstay", 6),
        ("gb200", "GB200", "frontier", 2),
    ]
    h100 = advice.seen.pools[0]
    assert (h100.busy_nodes, h100.waiting_jobs, h100.waiting_gpus) == (5, 1, 24)
    scenario = read_fleet(folder / "fleet.toml")
    assert [len(case.offers) for case in scenario.cases] == [4, 0]


def test_the_past_is_played_and_the_curve_ends_now(advised: tuple[Advice, AsUser, Path]):
    advice, _, _ = advised
    played = advice.played("h100")
    assert played is not None
    assert played.jobs_count >= 1_500  # a job of less than a second does not count
    assert abs(played.span.stop_s - time.time()) < 600
    harvested = {p.policy: p.harvested_gpu_hours for p in played.policies}
    assert harvested["tidegate"] > 0
    curve = advice.curve_now("h100")
    # As of the last tick of five minutes: nobody is promised more than there is, nor more for longer.
    promised = [gpus for _, gpus in curve]
    assert 48 >= promised[0] >= promised[-1] >= 0
    assert promised == sorted(promised, reverse=True)
    assert advice.unplayed == {"gb200": "A frontier pool is never leased."}
    assert json.loads(json.dumps(advice.to_json()))["pools"][0]["quota_now"][0]["horizon_s"] == 300


def test_advice_changes_nothing(lived: Cluster, tmp_path: Path):
    before, counted = everything(lived), rpcs(lived)
    commands = AsUser(lived, STRANGER)
    advise(commands, tmp_path, weeks=1, pause=lambda seconds: None)
    asked = {kind for kind, count in rpcs(lived).items() if count > counted.get(kind, 0)}
    assert everything(lived) == before
    assert all(reads_only(argv) for argv in commands.argvs)
    # What others ask meanwhile (slurmd, the database, this test) is told apart by name.
    by_others = re.compile(
        r"MESSAGE_|ACCOUNTING_|REQUEST_(PING|PARTITION_INFO|STATS_INFO|CONTROL)|.*_INFO$"
    )
    by_us = {
        "REQUEST_NODE_INFO",
        "REQUEST_JOB_INFO",
        "REQUEST_BUILD_INFO",
        "REQUEST_RESERVATION_INFO",
    }
    assert {kind for kind in asked - by_us if not by_others.match(kind)} == set()


def test_a_type_that_names_no_chip_is_left_out_and_said(lived: Cluster, tmp_path: Path):
    with pytest.raises(OptionError, match="no chip of the catalogue"):
        advise(AsUser(lived, STRANGER), tmp_path, chips={"h100": "H9000"})


def test_feed_is_incremental_and_the_same_as_all_at_once(lived: Cluster, tmp_path: Path):
    now = int(time.time()) + 2  # past the start of the running job
    commands, polled = AsUser(lived, STRANGER), list[Polled]()

    def poll(at_s: int, days: int) -> None:
        follow(
            commands,
            tmp_path,
            days=days,
            once=True,
            told=lambda one, path: polled.append(one),
            clock=lambda: float(at_s),
            pause=lambda seconds: None,
        )

    poll(now - 10 * DAY_S, 10)
    text = (tmp_path / "sacct.txt").read_bytes()
    asked = len(commands.argvs)
    poll(now, 20)
    again = (tmp_path / "sacct.txt").read_bytes()
    # A kill between the log and its state: what stood behind the finished part is thrown away.
    (tmp_path / "sacct.txt").write_bytes(again + b"1|torn")
    poll(now + 1, 20)
    # The running job has grown older; all else is as it was, byte by byte.
    lines = [text.splitlines() for text in (again, (tmp_path / "sacct.txt").read_bytes())]
    assert lines[0][:-2] == lines[1][:-2]
    assert len(lines[0]) == len(lines[1])
    assert again.startswith(text[: text.rindex(b"\n")])
    assert len(commands.argvs) - asked <= 6
    assert polled[-1] == Polled(0, 2)
    whole = tmp_path / "whole"
    follow(
        commands, whole, days=20, once=True, clock=lambda: float(now), pause=lambda seconds: None
    )
    over = pl.col("job_id").str.len_chars() == len(
        str(FIRST_ID)
    )  # the running job has grown meanwhile
    logs = [
        read_jobs(LogSource(folder / "sacct.txt")).frame.sort("job_id").filter(over)
        for folder in (tmp_path, whole)
    ]
    assert logs[0].equals(logs[1])
    assert not logs[0].is_empty()


def test_feed_refuses_a_log_that_it_did_not_write(lived: Cluster, tmp_path: Path):
    (tmp_path / "sacct.state.json").write_text(
        '{"asked_until_s": 1, "finished_bytes": 9, "recent": []}'
    )
    (tmp_path / "sacct.txt").write_text("short")
    with pytest.raises(FeedError, match="shorter than it was"):
        follow(AsUser(lived, STRANGER), tmp_path, once=True)


def test_feed_asks_slurmdbd_and_not_slurmctld_at_a_backlog(lived: Cluster, tmp_path: Path):
    lived.submit("--gres=gpu:h100:8", "--array=1-900", "--nodes=6", "--hold")
    uid = "nobody"
    before = rpcs(lived, uid).get(uid, 0)
    follow(AsUser(lived, STRANGER), tmp_path, days=2, once=True, pause=lambda seconds: None)
    assert rpcs(lived, uid).get(uid, 0) == before
    lived.run("scancel", "--state=PENDING", f"--user={OWNER}")


@pytest.mark.slow
def test_feed_at_a_backlog_of_ten_thousand_jobs(tmp_path: Path):
    with started(backlog.LAYOUT) as cluster:
        backlog.pile_up(cluster, 10_000)
        before, polled = rpcs(cluster, STRANGER).get(STRANGER, 0), list[Polled]()
        commands = AsUser(cluster, STRANGER)
        for _ in range(2):
            follow(
                commands,
                tmp_path,
                days=1,
                once=True,
                told=lambda one, path: polled.append(one),
                pause=lambda seconds: None,
            )
        assert rpcs(cluster, STRANGER).get(STRANGER, 0) == before
        assert polled == [Polled(0, 10_001)] * 2
        assert len((tmp_path / "sacct.txt").read_text().splitlines()) == 10_002


def test_without_slurmctld_the_error_says_so(tmp_path: Path):
    class Dead:
        def run(self, *argv: str, seconds: float | None = None) -> str:
            raise SlurmError("TG-SLURM-DOWN", "Unable to contact slurm controller")

    with pytest.raises(SlurmError, match="TG-SLURM-DOWN"):
        advise(Dead(), tmp_path)
