"""The curve's bounds: as the page has them, and what a reader of the curve relies on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.naive.forecast import HORIZONS_S as NAIVE_HORIZONS_S
from tests.naive.forecast import bounds as naive_bounds

from tidegate.forecast import HORIZONS_S, Observation, new_future_max, observe
from tidegate.forecast.futuremax import STEP

RISKS = st.sampled_from([0.01, 0.02, 0.1, 0.25, 0.34, 0.5, 0.9]) | st.floats(0.001, 0.999)


@st.composite
def series(draw: st.DrawFn) -> tuple[int, list[int]]:
    """Nodes of a pool, and its demand: noise, constants or steps."""
    nodes = draw(st.integers(1, 12))
    level = st.integers(0, nodes)
    steps = st.lists(st.tuples(level, st.integers(1, 30)), min_size=1, max_size=6)
    demand = draw(
        st.lists(level, min_size=1, max_size=80)
        | steps.map(lambda parts: [value for value, times in parts for _ in range(times)])
    )
    return nodes, demand


def observed(demand: list[int], nodes: int, tick_s: int, eps: float) -> NDArray[np.int64]:
    """Bounds after every tick, shape (ticks, horizons)."""
    state = new_future_max(nodes, tick_s, eps)
    rows = []
    for i, value in enumerate(demand):
        observe(state, i, Observation(value), eps)
        rows.append(state.bound.copy())
    return np.array(rows)


def test_horizons_are_those_of_the_page():
    assert HORIZONS_S == NAIVE_HORIZONS_S


@settings(max_examples=150)
@given(case=series(), tick_s=st.sampled_from([60, 300, 600, 3600, 36_000]), eps=RISKS)
def test_bounds_are_those_of_the_page(case: tuple[int, list[int]], tick_s: int, eps: float):
    nodes, demand = case
    rows = observed(demand, nodes, tick_s, eps)
    assert rows.tolist() == naive_bounds(demand, nodes, tick_s, eps)


@given(case=series(), eps=RISKS)
def test_bounds_rise_with_the_horizon_between_demand_and_the_pool(
    case: tuple[int, list[int]], eps: float
):
    nodes, demand = case
    rows = observed(demand, nodes, 3600, eps)
    assert np.all(np.diff(rows, axis=1) >= 0)
    assert np.all(rows >= np.array(demand)[:, np.newaxis])
    assert np.all(rows <= nodes)


@given(case=series(), eps=st.tuples(RISKS, RISKS))
def test_less_risk_never_promises_more(case: tuple[int, list[int]], eps: tuple[float, float]):
    nodes, demand = case
    careful, bold = (observed(demand, nodes, 3600, risk) for risk in sorted(eps))
    assert np.all(careful >= bold)


def test_nothing_is_promised_before_anything_was_seen():
    assert observed([0], nodes=7, tick_s=300, eps=0.1).tolist() == [[7] * len(HORIZONS_S)]


def test_too_short_a_history_promises_nothing():
    # With eps = 0.02, half of it to each quantile, 99 samples are needed: the first horizon has them
    # after 100 ticks.
    rows = observed([0] * 101, nodes=5, tick_s=300, eps=0.02)
    assert rows[:99, 0].tolist() == [5] * 99
    assert rows[99:, 0].tolist() == [0, 0]
    assert np.all(rows[:, -1] == 5)


def test_a_constant_demand_is_promised_around():
    rows = observed([3] * 200, nodes=10, tick_s=300, eps=0.1)
    # 10 ticks of history and the horizon's own length.
    assert rows[-1].tolist() == [3 if h // 300 <= 190 else 10 for h in HORIZONS_S]


def test_the_bound_follows_demand_up_at_once():
    rows = observed([1] * 100 + [8], nodes=10, tick_s=300, eps=0.1)
    assert rows[-1, 0] == 8


@pytest.mark.parametrize("eps", [0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("kind", ["independent", "shuffled"])
def test_misses_of_exchangeable_demand_stay_below_the_risk(eps: float, kind: str):
    # The bound is the lower one of two quantiles, each of which is missed at half the risk.
    random = np.random.default_rng(5)
    ticks, nodes = 12_000, 200
    if kind == "independent":
        demand = random.binomial(nodes, 0.4, ticks)
    else:
        demand = random.permutation(np.rint(100 + 90 * np.sin(np.arange(ticks) / 40)).astype(int))
    bound = observed(demand.tolist(), nodes, 300, eps)
    first = 2000
    for j, length in ((0, 1), (1, 2), (2, 3), (3, 6)):
        ahead = np.lib.stride_tricks.sliding_window_view(demand, length + 1).max(axis=1)
        missed = float(np.mean(ahead[first:] > bound[first : ticks - length, j]))
        assert 0.1 * eps <= missed <= 1.1 * eps, (length, missed)


def harshest(nodes: int, ticks: int, eps: float, rule: str, random: np.random.Generator):
    """Play an adversary that sees the bounds; return bounds and demand."""
    state = new_future_max(nodes, 300, eps)
    demand, rows = 0, []
    for i in range(ticks):
        over = int(state.bound[0]) + 1
        match rule:
            case "always above":
                demand = min(nodes, over)
            case "floods":  # quiet for a week, then everything for a day
                demand = nodes if i % 2304 > 2016 else 0
            case "creeping":
                demand = min(nodes, i * nodes // ticks + int(random.integers(0, 3)))
            case _:
                demand = min(nodes, over) if random.random() < 0.5 else 0
        observe(state, i, Observation(demand), eps)
        rows.append((demand, *state.bound))
    table = np.array(rows)
    return table[:, 1:], table[:, 0]


@pytest.mark.parametrize("eps", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("rule", ["always above", "floods", "creeping", "coin"])
def test_no_adversary_gets_more_misses_than_the_guarantee(rule: str, eps: float):
    # Each miss lowers the risk by a step times (1 - eps); below 0 nothing is promised, so that only
    # bounds already out can be missed, at most as many as the horizon has ticks. Hence at most
    # eps x judged + eps / step + length misses.
    ticks = 9000
    bound, demand = harshest(40, ticks, eps, rule, np.random.default_rng(3))
    for j, horizon_s in enumerate(HORIZONS_S):
        length = horizon_s // 300
        ahead = np.lib.stride_tricks.sliding_window_view(demand, length + 1).max(axis=1)
        judged = bound[: ticks - length, j]
        missed = int(np.sum(ahead > judged))
        assert missed <= eps * judged.size + eps / STEP + length + 2 / eps, horizon_s
