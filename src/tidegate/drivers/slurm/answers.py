"""What Slurm's commands print, as frozen values.

All of it is text that has been the same from 20.11 on: ``scontrol -o`` (``Key=value`` pairs on one line a
record) and ``squeue -O``. No free text of users is asked for.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Protocol, runtime_checkable

from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.hostlist import compress, expand
from tidegate.drivers.slurm.records import Job, Node, Reservation
from tidegate.errors import SlurmError

_KEPT: Final = 1 << 16
"""Texts whose meaning is kept: most of a queue is the same at the next look."""

_NULL: Final = ("(null)", "N/A", "None", "none", "n/a", "Unknown", "")


@lru_cache(maxsize=_KEPT)
def gpus_of_gres(gres: str) -> tuple[str, int]:
    """Return type and number of the GPUs in ``gpu:h100:8(S:0-1)``; no type when there are several."""
    found = _GRES.findall(gres)
    return found[0][0].lower() if len(found) == 1 else "", sum(int(count) for _, count in found)


@lru_cache(maxsize=_KEPT)
def _moment(text: str) -> int:
    """Return Unix seconds of a time in UTC; 0 for one that is not set."""
    if text in _NULL or text.startswith("1970"):
        return 0
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise SlurmError(
            "TG-SLURM-GARBAGE", f"{text[:60]!r} is not a time.", expected="2026-03-01T08:00:00."
        ) from error


def _blank(text: str) -> str:
    return "" if text in _NULL else text


@lru_cache(maxsize=_KEPT)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word not in _NULL)


@lru_cache(maxsize=_KEPT)
def _set(text: str) -> frozenset[str]:
    return frozenset(_words(text))


def _records(text: str, key: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.strip() or line.startswith("No "):  # "No reservations in the system"
            continue
        if not line.lstrip().startswith(f"{key}="):
            raise SlurmError(
                "TG-SLURM-GARBAGE",
                f"A line of scontrol does not begin with {key}: {line.strip()[:80]!r}.",
            )
        yield line


def _field(line: str, key: str) -> str | None:
    mark = f" {key}="
    at = line.find(mark)
    if at < 0:
        if not line.startswith(mark[1:]):
            return None
        at = -1
    at += len(mark)
    end = line.find(" ", at)
    return line[at:] if end < 0 else line[at:end]


def _needed(line: str, key: str) -> str:
    found = _field(line, key)
    if found is None:
        raise SlurmError("TG-SLURM-GARBAGE", f"scontrol tells no {key} in {line[:80]!r}.")
    return found


_COMMENT: Final = re.compile(r"\sComment=(.*?)(?=\s+[A-Z]\w*=|\s*$)")
_REASON: Final = re.compile(r"\sReason=(.*?)(?:\s+\[[^\s@]+@(\S+)\])?(?=\s+[A-Z]\w*=|\s*$)")
_GRES: Final = re.compile(r"(?:^|,)gpu:(?:([^:,()]+):)?(\d+)")


@lru_cache(maxsize=_KEPT)
def _state(text: str) -> tuple[str, frozenset[str]]:
    base, *flags = (word.rstrip("*~#!%$@^-") for word in text.split("+"))
    if "*" in text:
        flags.append("NOT_RESPONDING")
    return base, frozenset(flags)


def parse_nodes(text: str) -> tuple[Node, ...]:
    """Read ``scontrol -o show nodes``.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when a line is not a node.
    """
    found = []
    for line in _records(text, "NodeName"):
        state, flags = _state(_needed(line, "State"))
        gpu_type, gpus = gpus_of_gres(_field(line, "Gres") or "")
        comment = _COMMENT.search(line) if " Comment=" in line else None
        reason = _REASON.search(line) if " Reason=" in line else None
        found.append(
            Node(
                name=_needed(line, "NodeName"),
                state=state,
                flags=flags,
                gpu_type=gpu_type,
                gpus=gpus,
                partitions=_set(_field(line, "Partitions") or ""),
                comment=_blank(comment[1].strip()) if comment else "",
                reason=_blank(reason[1].strip()) if reason else "",
                reason_s=_moment(reason[2] or "") if reason else 0,
            )
        )
    return tuple(found)


def parse_reservations(text: str) -> tuple[Reservation, ...]:
    """Read ``scontrol -o show reservation``.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when a line is not a reservation.
    """
    return tuple(
        Reservation(
            name=_needed(line, "ReservationName"),
            nodes=expand(_needed(line, "Nodes")),
            accounts=_words(_field(line, "Accounts") or ""),
            users=_words(_field(line, "Users") or ""),
            partition=_blank(_field(line, "PartitionName") or ""),
            flags=frozenset(_words(_field(line, "Flags") or "")),
            start_s=_moment(_needed(line, "StartTime")),
            end_s=_moment(_needed(line, "EndTime")),
        )
        for line in _records(text, "ReservationName")
    )


def parse_config(text: str) -> dict[str, str]:
    """Read ``scontrol show config``: key to value."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


_COLUMNS: Final = (
    "JobArrayID",
    "State",
    "Partition",
    "UserName",
    "Account",
    "QOS",
    "Reservation",
    "NumNodes",
    "tres-alloc",  # what it asks for, as long as it waits
    "StartTime",
    "SubmitTime",
    "Reason",
    "NodeList",
)

JOB_FORMAT: Final = ",".join(f"{name}:|" for name in _COLUMNS)
"""What ``squeue -O`` is asked for: with a suffix and no width, nothing is cut."""


def parse_jobs(text: str) -> tuple[Job, ...]:
    """Read ``squeue -h -O`` in :data:`JOB_FORMAT`.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when a line is not a job.
    """
    return tuple(_job(line) for line in text.splitlines() if line.strip())


@lru_cache(maxsize=_KEPT)
def _job(line: str) -> Job:
    cells = [cell.strip() for cell in line.rstrip().split("|")]
    if len(cells) != len(_COLUMNS) + 1:
        raise _no_job(line)
    (
        job,
        state,
        partition,
        user,
        account,
        qos,
        reservation,
        nodes,
        tres,
        start,
        submit,
        reason,
        hosts,
        _,
    ) = cells
    if not (job[:1].isdigit() and state.isupper() and nodes.partition("-")[0].isdigit()):
        raise _no_job(line)
    return Job(
        id=job.partition("_[")[0],
        tasks=tasks_of(job),
        state=state,
        partitions=_words(partition),
        user=user,
        account=account,
        qos=qos,
        reservation=_blank(reservation),
        nodes_wanted=int(nodes.partition("-")[0]),
        tres=_blank(tres),
        hosts=_blank(hosts),
        start_s=_moment(start),
        submit_s=_moment(submit),
        reason=reason,
    )


def _no_job(line: str) -> SlurmError:
    return SlurmError("TG-SLURM-GARBAGE", f"A line of squeue is not a job: {line.strip()[:80]!r}.")


def tasks_of(job: str) -> int:
    """Count the waiting tasks in ``123_[1-5,9%2]``; an end cut off by the width is not counted."""
    _, bracket, inside = job.partition("_[")
    if not bracket:
        return 1
    count = 0
    for item in re.sub(r"%\d+|\].*|\.\.\.", "", inside).split(","):
        numbers = re.fullmatch(r"(\d+)(?:-(\d+)(?::(\d+))?)?", item)
        if numbers:
            low, high, step = int(numbers[1]), int(numbers[2] or numbers[1]), int(numbers[3] or 1)
            count += (high - low) // max(step, 1) + 1
    return max(count, 1)


@runtime_checkable
class Reader(Protocol):
    """Commands that can also read a cluster in another way, such as over slurmrestd."""

    def read_nodes(self) -> tuple[Node, ...]:
        """Return all nodes."""
        ...

    def read_jobs(self) -> tuple[Job, ...]:
        """Return all jobs that wait, run or are leaving."""
        ...

    def read_reservations(self) -> tuple[Reservation, ...]:
        """Return all reservations."""
        ...


def read_nodes(commands: Commands, names: Sequence[str] = ()) -> tuple[Node, ...]:
    """Return all nodes, or some, which are asked for by command."""
    if names:
        told = commands.run("scontrol", "-o", "show", "node", compress(names))
        return parse_nodes(_whole(told, "scontrol"))
    if isinstance(commands, Reader):
        return commands.read_nodes()
    return parse_nodes(_whole(commands.run("scontrol", "-o", "show", "nodes"), "scontrol"))


def read_reservations(commands: Commands) -> tuple[Reservation, ...]:
    """Return all reservations."""
    if isinstance(commands, Reader):
        return commands.read_reservations()
    told = commands.run("scontrol", "-o", "show", "reservation")
    return parse_reservations(_whole(told, "scontrol"))


def read_jobs(commands: Commands, nodes: Sequence[str] = ()) -> tuple[Job, ...]:
    """Return all jobs that wait, run or are leaving, or those on some nodes, which are asked for by command."""
    if nodes:
        some = f"--nodelist={compress(nodes)}"
        told = commands.run("squeue", "-h", "-a", some, "-O", JOB_FORMAT)
        return parse_jobs(_whole(told, "squeue") if told else told)
    if isinstance(commands, Reader):
        return commands.read_jobs()
    told = commands.run("squeue", "-h", "-a", "-O", JOB_FORMAT)
    return parse_jobs(_whole(told, "squeue") if told else told)


def _whole(text: str, program: str) -> str:
    """Refuse an answer that was cut off; where there is nothing to tell, scontrol says so."""
    if not text.endswith("\n"):
        end = repr(text[-40:]) if text else "nothing"
        raise SlurmError(
            "TG-SLURM-GARBAGE", f"The answer of {program} is cut off: it ends in {end}."
        )
    return text


def read_config(commands: Commands) -> dict[str, str]:
    """Return slurm.conf as slurmctld has it."""
    return parse_config(commands.run("scontrol", "show", "config"))
