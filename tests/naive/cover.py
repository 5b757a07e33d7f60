"""The cheapest cover, twice: by trying every set, and by a table for when there are many leases."""

from collections.abc import Sequence
from itertools import product

MOST_FOR_BRUTE_FORCE = 12

Score = tuple[int, int]
"""(cost, nodes): what is made smallest, in that order."""


def cheapest_cover(cost: Sequence[int], nodes: Sequence[int], need: int) -> list[bool]:
    """Return the cheapest set with at least ``need`` nodes; leases are in order of number."""
    if len(cost) <= MOST_FOR_BRUTE_FORCE:
        return by_brute_force(cost, nodes, need)
    return by_table(cost, nodes, need)


def by_brute_force(cost: Sequence[int], nodes: Sequence[int], need: int) -> list[bool]:
    """Try every set. A set that holds the lowest request number comes before one that does not."""
    best_score: Score | None = None
    best: tuple[bool, ...] = ()
    for chosen in product((True, False), repeat=len(cost)):
        covered = sum(n for n, taken in zip(nodes, chosen, strict=True) if taken)
        if covered < need:
            continue
        score = (sum(c for c, taken in zip(cost, chosen, strict=True) if taken), covered)
        if best_score is None or score < best_score:
            best_score, best = score, chosen
    if best_score is None:
        raise ValueError("all leases together do not cover the need")
    return list(best)


def by_table(cost: Sequence[int], nodes: Sequence[int], need: int) -> list[bool]:
    """Fill ``best[i][rest]``: the best score of covering ``rest`` by lease i and later ones."""
    if sum(nodes) < need:
        raise ValueError("all leases together do not cover the need")
    impossible: Score = (2**200, 0)
    rests = range(max(0, need) + 1)
    best: list[list[Score]] = [[] for _ in cost] + [
        [(0, 0) if r == 0 else impossible for r in rests]
    ]

    def with_lease(i: int, rest: int) -> Score:
        later_cost, later_nodes = best[i + 1][max(0, rest - nodes[i])]
        return later_cost + cost[i], later_nodes + nodes[i]

    for i in reversed(range(len(cost))):
        best[i] = [min(with_lease(i, rest), best[i + 1][rest]) for rest in rests]

    chosen = []
    rest = max(0, need)
    for i in range(len(cost)):
        taken = with_lease(i, rest) == best[i][rest]
        chosen.append(taken)
        if taken:
            rest = max(0, rest - nodes[i])
    return chosen
