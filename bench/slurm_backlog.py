"""What reading costs a real Slurm while 10,000 jobs wait: the feed of sacct, and the driver's look.

Run by ``make bench-slurm``; needs root and the programs that ``tools/get-slurm`` installs. Everything is compared with
the same cluster left alone: seconds are those of this machine.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from bench.slurm import rpcs, seconds
from tests.slurm.backlog import LAYOUT, pile_up
from tests.slurm.cluster import STRANGER, Cluster, started
from tests.slurm.leasing import commands_of
from tests.slurm.test_advise import AsUser
from tests.slurm.test_advise import rpcs as rpcs_by

from tidegate.app.feed import follow
from tidegate.drivers.slurm.answers import JOB_FORMAT
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.rest import Rest, RestCommands, RestPlace
from tidegate.drivers.slurm.tail import Polled
from tidegate.drivers.slurm.view import look

DAEMONS = ("slurmctld", "slurmdbd", "mariadbd")


class EnoughError(Exception):
    """The time is over."""


def used(cluster: Cluster) -> dict[str, float]:
    """Processor seconds of the daemons so far."""
    found = {}
    for name in DAEMONS:
        stat = Path(f"/proc/{cluster.daemons[name].pid}/stat").read_text()
        cells = stat.rpartition(")")[2].split()
        found[name] = (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")
    return found


def load(cluster: Cluster, span_s: float, act: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
    """Shares of a processor, and requests to slurmctld a minute, while something goes on for so long."""
    before, asked, mine = used(cluster), rpcs(cluster), rpcs_by(cluster, STRANGER).get(STRANGER, 0)
    began = time.monotonic()
    told = act(began + span_s)
    took = time.monotonic() - began
    after = used(cluster)
    return {
        **told,
        "seconds": round(took, 1),
        "processor_share": {n: round((after[n] - before[n]) / took, 4) for n in DAEMONS},
        "slurmctld_requests_a_minute": round((rpcs(cluster) - asked - 2) * 60 / took, 1),
        "of_them_ours": rpcs_by(cluster, STRANGER).get(STRANGER, 0) - mine,
    }


def nothing(until: float) -> dict[str, Any]:
    time.sleep(max(0.0, until - time.monotonic()))
    return {}


def feed(cluster: Cluster, folder: Path, every_s: int) -> Callable[[float], dict[str, Any]]:
    """``tidegate feed sacct`` as a user without any right."""

    def act(until: float) -> dict[str, Any]:
        polls: list[Polled] = []
        queries: list[float] = []

        class Timed(AsUser):
            def run(self, *argv: str, seconds: float | None = None) -> str:
                began = time.monotonic()
                text = super().run(*argv, seconds=seconds)
                queries.append(time.monotonic() - began)
                return text

        def pause(length: float) -> None:
            if time.monotonic() + length > until:
                nothing(until)
                raise EnoughError
            time.sleep(length)

        with suppress(EnoughError):
            follow(
                Timed(cluster, STRANGER),
                folder,
                days=1,
                every=f"{every_s}s",
                told=lambda polled, path: polls.append(polled),
                pause=pause,
            )
        return {
            "every_s": every_s,
            "polls": len(polls),
            "waiting_or_running": polls[-1].waiting_or_running,
            "query_s": round(statistics.median(queries), 3),
            "log_mb": round((folder / "sacct.txt").stat().st_size / 1e6, 2),
        }

    return act


def naive(cluster: Cluster, every_s: int) -> Callable[[float], dict[str, Any]]:
    """What a script does that asks ``squeue`` for the queue."""

    def act(until: float) -> dict[str, Any]:
        polls = 0
        while time.monotonic() < until:
            cluster.run("squeue", "-h", "-a", "-r", "-O", JOB_FORMAT, user=STRANGER)
            polls += 1
            time.sleep(max(0.0, min(every_s, until - time.monotonic())))
        return {"every_s": every_s, "polls": polls}

    return act


def looks(cluster: Cluster) -> dict[str, Any]:
    """One look of the driver at all of it, by command and over slurmrestd."""
    address = cluster.start_slurmrestd(STRANGER)
    ways: dict[str, Commands] = {
        "by_command_s": commands_of(cluster),
        "over_slurmrestd_s": RestCommands(
            commands_of(cluster), Rest(RestPlace(address, STRANGER, seconds=60))
        ),
    }
    told: dict[str, Any] = {}
    for name, commands in ways.items():
        spans = [seconds(partial(look, commands, 0)) for _ in range(5)]
        told[name] = round(statistics.median(spans), 3)
    cluster.kill("slurmrestd:local")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60, help="of each measurement")
    parser.add_argument("--out", type=Path, default=Path("out/bench-slurm-backlog.json"))
    given = parser.parse_args()
    told: dict[str, Any] = {
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "jobs": given.jobs,
    }
    with started(LAYOUT) as cluster, tempfile.TemporaryDirectory() as name:
        told["submitted_in_s"] = round(seconds(lambda: pile_up(cluster, given.jobs)), 1)
        folder = Path(name)
        for title, act in (
            ("alone", nothing),
            ("feed", feed(cluster, folder, 60)),
            ("feed_fastest", feed(cluster, folder, 5)),
            ("alone_again", nothing),
            ("squeue_script", naive(cluster, 5)),
        ):
            told[title] = load(cluster, given.seconds, act)
        told["look"] = looks(cluster)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(told, indent=2))
    json.dump(told, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
