"""No thrash: nodes just lent, and nodes just called back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.quota.snapshots import NOW_S, a_lease, a_request, a_snapshot, decide, tidegate

from tidegate.quota import PolicyCode, Verdict, kept_back, level_called_for
from tidegate.quota.backoff import BACK_OFF_S, FLICKER_S
from tidegate.quota.policy import Policy
from tidegate.simulate import Cluster, Jobs, Requests, Window, no_failures, play

HOUR_S, TICK_S = 3600, 300
# A job waits for notice and sanitising, 420 s, so that two flickers may wait together; for each, settled leases are
# called at once and others a minute later.
MOST_CALLS_BETWEEN_PAUSES = 4


def test_a_lease_lent_a_moment_ago_is_spared_until_the_need_lasts():
    held = [a_lease(1, start_s=NOW_S - 600, firm_until_s=NOW_S - 600)]

    def is_called(short_since_s: int) -> bool:
        seen = a_snapshot(pending=1, held=held, short_since_s=short_since_s)
        return bool(decide(tidegate(), seen).recall.any())

    assert not is_called(-1)
    assert not is_called(NOW_S - FLICKER_S + 1)
    assert is_called(NOW_S - FLICKER_S)


def test_nobody_waits_longer_than_is_granted_for_a_lease_to_be_spared():
    notice_s = 600 - FLICKER_S + 1  # with sanitising, a minute more is past the floor
    held = [a_lease(1, start_s=NOW_S - 600, firm_until_s=NOW_S - 600, notice_s=notice_s)]
    assert decide(tidegate(), a_snapshot(pending=1, held=held, short_since_s=-1)).recall.all()


def test_a_settled_lease_is_called_at_once():
    assert decide(
        tidegate(), a_snapshot(pending=1, held=[a_lease(1)], short_since_s=-1)
    ).recall.all()


def test_what_is_kept_for_internal_work_is_not_lent():
    asked = [a_request(2), a_request(1)]
    plan = decide(tidegate(), a_snapshot(idle=5, pending=1, kept_back=3, asked=asked))
    assert plan.verdict.tolist() == [Verdict.NO_ROOM, Verdict.ADMITTED]
    assert plan.room[1] == 1


@pytest.mark.parametrize(("demand", "now_s", "kept"), [(3, 99, 4), (9, 99, 0), (3, 100, 0)])
def test_the_level_of_a_recall_is_kept_for_a_while(demand: int, now_s: int, kept: int):
    assert kept_back(7, 100, demand, now_s) == kept


def test_recalls_of_one_rise_count_together():
    assert level_called_for(7, 100, 5, 99) == 7
    assert level_called_for(7, 100, 9, 99) == 9
    assert level_called_for(7, 100, 5, 100) == 5


@settings(max_examples=25)
@given(
    nodes=st.integers(2, 8),
    wants=st.integers(1, 8),
    lasts_s=st.integers(1, TICK_S - 1),
    every_s=st.sampled_from([TICK_S, 2 * TICK_S, 900]),
    longest_s=st.sampled_from([600, 4 * HOUR_S, 24 * HOUR_S]),
)
def test_demand_that_flickers_calls_leases_back_a_few_times_an_hour(
    nodes: int, wants: int, lasts_s: int, every_s: int, longest_s: int
):
    """Tenants ask for every node all the time, and own jobs come and go at every tick."""
    span_s = 8 * HOUR_S
    submit_s = np.arange(2 * HOUR_S, span_s, every_s, dtype=np.int64)
    jobs = Jobs(
        submit_s,
        np.full(submit_s.size, lasts_s, dtype=np.int64),
        np.full(submit_s.size, 8 * min(wants, nodes), dtype=np.int32),
    )
    time_s = np.repeat(np.arange(0, span_s, 60, dtype=np.int64), nodes)

    def every(value: int) -> np.ndarray:
        return np.full(time_s.size, value, dtype=np.int64)

    asked = Requests(time_s, every(0), every(1), every(longest_s), every(0), every(120), every(450))
    policy = Policy(int(PolicyCode.TIDEGATE), eps=0.2, displaces=1)
    played = play(
        Cluster(nodes, 8, 300, 0), jobs, asked, no_failures(), policy, Window(0, span_s, TICK_S)
    )
    notice_s = np.unique(played.leases.notice_at_s[played.leases.notice_at_s >= 0])
    after_pause = np.diff(notice_s, prepend=-BACK_OFF_S) >= BACK_OFF_S
    calls = np.bincount(np.cumsum(after_pause))
    assert calls.max(initial=0) <= MOST_CALLS_BETWEEN_PAUSES, (notice_s / 60).tolist()
