"""What Slurm prints, read; and what it should not print, refused with a stable code."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.drivers.slurm.answers import parse_config, parse_jobs, parse_nodes, parse_reservations
from tidegate.drivers.slurm.records import gpus_of_tres
from tidegate.errors import SlurmError

NODE = (
    "NodeName=hh0001 Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 Gres=gpu:h100:8(S:0-1) NodeAddr=127.0.0.1 "
    "OS=Linux 6.1 State=NodeName=#1 RealMemory=64000 State=IDLE+DRAIN+NOT_RESPONDING ThreadsPerCore=1 "
    "Partitions=internal,lease  CfgTRES=cpu=16,gres/gpu=8 Comment=tidegate lease=lea_1 since=123 "
    "Reason=wipe failed: see log [root@2026-11-25T18:02:51]"
)
RESERVATION = (
    "ReservationName=tg-lea_1 StartTime=2026-11-25T18:02:51 EndTime=2027-11-25T18:02:51 Duration=365-00:00:00 "
    "Nodes=hh[0001-0002] NodeCnt=2 PartitionName=lease Flags=IGNORE_JOBS,SPEC_NODES Users=(null) Accounts=tg_games"
)
JOB = (
    "7_[3-9:2%2]|PENDING|internal,big|daemon|owner|normal|(null)|2|cpu=2,gres/gpu=16,gres/gpu:h100=16|N/A|"
    "2026-11-25T18:02:51|Resources||"
)


def test_node():
    (node,) = parse_nodes(NODE.replace("State=NodeName=#1", ""))
    assert (node.name, node.state, node.gpu_type, node.gpus) == ("hh0001", "IDLE", "h100", 8)
    assert node.drained
    assert not node.busy
    assert node.partitions == {"internal", "lease"}
    assert node.comment == "tidegate lease=lea_1 since=123"
    assert node.reason == "wipe failed: see log"


@pytest.mark.parametrize(
    ("state", "is_busy", "is_dead"),
    [
        ("IDLE", False, False),
        ("IDLE+BLOCKED", True, False),
        ("IDLE+COMPLETING", True, False),
        ("MIXED+PLANNED", True, False),
        ("FAILING", False, True),
        ("MIXED+FAIL", True, True),
        ("IDLE+FAIL+DRAIN", False, True),
        ("DOWN*+DRAIN", False, True),
    ],
)
def test_states_of_nodes_up_to_25_11(state: str, *, is_busy: bool, is_dead: bool):
    line = NODE.replace("State=NodeName=#1", "").replace("IDLE+DRAIN+NOT_RESPONDING", state)
    (node,) = parse_nodes(line)
    assert (node.busy, node.dead) == (is_busy, is_dead)


def test_reservation():
    (found,) = parse_reservations(RESERVATION)
    assert found.nodes == ("hh0001", "hh0002")
    assert found.accounts == ("tg_games",)
    assert found.end_s - found.start_s == 365 * 86_400
    assert parse_reservations("No reservations in the system\n") == ()


def test_waiting_tasks_of_an_array_are_counted():
    (job,) = parse_jobs(JOB)
    assert (job.id, job.tasks, job.gpus, job.gpu_type, job.nodes) == ("7", 4, 16, "h100", ())
    assert job.waits
    assert job.partitions == ("internal", "big")


def test_gpus_of_two_types_have_no_type():
    assert gpus_of_tres("gres/gpu:a100=4,gres/gpu:h100=8") == ("", 12)
    assert gpus_of_tres("cpu=4") == ("", 0)


def test_config():
    assert (
        parse_config("Configuration data\nKillWait                = 5 sec\n")["KillWait"] == "5 sec"
    )


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_nodes, "slurm_load_node error: Zero bytes"),
        (parse_nodes, "NodeName=hh0001 Arch=x86_64"),
        (parse_nodes, NODE + "\nMOTD: welcome"),
        (parse_reservations, RESERVATION.replace("2026-11-25T18:02:51", "yesterday")),
        (parse_reservations, RESERVATION.replace("hh[0001-0002]", "hh[0001-")),
        (parse_jobs, JOB[:40]),
        (parse_jobs, JOB.replace("PENDING", "")),
        (parse_jobs, "<html>502 Bad Gateway</html>"),
    ],
)
def test_garbage_has_a_stable_code(parse: object, text: str):
    assert callable(parse)
    with pytest.raises(SlurmError) as caught:
        parse(text)
    assert caught.value.code == "TG-SLURM-GARBAGE"


@given(st.text(max_size=400), st.integers(0, 400))
def test_no_other_error_whatever_is_printed(noise: str, cut: int):
    for parse, good in ((parse_nodes, NODE), (parse_reservations, RESERVATION), (parse_jobs, JOB)):
        for text in (noise, good[:cut] + noise, good[:cut] + noise + good[cut:]):
            found: object = ()
            with suppress(SlurmError):
                found = parse(text)
            assert isinstance(found, tuple)
