"""What-if services: scenarios played over the simulation."""

from tidegate.plan.backtest import SHARES, Progress, backtest_pool, plays_of
from tidegate.plan.cell import Cell, CellResult, Stage
from tidegate.plan.game import TICK_S, Game, Settings, prepare
from tidegate.plan.policyresult import MISS_HORIZONS, PolicyResult, ProductResult
from tidegate.plan.result import BacktestResult, PoolResult, Span
from tidegate.plan.scenario import FailureModel, LogSource, PoolCase, Scenario, TideSource
from tidegate.plan.sweep import Sweep, SweepPool, SweepRow, cells_of, merge, sweep_frame

__all__ = [
    "MISS_HORIZONS",
    "SHARES",
    "TICK_S",
    "BacktestResult",
    "Cell",
    "CellResult",
    "FailureModel",
    "Game",
    "LogSource",
    "PolicyResult",
    "PoolCase",
    "PoolResult",
    "ProductResult",
    "Progress",
    "Scenario",
    "Settings",
    "Span",
    "Stage",
    "Sweep",
    "SweepPool",
    "SweepRow",
    "TideSource",
    "backtest_pool",
    "cells_of",
    "merge",
    "plays_of",
    "prepare",
    "sweep_frame",
]
