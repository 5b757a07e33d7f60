"""The rows that decisions read are what the leases are, whatever came, changed and went."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.control.living import START_S, a_pool
from tests.naive import promises as naive

from tidegate.control.heldrows import NEVER_S, HeldRows, as_held
from tidegate.forecast import HORIZONS_S
from tidegate.lease.lease import Lease

POOL = a_pool(1000)
STEP = st.tuples(
    st.sampled_from(["come", "come", "change", "go", "go", "read"]),
    st.integers(0, 10**6),  # which lease
    st.integers(1, 9),  # nodes
    st.integers(0, 500_000),  # firm time, and when it is taken
    st.integers(1, 100_000),
    st.booleans(),  # under notice
)


def a_lease(number: int, nodes: int, firm_s: int = 3600, more_s: int = 3600) -> Lease:
    return Lease(
        id=f"lea_{number}",
        order_id="ord_1",
        tenant_id="ten_1",
        pool_id=POOL.id,
        product="flex",
        number=number,
        nodes=nodes,
        admitted_s=START_S,
        start_s=START_S,
        end_s=START_S + firm_s + more_s,
        firm_s=firm_s,
        firm_until_s=START_S + firm_s,
        notice_s=600,
        price=Decimal(2),
        currency="USD",
    )


def check_same(rows: HeldRows, leases: list[Lease], now_s: int) -> None:
    """Hold the rows against the leases, written out anew."""
    assert [row[:-1] for row in rows.rows.tolist()] == [as_held(POOL, each)[:-1] for each in leases]
    assert np.unique(rows.rows["slot"]).size == len(leases)
    assert rows.nodes == sum(each.nodes for each in leases)
    assert rows.first_due_s == min((each.due_s for each in leases), default=NEVER_S)
    terms = [
        naive.Lease(
            each.nodes,
            each.firm_until_s,
            each.end_s,
            each.notice_s,
            -1 if each.take_s is None else each.take_s,
        )
        for each in leases
    ]
    granted_s = POOL.floor_s - POOL.sanitise_s
    assert list(rows.promised(now_s)) == naive.promised(terms, HORIZONS_S, granted_s, now_s)


@given(begin=st.integers(0, 70), steps=st.lists(STEP, max_size=60))
def test_rows_are_the_leases_in_order_of_their_numbers(
    begin: int, steps: list[tuple[str, int, int, int, int, bool]]
):
    leases = [a_lease(number, 1) for number in range(1, begin + 1)]
    rows, last = HeldRows(POOL, leases), begin
    for now_s, (what, which, nodes, firm_s, more_s, is_noticed) in enumerate(steps, START_S):
        place = which % max(1, len(leases))
        if what == "come":
            last += 1 + which % 3  # numbers of leases that never came to live are left out
            leases.append(a_lease(last, nodes, firm_s, more_s))
            rows.add(leases[-1])
        elif what == "change" and leases:
            leases[place] = replace(
                leases[place], nodes=nodes, take_s=START_S + more_s if is_noticed else None
            )
            rows.change(leases[place])
        elif what == "go" and leases:
            rows.remove(leases.pop(place))
        elif what == "read":
            check_same(rows, leases, now_s)
    check_same(rows, leases, START_S + len(steps))


def test_a_lease_that_is_gone_or_never_came_is_not_taken_for_another():
    leases = [a_lease(number, number) for number in (1, 3, 5)]
    rows = HeldRows(POOL, leases)
    rows.remove(leases[1])
    for stranger in (leases[1], a_lease(4, 4), a_lease(6, 6)):
        with pytest.raises(KeyError, match=stranger.id):
            rows.remove(stranger)
        with pytest.raises(KeyError, match=stranger.id):
            rows.change(stranger)
    check_same(rows, [leases[0], leases[2]], START_S)
