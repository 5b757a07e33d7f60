"""What-if services: scenarios played over the simulation."""

from tidegate.plan.backtest import SHARES, Progress, backtest_pool, plays_of
from tidegate.plan.game import TICK_S, Game, Settings, prepare
from tidegate.plan.result import (
    MISS_HORIZONS,
    BacktestResult,
    PolicyResult,
    PoolResult,
    ProductResult,
    Span,
)
from tidegate.plan.scenario import FailureModel, LogSource, PoolCase, Scenario, TideSource

__all__ = [
    "MISS_HORIZONS",
    "SHARES",
    "TICK_S",
    "BacktestResult",
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
    "TideSource",
    "backtest_pool",
    "plays_of",
    "prepare",
]
