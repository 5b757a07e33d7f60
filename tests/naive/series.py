"""Slow twins of the demand series: one moment at a time, in plain Python."""

import math
from collections.abc import Sequence


def demand_at(jobs: Sequence[tuple[int, int, int]], time: int) -> int:
    """GPUs of the jobs (submit, duration, gpus) that are wanted at a time."""
    return sum(gpus for submit, length, gpus in jobs if submit <= time < submit + length)


def replicas_at(rows: Sequence[tuple[int, float]], stop: int, size: int, time: int) -> int:
    """Replicas of ``size`` GPUs that a series (time, gpus) needs at a time."""
    need = 0
    for at, gpus in rows:
        if at <= time < stop:
            need = math.ceil(gpus / size)
    return need


def intervals(rows: Sequence[tuple[int, float]], stop: int, size: int) -> set[tuple[int, int, int]]:
    """Maximal intervals (level, from, to) in which at least ``level`` replicas are needed."""
    found = set()
    top = max(math.ceil(gpus / size) for _, gpus in rows)
    for level in range(1, top + 1):
        begin = None
        for at, gpus in [*rows, (stop, 0)]:
            wanted = math.ceil(gpus / size) >= level
            if wanted and begin is None:
                begin = at
            if not wanted and begin is not None:
                found.add((level, begin, at))
                begin = None
    return found
