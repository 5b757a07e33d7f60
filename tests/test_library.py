"""``import tidegate``: what the commands give, in Python; and the examples of its documentation."""

import doctest
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.cli.calling import fleet_of, log_of

import tidegate

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "python.md"


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples name files as a reader in a clone of the project does."""
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("at_root")
def test_the_example_of_the_package():
    failed, tried = doctest.testmod(tidegate, optionflags=doctest.ELLIPSIS)
    assert (failed, tried > 0) == (0, True)


@pytest.mark.usefixtures("at_root")
def test_the_examples_of_the_page():
    # What is documented by autodoc is in the same page; its examples are run above.
    failed, tried = doctest.testfile(
        str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert (failed, tried > 5) == (0, True)


def test_every_public_name_is_there_and_documented():
    page = PAGE.read_text("utf-8")
    for name in tidegate.__all__:
        assert getattr(tidegate, name).__doc__
        assert f"tidegate.{name}" in page, name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="backtset"):
        tidegate.backtset  # noqa: B018


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, tidegate; "
        "print(sorted({'numba', 'polars', 'numpy', 'scipy', 'highspy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_backtest_of_a_fleet_file_gives_typed_results(tmp_path: Path):
    result = tidegate.backtest(fleet_of(tmp_path), seeds=2)
    assert isinstance(result, tidegate.BacktestResult)
    pool = result.pool("h100")
    assert isinstance(pool, tidegate.PoolResult)
    policy = pool.policy("tidegate")
    assert isinstance(policy, tidegate.PolicyResult)
    assert isinstance(policy.revenue, Decimal)
    assert len(policy.revenue_by_seed) == len(result.seeds) == 2
    for frame in (pool.tide, pool.curve, pool.jobs, pool.leases, result.summary):
        assert isinstance(frame, pl.DataFrame)
    assert pool.policy("bogus") is None
    with pytest.raises(KeyError):
        result.pool("bogus")


def test_the_summary_has_a_row_per_pool_and_policy(tmp_path: Path):
    result = tidegate.backtest(fleet_of(tmp_path), seeds=1)
    (pool,) = result.pools
    assert result.summary["policy"].to_list() == [p.policy for p in pool.policies]
    assert set(result.summary["pool"]) == {"h100"}
    assert result.summary["revenue"].to_list() == [float(p.revenue) for p in pool.policies]


def test_a_scenario_read_before_gives_the_same(tmp_path: Path):
    path = fleet_of(tmp_path)
    scenario = tidegate.read_fleet(path)
    assert [case.pool.id for case in scenario.cases] == ["h100"]
    one = tidegate.backtest(scenario, policies=["tidegate"], seeds=1).pools[0]
    same = tidegate.backtest(str(path), policies=["tidegate"], seeds=1).pools[0]
    assert one.to_json() == same.to_json()


def test_backtest_of_one_log(tmp_path: Path):
    result = tidegate.backtest(
        jobs=log_of(tmp_path), nodes=4, price="2.50", currency="EUR", policies=["none"], seeds=1
    )
    (pool,) = result.pools
    assert (pool.case.pool.gpus, result.currency) == (32, "EUR")
    assert "2.50 EUR" in " ".join(result.assumptions)


def test_nothing_is_written_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fleet, empty = fleet_of(tmp_path), tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    tidegate.backtest(fleet, policies=["none"], seeds=1)
    assert list(empty.iterdir()) == []
    tidegate.backtest(fleet, policies=["none"], seeds=1, out=empty / "o")
    assert (empty / "o" / "report.html").stat().st_size > 0


def test_progress_is_told(tmp_path: Path):
    told: list[tuple[str, int, int]] = []
    tidegate.backtest(
        fleet_of(tmp_path),
        policies=["tidegate"],
        seeds=2,
        progress=lambda pool, done, total: told.append((pool, done, total)),
    )
    plays = told[-1][2]
    assert plays > 3  # one alone, two seeds, one for each limit of the frontier
    assert told == [("h100", play, plays) for play in range(1, plays + 1)]


def test_read_jobs(tmp_path: Path):
    log = tidegate.read_jobs(log_of(tmp_path, torn=2))
    assert log.frame.columns == ["job_id", "submit_s", "duration_s", "gpus", "owner"]
    assert (log.frame.height, log.rejects.count) == (198, 2)
    assert tidegate.read_jobs(log_of(tmp_path), where={"owner": "a"}).frame.height == 200


def test_too_many_rejects_are_an_error(tmp_path: Path):
    log = log_of(tmp_path, torn=10)
    with pytest.raises(tidegate.TidegateError) as caught:
        tidegate.backtest(jobs=log, nodes=4, policies=["none"], seeds=1)
    assert type(caught.value).__name__ == "FeedError"
    assert caught.value.code == "TG-FEED-REJECTS"
    result = tidegate.backtest(jobs=log, nodes=4, policies=["none"], seeds=1, max_rejects=0.05)
    assert result.rejected_rows == 10


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "TG-OPTION"),
        ({"fleet": "a.toml", "jobs": "b.csv"}, "TG-OPTION"),
        ({"jobs": "b.csv"}, "TG-OPTION"),
        ({"fleet": "nowhere.toml"}, "TG-FLEET-MISSING"),
        ({"jobs": "nowhere.csv", "nodes": 4}, "TG-FEED-MISSING"),
        ({"jobs": "nowhere.csv", "nodes": 4, "chip": "H1000"}, "TG-OPTION"),
        ({"jobs": "nowhere.csv", "nodes": 4, "policies": ["all"]}, "TG-OPTION"),
    ],
)
def test_bad_input_is_an_error_with_a_code(options: dict[str, object], code: str):
    with pytest.raises(tidegate.TidegateError) as caught:
        tidegate.backtest(**options)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "option", [{"risk": 0.1}, {"chip": "GB200"}, {"price": "2"}, {"where": {"a": "b"}}]
)
def test_what_describes_a_single_pool_is_refused_beside_a_fleet(option: dict[str, Any]):
    with pytest.raises(tidegate.TidegateError, match="describes the pool of jobs"):
        tidegate.backtest(ROOT / "examples" / "three-tiers.toml", **option)


def test_the_finance_desk_says_what_the_command_says(tmp_path: Path):
    from tests.cli.test_finance import BOOKED  # noqa: PLC0415

    desk = tidegate.finance_desk(fleet_of(tmp_path, BOOKED), start="2025-03")
    found = desk.coverage()
    assert {str(row.month) for row in found.rows} == {"2025-03"}
    assert found.total().net_rent > 0
    with pytest.raises(tidegate.TidegateError, match="not a month"):
        tidegate.finance_desk(tmp_path / "fleet.toml", start="soon")
