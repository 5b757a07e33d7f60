"""The curve's bounds: as the page has them, and what a reader of the curve relies on."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.naive.forecast import HORIZONS_S as NAIVE_HORIZONS_S
from tests.naive.forecast import bounds as naive_bounds

from tidegate.forecast import (
    DAY_S,
    HORIZONS_S,
    FutureMax,
    Observation,
    announced_ahead,
    new_future_max,
    observe,
)

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


NOTHING = np.zeros(1 + len(HORIZONS_S), np.int64)


def see(
    state: FutureMax,
    i: int,
    demand: int,
    tick_s: int,
    clock_s: int = 0,
    ahead: NDArray[np.int64] = NOTHING,
) -> None:
    observe(state, i, (clock_s + i * tick_s) % DAY_S, Observation(demand), ahead)


def observed(
    demand: list[int],
    nodes: int,
    tick_s: int,
    eps: float,
    clock_s: int = 0,
    announced: Sequence[int] = (),
) -> NDArray[np.int64]:
    """Bounds after every tick, shape (ticks, horizons)."""
    state = new_future_max(nodes, tick_s, eps)
    ahead = announced_ahead(np.array(announced, np.int64), len(demand), tick_s)
    rows = []
    for i, value in enumerate(demand):
        see(state, i, value, tick_s, clock_s, ahead[i])
        rows.append(state.bound.copy())
    return np.array(rows)


def test_horizons_are_those_of_the_page():
    assert HORIZONS_S == NAIVE_HORIZONS_S


@settings(max_examples=150)
@given(
    case=series(),
    tick_s=st.sampled_from([60, 300, 600, 3600, 36_000]),
    eps=RISKS,
    clock_s=st.integers(0, DAY_S - 1),
    announced=st.just([]) | st.lists(st.integers(0, 12), max_size=100),
)
def test_bounds_are_those_of_the_page(
    case: tuple[int, list[int]], tick_s: int, eps: float, clock_s: int, announced: list[int]
):
    nodes, demand = case
    rows = observed(demand, nodes, tick_s, eps, clock_s, announced)
    assert rows.tolist() == naive_bounds(demand, nodes, tick_s, eps, clock_s, announced)


@given(case=series(), eps=RISKS)
def test_bounds_rise_with_the_horizon_between_demand_and_the_pool(
    case: tuple[int, list[int]], eps: float
):
    nodes, demand = case
    rows = observed(demand, nodes, 3600, eps)
    assert np.all(np.diff(rows, axis=1) >= 0)
    assert np.all(rows >= np.array(demand)[:, np.newaxis])
    assert np.all(rows <= nodes)


@given(case=series(), cut=st.integers(0, 79), future=st.lists(st.integers(0, 12), max_size=40))
def test_the_future_changes_nothing_before_it(
    case: tuple[int, list[int]], cut: int, future: list[int]
):
    nodes, demand = case
    other = demand[: cut + 1] + [min(nodes, value) for value in future]
    seen = min(cut + 1, len(demand))
    mine, theirs = (observed(x, nodes, 3600, 0.2)[:seen] for x in (demand, other))
    assert mine.tolist() == theirs.tolist()


def test_nothing_is_promised_before_anything_was_seen():
    assert observed([0], nodes=7, tick_s=300, eps=0.1).tolist() == [[7] * len(HORIZONS_S)]


def test_too_short_a_history_promises_nothing():
    # With eps = 0.01, 99 samples are needed: the first horizon has them after 100 ticks. What is known of the
    # level counts again as a day's worth of it, at most as much as there is, so that half as many do.
    rows = observed([0] * 101, nodes=5, tick_s=300, eps=0.01)
    assert rows[:48, 0].tolist() == [5] * 48
    assert rows[100:, 0].tolist() == [0]
    assert np.all(rows[:, -1] == 5)


def test_a_constant_demand_is_promised_around():
    rows = observed([3] * 400, nodes=10, tick_s=300, eps=0.1)
    for j, horizon_s in enumerate(HORIZONS_S):
        assert rows[-1, j] == (3 if horizon_s <= 86_400 else 10), horizon_s


def test_the_bound_follows_demand_up_at_once():
    rows = observed([1] * 100 + [8], nodes=10, tick_s=300, eps=0.1)
    assert rows[-1, 0] >= 8


def daily(days: int, nodes: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Demand with a tide of a day: low at night, full in the afternoon, the same on the way up and down."""
    hours = np.arange(days * 288) / 12
    tide = 0.5 - 0.4 * np.cos(2 * np.pi * hours / 24)
    return np.clip(np.rint(nodes * tide + random.normal(0, 1, hours.size)), 0, nodes).astype(int)


def test_it_knows_the_hours_of_a_tide():
    nodes = 100
    demand = daily(28, nodes, np.random.default_rng(1))
    rows = observed(demand.tolist(), nodes, 300, 0.05)
    j = HORIZONS_S.index(3 * 3600)
    morning, evening = 27 * 288 + 6 * 12, 27 * 288 + 18 * 12
    # Half full both times: the tide comes in, or goes out.
    assert abs(int(demand[morning]) - int(demand[evening])) < 10
    assert rows[morning, j] > demand[morning] + 25
    assert rows[evening, j] < demand[evening] + 15


@pytest.mark.parametrize("eps", [0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("kind", ["independent", "shuffled", "tide", "walk"])
def test_the_miss_rate_is_the_risk(eps: float, kind: str):
    random = np.random.default_rng(5)
    ticks, nodes = 12_000, 200
    match kind:
        case "independent":
            demand = random.binomial(nodes, 0.4, ticks)
        case "shuffled":
            demand = random.permutation(np.rint(100 + 90 * np.sin(np.arange(ticks) / 40)))
        case "tide":
            demand = daily(42, nodes, random)[:ticks]
        case _:
            steps = np.cumsum(random.integers(-2, 3, ticks))
            demand = np.abs((steps + 100) % 400 - 200)
    demand = demand.astype(int)
    bound = observed(demand.tolist(), nodes, 300, eps)
    first = 4000
    for j, length in ((0, 1), (3, 6), (4, 12), (7, 72)):
        ahead = np.lib.stride_tricks.sliding_window_view(demand, length + 1).max(axis=1)
        missed = float(np.mean(ahead[first:] > bound[first : ticks - length, j]))
        assert 0.75 * eps <= missed <= 1.25 * eps, (length, missed)


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
            case "waits":  # as soon as much is promised for a day, all of it is needed
                demand = nodes if state.bound[11] < nodes // 2 else 0
            case "creeping":
                demand = min(nodes, i * nodes // ticks + int(random.integers(0, 3)))
            case _:
                demand = min(nodes, over) if random.random() < 0.5 else 0
        see(state, i, demand, 300)
        rows.append((demand, *state.bound))
    table = np.array(rows)
    return table[:, 1:], table[:, 0]


@pytest.mark.parametrize("eps", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("rule", ["always above", "floods", "waits", "creeping", "coin"])
def test_no_adversary_gets_more_misses_than_the_guarantee(rule: str, eps: float):
    ticks = 9000
    bound, demand = harshest(40, ticks, eps, rule, np.random.default_rng(3))
    for j, horizon_s in enumerate(HORIZONS_S):
        length = horizon_s // 300
        ahead = np.lib.stride_tricks.sliding_window_view(demand, length + 1).max(axis=1)
        counts = (np.maximum(0, np.arange(ahead.size) - length + 1) + 1) * eps >= 1
        missed = np.cumsum((ahead > bound[: ticks - length, j]) & counts)
        allowed = eps * np.cumsum(counts) + 7 * 288 * eps
        assert np.all(missed <= allowed), horizon_s


@settings(max_examples=40)
@given(case=series(), eps=RISKS, repeats=st.integers(1, 20))
def test_every_series_keeps_to_the_budget(case: tuple[int, list[int]], eps: float, repeats: int):
    nodes, demand = case[0], case[1] * repeats
    bound = observed(demand, nodes, 3600, eps)
    for j, horizon_s in enumerate(HORIZONS_S):
        length = max(1, horizon_s // 3600)
        if len(demand) <= length:
            break
        ahead = np.lib.stride_tricks.sliding_window_view(np.array(demand), length + 1).max(axis=1)
        samples = np.maximum(0, np.arange(ahead.size) - length + 1)
        counts = (samples + 1) * eps >= 1
        missed = np.cumsum((ahead > bound[: ahead.size, j]) & counts)
        allowed = eps * np.cumsum(counts) + max(1.0, 7 * 24 * eps)
        assert np.all(missed <= allowed + 1e-9), horizon_s


def test_each_horizon_has_a_risk_of_its_own():
    demand = np.random.default_rng(2).binomial(50, 0.5, 3000).tolist()
    risks = np.full(len(HORIZONS_S), 0.2)
    risks[0] = 0.01
    mixed, careful = new_future_max(50, 300, risks), new_future_max(50, 300, 0.01)
    for i, value in enumerate(demand):
        see(mixed, i, value, 300)
        see(careful, i, value, 300)
    assert mixed.bound[0] == careful.bound[0]
    assert mixed.bound[1] < careful.bound[1]


def test_room_is_kept_for_what_is_announced_and_no_longer():
    # A run of 6 nodes that comes from tick 3000 to 3100, as announced.
    run = [6 if 3000 <= i < 3100 else 0 for i in range(4000)]
    demand = [2 + nodes for nodes in run]
    j, length = HORIZONS_S.index(6 * 3600), 72
    blind = observed(demand, 20, 300, 0.1)[:, j]
    told = observed(demand, 20, 300, 0.1, announced=run)[:, j]
    assert told[2900] == 2
    assert told[3000 - length] == blind[3000] == 8
    assert told[3099] == 8
    assert told[3100] == 2
    # Nothing of it was a surprise.
    assert np.all(told[2000:] == [2 + max(run[i : i + length + 1]) for i in range(2000, 4000)])


def test_an_announced_run_that_does_not_come_only_costs_room():
    run = [6 if 3000 <= i < 3100 else 0 for i in range(4000)]
    told = observed([2] * 4000, 20, 300, 0.1, announced=run)[:, 0]
    assert told[2990] == 2
    # What is there is taken for a part of it.
    assert told[3050] == 6
    assert told[3200] == 2


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 40))
def test_what_is_ahead_is_the_most_within_each_horizon(announced: list[int], ticks: int):
    ahead = announced_ahead(np.array(announced, np.int64), ticks, 3600)
    longer = announced + [0] * 300
    for i in range(ticks):
        assert ahead[i, 0] == longer[i]
        for j, horizon_s in enumerate(HORIZONS_S):
            assert ahead[i, 1 + j] == max(longer[i : i + max(1, horizon_s // 3600) + 1])
