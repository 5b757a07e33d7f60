"""What a scenario names is read, played and put together."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.cli.calling import FLEET, fleet_of, log_of

from tidegate.app import load, problems, run, scenario_from_options, settings_from_options, write
from tidegate.app.options import windowed
from tidegate.errors import FeedError, OptionError, RunError
from tidegate.feeds.fleetfile import read_fleet
from tidegate.plan import BacktestResult, LogSource, Scenario, TideSource

TIDE = """
[pool.tide]
requests_per_s_per_gpu = 2
headroom = 0.25

[pool.tide.log]
path = "rates.csv"
"""


def a_run(scenario: Scenario) -> BacktestResult:
    settings = settings_from_options(scenario, policies=["tidegate"], seeds=1, warmup="12h")
    return run(scenario, load(scenario).logs, settings)


def a_tide(folder: Path) -> Path:
    """A serving pool: 16 requests/s by night, 44 by day, for two days."""
    rows = [f"{hour * 3600},{44 if 8 <= hour % 24 < 20 else 16}" for hour in range(48)]
    (folder / "rates.csv").write_text("\n".join(["time,rate", *rows, ""]), "utf-8")
    return fleet_of(folder, FLEET.split("[pool.log]")[0] + TIDE)


def test_a_request_rate_becomes_whole_nodes(tmp_path: Path):
    scenario = read_fleet(a_tide(tmp_path))
    (pool,) = a_run(scenario).pools
    # 16 / 2 x 1.25 = 10 GPUs are 2 nodes; 44 / 2 x 1.25 = 27.5 GPUs are 4 nodes.
    demand = pool.tide.filter(policy="none")["demand_gpus"]
    assert set(demand.to_list()) == {16, 32}


def test_a_problem_log_is_read_and_reported(tmp_path: Path):
    log_of(tmp_path, torn=10)
    scenario = read_fleet(fleet_of(tmp_path))
    log_of(tmp_path, torn=10)
    result = a_run(scenario)
    assert [problem.code for problem in problems(result, 0.01)] == ["TG-FEED-REJECTS"]
    assert result.pools[0].jobs_count == 190
    assert problems(result, 0.1) == []


def test_jobs_larger_than_the_pool_count_as_rejected(tmp_path: Path):
    scenario = scenario_from_options(log_of(tmp_path, torn=0), nodes=1, gpus_per_node=1)
    result = a_run(scenario)
    assert result.pools[0].rejects.count > 0
    assert [problem.code for problem in problems(result, 0.01)] == ["TG-FEED-REJECTS"]


def test_a_log_that_cannot_be_read_stops_the_run(tmp_path: Path):
    scenario = read_fleet(fleet_of(tmp_path))
    (tmp_path / "log.csv").unlink()
    with pytest.raises(FeedError) as caught:
        load(scenario)
    assert caught.value.code == "TG-FEED-MISSING"


def test_reading_counts_to_the_seconds(tmp_path: Path):
    scenario = read_fleet(fleet_of(tmp_path))
    settings = settings_from_options(scenario, policies=["none"], seeds=1)
    result = run(scenario, load(scenario).logs, settings, seconds_before=1000.0)
    assert 1000 < result.seconds < 1060


def test_the_window_cuts_every_log(tmp_path: Path):
    scenario = windowed(read_fleet(fleet_of(tmp_path)), "6h", "30h")
    submit = load(scenario).logs[0].frame["submit_s"]
    assert (submit.min(), submit.max()) == (6 * 3600, 30 * 3600 - 900)
    tide = windowed(read_fleet(a_tide(tmp_path)), "6h", None).cases[0].demand
    assert isinstance(tide, TideSource)
    assert (tide.log.window_from, tide.log.window_to) == ("6h", None)


def test_a_window_of_the_fleet_file_stays_where_none_is_given(tmp_path: Path):
    scenario = windowed(windowed(read_fleet(fleet_of(tmp_path)), "6h", "30h"), None, "9h")
    demand = scenario.cases[0].demand
    assert isinstance(demand, LogSource)
    assert (demand.window_from, demand.window_to) == ("6h", "9h")
    assert windowed(scenario, None, None) == scenario


def test_one_pool_says_what_it_assumes(tmp_path: Path):
    scenario = scenario_from_options(tmp_path / "log.csv", nodes=4)
    (case,) = scenario.cases
    assert [offer.product.id for offer in case.offers] == ["preemptible", "flex", "day", "week"]
    told = " ".join(scenario.assumptions)
    assert "reference rent" in told
    assert f"worth {case.pool.policy.wait_price} USD" in told


def test_prices_without_a_currency_are_relative(tmp_path: Path):
    scenario = scenario_from_options(tmp_path / "log.csv", nodes=4, currency="EUR")
    assert scenario.currency == "XXX"
    assert "relative" in " ".join(scenario.assumptions)


def test_settings_follow_the_scenario(tmp_path: Path):
    fleet = 'offered_load = 0.5\nsanitise = "120s"\n' + FLEET
    settings = settings_from_options(read_fleet(fleet_of(tmp_path, fleet)), seeds=2, warmup="3d")
    assert (settings.offered_load, settings.sanitise_s) == (0.5, 120)
    assert (settings.seeds, settings.warmup_s) == ((0, 1), 3 * 86_400)
    assert {"none", "static", "reactive", "tidegate"} <= set(settings.policies)


def test_an_unknown_policy_is_refused(tmp_path: Path):
    scenario = scenario_from_options(tmp_path / "log.csv", nodes=4)
    with pytest.raises(OptionError, match="Did you mean static"):
        settings_from_options(scenario, policies=["statik"])


def test_everything_is_written(tmp_path: Path):
    result = a_run(read_fleet(fleet_of(tmp_path, "offered_load = 50\n" + FLEET)))
    written = write(result, tmp_path / "deep" / "folder")
    assert json.loads(written.result.read_text("utf-8")) == result.to_json()
    assert "<html" in written.report.read_text("utf-8")
    assert written.rejects == ()
    leases = pl.read_parquet(tmp_path / "deep" / "folder" / "leases.parquet")
    assert leases.drop("pool").equals(result.pools[0].leases)
    assert set(leases["pool"]) == {"h100"}


def test_a_fleet_without_leases_is_written_too(tmp_path: Path):
    text = FLEET.replace("mainstay", "frontier").split("[pool.policy]")
    fleet = fleet_of(tmp_path, text[0] + '[pool.log]\npath = "log.csv"\n')
    written = write(a_run(read_fleet(fleet)), tmp_path / "o")
    assert [pl.read_parquet(path).height > 0 for path in written.tables] == [
        *(True, False, True, False, False)
    ]


def test_a_folder_in_the_way(tmp_path: Path):
    result = a_run(read_fleet(fleet_of(tmp_path)))
    (tmp_path / "o").write_text("in the way", "utf-8")
    with pytest.raises(RunError) as caught:
        write(result, tmp_path / "o")
    assert (caught.value.code, caught.value.exit_code) == ("TG-RUN-OUT", 1)
