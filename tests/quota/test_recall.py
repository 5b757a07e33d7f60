"""Whom a recall takes: enough, no more than that, and firm leases last."""

import numpy as np
import pytest
from hypothesis import given, settings
from tests.naive.cover import cheapest_cover
from tests.quota.snapshots import (
    NOW_S,
    POLICIES,
    Flags,
    a_lease,
    a_snapshot,
    calls,
    decide,
    leaving,
    mature,
    snapshots,
    tidegate,
)

from tidegate.quota import Policy, PolicyCode, Record, Snapshot

HOUR_S = 3600


def short(snapshot: Snapshot) -> int:
    """Nodes that waiting jobs lack."""
    coming = snapshot.sanitising + int(snapshot.held["nodes"][leaving(snapshot)].sum())
    return snapshot.pending - snapshot.idle - coming


def nodes_of(snapshot: Snapshot, chosen: Flags) -> int:
    return int(snapshot.held["nodes"][chosen].sum())


@given(policy=POLICIES, snapshot=snapshots() | snapshots(rush=True))
def test_nobody_is_called_while_enough_is_on_its_way(policy: Policy, snapshot: Snapshot):
    plan = decide(policy, snapshot)
    assert not np.any(plan.recall & leaving(snapshot))
    if short(snapshot) <= 0:
        # A lease may still give way to a request that pays more.
        assert not np.any(plan.recall & (plan.displaced_for < 0))


@settings(max_examples=200)
@given(snapshot=calls())
def test_no_promise_is_broken_while_mature_leases_suffice(snapshot: Snapshot):
    recall = decide(tidegate(), snapshot).recall
    assert nodes_of(snapshot, recall) >= short(snapshot) > 0
    assert not np.any(recall & ~mature(snapshot))


@given(snapshot=snapshots(rush=True))
def test_mature_leases_all_go_before_a_promise_is_broken(snapshot: Snapshot):
    recall, called_first = decide(tidegate(), snapshot).recall, mature(snapshot)
    if np.any(recall & ~called_first) or short(snapshot) > nodes_of(snapshot, called_first):
        assert np.all(recall[called_first])


@given(snapshot=snapshots(rush=True))
def test_no_lease_is_called_that_is_not_needed(snapshot: Snapshot):
    """Without any one of the leases called, too little would come back."""
    need = short(snapshot)
    recall = decide(tidegate(), snapshot).recall
    chosen = np.flatnonzero(recall & ~mature(snapshot))
    for i in chosen.tolist():
        without = recall.copy()
        without[i] = False
        # A lease that costs nothing may come along; none of these is free.
        if snapshot.held["price"][i] > 0:
            assert nodes_of(snapshot, without) < need


@settings(max_examples=200)
@given(snapshot=calls())
def test_the_mature_leases_called_cost_least(snapshot: Snapshot):
    """Among those that were not lent a moment ago, when these suffice."""
    may, need = mature(snapshot), short(snapshot)
    may &= snapshot.held["start_s"] + 1800 <= NOW_S
    if nodes_of(snapshot, may) < need:
        return
    held = snapshot.held[may]
    take = NOW_S + held["notice_s"]
    lost = np.minimum(np.maximum(0, NOW_S - held["start_s"]), 3600)
    cost = 10 * held["price"] * held["nodes"] * (held["end_s"] - take + lost)
    wanted = cheapest_cover(cost.tolist(), held["nodes"].tolist(), need)
    assert decide(tidegate(), snapshot).recall[may].tolist() == wanted


@given(snapshot=snapshots(rush=True))
def test_a_promise_is_broken_only_for_an_owner_who_minds_waiting(snapshot: Snapshot):
    recall = decide(tidegate(wait_price=0), snapshot).recall
    assert not np.any(recall & ~mature(snapshot))


def test_a_node_that_was_just_lent_is_not_called_back_for_a_flicker():
    just_lent, settled = a_lease(1, price=10, start_s=NOW_S - 60), a_lease(1, price=2000)
    held = [just_lent, settled]
    assert decide(tidegate(), a_snapshot(pending=1, held=held)).recall.tolist() == [False, True]
    assert decide(tidegate(), a_snapshot(pending=2, held=held)).recall.all()


def test_of_two_leases_the_cheaper_to_take_goes():
    dear, cheap = a_lease(2, price=2000), a_lease(2, price=500)
    recall = decide(tidegate(), a_snapshot(pending=2, held=[dear, cheap])).recall
    assert recall.tolist() == [False, True]


def test_one_lease_that_fits_beats_two_that_do_not():
    held = [a_lease(3), a_lease(1), a_lease(2)]
    recall = decide(tidegate(), a_snapshot(pending=3, held=held)).recall
    assert recall.tolist() in ([True, False, False], [False, True, True])
    recall = decide(tidegate(), a_snapshot(pending=2, held=held)).recall
    assert recall.tolist() == [False, False, True]


def test_breaking_and_waiting_are_weighed_by_the_owners_prices():
    # Firm for 2 hours more of the 4 it wants, sold an hour ago, 1 node at 1.00. Breaking now costs, in
    # GPU-hours' rent: 4 h - 120 s forgone, 1 h lost, 1.3 x (1 h + 120 s) given back: 6.31.
    # Waiting costs the price of waiting times (2 h + 300 s - 900 s): 1.833 h.
    lease = a_lease(1, end_s=NOW_S + 4 * HOUR_S, firm_until_s=NOW_S + 2 * HOUR_S)
    # Both would bring their shares to 0.35: 7,080 node-seconds more of 2 days, 0.7 of a job more of 200.
    alike = Record(broken_s=60_480 - 7_080, late=99)
    snapshot = a_snapshot(pending=1, held=[lease])._replace(nodes=1, waiting=1, record=alike)
    assert not decide(tidegate(wait_price=3400), snapshot).recall.any()
    assert decide(tidegate(wait_price=3500), snapshot).recall.all()


@pytest.mark.parametrize(
    ("record", "breaks"),
    [
        (Record(sold_s=10**7, broken_s=10**3, started=10_000, late=500), True),
        (Record(sold_s=10**7, broken_s=10**6, started=10_000, late=5), False),
    ],
)
def test_the_share_that_is_spent_less_gives_way(record: Record, breaks: bool):
    lease = a_lease(1, end_s=NOW_S + 4 * HOUR_S, firm_until_s=NOW_S + 2 * HOUR_S)
    snapshot = a_snapshot(pending=1, held=[lease])._replace(waiting=1, record=record)
    assert decide(tidegate(wait_price=3450), snapshot).recall.all() == breaks


def test_a_wait_below_the_floor_breaks_nothing():
    lease = a_lease(1, firm_until_s=NOW_S + 500)
    snapshot = a_snapshot(pending=1, held=[lease])
    assert not decide(tidegate(wait_price=10**9, floor_s=900), snapshot).recall.any()


def test_reactive_takes_the_cheapest_then_the_youngest_and_breaks_promises():
    held = [
        a_lease(1, price=900, firm_until_s=NOW_S + 9000),
        a_lease(1, price=450, start_s=NOW_S - 9000),
        a_lease(1, price=450, start_s=NOW_S - 10),
        a_lease(1, price=100, take_s=NOW_S + 60),
    ]
    policy = Policy(int(PolicyCode.REACTIVE))

    def called(pending: int) -> list[bool]:
        return list(decide(policy, a_snapshot(pending=pending, held=held)).recall)

    assert called(1) == [False, False, False, False]  # one is on its way
    assert called(2) == [False, False, True, False]
    assert called(3) == [False, True, True, False]
    assert called(99) == [True, True, True, False]
