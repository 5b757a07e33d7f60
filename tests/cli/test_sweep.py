"""``tidegate backtest --sweep``: exit codes, what is printed where, and the files it leaves."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.cli.calling import Shell, log_of
from tests.cli.sweeping import SWEEP, cells_in, sweep_of

ROOT = Path(__file__).parents[2]
THREADS = ("--backend", "threading", "--workers", "2")


def test_a_table_per_pool(tidegate: Shell, tmp_path: Path):
    out = tmp_path / "o"
    done = tidegate("backtest", "--sweep", sweep_of(tmp_path), *THREADS, "--out", out)
    assert done.code == 0
    assert "…" not in done.out
    for name in ("small: h100", "large: h100"):
        assert name in done.out
    assert done.out.count("\ntidegate") == 4
    assert done.out.count("0.05") >= 2
    assert {path.name for path in out.iterdir()} == {"cells", "sweep.json", "sweep.parquet"}
    again = tidegate("backtest", "--sweep", tmp_path / "sweep.toml", *THREADS, "--out", out)
    assert f"0 played, {len(cells_in(out))} had been finished before" in again.out


def test_json_is_the_one_on_disk(tidegate: Shell, tmp_path: Path):
    out = tmp_path / "o"
    done = tidegate("backtest", "--sweep", sweep_of(tmp_path), *THREADS, "--out", out, "--json")
    assert done.code == 0
    result = done.json
    assert result.pop("table") == str(out / "sweep.parquet")
    assert result == json.loads((out / "sweep.json").read_text("utf-8"))
    assert result["cells"] == {"all": 50, "kept": 0, "played": 50, "failed": 0}
    assert [pool["fleet"] for pool in result["pools"]] == ["small", "large"]
    rows = [(row["policy"], row["risk"]) for row in result["pools"][0]["rows"]]
    assert rows == [("none", None), ("static", None), ("tidegate", 0.05), ("tidegate", 0.3)]


def test_the_table_has_the_columns_that_are_documented(tidegate: Shell, tmp_path: Path):
    out = tmp_path / "o"
    assert tidegate("backtest", "--sweep", sweep_of(tmp_path), *THREADS, "--out", out).code == 0
    page = (ROOT / "docs" / "guide" / "sweeps.md").read_text("utf-8")
    for column in pl.read_parquet(out / "sweep.parquet").columns:
        told = "miss_rate_<horizon>" if column.startswith("miss_rate_") else column
        assert f"`{told}`" in page, column


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("fleet.toml",), "FLEET"),
        (("--jobs", "log.csv"), "--jobs"),
        (("--nodes", "4"), "--nodes"),
        (("--risk", "0.1"), "--risk"),
        (("--policies", "none"), "--policies"),
        (("--seeds", "3"), "--seeds"),
        (("--warmup", "1d"), "--warmup"),
        (("--from", "1d"), "--from"),
    ],
)
def test_what_the_sweep_file_says_is_refused_as_an_option(
    tidegate: Shell, tmp_path: Path, words: tuple[str, ...], option: str
):
    done = tidegate("backtest", *words, "--sweep", sweep_of(tmp_path))
    assert done.code == 2
    assert f"[TG-OPTION] {option}: cannot be given beside --sweep." in done.err


@pytest.mark.parametrize("option", ["--backend", "--workers", "--dask-address"])
def test_options_of_a_sweep_are_refused_without_one(tidegate: Shell, tmp_path: Path, option: str):
    sweep_of(tmp_path)
    done = tidegate("backtest", tmp_path / "fleet.toml", option, "2")
    assert done.code == 2
    assert f"[TG-OPTION] {option}" in done.err


@pytest.mark.parametrize(
    ("words", "option"),
    [(("--backend", "ray"), "--backend"), (("--workers", "0"), "--workers")],
)
def test_a_crew_that_makes_no_sense(
    tidegate: Shell, tmp_path: Path, words: tuple[str, ...], option: str
):
    done = tidegate("backtest", "--sweep", sweep_of(tmp_path), *words)
    assert (done.code, f"[TG-OPTION] {option}" in done.err) == (2, True)


def test_an_address_beside_another_backend(tidegate: Shell, tmp_path: Path):
    words = ("--backend", "loky", "--dask-address", "tcp://127.0.0.1:8786")
    done = tidegate("backtest", "--sweep", sweep_of(tmp_path), *words)
    assert (done.code, "[TG-OPTION] --dask-address" in done.err) == (2, True)


def test_the_backend_by_the_environment(
    tidegate: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TIDEGATE_BACKEND", "ray")
    done = tidegate("backtest", "--sweep", sweep_of(tmp_path))
    assert (done.code, "'ray' is not known" in done.err) == (2, True)


def test_bad_input_names_file_line_and_key(tidegate: Shell, tmp_path: Path):
    path = sweep_of(tmp_path, SWEEP.replace("0.3]", "3]"))
    done = tidegate("backtest", "--sweep", path)
    assert done.code == 2
    assert f"[TG-SWEEP-VALUE] {path}:4: risk[1]: [1] = 3 cannot be used" in done.err


def test_a_cell_that_fails_is_told_once_and_the_code_is_1(tidegate: Shell, tmp_path: Path):
    path = sweep_of(tmp_path)
    large = tmp_path / "large.toml"
    large.write_text(large.read_text("utf-8").replace("log.csv", "short.csv"), "utf-8")
    log_of(tmp_path, jobs=1, name="short.csv")
    done = tidegate("backtest", "--sweep", path, *THREADS, "--out", tmp_path / "o", "--json")
    assert done.code == 1
    assert done.err.count("[TG-FEED-SHORT]") == 1
    assert "(25 cells not played)" in done.err
    assert {failed["fleet"] for failed in done.json["failed"]} == {"large"}
    assert len(done.json["pools"][0]["rows"]) == 4


def test_too_many_rejected_rows(tidegate: Shell, tmp_path: Path):
    path = sweep_of(tmp_path)
    log_of(tmp_path, torn=20)
    words = ("backtest", "--sweep", path, *THREADS, "--out", tmp_path / "o")
    done = tidegate(*words)
    assert (done.code, "[TG-FEED-REJECTS]" in done.err) == (2, True)
    assert tidegate(*words, "--max-rejects", "0.5").code == 0
