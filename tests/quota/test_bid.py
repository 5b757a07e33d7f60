"""The bid price: expected breaks, and the better offers that promises keep out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.naive import bid as naive
from tests.quota.snapshots import NOW_S, a_lease, a_request, a_snapshot, decide, tidegate

from tidegate.forecast import HORIZONS_S
from tidegate.quota import (
    Engine,
    Record,
    Verdict,
    break_cost,
    displaced_at,
    new_offers,
    note_refused,
    renew_displaced,
)
from tidegate.quota.cluster import Cluster

DAY_S, TICK_S = 86_400, 300
HORIZONS = np.array(HORIZONS_S, dtype=np.int64)
DAY, WEEK = HORIZONS_S.index(DAY_S), HORIZONS_S.index(7 * DAY_S)
KEPT_OUT = st.builds(
    naive.KeptOut, st.integers(-1, 5000), st.integers(0, 20), st.sampled_from([1, 450, 700, 900])
)


@settings(max_examples=60)
@given(st.lists(KEPT_OUT, max_size=30), st.integers(5000, 9000))
def test_displaced_prices_equal_the_slow_twin(offers: list[naive.KeptOut], tick: int):
    kept = new_offers(len(HORIZONS_S), TICK_S)
    for offer in sorted(offers):
        note_refused(kept, *offer)
    renew_displaced(kept, HORIZONS, tick)
    assert kept.displaced.tolist() == naive.displaced(offers, HORIZONS_S, tick, TICK_S)
    assert np.all(np.diff(kept.displaced) >= 0)
    assert kept.displaced[-1] <= max((offer.price for offer in offers), default=0)


def test_what_breaks_cost_follows_what_broke():
    policy = tidegate()._replace(eps=0.14)
    assert break_cost(policy, Record(), 100) == pytest.approx(2.3 * 0.005)
    sold_s = 10**9
    few, many = (break_cost(policy, Record(sold_s, n * sold_s // 100), 100) for n in (0, 2))
    assert few < 2.3 * 0.005 < many
    assert break_cost(policy, Record(sold_s, sold_s), 1) == 1.0


def test_a_request_below_its_horizons_bid_price_is_refused_with_it():
    asked = [
        a_request(1, firm_s=DAY_S, duration_s=DAY_S, price=750),
        a_request(1, firm_s=DAY_S, duration_s=DAY_S, price=900),
        a_request(1, price=100),  # promises nothing
        a_request(1, firm_s=DAY_S, duration_s=DAY_S, price=0),  # a grant
    ]
    displaced = [0] * DAY + [800] * (len(HORIZONS_S) - DAY)
    plan = decide(tidegate(), a_snapshot(idle=9, asked=asked, displaced=displaced))
    verdicts = [Verdict(int(verdict)) for verdict in plan.verdict]
    assert verdicts == [Verdict.PRICE, Verdict.ADMITTED, Verdict.ADMITTED, Verdict.ADMITTED]
    assert plan.horizon[0] == DAY
    assert 750 < plan.bid[0] <= 800 < plan.bid[1] < 900
    assert plan.bid[2:].tolist() == [0, 0]


def test_only_what_promises_keep_out_is_displaced():
    """Without the lease the day would have fitted; a week would not, whatever is promised."""
    curve = [4] * (DAY + 1) + [0] * (len(HORIZONS_S) - DAY - 1)
    held = [a_lease(4, firm_until_s=NOW_S + 2 * DAY_S, end_s=NOW_S + 2 * DAY_S)]
    asked = [a_request(1, firm_s=n * DAY_S, duration_s=n * DAY_S) for n in (1, 7)]
    snapshot = a_snapshot(idle=9, held=held, asked=asked, curve=curve)
    plan = decide(tidegate(), snapshot)
    assert plan.verdict.tolist() == [Verdict.QUOTA, Verdict.QUOTA]
    assert [displaced_at(tidegate(), snapshot, plan, i) for i in (0, 1)] == [DAY, -1]


def test_an_engine_made_anew_knows_what_was_kept_out():
    demand = np.zeros(4000, dtype=np.int64)
    cluster, offers = Cluster(8, 8, 300, 0), [(3000, DAY, 900), (3990, DAY, 700), (3999, 0, 900)]
    made = [Engine.replayed(cluster, tidegate(), TICK_S, 0, demand) for _ in range(2)]
    for tick, horizon, price in offers:
        made[0].note_refused(tick, horizon, price)
    made[1].recall_refused(offers)
    assert not made[0].displaced.any()  # they count from the next tick on
    made[0].recall_refused([])
    assert made[0].displaced.tolist() == made[1].displaced.tolist()
    assert made[1].displaced[WEEK] >= made[1].displaced[DAY] > 0
