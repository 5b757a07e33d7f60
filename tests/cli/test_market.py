"""``tidegate market``: what it prints, what it writes, how it fails."""

from pathlib import Path

import polars as pl
import pytest
from tests.cli.calling import EXAMPLE, Shell

COMPARED = ("market", "compare", "enters", "base", "--draws", "20")


def test_run_tells_rents_and_writes_its_tables(tidegate: Shell, tmp_path: Path):
    done = tidegate("market", "run", "enters", "--draws", "10", "--out", tmp_path)
    assert done.code == 0, done.err
    for word in ("H100-SXM", "USD/GPU-h", "small low-price", "HHI"):
        assert word in done.out
    table = pl.read_parquet(tmp_path / "generations.parquet")
    assert {"month", "region", "generation", "figure", "p5", "p25", "p50", "p75", "p95"} == set(
        table.columns
    )
    assert table.null_count().sum_horizontal().item() == 0
    assert (table["p5"] <= table["p95"]).all()


def test_run_as_json(tidegate: Shell, tmp_path: Path):
    done = tidegate("market", "run", "base", "--draws", "10", "--out", tmp_path, "--json")
    told = done.json
    assert told["scenario"] == "base"
    first = told["months"][0]
    assert first["month"] == "2026-11"
    assert 1 < first["generations"]["H100-SXM"]["rent_usd_per_gpu_h"]["p50"] < 10
    assert first["owner_lease_revenue_usd"]["p95"] == 0


def test_compare_plays_the_same_futures(tidegate: Shell):
    """Held against itself, a scenario differs in nothing."""
    done = tidegate("market", "compare", "base", "base", "--draws", "10", "--json")
    assert {it["middle"] for it in done.json["differences"]} == {0.0}
    assert tidegate(*COMPARED, "--json").json == tidegate(*COMPARED, "--json").json


def test_an_entry_lowers_rents(tidegate: Shell):
    told = tidegate(*COMPARED, "--json").json["differences"]
    rents = [it for it in told if it["figure"] == "rent" and it["year"] == 1]
    assert all(it["middle"] < 0 for it in rents)
    assert "H100-SXM" in tidegate(*COMPARED).out


def test_ones_own_fleet_is_an_entrant(tidegate: Shell):
    done = tidegate(
        "market", "compare", "base", "base", "--draws", "10", "--fleet", EXAMPLE, "--json"
    )
    assert done.code == 0, done.err
    told = {(it["figure"], it["where"], it["year"]): it for it in done.json["differences"]}
    revenue = told["lease revenue, bn USD a year", "owner", 2]
    assert 0 < revenue["middle"] < 0.1
    assert abs(told["rent", "H100-SXM", 1]["middle"]) < 0.001


def test_batch_holds_each_against_the_first(tidegate: Shell, tmp_path: Path):
    words = ("market", "batch", "base", "enters-small", "--draws", "8", "--out", tmp_path)
    done = tidegate(*words)
    assert done.code == 0, done.err
    assert "enters-small" in done.out
    assert (tmp_path / "enters-small" / "run.json").exists()


@pytest.mark.slow
def test_claims(tidegate: Shell):
    done = tidegate("market", "claims", "--draws", "125", "--json")
    claims = done.json["claims"]
    assert [it["number"] for it in claims] == list(range(1, 17))
    assert [it["number"] for it in claims if it["share"] is None] == [1, 2]
    for it in claims:
        assert {"number", "text", "share", "effect", "interval", "deciders", "evidence"} <= set(it)
        assert it["evidence"]
        if it["share"] is not None:
            assert 0 <= it["share"] <= 1
            assert it["interval"][0] <= it["effect"] <= it["interval"][1]
    table = tidegate("market", "claims", "--draws", "125").out
    assert "contradicted" in table


def test_calibrate_on_the_cited_rents(tidegate: Shell, tmp_path: Path):
    """What is written is taken by a run; the same seed gives the same draws."""
    out = tmp_path / "posterior.npz"
    words = ("market", "calibrate", "--draws", "100", "--kept", "20", "--out", out, "--json")
    told = tidegate(*words).json
    assert told["draws"] == 20
    assert told["rents"] == 10
    assert tidegate(*words).json == told
    done = tidegate("market", "run", "base", "--draws", "5", "--posterior", out, "--out", tmp_path)
    assert done.code == 0, done.err


def test_judge_says_who_wins(tidegate: Shell, tmp_path: Path):
    rents = tmp_path / "rents.csv"
    months = [f"2024-{m:02}" for m in range(1, 13)] + [f"2025-{m:02}" for m in range(1, 7)]
    rows = [f"{month},{4.5 - 0.08 * i + 0.05 * (i % 3):.2f}" for i, month in enumerate(months)]
    rents.write_text("month,H100\n" + "\n".join(rows) + "\n", "utf-8")
    done = tidegate("market", "judge", "--rents", rents, "--until", "2024-12", "--draws", "100")
    assert done.code == 0, done.err
    assert "wins" in done.out
    assert "random walk" in done.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "nowhere"), "TG-MARKET-MISSING", "base"),
        (("run", "base", "--entry", "2026"), "TG-OPTION", "2026-11"),
        (("run", "base", "--backend", "slurm"), "TG-OPTION", "threading"),
        (("run", "base", "--posterior", "nowhere.npz"), "TG-FEED-MISSING", "nowhere.npz"),
        (("run", "base", "--fleet", "nowhere.toml"), "TG-FLEET-MISSING", "nowhere.toml"),
        (("calibrate", "--rents", "nowhere.csv"), "TG-FEED-MISSING", "nowhere.csv"),
        (("calibrate", "--until", "2023-01"), "TG-OPTION", "--until"),
        (("judge", "--until", "2031-01"), "TG-OPTION", "2031-01"),
        (("claims", "--entry", "2032-01"), "TG-OPTION", "--entry"),
        (("compare", "enters", "base", "--entry", "2033-08"), "TG-OPTION", "2032-08"),
        (("report", "enters", "--entry", "2020-01"), "TG-OPTION", "2023-09"),
        (("prices", "enters", "--entry", "2040-01"), "TG-OPTION", "--entry"),
    ],
)  # fmt: skip
def test_bad_input(tidegate: Shell, words: tuple[str, ...], code: str, said: str):
    done = tidegate("market", *words)
    assert (done.code, done.out) == (2, "")
    assert code in done.err
    assert said in done.err


def test_a_market_that_cannot_clear(tidegate: Shell, tmp_path: Path):
    """More is rented without regard to price than there is: no silent NaN, but the key that asks for it."""
    text = (
        '[scenario]\ntitle = "x"\nextends = "base"\n[entry]\nmonth = 2024-02-01\n'
        'gpus = { "A100-80-SXM" = 1000 }\nrents = { "H100-SXM" = 9000000 }\n'
    )
    (tmp_path / "scenario.toml").write_text(text, "utf-8")
    done = tidegate("market", "run", tmp_path, "--draws", "5", "--out", tmp_path / "out")
    assert done.code == 2
    assert "TG-MARKET-CLEAR" in done.err
    assert "entry.rents.H100-SXM" in done.err
    assert str(tmp_path / "scenario.toml") in done.err


def test_a_posterior_of_something_else(tidegate: Shell, tmp_path: Path):
    (tmp_path / "posterior.npz").write_bytes(b"no archive at all")
    done = tidegate("market", "run", "base", "--posterior", tmp_path / "posterior.npz")
    assert done.code == 2
    assert "TG-MARKET-RENTS" in done.err


def test_a_price_book_takes_the_models_rents(tidegate: Shell, tmp_path: Path):
    """What is written is a price book's list: its checker takes it, and the price of a month is that month's rent."""
    rows = tmp_path / "rows.csv"
    words = ("market", "prices", "enters", "--draws", "10", "--years", "1", "--out", rows, "--json")
    told = tidegate(*words).json["rows"]
    book = tmp_path / "book.toml"
    book.write_text('currency = "USD"\nfiles = ["rows.csv"]\n', "utf-8")
    done = tidegate("prices", "check", book)
    assert done.code == 0, done.err
    mine = [row for row in told if row["chip"] == "H100-SXM"]
    assert len(mine) == 12
    assert mine[0]["from"] == "2026-11-01"
    assert 1 < float(mine[0]["rate"]) < 10
