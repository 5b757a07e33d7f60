"""``tidegate finance`` as a shell calls it."""

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook
from tests.cli.calling import FLEET, Shell, log_of

BOOKED = FLEET.replace("nodes = 4", "nodes = 12").replace(
    "[[pool]]",
    """[[cohort]]
id = "a"
chip = "H100-SXM"
count = 96
price = 30000
in_service = 2025-01-01
life_years = 5

[[pool]]
cohorts = ["a"]""",
)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A fleet of one pool and one cohort, beside two days of jobs."""
    log_of(tmp_path)
    path = tmp_path / "fleet.toml"
    path.write_text(BOOKED, "utf-8")
    return path


def test_coverage_plays_the_backtest_or_reads_its_folder(
    tidegate: Shell, fleet: Path, tmp_path: Path
):
    played = tidegate("finance", "coverage", fleet, "--json")
    assert played.code == 0, played.err
    tiers = played.json["tables"]["tiers"]["rows"]
    assert [row["tier"] for row in tiers] == ["mainstay"]
    assert float(tiers[0]["rent"]) > 0
    shell = tidegate(
        "backtest", fleet, "--policies", "none,tidegate", "--seeds", "1", "--out", tmp_path / "o"
    )
    assert shell.code == 0, shell.err
    read = tidegate("finance", "coverage", fleet, "--from", tmp_path / "o", "--json")
    assert read.json["tables"] == played.json["tables"]


def test_coverage_equals_the_backtest_to_the_cent(tidegate: Shell, fleet: Path, tmp_path: Path):
    result = tidegate(
        "backtest",
        fleet,
        "--policies",
        "none,tidegate",
        "--seeds",
        "2",
        "--out",
        tmp_path / "o",
        "--json",
    ).json
    read = tidegate("finance", "coverage", fleet, "--from", tmp_path / "o", "--json").json
    earned = next(p for p in result["pools"][0]["policies"] if p["policy"] == "tidegate")
    row = read["tables"]["tiers"]["rows"][0]
    assert float(row["net_rent"]) == pytest.approx(earned["revenue"], abs=0.011)
    assert row["gpu_hours"] == pytest.approx(result["pools"][0]["capacity_gpu_hours"], abs=0.1)
    split = read["tables"]["split"]["rows"][0]
    shares = [split[key] for key in ("own", "leased", "sanitising", "idle", "failed")]
    assert sum(shares) == pytest.approx(1)


def test_another_folder_is_refused(tidegate: Shell, fleet: Path, tmp_path: Path):
    called = tidegate("finance", "coverage", fleet, "--from", tmp_path)
    assert called.code == 2
    assert "TG-FIN-FROM" in called.err


def test_a_fleet_without_cohorts(tidegate: Shell, tmp_path: Path):
    log_of(tmp_path)
    (tmp_path / "fleet.toml").write_text(FLEET, "utf-8")
    called = tidegate("finance", "coverage", tmp_path / "fleet.toml")
    assert called.code == 2
    assert "TG-FIN-COHORT" in called.err


def test_the_spreadsheet_has_live_formulas_that_say_the_same(
    tidegate: Shell, fleet: Path, tmp_path: Path
):
    called = tidegate(
        "finance", "coverage", fleet, "--xlsx", tmp_path / "c.xlsx", "--csv", tmp_path / "csv"
    )
    assert called.code == 0, called.err
    live = load_workbook(tmp_path / "c.xlsx")["tiers"]
    kept = load_workbook(tmp_path / "c.xlsx", data_only=True)["tiers"]
    titles = [cell.value for cell in live[4]]
    place = titles.index("net rent")
    formula, value = live[5][place].value, kept[5][place].value
    rent, returned = (kept[5][titles.index(name)].value for name in ("rent", "returned"))
    assert formula == f"={live[5][place - 2].coordinate}-{live[5][place - 1].coordinate}"
    assert value == pytest.approx(rent - returned)
    with (tmp_path / "csv" / "tiers.csv").open() as file:
        row = next(csv.DictReader(file))
    assert float(row["net_rent"]) == pytest.approx(value, abs=0.006)


def test_schedule(tidegate: Shell, fleet: Path):
    called = tidegate("finance", "schedule", fleet, "--to-month", "2025-12", "--json")
    years = called.json["tables"]["years"]["rows"]
    assert [(row["month"], row["depreciation"]) for row in years] == [("2025", "576000.00")]
    assert len(called.json["tables"]["months"]["rows"]) == 12


def test_a_wrong_month(tidegate: Shell, fleet: Path):
    called = tidegate("finance", "schedule", fleet, "--to-month", "next")
    assert (called.code, "TG-OPTION" in called.err) == (2, True)


def test_months_that_run_backwards(tidegate: Shell, fleet: Path):
    called = tidegate(
        "finance", "schedule", fleet, "--from-month", "2026-05", "--to-month", "2026-01"
    )
    assert called.code == 2
    assert "--to-month: 2026-01 lies before 2026-05" in called.err


def test_impairment_with_its_memo(tidegate: Shell, fleet: Path, tmp_path: Path):
    words = ("finance", "impairment", fleet, "--paths", "300", "--months", "48")
    called = tidegate(*words, "--standard", "asc360", "--memo", tmp_path / "memo.md", "--json")
    assert called.code == 0, called.err
    assert called.json["title"].endswith("by ASC 360")
    assert "ASC 360" in (tmp_path / "memo.md").read_text("utf-8")
    assert {row["product"] for row in called.json["tables"]["flags"]["rows"]} == {
        "preemptible",
        "flex",
    }
    wrong = tidegate(*words, "--standard", "hgb")
    assert (wrong.code, "TG-OPTION" in wrong.err) == (2, True)


def test_statement_keeps_a_journal_and_closes_its_periods(
    tidegate: Shell, fleet: Path, tmp_path: Path
):
    journal = tmp_path / "j.jsonl"
    words = ("finance", "statement", fleet, "--journal", journal, "--ledger", tmp_path / "l")
    called = tidegate(*words, "--json")
    assert called.code == 0, called.err
    assert called.json["headline"]["entries"].endswith("balance to 0.00")
    assert (tmp_path / "l" / "ledger.beancount").exists()
    period = ("finance", "period")
    by = ("--journal", journal, "--by", "ann", "--reason", "end")
    closed = tidegate(*period, "close", "2025-02", *by, "--json")
    assert closed.json == {"closed_to": "2025-02", "acts": 1}
    # The same again is no change; another policy is, and its month is closed.
    assert tidegate(*words).code == 0
    late = tidegate(*words, "--policy", "reactive")
    assert (late.code, "TG-FIN-CLOSED" in late.err) == (2, True)
    assert tidegate(*period, "reopen", "2025-01", *by).code == 0
    assert tidegate(*words, "--policy", "reactive").code == 0
    told = tidegate("finance", "acts", "--journal", journal, "--json").json
    acts = told["tables"]["acts"]["rows"]
    assert [(act["kind"], act["month"], act["by"]) for act in acts] == [
        ("close", "2025-02", "ann"),
        ("reopen", "2025-01", "ann"),
    ]
    assert told["headline"]["closed up to"] == "2024-12"
    wrong = tidegate(*period, "burn", "2025-01", *by)
    assert (wrong.code, "TG-OPTION" in wrong.err) == (2, True)
