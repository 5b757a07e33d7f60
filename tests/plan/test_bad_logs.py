"""Logs that a quota engine may meet, and what becomes of them."""

import numpy as np
import polars as pl
import pytest
from tests.plan.pools import DAY_S, Row, a_case, a_log, backtest, settings, tide

from tidegate.demand import DemandSeries, Rejects, series_to_jobs
from tidegate.errors import FeedError
from tidegate.forecast import HORIZONS_S
from tidegate.plan import PoolResult, prepare
from tidegate.quota import PolicyCode

HOUR_S = 3600


def curve(
    rows: list[Row], nodes: int = 8, risk: float = 0.1, warmup_s: int = 3 * DAY_S
) -> np.ndarray:
    """Nodes promised at each tick and horizon when nothing is leased."""
    game = prepare(a_case(nodes, risk=risk), a_log(rows), settings("tidegate", warmup_s=warmup_s))
    nothing = game.requests(0)
    assert nothing.time_s.size >= 0
    ticks = game.play(game.policy(PolicyCode.TIDEGATE), 0, record=True).ticks
    return nodes - ticks.bound


def earned(result: PoolResult) -> float:
    return float(next(p.revenue for p in result.policies if p.policy == "tidegate"))


def a_series(values: list[float], step_s: int = 600) -> DemandSeries:
    frame = pl.DataFrame({"time_s": [step_s * i for i in range(len(values))], "gpus": values})
    return DemandSeries(frame, "load.csv", "series", calendar=False, rejects=Rejects())


def test_a_log_too_short_is_refused_with_what_would_do():
    with pytest.raises(FeedError, match=r"TG-FEED-SHORT.*at least ten minutes"):
        backtest(rows=[(0, 60, 8), (200, 60, 8)])


def test_a_short_log_is_played_and_says_what_it_cannot_say():
    result = backtest(rows=tide(2))
    (note,) = [note for note in result.notes if "say nothing" in note]
    assert "1.0 days of history" in note
    promised = curve(tide(2))
    assert promised[0].tolist() == [0] * len(HORIZONS_S)
    assert promised[-1, 0] > 0
    assert promised[-1, HORIZONS_S.index(48 * HOUR_S)] == 0


def test_a_series_that_is_all_zero_is_refused():
    log = series_to_jobs(a_series([0.0] * 500), gpus_per_job=8)
    with pytest.raises(FeedError, match=r"TG-FEED-EMPTY.*load\.csv"):
        prepare(a_case(), log, settings())


def test_a_log_of_jobs_without_length_leaves_the_pool_to_be_promised():
    rows = [(600 * i, 0, 8) for i in range(1500)]
    promised = curve(rows)
    assert promised[-1, HORIZONS_S.index(6 * HOUR_S)] >= 6


def test_a_gap_in_the_log_is_a_time_without_demand():
    # A week in which nobody submits: what was seen before and after it goes on counting.
    before, after = tide(6, seed=1), tide(6, seed=2)
    rows = [*before, *((s + 13 * DAY_S, d, g) for s, d, g in after)]
    promised = curve(rows)
    at = 12 * DAY_S // 300
    assert promised[at, 0] == 8
    assert np.all(promised >= 0)
    assert earned(backtest(rows=rows)) > 0


def test_a_clock_that_jumps_is_one_rejected_row():
    rows = sorted([*tide(), (60 * 365 * DAY_S, 600, 8)])
    result = backtest(rows=rows)
    assert result.rejects.frame["code"].to_list() == ["TG-ROW-TIME"]
    assert earned(result) == earned(backtest(rows=tide()))


def test_demand_above_the_pool_promises_nothing_and_queues():
    # Three times what the pool has, all of the time.
    rows = [(300 * i, 7200, 8) for i in range(3000)]
    promised = curve(rows)
    assert np.all(promised[100:] == 0)
    result = backtest(rows=rows)
    assert earned(result) == 0
    assert next(p for p in result.policies if p.policy == "tidegate").delayed_jobs_share == 0


def test_a_pool_of_one_node_promises_all_or_nothing():
    promised = curve([(0, 600, 1), *((DAY_S * i, 3600, 8) for i in range(20))], nodes=1)
    assert set(np.unique(promised).tolist()) <= {0, 1}
    assert promised[:, 0].max() == 1
