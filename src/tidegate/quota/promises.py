"""The nodes promised at each horizon, kept up to date lease by lease.

A lease counts at fewer and fewer horizons as its firm time runs out. It stands in a binary heap by the moment when it
next counts at one less, so that an admission, a notice or an end costs O(log leases), and the passing of time
O(log leases) for each horizon that a lease leaves behind: at most one for each horizon in its life. What a request is
held against is then a sum that is there already, however many leases there are.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled

I64 = NDArray[np.int64]

_ROW: Final = np.dtype(
    [
        ("nodes", np.int64),
        ("firm_until_s", np.int64),
        ("end_s", np.int64),
        ("notice_s", np.int64),
        ("take_s", np.int64),
        ("counts", np.int64),  # at how many horizons, from the shortest, it counts now
        ("due_s", np.int64),  # when it counts at one less
        ("place", np.int64),  # in the heap; -1 when it counts at none
    ]
)

# Places in `Promises.tally`.
_HEAP: Final = 0
_FREE: Final = 1


class Promises(NamedTuple):
    """Leases by slot, and what they promise together.

    Attributes
    ----------
    granted_s : int
        A lease whose nodes are back within so long counts at no horizon.
    horizons_s, nodes : int64 array, shape (horizons,)
        The horizons, and the nodes promised at each.
    row : structured array, shape (slots,)
    heap, free : int64 array, shape (slots,)
        Slots by their next change; slots not in use.
    tally : int64 array
        How many of these are in use.
    """

    granted_s: int
    horizons_s: I64
    nodes: I64
    row: NDArray[Any]
    heap: I64
    free: I64
    tally: I64


def new_promises(slots: int, horizons_s: I64, granted_s: int) -> Promises:
    """Return room for so many leases.

    Parameters
    ----------
    slots : int
    horizons_s : int64 array, shape (horizons,)
    granted_s : int
        A lease whose nodes are back within so long counts at no horizon.
    """
    return Promises(
        granted_s,
        horizons_s,
        np.zeros(horizons_s.size, dtype=np.int64),
        np.zeros(slots, dtype=_ROW),
        np.zeros(slots, dtype=np.int64),
        np.arange(slots)[::-1].copy(),
        np.array([0, slots], dtype=np.int64),
    )


@compiled
def counted_horizons(horizons_s: I64, remaining_s: int, granted_s: int) -> int:
    """Return how many horizons, from the shortest, a lease with this remaining firm time counts at.

    It counts at every horizon up to the first that is at least as long as the remaining firm time, so
    that a promise between two horizons is held against the longer one. It counts at none when its nodes
    are back within the recall floor (``remaining_s <= granted_s``), which the owner grants anyway.

    Parameters
    ----------
    horizons_s : int64 array, shape (horizons,)
    remaining_s, granted_s : int
    """
    if remaining_s <= granted_s:
        return 0
    counted = 1
    while counted < horizons_s.size and horizons_s[counted - 1] < remaining_s:
        counted += 1
    return counted


@compiled
def promised_s(firm_s: int, notice_s: int, left_s: int) -> int:
    """Return how long a promise binds from now: its firm time, at least its notice, at most what is left of it.

    Parameters
    ----------
    firm_s : int
        Firm time from now.
    notice_s : int
        Notice before nodes are taken back.
    left_s : int
        From now to the wanted end.
    """
    return min(max(firm_s, notice_s), left_s)


@compiled
def remaining_firm_s(firm_until_s: int, end_s: int, notice_s: int, take_s: int, now_s: int) -> int:
    """Return the remaining firm time of a lease; what is left until the taking for one under notice.

    It is ``max(m - a, n)`` for age ``a``, guarantee ``m`` and notice ``n``, cut at the lease's end: :func:`promised_s`.
    """
    if take_s >= 0:
        return take_s - now_s
    return promised_s(firm_until_s - now_s, notice_s, end_s - now_s)


@compiled
def _lift(promises: Promises, place: int, slot: int) -> None:
    """Put a slot into the heap at a place or above it."""
    row, heap = promises.row, promises.heap
    due_s = row[slot].due_s
    while place > 0:
        parent = (place - 1) >> 1
        if row[heap[parent]].due_s <= due_s:
            break
        heap[place] = heap[parent]
        row[heap[place]].place = place
        place = parent
    heap[place] = slot
    row[slot].place = place


@compiled
def _sink(promises: Promises, place: int, slot: int) -> None:
    """Put a slot into the heap at a place or below it."""
    row, heap, room = promises.row, promises.heap, promises.tally[_HEAP]
    due_s = row[slot].due_s
    child = 2 * place + 1
    while child < room:
        if child + 1 < room and row[heap[child + 1]].due_s < row[heap[child]].due_s:
            child += 1
        if row[heap[child]].due_s >= due_s:
            break
        heap[place] = heap[child]
        row[heap[place]].place = place
        place = child
        child = 2 * place + 1
    heap[place] = slot
    row[slot].place = place


@compiled
def _unhook(promises: Promises, slot: int) -> None:
    """Take a slot out of the heap, if it is there."""
    place = promises.row[slot].place
    if place < 0:
        return
    promises.row[slot].place = -1
    promises.tally[_HEAP] -= 1
    last = promises.heap[promises.tally[_HEAP]]
    if last == slot:
        return
    parent = (place - 1) >> 1
    if place > 0 and promises.row[promises.heap[parent]].due_s > promises.row[last].due_s:
        _lift(promises, place, last)
    else:
        _sink(promises, place, last)


@compiled
def _count(promises: Promises, slot: int, now_s: int) -> None:
    """Count a lease anew, and note when it will next count at one less."""
    row = promises.row[slot]
    left_s = remaining_firm_s(row.firm_until_s, row.end_s, row.notice_s, row.take_s, now_s)
    counts = counted_horizons(promises.horizons_s, left_s, promises.granted_s)
    for j in range(counts, row.counts):
        promises.nodes[j] -= row.nodes
    for j in range(row.counts, counts):
        promises.nodes[j] += row.nodes
    row.counts = counts
    if counts == 0:
        row.place = -1
        return
    past_s = promises.granted_s
    if counts > 1:
        past_s = max(past_s, promises.horizons_s[counts - 2])
    last_s = row.end_s
    if row.take_s >= 0:
        last_s = row.take_s
    elif row.notice_s <= past_s:
        last_s = min(row.firm_until_s, row.end_s)
    row.due_s = last_s - past_s
    promises.tally[_HEAP] += 1
    _lift(promises, promises.tally[_HEAP] - 1, slot)


@compiled
def pass_time(promises: Promises, now_s: int) -> None:
    """Come to a moment: leases that count at fewer horizons by now do."""
    while promises.tally[_HEAP] > 0:
        slot = promises.heap[0]
        if promises.row[slot].due_s > now_s:
            return
        _unhook(promises, slot)
        _count(promises, slot, now_s)


@compiled
def promise(
    promises: Promises,
    nodes: int,
    firm_until_s: int,
    end_s: int,
    notice_s: int,
    take_s: int,
    now_s: int,
) -> int:
    """Count a new lease; return its slot. There must be one free."""
    promises.tally[_FREE] -= 1
    slot = promises.free[promises.tally[_FREE]]
    row = promises.row[slot]
    row.nodes = nodes
    row.counts = 0
    row.place = -1
    change(promises, slot, firm_until_s, end_s, notice_s, take_s, now_s)
    return slot


@compiled
def change(
    promises: Promises,
    slot: int,
    firm_until_s: int,
    end_s: int,
    notice_s: int,
    take_s: int,
    now_s: int,
) -> None:
    """Count a lease anew whose terms have changed."""
    row = promises.row[slot]
    row.firm_until_s = firm_until_s
    row.end_s = end_s
    row.notice_s = notice_s
    row.take_s = take_s
    _unhook(promises, slot)
    _count(promises, slot, now_s)


@compiled
def forget(promises: Promises, slot: int) -> None:
    """Count a lease no more; its slot is free."""
    row = promises.row[slot]
    for j in range(row.counts):
        promises.nodes[j] -= row.nodes
    row.counts = 0
    _unhook(promises, slot)
    promises.free[promises.tally[_FREE]] = slot
    promises.tally[_FREE] += 1
