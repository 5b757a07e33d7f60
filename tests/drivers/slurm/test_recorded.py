"""One scene as real releases of Slurm told it (``tests/slurm/record.py``), by command and over slurmrestd: the same."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.slurm.leasing import RED

from tidegate.control.ports import HandOver, NodeState
from tidegate.drivers.slurm.answers import parse_jobs, parse_nodes, parse_reservations
from tidegate.drivers.slurm.checks import Finding, check
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.rest import abilities_of
from tidegate.drivers.slurm.restanswers import jobs_of, nodes_of, reservations_of
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite, WipeHook
from tidegate.errors import SlurmError
from tidegate.fleet import Tier

RECORDED = Path(__file__).parent / "recorded"
RELEASES = sorted(path.name for path in RECORDED.iterdir())
SITE = SlurmSite(
    (
        SlurmPool("h100", ("hh0001", "hh0002", "hh0003"), "h100", 8, Tier.MAINSTAY),
        SlurmPool("gb200", ("gb0001",), "gb200", 4, Tier.FRONTIER),
    ),
    WipeHook(("/bin/true",)),
)


class Clock:
    """A time after the recordings."""

    def now_s(self) -> int:
        return 1_900_000_000

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"a wait of {seconds} s")


class Told:
    """Commands that answer as a release did, and change nothing."""

    def __init__(self, release: str, swap: tuple[str, str] = ("", "")) -> None:
        self.folder = RECORDED / release
        self.swap = swap
        self.changes: list[tuple[str, ...]] = []

    def run(self, *argv: str, seconds: float | None = None) -> str:
        if argv[:3] == ("scontrol", "-o", "show"):
            what = "nodes" if argv[3] == "node" else argv[3]  # whole, where some are asked for
            return (self.folder / f"{what}.txt").read_text().replace(*self.swap)
        if argv[0] == "squeue":
            return (self.folder / "jobs.txt").read_text() if "-a" in argv else ""
        if argv == ("scontrol", "show", "config"):
            return f"SLURM_VERSION = {self.folder.name}\n"
        self.changes.append(argv)
        return ""


def over_rest(release: str, what: str) -> object:
    told: object = json.loads((RECORDED / release / f"{what}.json").read_text())
    return told


@pytest.mark.parametrize("release", RELEASES)
def test_commands_and_slurmrestd_tell_the_same(release: str):
    by_command = Told(release)
    assert nodes_of(over_rest(release, "nodes")) == parse_nodes(
        by_command.run("scontrol", "-o", "show", "nodes")
    )
    assert reservations_of(over_rest(release, "reservations")) == parse_reservations(
        by_command.run("scontrol", "-o", "show", "reservation")
    )
    told = {job.id: job for job in parse_jobs(by_command.run("squeue", "-a"))}
    # When a job that waits may start is guessed anew at every pass of the scheduler.
    read = {
        job.id: replace(job, start_s=told[job.id].start_s)
        for job in jobs_of(over_rest(release, "jobs"))
    }
    assert read == told
    assert set(told) == {"1", "2", "2_1", "4+0", "4+1"}


@pytest.mark.parametrize(
    ("release", "version"),
    [("22.05.8", "v0.0.38"), ("24.11.5", "v0.0.42"), ("26.05.5", "v0.0.45")],
)
def test_its_newest_api_is_read(release: str, version: str):
    found = abilities_of(over_rest(release, "paths"))
    assert {path.strip("/") for path in found.values()} == {
        f"slurm/{version}/{what}" for what in ("nodes", "jobs", "reservations")
    }


@pytest.mark.parametrize("release", RELEASES)
def test_the_scene_is_what_it_was(release: str):
    driver = SlurmDriver(SITE, Told(release), Clock())
    facts, frontier = driver.facts("h100"), driver.facts("gb200")
    driver.close()
    assert [(fact.state, fact.lease_id) for fact in facts.nodes] == [
        (NodeState.LEASED, "lea_a"),
        (NodeState.FAILED, None),
        (NodeState.FREE, None),
    ]
    assert facts.nodes[1].note == "bad fan, slot 2"
    assert [fact.state for fact in frontier.nodes] == [NodeState.INTERNAL]
    assert (facts.waiting.waiting_jobs, frontier.waiting.waiting_jobs) == (
        0,
        0,
    )  # held, or at the array's limit


def findings(told: Told) -> dict[str, Finding]:
    return {found.what: found for found in check(told, SITE)}


@pytest.mark.parametrize("release", RELEASES)
def test_the_check_finds_the_partition_of_leases_as_it_should_be(release: str):
    found = findings(Told(release))
    assert found["partition tg-h100"].is_good
    assert found["partition internal"].is_good
    for exclusive in ("OverSubscribe=EXCLUSIVE", "Exclusive=NODE"):
        shared = Told(release, (exclusive, f"{exclusive.partition('=')[0]}=NO"))
        is_told_so = exclusive in (RECORDED / release / "partition.txt").read_text()
        assert findings(shared)["partition tg-h100"].is_good is not is_told_so


@pytest.mark.parametrize("release", RELEASES)
def test_a_node_that_slurmctld_has_yet_to_hear_from_is_not_refused_for_good(release: str):
    """It starts anew to be reconfigured, from 23.11 on: a command that comes meanwhile is to be given again."""
    told = Told(release, ("State=IDLE ", "State=UNKNOWN "))
    driver = SlurmDriver(SITE, told, Clock())
    with pytest.raises(SlurmError, match=r"TG-SLURM-DOWN.*has not heard from hh0003"):
        driver.hand_over(HandOver("cmd_1", "h100", "lea_b", RED, "flex", ("hh0003",)))
    driver.close()
    assert told.changes == []
