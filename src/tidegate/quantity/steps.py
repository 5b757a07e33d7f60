"""A whole number that changes in steps over time, such as the GPUs that somebody holds."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Step(NamedTuple):
    """A half-open stretch of time ``[start_s, end_s)`` over which the number stays the same."""

    start_s: int
    end_s: int
    level: int

    @property
    def area(self) -> int:
        """Level times seconds: GPU-seconds where the level counts GPUs."""
        return self.level * (self.end_s - self.start_s)


def steps(parts: Iterable[Step]) -> Iterator[Step]:
    """Add stretches up, given in any order and overlapping as they may.

    Yields
    ------
    Step
        In order of time, without overlap; stretches whose levels sum to 0 are left out, and
        neighbours that touch differ in their level.
    """
    changes: dict[int, int] = {}
    for start_s, end_s, level in parts:
        if end_s < start_s:
            raise ValueError(f"a step ends before it starts: {start_s}..{end_s}")
        changes[start_s] = changes.get(start_s, 0) + level
        changes[end_s] = changes.get(end_s, 0) - level
    begun_s, level = 0, 0
    for at_s in sorted(at_s for at_s, change in changes.items() if change):
        if level:
            yield Step(begun_s, at_s, level)
        begun_s, level = at_s, level + changes[at_s]
