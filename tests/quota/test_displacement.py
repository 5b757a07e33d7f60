"""Who gives way to a request that pays more."""

import numpy as np
import pytest
from hypothesis import given, settings
from tests.quota.snapshots import (
    NOW_S,
    POLICIES,
    a_lease,
    a_request,
    a_snapshot,
    decide,
    leaving,
    mature,
    snapshots,
    tidegate,
)

from tidegate.quota import Policy, PolicyCode, RecallReason, Snapshot, Verdict

HOUR_S = 3600
CHEAP = a_lease(2, price=450, end_s=NOW_S + 4 * HOUR_S)
A_DAY = a_request(2, price=900, duration_s=24 * HOUR_S, firm_s=24 * HOUR_S, notice_s=600)


def test_a_cheap_lease_gives_way_to_a_day():
    plan = decide(tidegate(), a_snapshot(held=[CHEAP], asked=[A_DAY]))
    assert plan.verdict.tolist() == [Verdict.ADMITTED]
    assert plan.displaced_for.tolist() == [0]
    assert plan.why.tolist() == [RecallReason.DISPLACED]
    # 4 h less the notice, and an hour of work; a day's rent.
    assert plan.cost.tolist() == [10 * 450 * 2 * (4 * HOUR_S - 120 + HOUR_S)]
    assert plan.against.tolist() == [10 * 900 * 2 * 24 * HOUR_S]


@pytest.mark.parametrize(
    "stays",
    [
        {"firm_until_s": NOW_S + HOUR_S},  # firm
        {"start_s": NOW_S - 600},  # lent a moment ago
        {"price": 900},  # pays as much
        {"end_s": NOW_S + 60 * HOUR_S},  # would bring more than the day
        {"take_s": NOW_S + 60},  # its nodes are on their way to internal work
        {"coming": 1},  # is being put together itself
    ],
)
def test_what_does_not_give_way(stays: dict[str, int]):
    plan = decide(tidegate(), a_snapshot(held=[{**CHEAP, **stays}], asked=[A_DAY]))
    assert plan.verdict.tolist() == [Verdict.NO_ROOM]
    assert not plan.recall.any()


def test_idle_nodes_come_first_and_internal_work_before_all():
    held = [CHEAP, {**CHEAP, "price": 400}]
    one_idle = decide(tidegate(), a_snapshot(idle=1, held=held, asked=[A_DAY]))
    assert one_idle.need.tolist() == [0, 1]
    enough = decide(tidegate(), a_snapshot(idle=2, held=held, asked=[A_DAY]))
    assert not enough.recall.any()
    waiting = decide(tidegate(), a_snapshot(pending=1, held=held, asked=[A_DAY]))
    assert waiting.verdict.tolist() == [Verdict.NO_ROOM]
    assert waiting.why.tolist() == [RecallReason.NONE, RecallReason.INTERNAL]


def test_two_requests_never_displace_the_same_lease():
    plan = decide(tidegate(), a_snapshot(held=[CHEAP, CHEAP], asked=[A_DAY, A_DAY, A_DAY]))
    assert plan.verdict.tolist() == [Verdict.ADMITTED, Verdict.ADMITTED, Verdict.NO_ROOM]
    assert sorted(plan.displaced_for.tolist()) == [0, 1]


@settings(max_examples=200)
@given(policy=POLICIES, snapshot=snapshots() | snapshots(rush=True))
def test_displacement_breaks_nothing_and_pays(policy: Policy, snapshot: Snapshot):
    plan = decide(policy, snapshot)
    displaced = plan.displaced_for >= 0
    assert np.all(plan.recall[displaced])
    assert np.all(mature(snapshot)[displaced])
    assert not np.any(leaving(snapshot)[displaced])
    if policy.code != PolicyCode.TIDEGATE:
        assert not displaced.any()
    for i in set(plan.displaced_for[displaced].tolist()):
        gone = plan.displaced_for == i
        request = snapshot.asked[i]
        assert plan.verdict[i] == Verdict.ADMITTED
        assert np.all(snapshot.held["price"][gone] < request["price"])
        assert 10 * plan.against[gone][0] > 11 * plan.cost[gone].sum()
        assert snapshot.held["nodes"][gone].sum() >= plan.need[gone][0]
