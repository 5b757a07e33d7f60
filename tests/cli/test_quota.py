"""``tidegate quota``: the curve now, and what holds it down."""

from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.calling import Shell, fleet_of, log_of


def test_the_curve_of_a_pool(tidegate: Shell, tmp_path: Path):
    done = tidegate("quota", fleet_of(tmp_path), "--pool", "h100", "--json")
    assert done.code == 0
    (pool,) = done.json["pools"]
    assert (pool["pool"], pool["nodes"], pool["risk"]) == ("h100", 4, 0.1)
    assert pool["idle"] == max(0, 4 - pool["busy"] - pool["waiting"])
    nodes = [each["nodes"] for each in pool["horizons"]]
    assert nodes == sorted(nodes, reverse=True)
    assert all(each["at_double_risk"] >= each["nodes"] for each in pool["horizons"])
    for product in pool["products"]:
        longer = [h["nodes"] for h in pool["horizons"] if h["horizon_s"] >= product["firm_s"]]
        allowed = pool["idle"] if product["product"] == "preemptible" else longer[0]
        assert product["nodes"] == min(pool["idle"], allowed)
        assert (product["horizon_s"] is None) == (product["nodes"] == pool["idle"])
        is_promise = product["product"] != "preemptible"
        assert (Decimal(product["bid_price"]) > 0) == is_promise
        assert product["floor"] == product["bid_price"]


def test_the_floor_is_the_cash_cost_where_that_is_higher(tidegate: Shell, tmp_path: Path):
    book = tmp_path / "prices.toml"
    book.write_text(
        'currency = "USD"\n[cash_cost]\n"H100-SXM" = "0.9"\n[[price]]\n'
        'id = "one"\nchip = "H100-SXM"\nproduct = "flex"\nrate = "2"\n'
    )
    words = ("quota", fleet_of(tmp_path), "--pool", "h100", "--prices", book)
    (pool,) = tidegate(*words, "--json").json["pools"]
    assert {(each["cash_cost"], each["floor"]) for each in pool["products"]} == {("0.9", "0.9")}
    said = tidegate(*words, "--why").out
    assert "not below 0.9 (bid price 0, cash cost 0.9)" in said  # what promises nothing
    assert "Bid price:" in said


def test_table_plot_and_reasons(tidegate: Shell, tmp_path: Path):
    done = tidegate("quota", "--jobs", log_of(tmp_path), "--nodes", "40", "--why")
    assert done.code == 0
    for said in ("40 nodes", "█", "preemptible:", "internal jobs hold", "The largest jobs"):
        assert said in done.out
    plain = tidegate("quota", "--jobs", log_of(tmp_path), "--nodes", "40")
    assert "internal jobs hold" not in plain.out


def test_at_an_earlier_time(tidegate: Shell, tmp_path: Path):
    words = ("quota", "--jobs", log_of(tmp_path), "--nodes", "4", "--json")
    late, early = tidegate(*words), tidegate(*words, "--at", "90000")
    assert early.json["pools"][0]["at_s"] < 90_000 < late.json["pools"][0]["at_s"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "FLEET"),
        (("--jobs", "log.csv"), "--nodes"),
        (("FLEET", "--pool", "nowhere"), "--pool"),
        (("FLEET", "--jobs", "log.csv"), "FLEET"),
    ],
)
def test_bad_input(tidegate: Shell, tmp_path: Path, words: tuple[str, ...], named: str):
    fleet = fleet_of(tmp_path)
    done = tidegate("quota", *(fleet if word == "FLEET" else word for word in words))
    assert done.code == 2
    assert named in done.err
