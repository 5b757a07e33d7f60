"""The rule of GFS in a backtest: asked for by name, on a forecast owner by owner."""

import numpy as np
import polars as pl
from tests.naive.gaussian import use
from tests.plan.pools import DAY_S, a_case, a_log, backtest, settings, tide

from tidegate.demand import JOB_SCHEMA, JobLog, Rejects
from tidegate.plan import Settings
from tidegate.plan.game import TICK_S, Game, prepare
from tidegate.quota import DEFAULT_POLICIES, POLICIES

HOUR_S = 3600


def test_it_is_played_only_when_asked_for():
    assert Settings().policies == DEFAULT_POLICIES
    assert set(DEFAULT_POLICIES) < {name for name, _, _ in POLICIES}
    found = backtest(how=settings("gfs", "tidegate"))
    assert [p.policy for p in found.policies] == ["none", "gfs", "tidegate"]
    played = found.policies[1]
    assert played.setting is None
    assert played.harvested_gpu_hours > 0
    assert set(found.leases.filter(policy="gfs")["verdict"].unique()) <= {
        *("admitted", "no_room", "share")
    }


def owned(rows: list[tuple[int, int, int, str | None]], case_nodes: int) -> Game:
    """A pool with jobs ``submit, duration, gpus, owner``, one of them to say how long it lasts."""
    rows = sorted(rows, key=lambda row: row[0])
    frame = pl.DataFrame(
        [(str(i), *row) for i, row in enumerate(rows)], dict(JOB_SCHEMA), orient="row"
    )
    log = JobLog(frame, "log", "csv", False, Rejects())
    return prepare(a_case(case_nodes), log, settings("gfs"))


def test_the_forecast_looks_at_each_owner_alone():
    random = np.random.default_rng(7)
    rows: list[tuple[int, int, int, str | None]] = [(1000, 60, 1, None)]
    for owner in ("a", "b", None):
        for _ in range(40):
            submit, duration = random.integers(1000, 1000 + DAY_S), random.integers(60, 9000)
            rows.append((int(submit), int(duration), int(random.integers(1, 20)), owner))
    rows.append((1000 + DAY_S, 60, 1, "a"))
    game = owned(rows, 12)
    ticks = range(1000, 1000 + DAY_S + 1, TICK_S)
    demand = [
        [
            sum(
                gpus if gpus < 8 else -(-gpus // 8) * 8
                for submit, duration, gpus, whose in rows
                if whose == owner and submit <= now < submit + duration
            )
            for now in ticks
        ]
        for owner in ("a", "b", None)
    ]
    assert game.forecast_free.shape == (len(ticks),)
    for i in (0, 40, 47, 48, 49, 100, len(ticks) - 1):
        used = [use(demand, i, hours * HOUR_S // TICK_S) for hours in (1, 2, 3, 4)]
        free = min(96 - min(96, max(0, int(min(u, 1e9)))) for u in used)
        assert game.forecast_free[i] == free // 8, i


def test_a_play_under_another_policy_does_without_the_forecast():
    game = prepare(a_case(), a_log(tide()), settings("reactive"))
    backtest(how=settings("reactive"))
    assert "forecast_free" not in vars(game)
