"""The meter's ledger: brought into line with what was held, by adding the difference.

Nothing in the ledger is ever changed. When a fact comes late, the seconds that it adds are recorded; when a
fact turns out to be wrong, what was recorded too much is taken back by a record with negative GPUs. Metering
the same facts again finds no difference and records nothing, so that it may be repeated after any crash.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from tidegate.quantity import Step, steps


class Held(NamedTuple):
    """A node in the hands of a lease, as the facts have it now.

    Attributes
    ----------
    lease_id, node : str
        Who held what.
    gpus : int
        GPUs of the node.
    start_s : int
        From the hand-over.
    end_s : int or None
        Until it was taken, given back or failed; None while it is held. Sanitising comes after.
    """

    lease_id: str
    node: str
    gpus: int
    start_s: int
    end_s: int | None


@dataclass(frozen=True)
class MeterRecord:
    """A line of the ledger.

    Attributes
    ----------
    lease_id, node : str
        Whose time it is, on which node.
    gpus : int
        GPUs held; negative where an earlier record is taken back.
    start_s, end_s : int
        From when to when, ``[start_s, end_s)``.
    recorded_s : int
        When it was written.
    """

    lease_id: str
    node: str
    gpus: int
    start_s: int
    end_s: int
    recorded_s: int

    @property
    def gpu_seconds(self) -> int:
        """GPUs times seconds, negative for a correction."""
        return self.gpus * (self.end_s - self.start_s)


class Conflict(NamedTuple):
    """A node that two leases claim at the same time.

    It is metered for neither until the facts are corrected: nobody pays for what is not certain.
    """

    node: str
    start_s: int
    end_s: int
    lease_ids: tuple[str, ...]


@dataclass(frozen=True)
class Settlement:
    """What brings the ledger into line.

    Attributes
    ----------
    records : tuple of MeterRecord
        To be added to the ledger; empty when it is in line.
    conflicts : tuple of Conflict
        Claims that contradict one another.
    """

    records: tuple[MeterRecord, ...]
    conflicts: tuple[Conflict, ...]


def settle(
    lease_ids: Collection[str],
    held: Iterable[Held],
    ledger: Iterable[MeterRecord],
    stops: Mapping[str, int],
    now_s: int,
    from_s: int = 0,
) -> Settlement:
    """Return what the ledger lacks, or has too much, for some leases over ``[from_s, now_s)``.

    Parameters
    ----------
    lease_ids : collection of str
        The leases to bring into line.
    held : iterable of Held
        All that is known of these leases, and of other leases on the same nodes.
    ledger : iterable of MeterRecord
        All that was recorded of these leases.
    stops : mapping of str to int
        When a lease ended, broke or failed: what it held after that is not metered.
    now_s : int
        Until when to meter what is still held; what was recorded beyond it is taken back.
    from_s : int
        From when on to look; what was held or recorded before is left as it is.

    Returns
    -------
    Settlement
        Records by lease, node and time.
    """
    asked = set(lease_ids)
    wanted, conflicts = _claims(held, stops, now_s, from_s)
    parts: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for claim in wanted:
        if claim.lease_id in asked:
            parts[claim.lease_id, claim.node].append(Step(claim.start_s, claim.end_s, claim.gpus))
    for record in ledger:
        if record.lease_id in asked and record.end_s > from_s:
            taken = Step(max(record.start_s, from_s), record.end_s, -record.gpus)
            parts[record.lease_id, record.node].append(taken)
    records = tuple(
        MeterRecord(lease_id, node, lacking.level, lacking.start_s, lacking.end_s, now_s)
        for (lease_id, node), all_parts in sorted(parts.items())
        for lacking in steps(all_parts)
    )
    return Settlement(records, conflicts)


class _Claim(NamedTuple):
    lease_id: str
    node: str
    gpus: int
    start_s: int
    end_s: int


def _claims(
    held: Iterable[Held], stops: Mapping[str, int], now_s: int, from_s: int
) -> tuple[list[_Claim], tuple[Conflict, ...]]:
    """Who had each node when, and where that is contradictory."""
    by_node: dict[str, list[_Claim]] = defaultdict(list)
    for lease_id, node, gpus, start_s, end_s in held:
        until_s = min(now_s if end_s is None else end_s, stops.get(lease_id, now_s), now_s)
        begun_s = max(start_s, from_s)
        if until_s > begun_s:
            by_node[node].append(_Claim(lease_id, node, gpus, begun_s, until_s))
    clear: list[_Claim] = []
    conflicts: list[Conflict] = []
    for node, claims in sorted(by_node.items()):
        _judge(node, sorted(claims, key=lambda c: (c.start_s, c.lease_id)), clear, conflicts)
    return clear, tuple(conflicts)


def _judge(node: str, claims: list[_Claim], clear: list[_Claim], conflicts: list[Conflict]) -> None:
    if all(a.end_s <= b.start_s for a, b in pairwise(claims)):
        clear += claims
        return
    edges = sorted({at for claim in claims for at in (claim.start_s, claim.end_s)})
    for start_s, end_s in pairwise(edges):
        here = {c.lease_id: c for c in claims if c.start_s <= start_s and end_s <= c.end_s}
        if len(here) == 1:
            (only,) = here.values()
            clear.append(only._replace(start_s=start_s, end_s=end_s))
        elif here:
            conflicts.append(Conflict(node, start_s, end_s, tuple(sorted(here))))
