"""Answers of Slurm's commands, recorded from a real cluster, and grown to any size."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from tidegate.drivers.slurm.hostlist import expand

_NAME_OF_NODE = re.compile(r"^NodeName=(\S+)")
_NODES_OF_JOB = re.compile(r"\|([^|]+)\|[^|]*$")

FOLDER = Path(__file__).parent / "recorded"


@dataclass(frozen=True)
class Recording:
    """What the three commands of a look printed; answers as they would, and refuses whatever changes something."""

    nodes: str
    jobs: str
    reservations: str

    @property
    def size(self) -> int:
        return len(self.nodes) + len(self.jobs) + len(self.reservations)

    def run(self, *argv: str, seconds: float | None = None) -> str:
        if (told := self.answer(*argv)) is None:
            raise AssertionError(f"a recording changes nothing: {argv}")
        return told

    def answer(self, *argv: str) -> str | None:
        """What a command that reads prints of everything or of some nodes; None for one that does not read."""
        if argv[0] == "squeue":
            asked = [word.partition("=")[2] for word in argv if word.startswith("--nodelist=")]
            return _some(self.jobs, _NODES_OF_JOB, asked[0]) if asked else self.jobs
        if argv == ("scontrol", "show", "config"):
            return "BOOT_TIME = 2026-03-01T08:00:00\n"
        if argv[:3] != ("scontrol", "-o", "show"):
            return None
        if argv[3] == "node":
            return _some(self.nodes, _NAME_OF_NODE, argv[4])
        return {"nodes": self.nodes, "reservation": self.reservations}[argv[3]]

    def after(self, *argv: str) -> "Recording":
        """What would be printed after a command that changes something: of changes, nodes that are drained show."""
        if argv[1] != "update" or argv[-2] != "State=DRAIN":
            return self
        names = set(expand(argv[2].removeprefix("NodeName=")))
        lines = self.nodes.splitlines()
        for place, line in enumerate(lines):
            if line.split()[0].removeprefix("NodeName=") in names:
                drained = re.sub(r"( State=\w+)", r"\1+DRAIN", line)
                lines[place] = f"{drained} {argv[3]}"
        return replace(self, nodes="".join(f"{line}\n" for line in lines))


def _some(text: str, name: re.Pattern[str], asked: str) -> str:
    wanted = set(expand(asked))
    return "".join(
        f"{line}\n"
        for line in text.splitlines()
        if (found := name.search(line)) and not wanted.isdisjoint(expand(found[1]))
    )


def recorded() -> Recording:
    """What a cluster of six nodes of H100 answered, with a lease of two nodes, jobs that run, and jobs that wait."""
    nodes, jobs, reservations = (
        (FOLDER / f"{name}.txt").read_text() for name in ("nodes", "jobs", "reservations")
    )
    return Recording(nodes, jobs, reservations)


def grown(small: Recording, nodes: int, jobs: int) -> Recording:
    """The same lines again and again, each with a node, a job id and a lease of its own."""
    leased = [line for line in small.nodes.splitlines() if "lease=" in line]
    others = [
        line for line in small.nodes.splitlines() if "NodeName=hh" in line and "lease=" not in line
    ]
    lines, held = [], dict[str, list[str]]()
    for number in range(1, nodes + 1):
        name = f"hh{number:05d}"
        if number % 4 == 0:  # a quarter is leased, in leases of 20 nodes
            lease = f"lea_{number // 80}"
            held.setdefault(lease, []).append(name)
            lines.append(_renamed(leased[0], name).replace("lease=lea_rec", f"lease={lease}"))
        else:
            lines.append(_renamed(others[number % len(others)], name))
    first = small.reservations.splitlines()[0]
    booked = [
        re.sub(r" Nodes=\S+", f" Nodes={','.join(names)}", first).replace(
            "tg-lea_rec", f"tg-{lease}"
        )
        for lease, names in held.items()
    ]
    return Recording(
        "\n".join(lines) + "\n",
        "\n".join(islice(_jobs(small.jobs, nodes), jobs)) + "\n",
        "\n".join(booked) + "\n",
    )


def _renamed(line: str, name: str) -> str:
    return re.sub(r"^NodeName=\S+", f"NodeName={name}", line)


def _jobs(text: str, nodes: int) -> Iterator[str]:
    for number, line in enumerate(cycle(text.splitlines()), 1):
        cells = line.split("|")
        cells[0] = re.sub(r"^\d+", str(number), cells[0])
        if cells[-2]:  # it runs: on a node that is not leased
            cells[-2] = f"hh{(4 * number + 1) % nodes + 1:05d}"
        yield "|".join(cells)
