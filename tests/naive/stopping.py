"""Brute force for stopping and for sales: every rule, every schedule."""

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement, product


def best_rule(
    outcomes: Sequence[str],
    flow: Callable[[str, int], float],
    payoff: Callable[[str, int], float],
    discount: float,
) -> float:
    """Value of the best of all rules that decide by what has been seen so far.

    ``outcomes`` are equally likely histories, such as ``"udd"``; the first t letters are known at month t.
    """
    months = len(outcomes[0])
    seen = sorted({path[:t] for path in outcomes for t in range(months)})
    best = float("-inf")
    for stops in product([False, True], repeat=len(seen)):
        rule = dict(zip(seen, stops, strict=True))
        total = 0.0
        for path in outcomes:
            value, factor = 0.0, 1.0
            for t in range(months + 1):
                if t == months or rule[path[:t]]:
                    value += factor * payoff(path[:t], t)
                    break
                factor *= discount
                value += factor * flow(path[:t], t)
            total += value
        best = max(best, total / len(outcomes))
    return best


def best_sales(nodes: int, months: int, total: Callable[[int, int], float]) -> float:
    """Worth of the best of all ways to spread nodes over months; ``total(month, count)`` values one month."""
    best = float("-inf")
    for picks in combinations_with_replacement(range(months), nodes):
        best = max(best, sum(total(month, picks.count(month)) for month in range(months)))
    return best
