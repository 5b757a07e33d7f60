"""Charts: what they carry, and that notebooks get the same."""

import html
from dataclasses import replace

import polars as pl
import pytest
from tests.web import results
from tests.web.page import Page

from tidegate.plan.result import BacktestResult
from tidegate.web import plots
from tidegate.web.charts import (
    curve_chart,
    delay_chart,
    hours_chart,
    money_chart,
    policies_chart,
    tide_chart,
    tradeoff_chart,
)
from tidegate.web.charts.thin import FEWEST_POINTS, MOST_POINTS, bucket_s, points_for, thinned
from tidegate.web.report import render


def test_thinning_keeps_peaks_and_means():
    tide = pl.DataFrame({"time_s": [100, 400, 700, 1000], "a": [1, 3, 5, 5], "b": [1, 9, 2, 2]})
    few = thinned(tide, 600, ("b",))
    assert few.to_dict(as_series=False) == {"time_s": [100, 700], "a": [2.0, 5.0], "b": [9, 2]}


@pytest.mark.parametrize(
    ("span_s", "points", "expected"),
    [(3000, 2000, 300), (90 * 86400, 2000, 7200), (86400 * 20000, 200, 8640000), (700, 2, 600)],
)
def test_buckets_are_round_and_few(span_s: int, points: int, expected: int):
    assert bucket_s(span_s, points, 300) == expected


def test_a_page_of_many_pools_has_fewer_points():
    assert points_for(1) == MOST_POINTS
    assert points_for(10_000) == FEWEST_POINTS
    assert FEWEST_POINTS < points_for(1000) < MOST_POINTS


def test_the_tide_shows_the_headline_policy_first(three_tiers: BacktestResult):
    chart = tide_chart(three_tiers.pool("h100"))
    assert [v.label for v in chart.variants] == ["none", "static", "reactive", "tidegate"]
    assert chart.variants[chart.chosen].label == "tidegate"
    assert "30 min" in chart.caption.replace("\u00a0", " ")
    assert "the maximum of internal demand" in chart.caption


def test_demand_far_above_capacity_is_cut_and_told():
    pool = results.pool_result(days=4)
    flood = pool.tide.with_columns(pl.col("demand_gpus") * 20)
    chart = tide_chart(replace(pool, tide=flood))
    assert "The axis is cut" in chart.caption
    assert chart.option["yAxis"]["max"] < 2 * pool.case.pool.gpus


def test_stacks_stay_below_capacity(three_tiers: BacktestResult):
    pool = three_tiers.pool("h100")
    for variant in tide_chart(pool).variants:
        columns = [c for name, c in variant.dataset["columns"].items() if name != "v0"]
        assert max(map(sum, zip(*columns, strict=True))) <= pool.case.pool.gpus + 1


def test_no_curve_and_no_delay_without_leasing():
    pool = results.frontier_pool(days=4)
    assert curve_chart(pool) is None
    assert delay_chart(pool) is None
    with pytest.raises(ValueError, match="nothing is leased"):
        plots.curve(pool)
    with pytest.raises(ValueError, match="nothing is leased"):
        plots.delay(pool)


def test_delays_fall_with_their_length(three_tiers: BacktestResult):
    chart = delay_chart(three_tiers.pool("h100"))
    assert chart is not None
    for series in chart.option["series"]:
        assert series["data"] == sorted(series["data"], reverse=True)


def test_the_pools_own_limit_is_marked_among_the_others(three_tiers: BacktestResult):
    pool = three_tiers.pool("h100")
    assert tradeoff_chart(pool, "USD") is None
    risk = pool.case.pool.policy.risk
    turned = pl.DataFrame(
        {
            "risk": [2 * risk, risk],
            "revenue": [900.0, 700.0],
            "delayed_jobs_share": [0.02, 0.004],
            "broken_share": [0.01, 0.003],
        }
    )
    chart = tradeoff_chart(replace(pool, tradeoff=turned), "USD")
    assert chart is not None
    every, own = (series["data"] for series in chart.option["series"])
    assert [point["value"] for point in every] == [[0.4, 700.0], [2.0, 900.0]]
    assert own == every[:1]
    assert [row.cells[0].text for row in chart.tables[0].rows] == [p["name"] for p in every]


def test_bars_carry_what_the_tables_say(three_tiers: BacktestResult):
    rent, depreciation = money_chart(three_tiers).option["series"]
    assert rent["data"][1] == float(three_tiers.pool("h100").policies[-1].revenue)
    assert depreciation["data"][0] > 0
    shares = [s["data"] for s in hours_chart(three_tiers).option["series"]]
    assert [sum(tier) for tier in zip(*shares, strict=True)] == pytest.approx([1, 1, 1])


def test_a_plot_is_a_frame_that_loads_nothing(three_tiers: BacktestResult):
    pool = three_tiers.pool("h100")
    for plot in (
        plots.tide(pool),
        plots.curve(pool),
        plots.delay(pool),
        plots.money(three_tiers),
        plots.hours(three_tiers),
        plots.policies(three_tiers),
    ):
        frame = plot._repr_html_()
        assert frame.startswith("<iframe srcdoc=")
        assert html.unescape(frame.split('"')[1]) == plot.html()
        page = Page(plot.html())
        assert all("src" not in a and "href" not in a for _, a in page.elements)
        assert page.data["chart"]["option"]


def test_report_and_notebook_share_the_definition(three_tiers: BacktestResult):
    pool = three_tiers.pool("h100")
    in_report = Page(render(three_tiers)).data["pool-2-curve"]
    assert Page(plots.curve(pool).html()).data["chart"] == in_report


def test_policies_are_drawn_from_low_to_high_with_their_means():
    found = results.comparison()
    chart = policies_chart(found)
    *ranges, means = chart.option["series"]
    assert [[x for x, _ in it["data"]] for it in ranges] == [
        [p.low, p.high] for p in found.policies
    ]
    assert [it["value"] for it in means["data"]] == [
        [p.mean, n] for n, p in enumerate(found.policies)
    ]
    assert chart.option["xAxis"]["min"] is None  # a range reaches below zero
    assert [len(table.rows) for table in chart.tables] == [len(found.policies)] * 2
