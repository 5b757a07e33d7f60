"""The rule of GFS: quota, feedback and victims."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.naive import gfs as naive
from tests.quota.snapshots import NOW_S, a_lease, a_request, a_snapshot, decide, snapshots

from tidegate.quota import Policy, PolicyCode, Snapshot, Verdict
from tidegate.quota.gfs import quota_nodes, renewed_eta, victims

GFS = Policy(int(PolicyCode.GFS))
HOUR_S = 3600
NOBODY_WAITS = -(1 << 62)


@pytest.mark.parametrize(
    ("failed", "kept", "waited_s", "eta"),
    [
        # 3 of 20 failed, one and a half times the share allowed: 0.1 / 0.15.
        (3, 17, NOBODY_WAITS, 2 / 3),
        (1, 0, 2 * HOUR_S, 0.1),
        # Between one half and one and a half times the share allowed nothing is done.
        (2, 18, 2 * HOUR_S, 1.0),
        # 1 of 20: 1.5 - 0.05 / 0.1, which is 1; 1 of 40: 1.5 - 0.25.
        (1, 19, 2 * HOUR_S, 1.0),
        (1, 39, 2 * HOUR_S, 1.25),
        (0, 40, 2 * HOUR_S, 1.5),
        (0, 0, 2 * HOUR_S, 1.5),
        # Not more than an hour.
        (0, 40, HOUR_S, 1.0),
        (0, 40, NOBODY_WAITS, 1.0),
        (0, 0, NOBODY_WAITS, 1.0),
    ],
)
def test_feedback(failed: int, kept: int, waited_s: int, eta: float):
    assert renewed_eta(1.0, failed, kept, waited_s) == pytest.approx(eta)


@given(
    eta=st.floats(1e-300, 1e300),
    failed=st.integers(0, 60),
    kept=st.integers(0, 60),
    waited_s=st.sampled_from([NOBODY_WAITS, 0, HOUR_S, HOUR_S + 1, 10**6]),
)
def test_feedback_is_that_of_the_page_to_the_bit(eta: float, failed: int, kept: int, waited_s: int):
    expected = naive.renewed(eta, failed, kept, has_waited=waited_s > HOUR_S)
    assert renewed_eta(eta, failed, kept, waited_s) == expected


def test_feedback_never_sticks():
    low = high = 1.0
    for _ in range(3000):
        low, high = renewed_eta(low, 1, 0, 0), renewed_eta(high, 0, 0, HOUR_S + 1)
    assert renewed_eta(low, 0, 0, HOUR_S + 1) > low > 0
    assert renewed_eta(high, 1, 0, 0) < high
    assert quota_nodes(high, 7, 100) == 100
    assert quota_nodes(high, 0, 100) == 0


def test_a_quota_is_cut_to_whole_nodes():
    assert [quota_nodes(eta, 5, 6) for eta in (0.1, 0.5, 0.99, 1.0, 1.3, 9.0)] == [0, 2, 4, 5, 6, 6]


def test_what_is_leased_and_asked_for_stays_within_the_quota():
    held = [a_lease(2), a_lease(1, take_s=NOW_S + 60)]
    snapshot = a_snapshot(idle=9, held=held, asked=[a_request(2), a_request(1)], curve=4)
    assert decide(GFS, snapshot).verdict.tolist() == [Verdict.SHARE, Verdict.ADMITTED]


@settings(max_examples=300)
@given(
    snapshot=snapshots(rush=True),
    periods=st.tuples(st.integers(0, 9), st.integers(0, 60)),
    nodes=st.integers(1, 200),
    share=st.floats(0, 1),
)
def test_victims_are_those_of_the_page(
    snapshot: Snapshot, periods: tuple[int, int], nodes: int, share: float
):
    failed, kept = periods
    snapshot = snapshot._replace(nodes=nodes, failed_periods=failed, kept_periods=kept)
    held = snapshot.held
    need = round(share * int(held["nodes"].sum()))
    found = victims(snapshot, np.ones(held.size, dtype=np.bool_), need)
    leases = [naive.Victim(int(x["request"]), int(x["nodes"]), int(x["start_s"])) for x in held]
    expected = naive.victims(leases, need, NOW_S, periods, nodes)
    assert np.flatnonzero(found).tolist() == sorted(x.number for x in expected)


def test_the_youngest_goes_when_periods_are_many():
    # With 90 kept periods a victim more matters little beside the work it loses.
    held = [a_lease(1, start_s=NOW_S - 7200), a_lease(1, start_s=NOW_S - 60)]
    snapshot = a_snapshot(pending=1, held=held)._replace(
        nodes=10, failed_periods=0, kept_periods=90
    )
    assert decide(GFS, snapshot).recall.tolist() == [False, True]


def test_one_large_victim_rather_than_many_small_ones():
    # After one kept period, the first victim adds 1/2 and the second 1/6; work lost is 1/400 each.
    held = [a_lease(1), a_lease(1), a_lease(2)]
    snapshot = a_snapshot(pending=2, held=held)._replace(nodes=500, kept_periods=1)
    assert decide(GFS, snapshot).recall.tolist() == [False, False, True]


def test_a_victim_that_a_later_one_makes_superfluous_is_let_go():
    # The first is new and cheap for its node; the second frees both nodes that are needed.
    held = [a_lease(1, start_s=NOW_S), a_lease(2, start_s=NOW_S - 7200)]
    snapshot = a_snapshot(pending=2, held=held)._replace(nodes=2, kept_periods=900)
    assert decide(GFS, snapshot).recall.tolist() == [False, True]


def test_promises_are_not_looked_at():
    held = [a_lease(1, start_s=NOW_S - 60, firm_until_s=NOW_S + 9000), a_lease(1)]
    snapshot = a_snapshot(pending=1, held=held)._replace(nodes=2, kept_periods=9)
    assert decide(GFS, snapshot).recall.tolist() == [True, False]
