"""The embedded driver: commands take effect once, refusals change nothing, it outlives its process."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.control.living import START_S, HandClock

from tidegate.control.ports import GiveBack, HandOver, NodeState, Sanitise, Take
from tidegate.drivers.embedded.cluster import ClusterSpec, Failure
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.drivers.embedded.jobs import JobList
from tidegate.errors import DriverError

SPEC = ClusterSpec("h100", 4, 8, 300, 900, True, START_S, JobList((), (), ()))
HAND_OVER = HandOver("cmd_1", "h100", "lea_1", "ten_1", "flex", ("h100-3", "h100-2"))


def a_driver(folder: Path | None = None, **changed: object) -> tuple[EmbeddedDriver, HandClock]:
    clock = HandClock()
    spec = replace(SPEC, **changed)  # type: ignore[arg-type]
    driver = EmbeddedDriver(clock, [spec], folder)
    driver.facts("h100")
    return driver, clock


def states(driver: EmbeddedDriver) -> list[str]:
    return [fact.state.value for fact in driver.facts("h100").nodes]


def test_clean_nodes_are_the_tenants_at_once(tmp_path: Path):
    driver, _ = a_driver()
    driver.hand_over(HAND_OVER)
    facts = driver.facts("h100")
    assert [fact.lease_id for fact in facts.nodes] == [None, None, "lea_1", "lea_1"]
    assert {fact.since_s for fact in facts.nodes if fact.lease_id} == {START_S}


def test_used_nodes_are_sanitised_before_the_tenant_comes():
    driver, clock = a_driver(jobs=JobList((START_S,), (60,), (32,)))
    assert states(driver) == ["internal"] * 4
    clock.time_s += 60
    assert not any(fact.is_clean for fact in driver.facts("h100").nodes)
    driver.hand_over(HAND_OVER)
    assert states(driver) == ["free", "free", "sanitising", "sanitising"]
    clock.time_s += 300
    facts = driver.facts("h100")
    assert [fact.state for fact in facts.nodes[2:]] == [NodeState.LEASED] * 2
    assert facts.nodes[3].since_s == START_S + 360


def test_a_command_that_comes_again_changes_nothing():
    driver, clock = a_driver()
    driver.hand_over(HAND_OVER)
    take = Take("cmd_2", "h100", "lea_1", HAND_OVER.nodes)
    sanitise = Sanitise("cmd_3", "h100", HAND_OVER.nodes)
    driver.take(take)
    driver.sanitise(sanitise)
    for command in (take, sanitise):
        (driver.take if isinstance(command, Take) else driver.sanitise)(command)  # type: ignore[arg-type]
    driver.hand_over(HAND_OVER)
    assert states(driver) == ["free", "free", "sanitising", "sanitising"]
    clock.time_s += 300
    driver.sanitise(sanitise)
    driver.give_back(GiveBack("cmd_4", "h100", HAND_OVER.nodes))
    assert states(driver) == ["free"] * 4
    assert all(fact.is_clean for fact in driver.facts("h100").nodes)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(HAND_OVER, token="x", nodes=("h100-1", "h100-2")), "TG-DRIVER-BUSY"),
        (replace(HAND_OVER, token="x", nodes=("h100-1", "nobody")), "TG-DRIVER-UNKNOWN"),
        (replace(HAND_OVER, token="x", pool="other"), "TG-DRIVER-UNKNOWN"),
    ],
)
def test_what_is_refused_changes_nothing(command: HandOver, code: str):
    driver, _ = a_driver()
    driver.hand_over(HAND_OVER)
    before = driver.facts("h100")
    with pytest.raises(DriverError) as caught:
        driver.hand_over(command)
    assert caught.value.code == code
    assert driver.facts("h100") == before


def test_nodes_with_a_tenant_are_not_wiped():
    driver, _ = a_driver()
    driver.hand_over(HAND_OVER)
    with pytest.raises(DriverError) as caught:
        driver.sanitise(Sanitise("cmd_2", "h100", ("h100-3",)))
    assert caught.value.code == "TG-DRIVER-BUSY"
    assert states(driver)[3] == "leased"


def test_internal_jobs_wait_while_nodes_are_leased_and_are_counted_late():
    driver, clock = a_driver(jobs=JobList((START_S + 60,), (60,), (32,)))
    driver.hand_over(HAND_OVER)
    clock.time_s += 60
    waiting = driver.facts("h100").waiting
    assert (waiting.pending_nodes, waiting.waiting_jobs) == (4, 1)
    clock.time_s += 1000
    driver.facts("h100")
    driver.take(Take("cmd_2", "h100", "lea_1", ("h100-3",)))
    driver.sanitise(Sanitise("cmd_3", "h100", ("h100-3",)))
    clock.time_s += 300
    assert driver.facts("h100").waiting.waiting_jobs == 1
    driver.take(Take("cmd_4", "h100", "lea_1", ("h100-2",)))
    driver.sanitise(Sanitise("cmd_5", "h100", ("h100-2",)))
    clock.time_s += 300
    waiting = driver.facts("h100").waiting
    assert (waiting.busy_nodes, waiting.started_jobs, waiting.late_jobs) == (4, 1, 0)


def test_a_failed_node_comes_back_clean():
    driver, clock = a_driver(failures=[Failure(START_S + 60, 0, START_S + 120)])
    clock.time_s += 60
    assert states(driver)[0] == "failed"
    clock.time_s += 60
    assert driver.facts("h100").nodes[0].is_clean


def test_it_stands_where_it_stood_after_its_process_ended(tmp_path: Path):
    jobs = JobList((START_S + 10, START_S + 400), (600, 600), (8, 16))
    driver, clock = a_driver(tmp_path, jobs=jobs)
    driver.hand_over(HAND_OVER)
    clock.time_s += 500
    driver.facts("h100")
    driver.take(Take("cmd_2", "h100", "lea_1", ("h100-3",)))
    clock.time_s += 700
    before = driver.facts("h100")
    again = EmbeddedDriver(clock, [replace(SPEC, jobs=jobs)], tmp_path)
    assert again.facts("h100") == before
    driver.close()
    again.close()


def test_a_torn_last_line_of_the_journal_is_cut_off(tmp_path: Path):
    driver, clock = a_driver(tmp_path)
    driver.hand_over(HAND_OVER)
    path = tmp_path / "h100.journal"
    path.write_bytes(path.read_bytes() + b'{"at_s":16170')
    again = EmbeddedDriver(clock, [SPEC], tmp_path)
    assert again.facts("h100") == driver.facts("h100")
    again.take(Take("cmd_2", "h100", "lea_1", HAND_OVER.nodes))
    third = EmbeddedDriver(clock, [SPEC], tmp_path)
    assert third.facts("h100") == again.facts("h100")
    for each in (driver, again, third):
        each.close()


def test_two_processes_drive_one_cluster(tmp_path: Path):
    driver, clock = a_driver(tmp_path)
    other = EmbeddedDriver(clock, [SPEC], tmp_path)
    driver.hand_over(HAND_OVER)
    assert other.facts("h100") == driver.facts("h100")
    other.take(Take("cmd_2", "h100", "lea_1", HAND_OVER.nodes))
    assert driver.facts("h100") == other.facts("h100")
    driver.close()
    other.close()
