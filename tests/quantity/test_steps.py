"""Steps over time, against a count second by second."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.quantity import Step, steps


def step(start_s: int, span_s: int, level: int) -> Step:
    return Step(start_s, start_s + span_s, level)


PARTS = st.lists(
    st.builds(step, st.integers(-5, 40), st.integers(0, 12), st.integers(-3, 3)), max_size=8
)


def second_by_second(parts: Iterable[Step]) -> Counter[int]:
    levels: Counter[int] = Counter()
    for part in parts:
        for at in range(part.start_s, part.end_s):
            levels[at] += part.level
    return Counter({at: level for at, level in levels.items() if level})


@given(PARTS)
def test_levels_add_up(parts: list[Step]):
    added = list(steps(parts))
    assert second_by_second(added) == second_by_second(parts)
    assert sum(part.area for part in added) == sum(part.area for part in parts)
    assert all(part.level and part.start_s < part.end_s for part in added)
    for a, b in pairwise(added):
        assert a.end_s < b.start_s or (a.end_s == b.start_s and a.level != b.level)


def test_a_step_does_not_run_backwards():
    with pytest.raises(ValueError, match="ends before it starts"):
        list(steps([Step(5, 4, 1)]))
