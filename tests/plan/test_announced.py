"""Announced runs and a forecast of load, from a pool's case to what is promised."""

import dataclasses

import numpy as np
import polars as pl
from tests.plan.pools import DAY_S, a_case, a_log, settings, tide

from tidegate.demand import DemandSeries, JobLog, PlannedRun, Rejects
from tidegate.forecast import HORIZONS_S
from tidegate.plan import Game, PoolCase, prepare
from tidegate.quota import PolicyCode

HOUR_S = 3600
BEGIN_S = 8 * DAY_S
RUN = PlannedRun(BEGIN_S, BEGIN_S + 12 * HOUR_S, gpus=64, is_firm=True)


def a_game(case: PoolCase, log: JobLog) -> Game:
    return prepare(case, log, settings("tidegate"))


def bounds(game: Game, horizon_s: int) -> np.ndarray:
    ticks = game.play(game.policy(PolicyCode.TIDEGATE), 0, record=True).ticks
    return ticks.bound[:, HORIZONS_S.index(horizon_s)]


def with_the_run() -> JobLog:
    return a_log(sorted([*tide(), (BEGIN_S, 12 * HOUR_S, 64)]))


def test_room_is_kept_for_a_run_before_it_comes():
    log = with_the_run()
    told = a_game(dataclasses.replace(a_case(), planned=(RUN,)), log)
    blind = a_game(a_case(), log)
    early = slice((BEGIN_S - 2 * HOUR_S) // 300, BEGIN_S // 300)
    assert np.all(bounds(told, 3 * HOUR_S)[early] == 8)
    assert np.any(bounds(blind, 3 * HOUR_S)[early] < 8)
    assert "1 of 1 announced runs lie within the log." in told.notes


def test_a_run_that_lies_elsewhere_is_told_of_and_changes_nothing():
    far = PlannedRun(400 * DAY_S, 401 * DAY_S, gpus=64, is_firm=True)
    log = with_the_run()
    told = a_game(dataclasses.replace(a_case(), planned=(far,)), log)
    assert bounds(told, HOUR_S).tolist() == bounds(a_game(a_case(), log), HOUR_S).tolist()
    assert "0 of 1 announced runs lie within the log." in told.notes


def foreseen(times_s: list[int], gpus: list[float]) -> DemandSeries:
    frame = pl.DataFrame({"time_s": times_s, "gpus": gpus})
    return DemandSeries(frame, "load.csv", "series", calendar=False, rejects=Rejects())


def test_a_foreseen_load_is_kept_room_for():
    log = with_the_run()
    series = foreseen([0, BEGIN_S, BEGIN_S + 12 * HOUR_S], [0.0, 60.5, 0.0])
    game = a_game(a_case(), dataclasses.replace(log, foreseen=series))
    at = [0, BEGIN_S // 300 - 1, BEGIN_S // 300, (BEGIN_S + 12 * HOUR_S) // 300]
    assert game.announced[at].tolist() == [0, 0, 8, 0]
    early = slice((BEGIN_S - 2 * HOUR_S) // 300, BEGIN_S // 300)
    assert np.all(bounds(game, 3 * HOUR_S)[early] == 8)
    assert any("load.csv" in note for note in game.notes)


def test_what_is_foreseen_ends_one_step_after_its_last_value():
    game = a_game(
        a_case(), dataclasses.replace(a_log(tide()), foreseen=foreseen([600, 1200], [8, 16]))
    )
    assert game.announced[:8].tolist() == [0, 0, 1, 1, 2, 2, 2, 0]
