"""A binary heap of int64 keys; an end time and a job share one key."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import inlined

I64 = NDArray[np.int64]

JOB_BITS: Final = 31
_JOB_MASK: Final = (1 << JOB_BITS) - 1


@inlined
def key(end_s: int, job: int) -> int:
    """Return the key of a job that ends at ``end_s`` (below 2**32)."""
    return (end_s << JOB_BITS) | job


@inlined
def end_of(heap_key: int) -> int:
    """Return the end time in a key."""
    return heap_key >> JOB_BITS


@inlined
def job_of(heap_key: int) -> int:
    """Return the job in a key."""
    return heap_key & _JOB_MASK


@inlined
def push(heap: I64, size: int, new: int) -> None:
    """Add a key to a heap of ``size`` keys, shape (room,) with room for one more; the caller counts."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if heap[parent] <= new:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = new


@inlined
def pop(heap: I64, size: int) -> int:
    """Remove and return the smallest of ``size`` keys, shape (room,), at least one; the caller counts."""
    smallest = heap[0]
    last = heap[size - 1]
    room = size - 1
    place = 0
    child = 1
    while child < room:
        if child + 1 < room and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[place] = heap[child]
        place = child
        child = 2 * place + 1
    heap[place] = last
    return smallest
