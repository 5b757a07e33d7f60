"""Recall for a wide job prefers leases that free a block."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.quota.snapshots import a_lease, a_snapshot, decide, tidegate

from tidegate.quota import Snapshot
from tidegate.quota.contiguous import DEARER_TENTHS

BLOCKS = 3


def waits(
    wide: int, prices: Sequence[int], held: Sequence[Sequence[int]], free: Sequence[int] = (0, 0, 0)
) -> Snapshot:
    """A job of so many nodes waits; each lease has nodes in each block, and a price."""
    leases = [a_lease(sum(nodes), price=price) for nodes, price in zip(held, prices, strict=True)]
    return a_snapshot(pending=wide + sum(free), idle=sum(free), held=leases)._replace(
        wide=wide,
        free_in_block=np.array(free, dtype=np.int64),
        held_in_block=np.array(held, dtype=np.int64).ravel(),
    )


def called(snapshot: Snapshot) -> list[int]:
    return np.flatnonzero(decide(tidegate(), snapshot).recall).tolist()


APART = [(1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1)]


def test_a_block_is_freed_when_that_costs_little_more():
    assert called(waits(2, [1000, 1050, 1050, 1000], APART)) == [1, 2]
    assert called(waits(2, [1000, 2000, 2000, 1000], APART)) == [0, 3]


def test_what_is_free_in_a_block_counts():
    """One lease beside a free node frees a block; another job gets the other free node."""
    seen = waits(2, [1000, 1000, 1000], [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    seen = seen._replace(pending=2, idle=1, free_in_block=np.array([0, 0, 1], dtype=np.int64))
    assert called(seen) == [2]


def test_a_pool_without_blocks_calls_what_costs_least():
    seen = waits(2, [1000, 1050, 1050, 1000], APART)
    nothing = np.zeros(0, dtype=np.int64)
    assert called(seen._replace(free_in_block=nothing, held_in_block=nothing)) == [0, 3]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([450, 500, 1000]),
            st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)).filter(any),
        ),
        min_size=2,
        max_size=7,
    ),
    st.integers(2, 4),
)
def test_enough_is_called_at_little_more_than_the_least_cost(
    leases: list[tuple[int, tuple[int, ...]]], wide: int
):
    prices, held = zip(*leases, strict=True)
    seen = waits(wide, prices, held)
    if seen.held["nodes"].sum() < wide:
        return
    chosen = decide(tidegate(), seen)
    plain = decide(tidegate(), seen._replace(wide=0))
    assert seen.held["nodes"][chosen.recall].sum() >= wide
    least = int(plain.cost[plain.recall].sum())
    assert least <= chosen.cost[chosen.recall].sum() <= DEARER_TENTHS * least / 10
    within = np.array(held)
    has_block = [bool((within[plan.recall].sum(axis=0) >= wide).any()) for plan in (chosen, plain)]
    assert has_block[0] or not has_block[1]
    if not has_block[0]:
        assert chosen.recall.tolist() == plain.recall.tolist()
