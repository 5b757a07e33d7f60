"""The few changes that are ever made to a cluster; each may be made again without harm."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.hostlist import compress
from tidegate.drivers.slurm.records import Job
from tidegate.drivers.slurm.site import reservation_of
from tidegate.drivers.slurm.tag import Tag, with_tag
from tidegate.drivers.slurm.view import View
from tidegate.errors import SlurmError

OURS: Final = "tidegate:"
"""Beginning of the reason of every node that we drain; one that is drained for another reason is never resumed."""

_UNDRAIN: Final = "State=UNDRAIN"
_IDLE: Final = "State=IDLE"

_LEADING: Final = re.compile(r"[0-9]+")
_JOBS_AT_ONCE: Final = 500
_CLOSE_TRIES: Final = 5


def tag_nodes(commands: Commands, view: View, tags: Mapping[str, Tag | None], *state: str) -> None:
    """Write tags on nodes, and change their state in the same call.

    Parameters
    ----------
    commands : Commands
    view : View
        For comments of the site's own, which are kept.
    tags : mapping of str to Tag or None
        Node to its new tag.
    *state : str
        Further arguments, such as ``State=DRAIN`` and ``Reason=...``.

    Raises
    ------
    SlurmError
        As the command says.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name, tag in tags.items():
        node = view.nodes.get(name)
        groups[with_tag(node.comment if node else "", tag)].append(name)
    for comment, names in groups.items():
        commands.run(
            "scontrol", "update", f"NodeName={compress(names)}", f"Comment={comment}", *state
        )


def drain(commands: Commands, view: View, tags: Mapping[str, Tag | None], why: str) -> None:
    """Let no new job start on nodes, and tag them."""
    # What a wipe said may hold anything; without `=` a line of sudoers can tell it from a further key.
    tag_nodes(commands, view, tags, "State=DRAIN", f"Reason={OURS} {why.replace('=', ':')}")


def take(commands: Commands, view: View, tags: Mapping[str, Tag | None], why: str) -> None:
    """Drain nodes that are taken, and tag them; those that are dead too, so that they do not come back unwiped."""
    by_reason: dict[str, dict[str, Tag | None]] = defaultdict(dict)
    for name, tag in tags.items():
        node = view.nodes.get(name)
        by_reason[node.reason if node is not None and node.dead else ""][name] = tag
    for reason, some in by_reason.items():
        drain(commands, view, some, f"{why} ({reason})" if reason else why)


def resume(commands: Commands, view: View, tags: Mapping[str, Tag | None]) -> None:
    """Let jobs start on nodes again, and tag them; those that somebody else has drained stay drained.

    A node that is undrained has to register with slurmctld before a job starts on it, up to a second later. One that
    is set idle is to be had at once, but that must be true of it, and it would bring back a dead one.
    """
    by_state: dict[str, dict[str, Tag | None]] = defaultdict(dict)
    for name, tag in tags.items():
        node = view.nodes.get(name)
        if node is None or not node.drained or not node.reason.startswith(OURS):
            by_state[""][name] = tag
        elif node.only_drained and not view.jobs_on.get(name):
            by_state[_IDLE][name] = tag
        else:
            by_state[_UNDRAIN][name] = tag
    for state, some in by_state.items():
        try:
            tag_nodes(commands, view, some, *filter(None, (state,)))
        except SlurmError as error:
            # Refused by Slurm, or by lines of sudoers that were printed before they had this state.
            if state != _IDLE or error.code not in ("TG-SLURM-FAILED", "TG-SLURM-RIGHTS"):
                raise
            tag_nodes(commands, view, some, _UNDRAIN)


def undrain(commands: Commands, view: View, tags: Mapping[str, Tag | None]) -> None:
    """Let jobs start on nodes again, whatever is on them by now, and tag them."""
    ours = {
        name: tag
        for name, tag in tags.items()
        if view.nodes[name].drained and view.nodes[name].reason.startswith(OURS)
    }
    tag_nodes(commands, view, ours, _UNDRAIN)
    tag_nodes(commands, view, {name: tag for name, tag in tags.items() if name not in ours})


def reserve(
    commands: Commands,
    view: View,
    lease_id: str,
    nodes: Iterable[str],
    account: str,
    partition: str,
) -> None:
    """Give a lease's reservation exactly these nodes, at least one; make it when there is none."""
    name = reservation_of(lease_id)
    wanted = sorted(set(nodes))
    if not wanted:
        # Slurm would reserve every node of the partition.
        raise SlurmError("TG-SLURM-FAILED", f"There is no node to reserve for {lease_id}.")
    there = view.reservations.get(name)
    if there is None:
        commands.run(
            "scontrol",
            "create",
            "reservation",
            f"ReservationName={name}",
            f"Nodes={compress(wanted)}",
            f"Accounts={account}",
            f"PartitionName={partition}",
            "StartTime=now",
            "Duration=UNLIMITED",
            "Flags=IGNORE_JOBS",
        )
    elif sorted(there.nodes) != wanted or there.accounts != (account,):
        commands.run(
            "scontrol",
            "update",
            f"ReservationName={name}",
            f"Nodes={compress(wanted)}",
            f"Accounts={account}",
            *(["Users="] if there.users else []),  # it was closed
        )


def prolong(commands: Commands, lease_id: str) -> None:
    """Let a reservation go on for another year, which is what Slurm means by unlimited."""
    commands.run(
        "scontrol", "update", f"ReservationName={reservation_of(lease_id)}", "EndTime=now+365days"
    )


def close(commands: Commands, lease_id: str) -> None:
    """Let no tenant submit to a lease's reservation any more, and cancel what waits in it.

    For the user root of the account root: an account alone would let in everybody below it, and all are below root.
    From 23.11 on no reservation is closed to jobs that were submitted to it: they are cancelled first. A tenant who
    submits without pause may be quicker a few times; then it is closed at the next look.
    """
    name = reservation_of(lease_id)
    for _ in range(_CLOSE_TRIES):
        try:
            commands.run(
                "scontrol", "update", f"ReservationName={name}", "Users=root", "Accounts=root"
            )
        except SlurmError as error:
            if error.code != "TG-SLURM-FAILED":
                raise
        else:
            _tolerant(commands, "scancel", "--ctld", f"--reservation={name}", "--state=PENDING")
            return
        _tolerant(commands, "scancel", "--ctld", f"--reservation={name}", "--state=PENDING")


def unreserve(commands: Commands, lease_id: str) -> bool:
    """Remove a lease's reservation; say whether it is gone. While a job still leaves it, it stays.

    Raises
    ------
    SlurmError
        When Slurm does not answer.
    """
    try:
        commands.run("scontrol", "delete", f"ReservationName={reservation_of(lease_id)}")
    except SlurmError as error:
        if error.code != "TG-SLURM-FAILED":
            raise
        return "not found" in error.message or "Invalid" in error.message
    return True


def send(commands: Commands, jobs: Iterable[Job], signal: str) -> None:
    """Send a signal to every process of jobs: batch script, its children, and all steps."""
    _scancel(commands, jobs, f"--signal={signal}", "--full")


def end(commands: Commands, jobs: Iterable[Job]) -> None:
    """End jobs now, whatever they ignore.

    A plain cancel sends SIGTERM and waits for KillWait. So SIGKILL goes to every step first, then to the batch script:
    in this order a job ends at once, in the other slurmd waits for its steps all the same.
    """
    jobs = tuple(jobs)
    for ids in _chunks([job.id for job in jobs]):
        told = _tolerant(commands, "squeue", "-h", "-s", f"--jobs={','.join(ids)}", "-o", "%i")
        for some in _chunks(_steps_of(told, ids)):
            _tolerant(commands, "scancel", "--signal=KILL", *some)
    _scancel(commands, jobs, "--signal=KILL", "--batch")
    _scancel(commands, jobs)


def _steps_of(told: str, ids: Iterable[str]) -> list[str]:
    """Return the numbered steps of these jobs that an answer names; nothing else in it is ever ended."""
    numbers = {_number(each) for each in ids}
    return [
        step
        for step in told.split()
        if step.rpartition(".")[2].isdigit() and _number(step) in numbers
    ]


def _number(name: str) -> str:
    """Return the number that a job, an array's task, or a step of either begins with."""
    found = _LEADING.match(name)
    return found[0] if found else name


def requeue(commands: Commands, jobs: Iterable[Job]) -> None:
    """Let jobs that were ended wait again."""
    for job in jobs:
        _tolerant(commands, "scontrol", "requeue", job.id)


def _scancel(commands: Commands, jobs: Iterable[Job], *options: str) -> None:
    for ids in _chunks([job.id for job in jobs]):
        _tolerant(commands, "scancel", *options, *ids)


def _chunks(ids: list[str]) -> list[list[str]]:
    return [ids[at : at + _JOBS_AT_ONCE] for at in range(0, len(ids), _JOBS_AT_ONCE)]


def _tolerant(commands: Commands, *argv: str) -> str:
    """Run a command that fails when a job has just ended by itself."""
    try:
        return commands.run(*argv)
    except SlurmError as error:
        if error.code != "TG-SLURM-FAILED":
            raise
        return ""
