"""A sweep says the same whatever plays it, and goes on where it was."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster
from polars.testing import assert_frame_equal
from tests.cli.calling import FLEET, log_of
from tests.cli.sweeping import SWEEP, cells_in, sweep_of

from tidegate.app import load, run, workers
from tidegate.app.backtest import read_demand
from tidegate.app.cellstore import tasks_of
from tidegate.app.sweep import SweepResult, run_sweep
from tidegate.app.workers import Crew, Failed
from tidegate.demand import JobLog
from tidegate.errors import FeedError, OptionError, RunError
from tidegate.feeds.sweepfile import read_sweep
from tidegate.plan import Cell, PoolCase, Stage, cells_of

THREADS = Crew("threading", 2)


def swept(folder: Path, crew: Crew = THREADS, *, out: str = "out") -> SweepResult:
    return run_sweep(read_sweep(folder / "sweep.toml"), folder / out, crew)


def test_the_same_numbers_as_a_backtest_of_the_fleet(tmp_path: Path):
    sweep = read_sweep(sweep_of(tmp_path, SWEEP.replace("risk = [0.05, 0.3]", "")))
    result = run_sweep(sweep, tmp_path / "out", THREADS)
    for place, pool in enumerate(result.pools):
        scenario = sweep.scenarios[place]
        (alone,) = run(scenario, load(scenario).logs, sweep.settings(place)).pools
        assert [row.result for row in pool.rows] == list(alone.policies)
        assert pool.row("tidegate", 0.1) is not None


def test_backends_agree(tmp_path: Path):
    sweep_of(tmp_path)
    one = swept(tmp_path, Crew("threading", 1), out="one")
    for number, crew in enumerate((Crew("threading", 3), Crew("loky", 2))):
        other = swept(tmp_path, crew, out=f"other{number}")
        assert_frame_equal(other.frame, one.frame, check_exact=True)
        assert cells_in(tmp_path / f"other{number}").keys() == cells_in(tmp_path / "one").keys()


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_dask_cluster_of_two_workers_agrees(tmp_path: Path):
    sweep_of(tmp_path)
    one = swept(tmp_path, out="one")
    other = swept(tmp_path, Crew("dask", 2), out="other")
    assert_frame_equal(other.frame, one.frame, check_exact=True)
    assert other.failed == ()


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_cluster_by_its_address(tmp_path: Path):
    sweep_of(tmp_path, SWEEP.replace(', "large.toml"', ""))
    # Its workers are threads of this process, reached through the network all the same.
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2,
        threads_per_worker=2,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        address = cluster.scheduler_address
        other = swept(tmp_path, Crew("dask", dask_address=address), out="other")
    assert_frame_equal(other.frame, swept(tmp_path).frame, check_exact=True)


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_cluster_that_is_not_there(tmp_path: Path):
    sweep_of(tmp_path)
    soon = dask.config.set({"distributed.comm.timeouts.connect": "200ms"})
    with soon, pytest.raises(RunError) as caught:
        swept(tmp_path, Crew("dask", dask_address="tcp://127.0.0.1:9"))
    assert caught.value.code == "TG-RUN-CLUSTER"


def test_finished_cells_are_not_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sweep_of(tmp_path)
    first = swept(tmp_path)
    written = cells_in(tmp_path / "out")
    monkeypatch.setattr(Stage, "play", lambda stage, cell: pytest.fail("played again"))
    again = swept(tmp_path)
    assert (first.kept, again.kept, again.cells) == (0, first.cells, first.cells)
    assert cells_in(tmp_path / "out") == written
    assert_frame_equal(again.frame, first.frame)


def test_a_wider_sweep_plays_only_what_is_new(tmp_path: Path):
    sweep_of(tmp_path, SWEEP.replace('"fleet.toml", ', ""))
    first = swept(tmp_path)
    sweep_of(tmp_path, SWEEP.replace("seeds = 2", "seeds = 3"))
    assert swept(tmp_path).kept == first.cells


def test_a_damaged_cell_is_played_again(tmp_path: Path):
    sweep_of(tmp_path)
    first = swept(tmp_path)
    damaged = sorted((tmp_path / "out" / "cells").glob("*.json"))[:2]
    damaged[0].write_text("", "utf-8")
    damaged[1].write_text(damaged[1].read_text("utf-8")[:-40], "utf-8")
    again = swept(tmp_path)
    assert again.kept == first.cells - 2
    assert_frame_equal(again.frame, first.frame)


def test_another_log_is_another_sweep(tmp_path: Path):
    sweep_of(tmp_path)
    swept(tmp_path)
    log_of(tmp_path, jobs=190)
    assert swept(tmp_path).kept == 0


def test_a_folder_that_moves_keeps_its_cells(tmp_path: Path):
    (tmp_path / "here").mkdir()
    sweep_of(tmp_path / "here")
    first = swept(tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    assert swept(tmp_path / "there").kept == first.cells


def test_a_cell_that_raises_does_not_lose_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sweep_of(tmp_path)
    play = Stage.play

    def moody(stage: Stage, cell: Cell):
        if (cell.fleet, cell.risk, cell.seed) == (0, 0.3, 1):
            raise ZeroDivisionError("nothing to share")
        return play(stage, cell)

    with monkeypatch.context() as patched:
        patched.setattr(Stage, "play", moody)
        result = swept(tmp_path)
    (failed,) = result.failed
    assert (failed.code, failed.fleet, failed.cell.risk) == ("TG-RUN-CELL", "small", 0.3)
    assert "nothing to share" in failed.message
    assert result.pools[0].row("tidegate", 0.3) is None
    assert result.pools[1].row("tidegate", 0.3) is not None
    again = swept(tmp_path)
    assert (again.kept, again.failed) == (result.cells - 1, ())
    assert again.pools[0].row("tidegate", 0.3) is not None


def test_a_log_that_leaves_nothing_fails_alone(tmp_path: Path):
    sweep_of(tmp_path)
    short = FLEET.replace("log.csv", "short.csv").replace('"small"', '"short"')
    (tmp_path / "large.toml").write_text(short, "utf-8")
    log_of(tmp_path, jobs=1, name="short.csv")
    result = swept(tmp_path, Crew("loky", 2))
    assert {failed.code for failed in result.failed} == {"TG-FEED-SHORT"}
    assert {failed.fleet for failed in result.failed} == {"short"}
    assert result.frame["fleet"].unique().to_list() == ["small"]


def test_a_log_that_is_missing_stops_the_sweep(tmp_path: Path):
    sweep_of(tmp_path)
    (tmp_path / "log.csv").unlink()
    with pytest.raises(FeedError) as caught:
        swept(tmp_path)
    assert caught.value.code == "TG-FEED-MISSING"


def test_a_killed_worker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sweep_of(tmp_path)
    monkeypatch.setattr(workers, "play", lambda task: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(RunError) as caught:
        swept(tmp_path, Crew("loky", 2))
    assert caught.value.code == "TG-RUN-CELL"
    assert "killed" in caught.value.message


def test_a_worker_with_other_code_or_another_log_plays_nothing(tmp_path: Path):
    sweep = read_sweep(sweep_of(tmp_path))
    first, second, *_ = tasks_of(sweep, cells_of(sweep))
    _, outcome = workers.play(dataclasses.replace(first, code_digest="other"))
    assert isinstance(outcome, Failed)
    assert "another version" in outcome.message
    _, outcome = workers.play(dataclasses.replace(second, log_digest="other", stage="other"))
    assert isinstance(outcome, Failed)
    assert "not the one" in outcome.message


def test_a_log_is_read_once_for_all_its_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def read(case: PoolCase) -> JobLog:
        seen.append(case.pool.id)
        return read_demand(case)

    monkeypatch.setattr(workers, "read_demand", read)
    sweep_of(tmp_path)
    log_of(tmp_path, jobs=180)
    assert swept(tmp_path).cells == 50
    assert len(seen) == 1


@pytest.mark.parametrize(
    "crew",
    [
        {"backend": "ray"},
        {"workers": 0},
        {"dask_address": "tcp://127.0.0.1:8786"},
    ],
)
def test_a_crew_that_makes_no_sense(crew: dict[str, object]):
    with pytest.raises(OptionError):
        Crew(**crew)  # type: ignore[arg-type]


def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path: Path):
    sweep_of(tmp_path, SWEEP.replace("seeds = 2", "seeds = 12"))
    call = "from tidegate.cli import main; main()"
    words = ["backtest", "--sweep", "sweep.toml", "--workers", "2", "--out", "out", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", call, *words],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob("out/cells/*.json"))) < 3:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    finally:
        # Its workers, should they not have noticed yet.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    finished = cells_in(tmp_path / "out")
    assert not (tmp_path / "out" / "sweep.parquet").exists()

    resumed = swept(tmp_path)
    unbroken = swept(tmp_path, out="unbroken")
    assert 3 <= resumed.kept == len(finished) < resumed.cells
    assert finished.items() <= cells_in(tmp_path / "out").items()
    assert_frame_equal(resumed.frame, unbroken.frame, check_exact=True)
