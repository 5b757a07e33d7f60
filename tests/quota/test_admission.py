"""What is admitted is safe at every horizon."""

from itertools import pairwise

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
    snapshots,
    tidegate,
)

from tidegate.forecast import HORIZONS_S
from tidegate.quota import Plan, Policy, PolicyCode, Record, Snapshot, Verdict, eps_of
from tidegate.quota.admission import judging_order

DAY_S = 86_400


def promises(snapshot: Snapshot, plan: Plan) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Remaining firm time and nodes of what is held, and of what is admitted."""
    held = []
    for lease, recalled in zip(snapshot.held, plan.recall, strict=True):
        left = int(lease["end_s"]) - NOW_S
        if lease["take_s"] >= 0:
            remaining = int(lease["take_s"]) - NOW_S
        elif recalled:
            remaining = int(lease["notice_s"])
        else:
            remaining = min(max(int(lease["firm_until_s"]) - NOW_S, int(lease["notice_s"])), left)
        held.append((remaining, int(lease["nodes"])))
    admitted = [
        (min(max(int(r["firm_s"]), int(r["notice_s"])), int(r["duration_s"])), int(r["nodes"]))
        for r, verdict in zip(snapshot.asked, plan.verdict, strict=True)
        if verdict == Verdict.ADMITTED
    ]
    return held, admitted


@settings(max_examples=300)
@given(snapshot=snapshots())
def test_what_is_admitted_keeps_the_set_safe(snapshot: Snapshot):
    """For every time h beyond what the owner grants, the nodes promised for at least h fit Q(h)."""
    policy = tidegate()
    held, admitted = promises(snapshot, decide(policy, snapshot))
    granted_s = policy.floor_s - snapshot.sanitise_s
    times = {remaining for remaining, _ in admitted} | set(HORIZONS_S)
    for h in (h for h in times if h > granted_s):
        new = sum(nodes for remaining, nodes in admitted if remaining >= h)
        if not new:
            continue  # a curve that has fallen may be below what was promised before
        # Q is known at its horizons only; between two of them the longer one's value holds.
        longer = next((j for j, horizon in enumerate(HORIZONS_S) if horizon >= h), -1)
        before = sum(nodes for remaining, nodes in held if remaining >= h)
        assert before + new <= snapshot.curve[longer], h


@given(policy=POLICIES, snapshot=snapshots() | snapshots(rush=True))
def test_only_what_is_idle_or_displaced_and_not_waited_for_is_lent(
    policy: Policy, snapshot: Snapshot
):
    plan = decide(policy, snapshot)
    _, admitted = promises(snapshot, plan)
    displaced = int(snapshot.held["nodes"][plan.displaced_for >= 0].sum())
    lent = max(0, snapshot.idle - snapshot.pending) + displaced
    assert sum(nodes for _, nodes in admitted) <= lent


def most_at_stake(policy: Policy, snapshot: Snapshot, firm_s: int) -> int:
    """Nodes of one promise that, broken whole, costs twice what may break of all that was sold."""
    if firm_s <= 6 * 3600 or policy.eps >= 0.5:
        return snapshot.nodes
    sold_s = snapshot.record.sold_s + 2 * DAY_S * snapshot.nodes
    return int(2 * policy.eps / 28 * sold_s / firm_s)


def test_a_long_promise_grows_with_what_has_been_sold():
    """At a limit of 1 in 200, 200 nodes, and two days of them taken as sold: four for a day."""
    asked = [a_request(5, firm_s=DAY_S, duration_s=DAY_S)]
    young = a_snapshot(idle=100, asked=asked, curve=100)._replace(nodes=200)
    policy = tidegate()._replace(eps=eps_of(0.005))
    plan = decide(policy, young)
    assert (plan.verdict[0], plan.room[0]) == (Verdict.QUOTA, 4)
    assert HORIZONS_S[plan.horizon[0]] == DAY_S
    old = young._replace(record=Record(sold_s=100 * DAY_S * 5, broken_s=0, started=0, late=0))
    assert decide(policy, old).verdict[0] == Verdict.ADMITTED
    for_six_hours = [a_request(5, firm_s=6 * 3600, duration_s=DAY_S)]
    young = young._replace(asked=a_snapshot(asked=for_six_hours).asked)
    assert decide(policy, young).verdict[0] == Verdict.ADMITTED


@given(snapshot=snapshots())
def test_refused_requests_would_not_have_fitted(snapshot: Snapshot):
    """A refusal by quota names the first horizon at which one more lease is too much."""
    policy = tidegate()
    plan = decide(policy, snapshot)
    held, _ = promises(snapshot, plan)
    promised = [0] * len(HORIZONS_S)
    taken = 0

    def counts(remaining: int) -> list[int]:
        if remaining <= policy.floor_s - snapshot.sanitise_s:
            return []  # back within the recall floor
        return [j for j in range(len(HORIZONS_S)) if j == 0 or HORIZONS_S[j - 1] < remaining]

    for remaining, nodes in held:
        for j in counts(remaining):
            promised[j] += nodes
    order = judging_order(policy, snapshot, np.array(promised, dtype=np.int64)).tolist()
    for request, verdict, horizon in zip(
        snapshot.asked[order], plan.verdict[order], plan.horizon[order], strict=True
    ):
        nodes = int(request["nodes"])
        remaining = min(max(request["firm_s"], request["notice_s"]), request["duration_s"])
        over = [j for j in counts(remaining) if promised[j] + nodes > snapshot.curve[j]]
        spare = max(0, snapshot.idle - snapshot.pending - taken)
        if spare < nodes and snapshot.pending > snapshot.idle - taken:
            assert verdict == Verdict.NO_ROOM
        elif over:
            assert (verdict, horizon) == (Verdict.QUOTA, over[0])
        elif counts(remaining) and nodes > most_at_stake(policy, snapshot, remaining):
            assert (verdict, horizon) == (Verdict.QUOTA, counts(remaining)[-1])
        elif spare < nodes and verdict == Verdict.NO_ROOM:
            continue  # nothing is displaced: tests/quota/test_displacement.py
        else:
            assert verdict == Verdict.ADMITTED
            taken += min(nodes, spare)
            for j in counts(remaining):
                promised[j] += nodes


@given(snapshot=snapshots())
def test_reactive_lends_all_that_is_idle(snapshot: Snapshot):
    plan = decide(Policy(int(PolicyCode.REACTIVE)), snapshot)
    assert set(plan.verdict.tolist()) <= {Verdict.ADMITTED, Verdict.NO_ROOM}


def test_static_stops_at_its_share():
    policy = Policy(int(PolicyCode.STATIC), cap_nodes=5)
    asked = [a_request(2), a_request(2), a_request(1)]
    plan = decide(policy, a_snapshot(idle=20, held=[a_lease(2)], asked=asked))
    assert plan.verdict.tolist() == [Verdict.ADMITTED, Verdict.SHARE, Verdict.ADMITTED]


@pytest.mark.parametrize(
    ("firm_s", "binds"),
    # The curve has room up to 6 hours: 7 nodes, then 3.
    [(0, None), (6 * 3600, None), (6 * 3600 + 1, 9 * 3600), (DAY_S, 9 * 3600)],
)
def test_long_promises_are_held_against_the_long_end_of_the_curve(firm_s: int, binds: int | None):
    curve = [7 if h <= 6 * 3600 else 3 for h in HORIZONS_S]
    snapshot = a_snapshot(
        idle=9, asked=[a_request(5, firm_s=firm_s, duration_s=DAY_S)], curve=curve
    )
    plan = decide(tidegate(), snapshot)
    if binds is None:
        assert plan.verdict.tolist() == [Verdict.ADMITTED]
    else:
        assert plan.verdict.tolist() == [Verdict.QUOTA]
        assert [HORIZONS_S[j] for j in plan.horizon] == [binds]


def test_a_mature_lease_leaves_room_for_long_promises():
    curve = [6 if h <= 3600 else 3 for h in HORIZONS_S]
    asked = [a_request(3, firm_s=DAY_S, duration_s=DAY_S)]

    def verdict(firm_until_s: int) -> int:
        held = [a_lease(3, firm_until_s=firm_until_s, end_s=NOW_S + 2 * DAY_S)]
        plan = decide(tidegate(), a_snapshot(idle=3, held=held, asked=asked, curve=curve))
        return int(plan.verdict[0])

    assert verdict(NOW_S) == Verdict.ADMITTED
    assert verdict(NOW_S + 3600) == Verdict.ADMITTED
    assert verdict(NOW_S + 7200) == Verdict.QUOTA


@given(snapshot=snapshots())
def test_a_higher_curve_never_leaves_the_first_request_worse_off(snapshot: Snapshot):
    verdicts = [
        decide(tidegate(), snapshot._replace(curve=snapshot.curve + more)).verdict[:1].tolist()
        for more in (0, 1, 10)
    ]
    for low, high in pairwise(verdicts):
        assert low != [Verdict.ADMITTED] or high == [Verdict.ADMITTED]


def test_an_empty_curve_admits_what_is_back_within_the_recall_floor():
    asked = [a_request(1), a_request(1, firm_s=60), a_request(1, firm_s=DAY_S, duration_s=DAY_S)]
    snapshot = a_snapshot(idle=9, asked=asked, curve=0)
    granted = decide(tidegate(), snapshot)
    assert granted.verdict.tolist() == [Verdict.ADMITTED, Verdict.ADMITTED, Verdict.QUOTA]
    nothing_granted = decide(tidegate(floor_s=0), snapshot)
    assert nothing_granted.verdict.tolist() == [Verdict.QUOTA] * 3
    assert np.array_equal(nothing_granted.horizon, [0, 0, 0])
