"""The compiled cheapest cover against trying every set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.naive.cover import by_brute_force, by_table

from tidegate.quota import cheapest_cover

Leases = list[tuple[int, int]]
"""(cost, nodes) of each lease, in order of request number."""

COSTS = st.integers(0, 3) | st.integers(0, 10**13)
LEASES = st.tuples(COSTS, st.integers(1, 6))


@st.composite
def covers(draw: st.DrawFn, most: int) -> tuple[Leases, int]:
    """Leases, and a need that all of them together meet."""
    leases = draw(st.lists(LEASES, min_size=1, max_size=most))
    return leases, draw(st.integers(1, sum(nodes for _, nodes in leases)))


def compiled(leases: Leases, need: int) -> list[bool]:
    cost, nodes = np.array(leases, np.int64).reshape(-1, 2).T.copy()
    chosen = cheapest_cover(cost, nodes, need)
    assert chosen.dtype == np.bool_
    answer: list[bool] = chosen.tolist()
    return answer


def apart(leases: Leases) -> tuple[list[int], list[int]]:
    return [cost for cost, _ in leases], [nodes for _, nodes in leases]


@given(covers(most=10))
def test_two_slow_covers_agree(asked: tuple[Leases, int]):
    leases, need = asked
    assert by_table(*apart(leases), need) == by_brute_force(*apart(leases), need)


@given(covers(most=10))
def test_cover_is_the_cheapest(asked: tuple[Leases, int]):
    leases, need = asked
    assert compiled(leases, need) == by_brute_force(*apart(leases), need)


@given(covers(most=60))
def test_cover_of_many_leases_is_the_cheapest(asked: tuple[Leases, int]):
    leases, need = asked
    assert compiled(leases, need) == by_table(*apart(leases), need)


@pytest.mark.parametrize(
    ("leases", "need", "chosen"),
    [
        # One dear lease of 3 nodes costs less than three of one node.
        ([(4, 1), (5, 3), (4, 1), (4, 1)], 3, [False, True, False, False]),
        # Of equal cost: the fewest nodes.
        ([(6, 4), (6, 3), (6, 5)], 3, [False, True, False]),
        # Of equal cost and nodes: the set with the lowest request where they differ.
        ([(1, 1), (2, 2), (2, 2), (3, 3)], 4, [True, False, False, True]),
        # A lease that costs nothing is taken only when its nodes are needed.
        ([(0, 1), (0, 2)], 2, [False, True]),
        # Beyond 2**53 a cost is still exact.
        ([(2**60 + 1, 1), (2**60, 1)], 1, [False, True]),
    ],
)
def test_cover_by_hand(leases: Leases, need: int, chosen: list[bool]):
    assert by_brute_force(*apart(leases), need) == chosen
    assert by_table(*apart(leases), need) == chosen
    assert compiled(leases, need) == chosen
