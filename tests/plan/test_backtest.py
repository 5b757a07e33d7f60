"""A pool's backtest: every policy on the same log, requests and failures."""

import dataclasses
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.plan.pools import DAY_S, OFFERS, PLAYED, a_case, a_log, backtest, settings, tide

from tidegate.errors import FeedError, FleetFileError
from tidegate.fleet import Tier
from tidegate.forecast import HORIZONS_S
from tidegate.plan import (
    SHARES,
    FailureModel,
    PolicyResult,
    PoolResult,
    backtest_pool,
    plays_of,
    prepare,
)
from tidegate.plan.backtest import LIMITS
from tidegate.plan.measure import lease_table, revenue_by_product
from tidegate.quota import PolicyCode

CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def result() -> PoolResult:
    """Three seeds of every policy."""
    return backtest(how=settings(seeds=3))


def of(result: PoolResult, name: str) -> PolicyResult:
    policy = result.policy(name)
    assert policy is not None
    return policy


# ------------------------------------------------------------------------------------------- money


def test_leasing_earns_something(result: PoolResult):
    for name in ("static", "reactive", "tidegate"):
        assert of(result, name).revenue > 0
        assert 0 < of(result, name).harvested_share_of_idle <= 1


def test_nothing_leased_is_zero_throughout(result: PoolResult):
    none = of(result, "none")
    assert none.revenue == none.harvested_gpu_hours == none.broken_share == 0
    assert none.internal_delay_mean_s == none.internal_delay_p99_s == none.delayed_jobs_share == 0
    assert all(p.admitted == p.gpu_hours == p.revenue == 0 for p in none.products)
    assert set(none.miss_rate.values()) == {None}


@pytest.mark.parametrize("seed", range(3, 5))
def test_products_sum_to_the_revenue_to_the_cent(seed: int):
    for policy in backtest(rows=tide(seed=seed), how=settings("reactive", seeds=2)).policies:
        assert sum(p.revenue for p in policy.products) == policy.revenue


def test_revenue_is_the_mean_of_the_seeds(result: PoolResult):
    for policy in result.policies:
        total = sum(policy.revenue_by_seed, Decimal(0))
        mean = total / len(policy.revenue_by_seed)
        assert abs(mean - policy.revenue) <= CENT
        assert abs(sum(p.revenue for p in policy.products) - policy.revenue) <= 4 * CENT


def test_revenue_is_what_the_leases_brought(result: PoolResult):
    net = pl.col("charged") - pl.col("refunded") - pl.col("credited")
    brought = result.leases.group_by("policy", "seed").agg(net.sum().alias("net"))
    for policy, seed, amount in brought.iter_rows():
        assert float(of(result, policy).revenue_by_seed[seed]) == pytest.approx(amount, abs=0.006)


def test_hours_are_what_the_leases_held(result: PoolResult):
    for name in ("static", "reactive", "tidegate"):
        policy, leases = of(result, name), result.leases.filter(policy=name)
        hours = float(leases["gpu_hours"].sum()) / 3
        assert policy.harvested_gpu_hours == pytest.approx(hours)
        assert sum(p.gpu_hours for p in policy.products) == pytest.approx(hours)
        assert policy.harvested_share_of_idle == pytest.approx(hours / result.idle_gpu_hours)
        firm, broken = (
            float(leases[name].sum()) for name in ("firm_gpu_seconds", "broken_gpu_seconds")
        )
        assert policy.broken_share == pytest.approx(broken / firm)
        evicted = leases.filter(pl.col("outcome").is_in(["recalled", "broken"])).height
        assert policy.evictions_per_1000_gpu_hours == pytest.approx(1000 * evicted / 3 / hours)


def test_capacity_is_split_without_rest(result: PoolResult):
    hours = result.internal_gpu_hours + result.failed_gpu_hours + result.idle_gpu_hours
    assert hours == pytest.approx(result.capacity_gpu_hours)
    assert result.capacity_gpu_hours == pytest.approx(64 * result.span.measured_hours)


def test_every_request_has_an_answer(result: PoolResult):
    for name in ("static", "reactive", "tidegate"):
        policy = of(result, name)
        asked = sum(p.requests for p in policy.products)
        admitted = sum(p.admitted for p in policy.products)
        assert asked == pytest.approx(admitted + sum(policy.refusals.values()))
        assert result.leases.filter(policy=name).height == pytest.approx(3 * asked)


def test_static_takes_the_share_that_earns_most():
    case, log, how = a_case(), a_log(tide(seed=4)), settings("static", seeds=2)
    game = prepare(case, log, how)
    earned = {}
    for share in SHARES:
        total = Decimal(0)
        for seed in how.seeds:
            played = game.play(game.policy(PolicyCode.STATIC, share), seed)
            leases = lease_table(
                game.requests(seed), played.leases, OFFERS, game.window, gpus_per_node=8, start_s=0
            )
            total += sum(revenue_by_product(leases, OFFERS).values(), Decimal(0))
        earned[share] = total / 2
    static = of(backtest(case, tide(seed=4), how), "static")
    best = max(earned, key=lambda share: (earned[share], -share))
    assert static.setting == f"share {best} %"
    assert abs(static.revenue - earned[best]) <= len(OFFERS) * CENT / 2


def test_tidegate_breaks_less_than_lending_blindly(result: PoolResult):
    assert of(result, "tidegate").broken_share < of(result, "reactive").broken_share


def test_all_policies_face_the_same_requests(result: PoolResult):
    asked = ["seed", "request", "product", "time_s", "nodes", "wanted_s"]
    first, *others = (
        result.leases.filter(policy=name).select(asked)
        for name in ("static", "reactive", "tidegate")
    )
    assert all(first.equals(other) for other in others)


# ------------------------------------------------------------------------------------------- frames


def test_frames_have_the_columns_that_are_documented(result: PoolResult):
    products = [f"leased_gpus:{offer.product.id}" for offer in OFFERS]
    own = ["demand_gpus", "internal_gpus", "sanitising_gpus", "failed_gpus"]
    assert result.tide.columns == ["policy", "time_s", *own, *products]
    assert result.curve.columns == ["horizon_s", "now_gpus", "p10_gpus", "p50_gpus", "p90_gpus"]
    assert result.jobs.columns == [
        *("policy", "seed", "job_id", "owner", "gpus", "submit_s", "duration_s"),
        *("start_s", "delay_s"),
    ]
    assert result.leases.columns == [
        *("policy", "seed", "request", "product", "time_s", "nodes", "gpus", "wanted_s"),
        *("verdict", "binding_horizon_s", "start_s", "end_s", "notice_s", "outcome"),
        *("gpu_seconds", "firm_gpu_seconds", "broken_gpu_seconds", "is_broken"),
        *("gpu_hours", "charged", "refunded", "credited"),
        *(
            "room_nodes",
            "bid_price",
            "notice_why",
            "lacking_nodes",
            "taking_cost",
            "weighed_against",
        ),
        *("displaced_for", "reason"),
    ]
    documented = PoolResult.__doc__ or ""
    for column in {*result.leases.columns, *result.jobs.columns, *result.curve.columns, *own}:
        assert f"``{column}``" in documented, column


def test_other_limits_are_played_beside_the_pools_own(result: PoolResult):
    turned = result.tradeoff
    assert turned["risk"].to_list() == sorted({*LIMITS, result.case.pool.policy.risk})
    assert turned.columns == ["risk", "revenue", "delayed_jobs_share", "broken_share"]
    assert all(f"``{column}``" in (PoolResult.__doc__ or "") for column in turned.columns)
    own = turned.filter(risk=result.case.pool.policy.risk)
    first_seed = of(result, "tidegate").revenue_by_seed[0]
    assert own["revenue"].item() == pytest.approx(float(first_seed), abs=0.01)


def test_the_tide_never_holds_more_than_the_pool(result: PoolResult):
    held = [c for c in result.tide.columns if c not in ("policy", "time_s", "demand_gpus")]
    assert result.tide.select(pl.sum_horizontal(held).max()).item() <= 64
    assert result.tide["policy"].unique(maintain_order=True).to_list() == list(PLAYED)


def test_the_curve_falls_with_the_horizon(result: PoolResult):
    assert result.curve.height == len(HORIZONS_S)
    for column in ("now_gpus", "p10_gpus", "p50_gpus", "p90_gpus"):
        assert np.all(np.diff(result.curve[column].to_numpy()) <= 0)


def test_job_delays_are_those_of_the_summary():
    found = backtest(how=settings("tidegate"))
    measured = found.jobs.filter(pl.col("submit_s") >= found.span.lease_from_s)
    for name in ("none", "tidegate"):
        delay = measured.filter(policy=name)["delay_s"]
        assert of(found, name).internal_delay_mean_s == pytest.approx(delay.mean())


# --------------------------------------------------------------------------------- what is assumed


def test_leasing_starts_after_the_warm_up():
    found = backtest(rows=tide(days=10), how=settings("reactive", warmup_s=2 * DAY_S))
    assert found.span.lease_from_s == 2 * DAY_S
    assert "after 2.0 days" in found.notes[0]
    assert found.leases["time_s"].min() >= 2 * DAY_S  # type: ignore[operator]
    assert not any("shorter than" in note for note in found.notes)


def test_half_of_a_short_log_is_history():
    found = backtest(rows=tide(days=10), how=settings("none", warmup_s=14 * DAY_S))
    assert found.span.lease_from_s == 5 * DAY_S
    assert any("shorter than twice the warm-up" in note for note in found.notes)


def test_jobs_that_could_never_run_are_rejected_and_counted():
    rows = [*tide(), (10 * DAY_S, 60, 65), (10 * DAY_S, 60, 10_000)]
    found = backtest(rows=rows, how=settings("none"))
    assert found.jobs_count == len(rows) - 2
    assert found.rejects.count == found.to_json()["rejected_rows"] == 2
    assert set(found.rejects.frame["code"]) == {"TG-ROW-TOO-LARGE"}
    assert found.rejects.frame["raw"].to_list() == [f"j{len(rows) - 2}", f"j{len(rows) - 1}"]
    assert "64" in found.rejects.frame["reason"][0]


@pytest.mark.parametrize("rows", [[(0, 100, 8)], [(0, 100, 8)] * 9, [(0, 100, 8), (598, 1, 8)]])
def test_a_log_without_length_is_refused(rows: list[tuple[int, int, int]]):
    with pytest.raises(FeedError, match=r"jobs\.csv.*h100") as caught:
        backtest(rows=rows)
    assert caught.value.code == "TG-FEED-SHORT"


@pytest.mark.parametrize("rows", [[], [(0, 100, 65), (5000, 100, 65)]])
def test_a_log_without_jobs_that_fit_is_refused(rows: list[tuple[int, int, int]]):
    with pytest.raises(FeedError) as caught:
        backtest(rows=rows)
    assert caught.value.code == "TG-FEED-EMPTY"


# ------------------------------------------------------------------------------------- odd pools


def no_value_is_odd(found: PoolResult) -> None:
    text = json.dumps(found.to_json(), allow_nan=False)
    assert json.loads(text)["name"] == "h100"


def test_two_jobs_of_no_length_leave_the_whole_pool():
    found = backtest(rows=[(0, 0, 8), (4 * DAY_S, 0, 8)], how=settings(warmup_s=DAY_S))
    assert found.internal_gpu_hours == 0
    assert found.idle_gpu_hours == pytest.approx(found.capacity_gpu_hours)
    assert of(found, "reactive").revenue > 0
    no_value_is_odd(found)


def test_a_pool_of_one_node():
    # Requests for more than a node can never be met.
    rows = [(hour * 3600, 600, 8) for hour in range(24 * 8)]
    found = backtest(a_case(nodes=1, risk=0.3), rows)
    assert [p.policy for p in found.policies] == list(PLAYED)
    assert found.leases.filter(verdict="admitted")["nodes"].max() == 1
    no_value_is_odd(found)


def test_a_pool_that_is_always_full_leases_nothing():
    rows = [(hour * 3600, 400_000, 64) for hour in range(24 * 8)]
    found = backtest(rows=rows)
    assert found.idle_gpu_hours == pytest.approx(0, abs=1e-6)
    assert [p.revenue for p in found.policies] == [0, 0, 0, 0]
    assert [p.harvested_share_of_idle for p in found.policies] == [0, 0, 0, 0]
    no_value_is_odd(found)


def test_a_reserve_as_large_as_the_pool_promises_nothing():
    found = backtest(a_case(reserve_nodes=8))
    assert found.leases.height == 0
    assert of(found, "tidegate").revenue == 0


def test_nobody_asks_at_an_offered_load_of_zero():
    found = backtest(how=settings(offered_load=0.0))
    assert found.leases.height == 0
    assert [p.revenue for p in found.policies] == [0, 0, 0, 0]
    no_value_is_odd(found)


def test_a_frontier_pool_leases_nothing():
    found = backtest(a_case(tier=Tier.FRONTIER, offers=()))
    assert [p.policy for p in found.policies] == ["none"]
    assert found.leases.height == found.curve.height == 0
    assert not [c for c in found.tide.columns if c.startswith("leased")]
    no_value_is_odd(found)


def test_failures_cost_the_same_under_every_policy():
    case = a_case(failures=FailureModel(mtbf_h=50, repair_h=12))
    quiet = [(0, 600, 8), (10 * DAY_S, 600, 8)]
    found = backtest(case, quiet, settings(seeds=2))
    assert found.failed_gpu_hours > 0
    failed = found.tide.group_by("policy").agg(pl.col("failed_gpus").sum())
    assert failed["failed_gpus"].n_unique() == 1
    assert "failed" in set(found.leases["outcome"])
    no_value_is_odd(found)


# --------------------------------------------------------------------------------- plays and seeds


def test_the_same_seed_gives_the_same_result_to_the_bit():
    case = a_case(failures=FailureModel(mtbf_h=300, repair_h=12))
    first, second = (backtest(case, how=settings(seeds=2)) for _ in range(2))
    assert json.dumps(first.to_json()) == json.dumps(second.to_json())
    for name in ("tide", "curve", "jobs", "leases"):
        assert getattr(first, name).equals(getattr(second, name))


def test_more_seeds_leave_the_first_as_it_was():
    one, three = (backtest(how=settings("tidegate", seeds=n)) for n in (1, 3))
    assert of(one, "tidegate").revenue_by_seed[0] == of(three, "tidegate").revenue_by_seed[0]
    assert one.tide.equals(three.tide)
    assert len(set(of(three, "tidegate").revenue_by_seed)) == 3


def test_none_is_always_played_and_the_order_is_that_of_the_list():
    found = backtest(how=settings("tidegate", "reactive"))
    assert [p.policy for p in found.policies] == ["none", "reactive", "tidegate"]


@pytest.mark.parametrize("failures", [None, FailureModel(1000, 24)])
@pytest.mark.parametrize("offers", [OFFERS, ()])
def test_progress_counts_up_to_the_plays_told(failures: FailureModel | None, offers: Any):
    case, how = a_case(failures=failures, offers=offers), settings(seeds=2)
    told: list[tuple[str, int, int]] = []

    def tell(pool: str, done: int, total: int) -> None:
        told.append((pool, done, total))

    progress: Callable[[str, int, int], None] = tell
    backtest_pool(case, a_log(tide()), how, progress)
    total = plays_of(case, how)
    assert told == [("h100", done, total) for done in range(1, total + 1)]


# -------------------------------------------------------------------------------------------- shape


def test_json_has_the_shape_that_scripts_rely_on(result: PoolResult):
    pool = result.to_json()
    assert {"name", "tier", "nodes", "gpus", "policies"} <= pool.keys()
    assert (pool["name"], pool["tier"], pool["nodes"], pool["gpus"]) == ("h100", "mainstay", 8, 64)
    assert [p["policy"] for p in pool["policies"]] == list(PLAYED)
    figures = {
        *("revenue", "harvested_gpu_hours", "harvested_share_of_idle", "delayed_jobs_share"),
        *("broken_share", "evictions_per_1000_gpu_hours"),
    }
    for policy in pool["policies"]:
        assert all(isinstance(policy[name], float) for name in figures)
        assert policy["internal_delay_s"].keys() == {"mean", "p99"}
        assert list(policy["miss_rate"]) == ["1h", "6h", "24h", "168h"]
        assert policy["revenue_share_of_clairvoyant"] is None
        assert policy["revenue"] == float(of(result, policy["policy"]).revenue)
    tidegate = pool["policies"][-1]
    assert [tidegate["miss_rate"][h] is None for h in ("1h", "24h", "168h")] == [False, False, True]
    assert json.loads(json.dumps(pool, allow_nan=False)) == pool


def test_one_lying_clock_does_not_stretch_the_play():
    honest = tide(seed=4)
    lying = (-50 * 366 * 86_400, 60, 8)
    pool, lied = backtest(rows=honest), backtest(rows=[lying, *honest])
    assert lied.span.stop_s - lied.span.start_s == pool.span.stop_s - pool.span.start_s
    assert lied.rejects.frame["code"].to_list() == ["TG-ROW-TIME"]
    assert "a year from the bulk" in lied.rejects.frame["reason"][0]


def test_a_job_of_decades_is_rejected():
    result = backtest(rows=[(0, 20 * 366 * 86_400, 8), *tide(seed=4)])
    assert result.rejects.frame["code"].to_list() == ["TG-ROW-TIME"]


@pytest.mark.parametrize("tier", [Tier.FRONTIER, Tier.RETIRED])
def test_no_frontier_pool_can_be_given_an_offer(tier: Tier):
    case = a_case()
    with pytest.raises(FleetFileError, match="TG-FLEET-FRONTIER"):
        dataclasses.replace(case, pool=dataclasses.replace(case.pool, tier=tier))
