"""Failures drawn ahead of a play."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.simulate import Failures, draw_failures, no_failures, seed_sequence

HOUR_S = 3600
YEAR_S = 365 * 24 * HOUR_S


def drawn(
    *,
    nodes: int = 50,
    mtbf_s: float = 500.0 * HOUR_S,
    repair_s: int = 24 * HOUR_S,
    stop_s: int = YEAR_S,
    seed: int = 0,
) -> Failures:
    return draw_failures(
        nodes,
        mtbf_s=mtbf_s,
        repair_s=repair_s,
        stop_s=stop_s,
        randomness=seed_sequence("h100/failures", seed),
    )


def test_nodes_fail_at_their_rate():
    failures = drawn(nodes=200)
    cycles = 200 * YEAR_S / (524 * HOUR_S)
    assert failures.time_s.size == pytest.approx(cycles, rel=0.06)
    assert set(failures.node.tolist()) == set(range(200))


def test_times_between_failures_are_exponential():
    failures = drawn(nodes=400)
    gaps = []
    for node in range(400):
        which = failures.node == node
        gaps += (failures.time_s[which][1:] - failures.until_s[which][:-1]).tolist()
    # An exponential's standard deviation is its mean; long gaps are cut by the end of the year.
    assert np.mean(gaps) == pytest.approx(500 * HOUR_S, rel=0.1)
    assert np.std(gaps) == pytest.approx(500 * HOUR_S, rel=0.15)


@given(
    nodes=st.integers(0, 8),
    mtbf_s=st.sampled_from([0.5, 10.0, 3600.0, 1e9]),
    repair_s=st.integers(1, 5000),
    stop_s=st.integers(0, 10_000),
    seed=st.integers(0, 999),
)
def test_a_node_fails_only_when_it_is_repaired(
    nodes: int, mtbf_s: float, repair_s: int, stop_s: int, seed: int
):
    failures = drawn(nodes=nodes, mtbf_s=mtbf_s, repair_s=repair_s, stop_s=stop_s, seed=seed)
    assert np.all((failures.time_s >= 0) & (failures.time_s < stop_s))
    assert np.all(failures.until_s - failures.time_s == repair_s)
    assert np.all(np.diff(failures.time_s) >= 0)
    assert np.all((failures.node >= 0) & (failures.node < nodes))
    for node in range(nodes):
        which = failures.node == node
        assert np.all(failures.time_s[which][1:] >= failures.until_s[which][:-1])


def test_the_same_seed_gives_the_same_failures():
    one, same, other = drawn(), drawn(), drawn(seed=1)
    assert [column.tobytes() for column in one] == [column.tobytes() for column in same]
    assert one.time_s.tobytes() != other.time_s.tobytes()


def test_no_failures():
    assert [column.size for column in no_failures()] == [0, 0, 0]
    assert {column.dtype for column in no_failures()} == {np.dtype(np.int64)}
