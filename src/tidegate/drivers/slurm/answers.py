"""What Slurm's commands print, as frozen values.

All of it is text that has been the same from 20.11 on: ``scontrol -o`` (``Key=value`` pairs on one line a
record) and ``squeue -O``. No free text of users is asked for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Final, Protocol, runtime_checkable

from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.hostlist import expand
from tidegate.errors import SlurmError

_KEPT: Final = 1 << 16
"""Texts whose meaning is kept: most of a queue is the same at the next look."""

_NULL: Final = ("(null)", "N/A", "None", "none", "n/a", "Unknown", "")


@dataclass(frozen=True)
class Node:
    """A node.

    Attributes
    ----------
    name : str
    state : str
        Its base state, such as ``IDLE``, ``MIXED``, ``ALLOCATED``, ``DOWN``.
    flags : frozenset of str
        What is added to it, such as ``DRAIN``, ``RESERVED``, ``NOT_RESPONDING``.
    gpu_type : str
        Such as ``h100``; empty when the site tells none.
    gpus : int
    partitions : frozenset of str
    comment, reason : str
    reason_s : int
        Since when it is drained or down for that reason, in Unix seconds of slurmctld's clock; 0 when unknown.
    """

    name: str
    state: str
    flags: frozenset[str]
    gpu_type: str
    gpus: int
    partitions: frozenset[str]
    comment: str
    reason: str
    reason_s: int = 0

    @property
    def drained(self) -> bool:
        """Whether no new job starts on it."""
        return "DRAIN" in self.flags

    @property
    def dead(self) -> bool:
        """Whether Slurm has given it up."""
        return self.state in ("DOWN", "ERROR", "FAIL", "FAILING", "FUTURE") or "FAIL" in self.flags

    @property
    def unheard(self) -> bool:
        """Whether slurmctld has not heard from it since it started."""
        return self.state == "UNKNOWN"

    @property
    def silent(self) -> bool:
        """Whether it has missed its last ping: Slurm gives it up when it goes on."""
        return "NOT_RESPONDING" in self.flags

    @property
    def busy(self) -> bool:
        """Whether a job holds some of it, or is just leaving it."""
        return self.state in ("ALLOCATED", "MIXED") or "COMPLETING" in self.flags


@dataclass(frozen=True)
class Reservation:
    """A reservation.

    Attributes
    ----------
    name : str
    nodes : tuple of str
    accounts, users : tuple of str
        Who may use it.
    partition : str
    flags : frozenset of str
    start_s, end_s : int
        Unix seconds.
    """

    name: str
    nodes: tuple[str, ...]
    accounts: tuple[str, ...]
    users: tuple[str, ...]
    partition: str
    flags: frozenset[str]
    start_s: int
    end_s: int


@dataclass(frozen=True)
class Job:
    """A job that waits, runs, or is just leaving; the waiting tasks of an array are one.

    Attributes
    ----------
    id : str
        As ``scancel`` takes it: ``123`` or ``123_4``.
    tasks : int
        Jobs that it stands for.
    state : str
    partitions : tuple of str
    user, account, qos, reservation : str
    nodes_wanted : int
    tres : str
        What it holds, or asks for.
    hosts : str
        Nodes that it holds, as a host list.
    start_s, submit_s : int
        Unix seconds; 0 when unknown.
    reason : str
        Why it waits.
    """

    id: str
    tasks: int
    state: str
    partitions: tuple[str, ...]
    user: str
    account: str
    qos: str
    reservation: str
    nodes_wanted: int
    tres: str
    hosts: str
    start_s: int
    submit_s: int
    reason: str

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Nodes that it holds."""
        return expand(self.hosts)

    @property
    def waits(self) -> bool:
        """Whether it has not started."""
        return self.state == "PENDING"

    @property
    def gpus(self) -> int:
        """GPUs that it holds or asks for, over all of its nodes."""
        return gpus_of_tres(self.tres)[1]

    @property
    def gpu_type(self) -> str:
        """Type of these GPUs; empty when it is not told."""
        return gpus_of_tres(self.tres)[0]


@lru_cache(maxsize=_KEPT)
def gpus_of_tres(tres: str) -> tuple[str, int]:
    """Return type and number of the GPUs in ``cpu=16,gres/gpu=8,gres/gpu:h100=8``."""
    plain = re.search(r"(?:^|,)gres[/:]gpu[=:](\d+)", tres)
    typed = re.findall(r"(?:^|,)gres[/:]gpu:([^=:,]+)[=:](\d+)", tres)
    kind = typed[0][0] if len(typed) == 1 else ""
    count = int(plain[1]) if plain else sum(int(number) for _, number in typed)
    return kind, count


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


def parse_nodes(text: str) -> tuple[Node, ...]:
    """Read ``scontrol -o show nodes``.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when a line is not a node.
    """
    found = []
    for line in _records(text, "NodeName"):
        told = _needed(line, "State")
        state, *flags = told.rstrip("*~#!%$@^-").split("+")
        if "*" in told:
            flags.append("NOT_RESPONDING")
        gpu_type, gpus = gpus_of_gres(_field(line, "Gres") or "")
        comment = _COMMENT.search(line) if " Comment=" in line else None
        reason = _REASON.search(line) if " Reason=" in line else None
        found.append(
            Node(
                name=_needed(line, "NodeName"),
                state=state,
                flags=frozenset(flags),
                gpu_type=gpu_type,
                gpus=gpus,
                partitions=frozenset(_words(_field(line, "Partitions") or "")),
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


def read_nodes(commands: Commands) -> tuple[Node, ...]:
    """Return all nodes."""
    if isinstance(commands, Reader):
        return commands.read_nodes()
    return parse_nodes(commands.run("scontrol", "-o", "show", "nodes"))


def read_reservations(commands: Commands) -> tuple[Reservation, ...]:
    """Return all reservations."""
    if isinstance(commands, Reader):
        return commands.read_reservations()
    return parse_reservations(commands.run("scontrol", "-o", "show", "reservation"))


def read_jobs(commands: Commands) -> tuple[Job, ...]:
    """Return all jobs that wait, run or are leaving."""
    if isinstance(commands, Reader):
        return commands.read_jobs()
    return parse_jobs(commands.run("squeue", "-h", "-a", "-O", JOB_FORMAT))


def read_config(commands: Commands) -> dict[str, str]:
    """Return slurm.conf as slurmctld has it."""
    return parse_config(commands.run("scontrol", "show", "config"))
