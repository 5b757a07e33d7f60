"""The decision is a pure function of policy and snapshot."""

import copy

import numpy as np
from hypothesis import given
from tests.quota.snapshots import (
    POLICIES,
    a_lease,
    a_request,
    a_snapshot,
    decide,
    snapshots,
    tidegate,
)

from tidegate.quota import Policy, PolicyCode, Snapshot, Verdict


@given(policy=POLICIES, snapshot=snapshots() | snapshots(rush=True))
def test_deciding_changes_nothing_and_repeats_itself(policy: Policy, snapshot: Snapshot):
    before = copy.deepcopy(snapshot)
    first, second = decide(policy, snapshot), decide(policy, snapshot)
    for name, value in before._asdict().items():
        assert np.array_equal(getattr(snapshot, name), value), name
    for left, right in zip(first, second, strict=True):
        assert left.tobytes() == right.tobytes()


@given(policy=POLICIES, snapshot=snapshots() | snapshots(rush=True))
def test_every_lease_and_request_gets_an_answer(policy: Policy, snapshot: Snapshot):
    plan = decide(policy, snapshot)
    assert plan.recall.shape == snapshot.held.shape
    assert plan.verdict.shape == plan.horizon.shape == snapshot.asked.shape
    assert set(plan.verdict.tolist()) <= {int(v) for v in Verdict}
    by_quota = plan.verdict == Verdict.QUOTA
    assert np.array_equal(plan.horizon >= 0, by_quota)


def test_nothing_asked_and_nothing_held():
    plan = decide(tidegate(), a_snapshot(idle=3, pending=9))
    assert plan.recall.size == plan.verdict.size == 0


@given(snapshot=snapshots())
def test_none_sells_nothing(snapshot: Snapshot):
    plan = decide(Policy(int(PolicyCode.NONE)), snapshot)
    assert set(plan.verdict.tolist()) <= {Verdict.NOT_SOLD}


def test_requests_are_judged_as_if_recalls_were_carried_out():
    # The lease under recall is firm for its notice only, so that a day may be promised beside it.
    held = [a_lease(2, firm_until_s=0), a_lease(2, firm_until_s=0)]
    snapshot = a_snapshot(idle=1, pending=2, held=held, asked=[a_request(1)])
    plan = decide(tidegate(), snapshot)
    assert plan.recall.sum() == 1
    assert plan.verdict.tolist() == [Verdict.NO_ROOM]
