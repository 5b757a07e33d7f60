"""The live leases of a pool as the rows that decisions read, kept up to date lease by lease."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.control.pools import LivePool
from tidegate.lease.lease import Lease
from tidegate.quota import HELD_LEASE

_NEVER_S: Final = np.iinfo(np.int64).max


def as_held(pool: LivePool, lease: Lease) -> tuple[int, ...]:
    """Return a lease as a row of ``HELD_LEASE``."""
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
    )


class HeldRows:
    """Rows of ``HELD_LEASE`` in order of the leases' numbers.

    Parameters
    ----------
    pool : LivePool
    leases : iterable of Lease
        In order of their numbers.
    """

    def __init__(self, pool: LivePool, leases: Iterable[Lease]) -> None:
        self._pool = pool
        live = list(leases)
        self._rows = np.array([as_held(pool, lease) for lease in live], dtype=HELD_LEASE)
        self._size = len(live)
        self._place = {lease.id: i for i, lease in enumerate(live)}

    @property
    def rows(self) -> NDArray[Any]:
        """The rows, to be read before the next change."""
        return self._rows[: self._size]

    @property
    def first_due_s(self) -> int:
        """When the first of them ends, as things stand."""
        rows = self.rows
        due_s = np.where(rows["take_s"] >= 0, rows["take_s"], rows["end_s"])
        return int(due_s.min(initial=_NEVER_S))

    def add(self, lease: Lease) -> None:
        """Add a lease; its number is the highest."""
        if self._size == self._rows.size:
            larger = np.zeros(max(64, 2 * self._size), dtype=HELD_LEASE)
            larger[: self._size] = self._rows[: self._size]
            self._rows = larger
        self._rows[self._size] = as_held(self._pool, lease)
        self._place[lease.id] = self._size
        self._size += 1

    def change(self, lease: Lease) -> None:
        """Bring a lease's row up to date."""
        self._rows[self._place[lease.id]] = as_held(self._pool, lease)

    def remove(self, lease_id: str) -> None:
        """Take a lease out."""
        place = self._place.pop(lease_id)
        self._rows = np.delete(self._rows[: self._size], place)
        self._size -= 1
        for other, at in self._place.items():
            if at > place:
                self._place[other] = at - 1
