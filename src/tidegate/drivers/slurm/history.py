"""Jobs of the past from ``sacct``, window by window, without haste.

sacct asks slurmdbd, never slurmctld. Every window is followed by a pause at least as long as its query took, so that
the database is busy with us half of the time at most.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.hostlist import expand
from tidegate.drivers.slurm.records import gpus_of_tres
from tidegate.errors import SlurmError

FIELDS: Final = (
    "JobIDRaw",
    "Account",
    "State",
    "Submit",
    "Start",
    "End",
    "ElapsedRaw",
    "AllocTRES",
    "ReqTRES",
    "Partition",
    "QOS",
    "Reservation",
    "NodeList",
)
"""What sacct is asked for; no name of a user or a job among it."""

HEADER: Final = "|".join(FIELDS)

WINDOW_S: Final = 86_400
"""The first window; the next one is twice as long while there are few rows."""
MOST_WINDOW_S: Final = 16 * WINDOW_S
FEW_ROWS: Final = 2_000

QUERY_S: Final = 120.0
"""Deadline of one query, in seconds."""

_AT: Final = {name: place for place, name in enumerate(FIELDS)}
OPEN_STATES: Final = ("PENDING", "RUNNING", "SUSPENDED", "REQUEUED", "RESIZING")

LOST: Final = "NODE_FAIL"
"""State of a run of which slurmctld has lost trace: it is over, and by no doing of its own."""


def moment(text: str) -> int:
    """Return Unix seconds of a time in UTC; 0 for one that is not known."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0


@dataclass(frozen=True)
class Row:
    """A run of a job, as sacct tells it.

    Attributes
    ----------
    line : str
        The row as it was printed.
    cells : tuple of str
    """

    line: str
    cells: tuple[str, ...]

    def __getitem__(self, name: str) -> str:
        """Return a cell by the name of its field."""
        return self.cells[_AT[name]]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from any other: an id that was given out again has another submission."""
        return self["JobIDRaw"], self["Submit"]

    @property
    def open(self) -> bool:
        """Whether it may still change."""
        return self["State"].partition(" ")[0] in OPEN_STATES or self["End"] == "Unknown"

    def ended_at(self, end: str) -> "Row":
        """Return it as over at a time, lost by slurmctld."""
        told = dict(zip(FIELDS, self.cells, strict=True)) | {"State": LOST, "End": end}
        start_s, end_s = (moment(told[name]) for name in ("Start", "End"))
        told["ElapsedRaw"] = str(max(0, end_s - start_s) if start_s else 0)
        cells = tuple(told.values())
        return Row("|".join(cells), cells)

    @property
    def leased(self) -> bool:
        """Whether it ran in a lease of ours: a tenant's, no internal demand."""
        return self["Reservation"].startswith("tg-") or self["QOS"].startswith("tg-")


def query(commands: Commands, start_s: int, end_s: int) -> tuple[Row, ...]:
    """Return all runs of jobs that waited or ran at some time in [start, end).

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when the header is not the one asked for; else as the command says. Single
        lines that are torn are left out.
    """
    text = commands.run(
        "sacct",
        "--allusers",
        "--allocations",
        "--duplicates",
        "--parsable2",
        f"--format={','.join(FIELDS)}",
        f"--starttime={_stamp(start_s)}",
        f"--endtime={_stamp(end_s)}",
        seconds=QUERY_S,
    )
    header, _, body = text.partition("\n")
    if header.strip() != HEADER:
        raise SlurmError(
            "TG-SLURM-GARBAGE",
            f"sacct begins with {header[:80]!r}.",
            expected=f"the header {HEADER}.",
        )
    rows = (Row(line, tuple(line.split("|"))) for line in body.splitlines())
    return tuple(row for row in rows if len(row.cells) == len(FIELDS))


def history(
    commands: Commands,
    start_s: int,
    end_s: int,
    *,
    pause: Callable[[float], None] = time.sleep,
    done: Callable[[int, int], None] = lambda days, of: None,
) -> tuple[Row, ...]:
    """Return all runs of jobs in [start, end), asked for window by window.

    Parameters
    ----------
    commands : Commands
        What runs sacct.
    start_s, end_s : int
        Unix seconds.
    pause : callable
        Waits so many seconds.
    done : callable
        Told days done and days in all.

    Raises
    ------
    SlurmError
        As :func:`query`.
    """
    rows: dict[tuple[str, str], Row] = {}
    at_s, window_s = start_s, WINDOW_S
    while at_s < end_s:
        began = time.monotonic()
        until_s = min(at_s + window_s, end_s)
        found = query(commands, at_s, until_s)
        rows.update((row.key, row) for row in found)
        done((until_s - start_s) // 86_400, (end_s - start_s) // 86_400)
        at_s = until_s
        window_s = min(2 * window_s, MOST_WINDOW_S) if len(found) < FEW_ROWS else WINDOW_S
        if at_s < end_s:
            pause(time.monotonic() - began)
    return over_when_followed(rows.values())


def over_when_followed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Close runs that seem to go on though their id has been given out again.

    slurmctld was killed before it had saved them, and has never told slurmdbd of their end. They were over when the
    next job with their id was submitted, at the latest.
    """
    rows = tuple(rows)
    last: dict[str, str] = {}
    for row in rows:
        job, submit = row.key
        last[job] = max(last.get(job, ""), submit)
    return tuple(
        row.ended_at(last[row.key[0]]) if row.open and row.key[1] < last[row.key[0]] else row
        for row in rows
    )


def by_pool(
    rows: tuple[Row, ...], pool_of_node: Mapping[str, str], pool_of_type: Mapping[str, str]
) -> dict[str, list[Row]]:
    """Sort internal runs into pools: by the first node that they held, else by their GPU type."""
    sorted_rows: dict[str, list[Row]] = {}
    for row in rows:
        if row.leased:
            continue
        pool = _pool_of(row, pool_of_node, pool_of_type)
        if pool is not None:
            sorted_rows.setdefault(pool, []).append(row)
    return sorted_rows


def _pool_of(
    row: Row, pool_of_node: Mapping[str, str], pool_of_type: Mapping[str, str]
) -> str | None:
    first = next(iter(_hosts(row["NodeList"])), None)
    if first is not None and first in pool_of_node:
        return pool_of_node[first]
    kind, _ = gpus_of_tres(row["AllocTRES"] or row["ReqTRES"])
    return pool_of_type.get(kind)


def _hosts(text: str) -> Iterator[str]:
    try:
        yield from expand(text)
    except SlurmError:
        return


def _stamp(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
