"""What a report says, and that it carries everything with it."""

import base64
import hashlib
import re
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from tests.web import results
from tests.web.page import Page

from tidegate.plan.policyresult import PolicyResult
from tidegate.plan.result import BacktestResult
from tidegate.web.assets import safe_json
from tidegate.web.metrics import DEFINITIONS, OTHER_METRICS, POLICY_METRICS
from tidegate.web.report import render


def test_every_result_makes_a_whole_page(result: BacktestResult):
    page = Page(render(result))
    assert page.open == []
    assert page.every("html") == [{"lang": "en"}]
    assert "nan" not in page.text.split()
    assert "None" not in page.text.split()


def test_ids_are_unique_and_references_lead_somewhere(result: BacktestResult):
    page = Page(render(result))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    wanted = [a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a]
    wanted += [a["href"][1:] for a in page.every("a") if a["href"]]
    assert set(wanted) <= set(ids)


def test_nothing_is_loaded(result: BacktestResult):
    source = render(result)
    page = Page(source)
    assert not page.every("link")
    assert not page.every("img")
    assert all("src" not in a for _, a in page.elements)
    assert all((a["href"] or "").startswith("#") for a in page.every("a"))
    assert not [name for _, a in page.elements for name in a if name.startswith("on")]
    styles = re.findall(r"<style>(.*?)</style>", source, re.S)
    assert not any("url(" in s or "@import" in s for s in styles)


def test_the_policy_allows_the_scripts_and_nothing_else(three_tiers: BacktestResult):
    source = render(three_tiers)
    policy = next(
        a["content"] or ""
        for a in Page(source).every("meta")
        if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "http" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", source, re.S)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert len(digests) == 3
    assert all(f"'sha256-{digest}'" in policy for digest in digests)
    assert "'unsafe-inline'" not in policy.split("style-src")[0]


def test_names_cannot_leave_their_place():
    source = render(results.hostile())
    page = Page(source)
    assert "<img src=x" not in source
    assert not page.every("img")
    assert '</script><img src=x onerror="document.title=1">' in page.text
    assert source.count("</script") == source.count("<script")


def test_json_holds_nothing_that_ends_its_element():
    assert safe_json("</script><!--&\u2028") == '"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028"'
    with pytest.raises(ValueError, match="JSON"):
        safe_json(float("nan"))


def test_a_sentence_per_pool(three_tiers: BacktestResult):
    text = Page(render(three_tiers)).text
    assert (
        "h100: of 199,826 idle GPU-hours, 109,904 (55.0 %) could have been leased for USD 153,866, "
        "with 0.42 % of firm GPU-hours broken and 0.31 % of own jobs delayed beyond the recall floor."
    ) in text
    assert (
        "gb200: nothing is leased, because frontier GPUs are kept for their owner's own work"
        in text
    )


def test_without_tidegate_the_last_policy_speaks():
    pool = results.pool_result("solo", policies=("static", "reactive"), days=4)
    text = Page(render(results.backtest(pool))).text
    assert f"({0.55 * 1.3 * 100:.1f} %) could have been leased" in text


def test_money_per_tier(three_tiers: BacktestResult):
    text = Page(render(three_tiers)).text
    for tier in ("frontier", "mainstay", "legacy", "fleet"):
        assert tier in text
    pool = three_tiers.pool("h100")
    assert pool.depreciation is not None
    assert f"{pool.depreciation:,.0f}" in text
    policy = pool.policy("tidegate")
    assert policy is not None
    assert f"{policy.revenue / pool.depreciation:.2f}" in text


def test_relative_prices_are_called_so():
    text = Page(render(results.relative_prices())).text
    assert "relative units" in text
    assert "XXX" not in text
    assert "not known" in text
    assert "day 2.25 to day 9.00" in text


def test_a_frontier_pool_has_a_tide_and_nothing_to_sell():
    page = Page(render(results.frontier_only()))
    assert set(page.data) == {"hours", "revenue", "pool-1-tide"}
    assert "Policies in" not in page.text
    assert "Products of" not in page.text


def test_nothing_leased_is_no_division_by_zero():
    text = Page(render(results.nothing_leased())).text
    assert "0 (0.0 %) could have been leased for USD 0," in text


def test_best_is_a_word_and_compares_those_that_lease(three_tiers: BacktestResult):
    source = render(three_tiers)
    row = re.search(r'<th scope="row">Firm GPU-hours broken.*?</tr>', source, re.S)
    assert row
    cells = re.findall(r"<td.*?</td>", row[0], re.S)
    assert [">best<" in cell for cell in cells] == [False, False, False, True]


def test_figures_that_read_the_same_are_equally_good():
    pool = results.pool_result(days=4)
    close = {"static": 898.0, "reactive": 899.0, "tidegate": 2400.0}
    same = replace(
        pool,
        policies=tuple(
            replace(p, internal_delay_p99_s=close.get(p.policy, 0.0)) for p in pool.policies
        ),
    )
    source = render(results.backtest(same))
    row = re.search(r'<th scope="row">Delay of own jobs, 99th.*?</tr>', source, re.S)
    assert row
    cells = re.findall(r"<td.*?</td>", row[0], re.S)
    assert [">best<" in cell for cell in cells] == [False, True, True, False]


def test_every_figure_has_a_definition(three_tiers: BacktestResult):
    shown = {field.name for field in fields(PolicyResult)} - {"policy", "setting"}
    assert shown <= {metric.key for metric in DEFINITIONS}
    assert {m.key for m in (*POLICY_METRICS, *OTHER_METRICS)} == {m.key for m in DEFINITIONS}
    text = Page(render(three_tiers)).text
    for metric in DEFINITIONS:
        assert metric.definition.replace("\u00a0", " ") in text
        assert metric.formula.replace("\u00a0", " ") in text
        assert metric.source in text


def test_the_clairvoyant_row_comes_with_its_figure(three_tiers: BacktestResult):
    pool = three_tiers.pool("h100")
    rules = tuple(replace(p, revenue_share_of_clairvoyant=0.8125) for p in pool.policies)
    bound = replace(rules[-1], policy="clairvoyant", revenue=Decimal(999_999), refusals={})
    known = replace(pool, policies=(*rules, bound))
    text = Page(render(results.backtest(known))).text
    assert "81.2 %" in text
    assert "81.2 %" not in Page(render(results.backtest(pool))).text
    assert "999,999 best" not in text


def test_hindsight_is_never_the_policy_spoken_of():
    pool = results.pool_result("solo", policies=("reactive",), days=4)
    bound = replace(pool.policies[-1], policy="clairvoyant", revenue=Decimal(999_999))
    text = Page(render(results.backtest(replace(pool, policies=(*pool.policies, bound))))).text
    assert "leased for USD 999,999" not in text


def test_rows_left_out_are_told(three_tiers: BacktestResult):
    text = Page(render(three_tiers)).text
    for told in (
        "1,200 job step; 300 no GPU",
        "4 still running",
        "TG-ROW-ORDER",
        "the end lies before the start",
        "jobs.csv, line 17",
        "traces/itp_jobs.parquet",
        "cluster = cluster04",
        "rejects-h100.csv",
    ):
        assert told in text


def test_assumptions_prices_and_versions_are_told(three_tiers: BacktestResult):
    text = Page(render(three_tiers)).text
    for told in (
        *three_tiers.assumptions,
        *three_tiers.pools[0].notes,
        "0, 1, 2",
        "12.3 s",
        "3.11.2",
    ):
        assert told in text
    assert "flex 1.40 (guarantee 6 h, notice 10 min, 30 % of what is asked for)" in text


def test_twenty_pools_stay_small():
    source = render(results.many_pools())
    assert len(source.encode()) < 4_000_000
    assert len(Page(source).every("figure")) == 2 + 20 * 3


def test_three_months_of_a_pool_stay_within_two_thousand_points():
    data = Page(render(results.backtest(results.pool_result(days=90)))).data
    for variant in data["pool-1-tide"]["variants"]:
        assert 1000 < variant["count"] <= 2000
        assert all(len(column) == variant["count"] for column in variant["columns"].values())


def test_a_depreciation_of_zero_has_no_ratio():
    pool = replace(results.pool_result(days=4), depreciation=Decimal(0))
    assert "Cover ratio" in Page(render(results.backtest(pool))).text


def test_a_fleet_with_books_is_shown_beside_other_policies(three_tiers: BacktestResult):
    page = Page(render(three_tiers))
    assert "Three tiers beside other policies" in page.text
    for policy in ("three tiers", "keep everything", "lease everything", "sell early"):
        assert policy in page.text
    assert "151,000,000" in page.text
    without = Page(render(replace(three_tiers, comparison=None)))
    assert "keep everything" not in without.text
    assert all(a["href"] != "#owner" for a in without.every("a"))
