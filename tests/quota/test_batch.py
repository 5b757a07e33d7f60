"""Of requests that wait together, those are taken that bring most."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.quota.snapshots import a_request, a_snapshot, decide, tidegate

from tidegate.quota import REQUEST, Verdict
from tidegate.quota.batch import best_together

DAY_S = 86_400


def test_a_late_request_that_pays_more_comes_before_an_early_one():
    small = a_request(1, price=450, duration_s=3600)
    large = a_request(2, price=900, duration_s=DAY_S, firm_s=DAY_S)
    plan = decide(tidegate(), a_snapshot(idle=2, asked=[small, large, small]))
    assert plan.verdict.tolist() == [Verdict.NO_ROOM, Verdict.ADMITTED, Verdict.NO_ROOM]


def test_two_that_fit_together_beat_a_larger_one():
    flex = a_request(2, price=700, duration_s=DAY_S)
    larger = a_request(3, price=700, duration_s=DAY_S)
    plan = decide(tidegate(), a_snapshot(idle=4, asked=[larger, flex, flex]))
    assert plan.verdict.tolist() == [Verdict.NO_ROOM, Verdict.ADMITTED, Verdict.ADMITTED]


@st.composite
def _batches(draw: st.DrawFn) -> tuple[list[tuple[int, int, int, int]], int, list[int], list[int]]:
    """Requests (nodes, duration, price, horizons counted), spare nodes, promised, curve."""
    horizons = draw(st.integers(1, 4))
    few = st.integers(0, 6)
    rows = st.tuples(
        st.integers(1, 5), st.integers(0, 3), st.integers(0, 3), st.integers(0, horizons)
    )
    steps = st.lists(few, min_size=horizons, max_size=horizons)
    return draw(st.lists(rows, max_size=8)), draw(st.integers(0, 9)), draw(steps), draw(steps)


@settings(max_examples=300)
@given(batch=_batches())
def test_no_set_that_fits_brings_more(
    batch: tuple[list[tuple[int, int, int, int]], int, list[int], list[int]],
):
    rows, spare, promised, curve = batch
    asked = np.zeros(len(rows), dtype=REQUEST)
    for i, (nodes, duration_s, price, _) in enumerate(rows):
        asked[i]["nodes"], asked[i]["duration_s"], asked[i]["price"] = nodes, duration_s, price
    counts = np.array([row[3] for row in rows], dtype=np.int64)

    def fits(choice: tuple[bool, ...]) -> bool:
        taken = [row for row, is_in in zip(rows, choice, strict=True) if is_in]
        within = sum(row[0] for row in taken) <= spare
        for j, most in enumerate(curve):
            counted = sum(row[0] for row in taken if row[3] > j)
            within = within and (counted == 0 or promised[j] + counted <= most)
        return within

    def rent(choice: tuple[bool, ...]) -> int:
        return sum(n * d * p for (n, d, p, _), is_in in zip(rows, choice, strict=True) if is_in)

    # `max` keeps the first of equals: the one with the earliest requests.
    best = max(filter(fits, product([True, False], repeat=len(rows))), key=rent)
    found = best_together(
        asked,
        counts,
        spare,
        np.array(promised, dtype=np.int64),
        np.array(curve, dtype=np.int64),
    )
    assert tuple(found.tolist()) == best
