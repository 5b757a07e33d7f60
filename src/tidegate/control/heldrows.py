"""The live leases of a pool as the rows that decisions read, kept up to date lease by lease."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.control.pools import LivePool
from tidegate.forecast import HORIZONS_S
from tidegate.lease.lease import Lease
from tidegate.quota import HELD_LEASE, Promises, forget, new_promises, pass_time, promise

_LEAST_ROOM: Final = 64

_WHOLE: Final = np.dtype((np.void, HELD_LEASE.itemsize))
"""A row moved as one piece: field by field it takes thirty times as long."""

NEVER_S: Final = int(np.iinfo(np.int64).max)
"""Later than any lease ends."""


def as_held(pool: LivePool, lease: Lease, slot: int = -1) -> tuple[int, ...]:
    """Return a lease as a row of ``HELD_LEASE``, with its slot among the promises if it has one."""
    return (
        lease.number,
        lease.nodes,
        -1,
        lease.admitted_s,
        lease.start_s,
        lease.end_s,
        lease.firm_until_s,
        lease.notice_s,
        -1 if lease.take_s is None else lease.take_s,
        pool.steps(lease.price),
        0,
        0,
        slot,
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
        self._rows[self._size - 1] = self._promise(as_held(self._pool, lease))
        self.nodes += lease.nodes

    def _promise(self, row: tuple[int, ...]) -> tuple[int, ...]:
        """Count what a lease promises; return its row with its slot."""
        held = dict(zip(HELD_LEASE.names or (), row, strict=True))
        slot = promise(
            self._promises,
            held["nodes"],
            held["firm_until_s"],
            held["end_s"],
            held["notice_s"],
            held["take_s"],
            # What is counted as of its beginning is right for any later time.
            held["since_s"],
        )
        return (*row[:-1], slot)

    def _grow(self) -> None:
        live = [(*row[:-1], -1) for row in self.rows.tolist()]
        self._rows = np.zeros(2 * self._size, dtype=HELD_LEASE)
        self._promises = self._no_promises()
        for i, row in enumerate(live):
            self._rows[i] = self._promise(row)

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
        self._rows[place] = self._promise(as_held(self._pool, lease))

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
