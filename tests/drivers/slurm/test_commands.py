"""Commands that are missing, hang, fail, or print what is no text; none passes through a shell."""

from pathlib import Path

import pytest

from tidegate.drivers.slurm.commands import LocalCommands, administers, code_of, reads_only, shown
from tidegate.errors import SlurmError


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalCommands:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return LocalCommands(read_s=5, write_s=5)


def code(commands: LocalCommands, *argv: str, seconds: float | None = None) -> str:
    with pytest.raises(SlurmError) as caught:
        commands.run(*argv, seconds=seconds)
    return caught.value.code


def test_missing(commands: LocalCommands):
    assert code(commands, "scontrol-that-is-not-there") == "TG-SLURM-MISSING"


def test_hanging_ends_at_the_deadline(commands: LocalCommands, tmp_path: Path):
    program(tmp_path, "squeue", "exec sleep 60")
    assert code(commands, "squeue", seconds=0.1) == "TG-SLURM-TIMEOUT"


def test_failing_tells_its_last_line(commands: LocalCommands, tmp_path: Path):
    program(
        tmp_path,
        "scontrol",
        "echo one >&2; echo slurm_update error: Invalid node name specified >&2; exit 1",
    )
    with pytest.raises(SlurmError, match=r"Invalid node name specified$") as caught:
        commands.run("scontrol", "update", "NodeName=x")
    assert caught.value.code == "TG-SLURM-FAILED"


def test_bytes_that_are_no_text_are_kept_out(commands: LocalCommands, tmp_path: Path):
    program(tmp_path, "sinfo", r"printf 'a\377b'")
    assert commands.run("sinfo") == "a�b"


def test_arguments_and_environment_reach_the_program_as_they_are(
    commands: LocalCommands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SQUEUE_FORMAT", "%all")
    program(tmp_path, "squeue", r'printf "%s|" "$@" "$SQUEUE_FORMAT" "$TZ"')
    assert commands.run("squeue", "$(id); `id` 'x'", "") == "$(id); `id` 'x'|||UTC|"


def test_only_what_takes_an_administrator_gets_the_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path, "raise", 'echo "raised $*"')
    program(tmp_path, "scontrol", 'echo "plain $*"')
    commands = LocalCommands(prefix=("raise", "-n"))
    assert commands.run("scontrol", "-o", "show", "nodes") == "plain -o show nodes\n"
    assert (
        commands.run("scontrol", "update", "NodeName=a") == "raised -n scontrol update NodeName=a\n"
    )


@pytest.mark.parametrize(
    ("argv", "raised"),
    [
        (("scontrol", "-o", "show", "node", "hh0001"), False),
        (("scontrol", "update", "NodeName=hh0001", "State=DRAIN"), True),
        (("scontrol", "create", "reservation", "ReservationName=tg-x", "Nodes=hh0001"), False),
        (("scontrol", "update", "ReservationName=tg-x", "Nodes=hh0001"), False),
        (("scontrol", "requeue", "7"), False),
        (("scancel", "--signal=TERM", "7"), False),
        (("sacctmgr", "-i", "modify", "qos", "tg-h100", "set", "GrpTRES=node=4"), True),
        (("sacctmgr", "-nP", "show", "qos"), False),
    ],
)
def test_what_an_operator_may_not_do(argv: tuple[str, ...], raised: bool):
    assert administers(argv) is raised


@pytest.mark.parametrize(
    ("argv", "reads"),
    [
        (("sinfo", "-h"), True),
        (("sacctmgr", "-nP", "show", "qos"), True),
        (("sacctmgr", "-i", "add", "qos", "x"), False),
        (("scontrol", "ping"), True),
        (("scontrol", "delete", "ReservationName=x"), False),
        (("scancel", "1"), False),
    ],
)
def test_what_reads_only(argv: tuple[str, ...], reads: bool):
    assert reads_only(argv) is reads


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
            "TG-SLURM-DOWN",
        ),
        ("sacctmgr: error: Problem talking to the database: Connection refused", "TG-SLURM-DOWN"),
        ("slurm_update error: Access/permission denied", "TG-SLURM-RIGHTS"),
        ("sudo: a password is required", "TG-SLURM-RIGHTS"),
        ("slurm_update error: Invalid node name specified", "TG-SLURM-FAILED"),
    ],
)
def test_meaning_of_what_is_said(said: str, expected: str):
    assert code_of(said) == expected


def test_a_long_command_is_shown_short():
    assert len(shown(["scancel", *map(str, range(10_000))])) == 160


def test_a_part_of_the_history_is_not_taken_for_the_whole(commands: LocalCommands, tmp_path: Path):
    complaint = "sacct: error: slurmdbd: Problem talking to the database"
    program(tmp_path, "sacct", f"echo 'JobID|State'; echo '{complaint}' >&2")
    assert code(commands, "sacct") == "TG-SLURM-DOWN"
    program(tmp_path, "sacct", "echo 'JobID|State'; echo 'sacct: using a default' >&2")
    assert commands.run("sacct") == "JobID|State\n"
