"""The engine of a running system says what the backtest says."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.quota.snapshots import a_lease, a_request, a_snapshot
from tests.simulate.strategies import PRODUCTS, Case, cases

from tidegate.forecast import DAY_S, Observation
from tidegate.quota import Cluster, Engine, Policy, PolicyCode, decide
from tidegate.simulate import play

POOL = Cluster(nodes=10, gpus_per_node=8, sanitise_s=300, reserve_nodes=1)
POLICY = Policy(int(PolicyCode.TIDEGATE), eps=0.1, full_risk_s=0)


def same(one: Engine, other: Engine) -> bool:
    pairs: Any = zip(one.state, other.state, strict=True)
    return all(np.array_equal(mine, its) for mine, its in pairs)


def an_engine(demand: list[int], first_tick: int = 0) -> Engine:
    history = np.array(demand, np.int64)
    return Engine.replayed(POOL, POLICY, 300, first_tick, history)


@settings(max_examples=60)
@given(case=cases(code=PolicyCode.TIDEGATE))
def test_bounds_are_those_of_the_kernel(case: Case):
    tick_s = case.window.tick_s or 300
    # The first tick lies where the play's clock says, some days after the epoch.
    first = 5 * DAY_S // tick_s + case.window.clock_s // tick_s
    case = case._replace(window=case.window._replace(clock_s=first * tick_s % DAY_S))
    ticks = play(*case, record=True, products=PRODUCTS).ticks
    engine = Engine(case.cluster, case.policy, tick_s)
    if case.announced is not None:
        engine.announce(first, case.announced)
    for i, demand in enumerate(ticks.demand.tolist()):
        engine.observe(first + i, Observation(demand))
        assert engine.bound.tolist() == ticks.bound[i].tolist()
    assert engine.ticks_seen == ticks.demand.size


def test_the_curve_leaves_out_demand_failures_and_the_reserve():
    engine = an_engine([3] * 400)
    assert engine.curve(0)[0] == 10 - 3 - 1
    assert engine.curve(2)[0] == 10 - 3 - 1 - 2
    assert engine.curve(10).tolist() == [0] * engine.horizons_s.size


def test_nothing_may_be_promised_before_the_first_tick():
    engine = Engine(POOL, POLICY, 300)
    assert engine.tick is None
    assert engine.curve(0).tolist() == [0] * engine.horizons_s.size


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.integers(0, 10**9))
def test_a_replayed_engine_is_the_one_that_saw_it(demand: list[int], first_tick: int):
    original = Engine(POOL, POLICY, 300)
    for i, nodes in enumerate(demand):
        original.observe(first_tick + i, Observation(nodes))
    replayed = an_engine(demand, first_tick)
    assert replayed.tick == first_tick + len(demand) - 1
    assert same(original, replayed)


def test_ticks_left_out_count_with_the_higher_demand_around_them():
    gap = an_engine([2, 2, -1, -1, 7, 1])
    whole = an_engine([2, 2, 7, 7, 7, 1])
    assert gap.ticks_seen == whole.ticks_seen == 6
    assert same(gap, whole)


def test_a_gap_of_years_counts_as_the_longest_horizon():
    engine = an_engine([2])
    engine.observe(10**9, Observation(3))
    assert engine.ticks_seen == 1 + 30 * 288 + 1


def test_it_runs_on_for_longer_than_its_memory():
    engine = an_engine([1] * 5000)
    assert engine.bound[engine.horizons_s <= DAY_S].tolist() == [1] * 12


@pytest.mark.parametrize("tick", [4, 5])
def test_a_clock_that_stands_still_or_jumps_back_is_refused(tick: int):
    engine = an_engine([1] * 6)
    before = engine.bound
    with pytest.raises(ValueError, match=f"tick {tick} does not come after tick 5"):
        engine.observe(tick, Observation(9))
    assert engine.tick == 5
    assert engine.bound.tolist() == before.tolist()


def test_negative_demand_is_refused():
    with pytest.raises(ValueError, match="-1 nodes"):
        Engine(POOL, POLICY, 300).observe(0, Observation(-1))


def test_it_decides_as_the_pure_function_does():
    view = a_snapshot(idle=2, pending=3, held=[a_lease(2)], asked=[a_request(1)])
    for mine, other in zip(
        Engine(POOL, POLICY, 300).decide(view), decide(POLICY, view), strict=True
    ):
        assert np.array_equal(mine, other)


def test_the_clock_is_that_of_the_site():
    demand = np.array([0, 5] * 3000, np.int64)
    oslo, utc = (
        Engine.replayed(POOL, POLICY, 300, 0, demand, timezone=zone)
        for zone in ("Europe/Oslo", "UTC")
    )
    assert (oslo.state.past[0, 1] - utc.state.past[0, 1]) % DAY_S == 3600


def test_room_is_kept_for_what_is_announced_until_it_is_taken_back():
    engine = an_engine([2] * 400)
    assert engine.bound[0] == 2
    engine.announce(402, np.array([5, 5], np.int64))
    engine.observe(400, Observation(2))
    assert engine.bound[:2].tolist() == [2, 7]
    engine.observe(401, Observation(2))
    assert engine.bound[0] == 7
    engine.announce(402, np.zeros(0, np.int64))
    engine.observe(402, Observation(2))
    assert engine.bound[0] == 2


def test_a_replayed_engine_knows_what_was_announced():
    announced = 50, np.array([6] * 40, np.int64)
    demand = [2] * 50 + [8] * 40 + [2] * 60
    replayed = Engine.replayed(POOL, POLICY, 300, 0, np.array(demand, np.int64), "UTC", announced)
    seen = Engine(POOL, POLICY, 300)
    seen.announce(*announced)
    for i, nodes in enumerate(demand):
        seen.observe(i, Observation(nodes))
    assert same(seen, replayed)
    assert replayed.bound[0] == 2
