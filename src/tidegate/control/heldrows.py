"""The live leases of a pool as the rows that decisions read, kept up to date lease by lease."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.control.pools import LivePool
from tidegate.forecast import HORIZONS_S
from tidegate.lease.lease import Lease
from tidegate.quota import HELD_LEASE, HeldLease, Promises, forget, new_promises, pass_time, promise

_LEAST_ROOM: Final = 64

_WHOLE: Final = np.dtype((np.void, HELD_LEASE.itemsize))
"""A row moved as one piece: field by field it takes thirty times as long."""

NEVER_S: Final = int(np.iinfo(np.int64).max)
"""Later than any lease ends."""


def as_held(pool: LivePool, lease: Lease) -> HeldLease:
    """Return a lease as decisions read it."""
    return HeldLease(
        request=lease.number,
        nodes=lease.nodes,
        first_node=-1,
        since_s=lease.admitted_s,
        start_s=lease.start_s,
        end_s=lease.end_s,
        firm_until_s=lease.firm_until_s,
        notice_s=lease.notice_s,
        take_s=-1 if lease.take_s is None else lease.take_s,
        price=pool.steps(lease.price),
    )


class HeldRows:
    """Rows of ``HELD_LEASE`` in order of the leases' numbers, and what these leases promise.

    A lease is found by its number, in O(log leases). One that goes leaves a gap, and all gaps are closed together when
    the rows are next read.

    Parameters
    ----------
    pool : LivePool
    leases : iterable of Lease
        In order of their numbers.

    Attributes
    ----------
    nodes : int
        Nodes of all leases.
    """

    def __init__(self, pool: LivePool, leases: Iterable[Lease]) -> None:
        self._pool = pool
        live = list(leases)
        self._rows = np.zeros(max(_LEAST_ROOM, len(live)), dtype=HELD_LEASE)
        self._size = 0
        self._gaps: set[int] = set()
        self._promises = self._no_promises()
        self.nodes = 0
        for lease in live:
            self.add(lease)

    def _no_promises(self) -> Promises:
        granted_s = self._pool.floor_s - self._pool.sanitise_s
        return new_promises(self._rows.size, np.array(HORIZONS_S, dtype=np.int64), granted_s)

    @property
    def rows(self) -> NDArray[Any]:
        """The rows, to be read before the next change."""
        self._close_gaps()
        return self._rows[: self._size]

    @property
    def first_due_s(self) -> int:
        """When the first of them ends, as things stand; :data:`NEVER_S` when there is none."""
        rows = self.rows
        due_s = np.where(rows["take_s"] >= 0, rows["take_s"], rows["end_s"])
        return int(due_s.min(initial=NEVER_S))

    def promised(self, now_s: int) -> NDArray[np.int64]:
        """Return the nodes promised at each horizon of the curve."""
        pass_time(self._promises, now_s)
        return self._promises.nodes.copy()

    def add(self, lease: Lease) -> None:
        """Add a lease; its number is the highest."""
        if self._size == self._rows.size:
            self._close_gaps()
        if self._size == self._rows.size:
            self._grow()
        self._size += 1
        self._put(self._size - 1, as_held(self._pool, lease))
        self.nodes += lease.nodes

    def _put(self, place: int, row: HeldLease) -> None:
        """Count what a lease promises, and write its row."""
        slot = promise(
            self._promises,
            row.nodes,
            row.firm_until_s,
            row.end_s,
            row.notice_s,
            row.take_s,
            # What is counted as of its beginning is right for any later time.
            row.since_s,
        )
        self._rows[place] = row
        self._rows["slot"][place] = slot

    def _grow(self) -> None:
        live = [HeldLease(*row) for row in self.rows.tolist()]
        self._rows = np.zeros(2 * self._size, dtype=HELD_LEASE)
        self._promises = self._no_promises()
        for place, row in enumerate(live):
            self._put(place, row)

    def change(self, lease: Lease) -> None:
        """Bring a lease's row up to date.

        Raises
        ------
        KeyError
            There is no such lease.
        """
        place = self._place(lease)
        self._forget(place)
        self.nodes += lease.nodes
        self._put(place, as_held(self._pool, lease))

    def remove(self, lease: Lease) -> None:
        """Take a lease out.

        Raises
        ------
        KeyError
            There is no such lease.
        """
        place = self._place(lease)
        self._forget(place)
        self._gaps.add(place)

    def _place(self, lease: Lease) -> int:
        numbers = self._rows["request"]
        place = bisect_left(numbers, lease.number, 0, self._size)
        if place == self._size or numbers[place] != lease.number or place in self._gaps:
            raise KeyError(lease.id)
        return place

    def _forget(self, place: int) -> None:
        row = self._rows[place]
        self.nodes -= int(row["nodes"])
        forget(self._promises, int(row["slot"]))

    def _close_gaps(self) -> None:
        if not self._gaps:
            return
        gaps = sorted(self._gaps)
        rows, to = self._rows.view(_WHOLE), gaps[0]
        for gap, until in zip(gaps, [*gaps[1:], self._size], strict=True):
            moved = until - gap - 1
            rows[to : to + moved] = rows[gap + 1 : until]
            to += moved
        self._size = to
        self._gaps.clear()
