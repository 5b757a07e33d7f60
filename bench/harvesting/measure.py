"""What is played of a case, each part in a process of its own, with the same requests for every policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from bench.harvesting.calibration import misses, rows_of, shift_of
from bench.harvesting.cases import Case, game_of, pool_case
from bench.harvesting.losses import losses_of
from numpy.typing import NDArray

from tidegate.errors import TidegateError
from tidegate.feeds import read_jobs
from tidegate.plan import (
    MISS_HORIZONS,
    SHARES,
    Game,
    LogSource,
    PolicyResult,
    Settings,
    backtest_pool,
)
from tidegate.plan.summary import measure, summarise
from tidegate.quota import POLICIES, Policy, PolicyCode, eps_of
from tidegate.simulate import Holder

CALIBRATION_EPS: Final = (0.01, 0.05, 0.10)
FRONTIER_LIMITS: Final = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.0125)
STATIC_SHARES: Final = (2, 5, *SHARES)
"""In percent; those of the backtest, and smaller ones, so that one may keep the limits."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """What is asked of a process.

    Attributes
    ----------
    case : Case
    part : str
        A key of :data:`PARTS`.
    seeds : tuple of int
    risk : float
        The owner's limit, the same in every case.
    """

    case: Case
    part: str
    seeds: tuple[int, ...]
    risk: float
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        """Ask for every policy but ``static``, which has a part of its own."""
        names = tuple(name for name, _, _ in POLICIES if name != "static")
        settings = Settings(policies=names, seeds=self.seeds, currency="XXX")
        object.__setattr__(self, "settings", settings)


def as_row(result: PolicyResult) -> Row:
    """Return the metrics of a policy."""
    return {
        "policy": result.policy,
        "setting": result.setting,
        "revenue": float(result.revenue),
        "revenue_by_seed": [float(r) for r in result.revenue_by_seed],
        "harvested_gpu_hours": result.harvested_gpu_hours,
        "harvested_share_of_idle": result.harvested_share_of_idle,
        "delay_mean_s": result.internal_delay_mean_s,
        "delay_p99_s": result.internal_delay_p99_s,
        "delayed_share": result.delayed_jobs_share,
        "broken_share": result.broken_share,
        "evictions_per_1000_gpu_hours": result.evictions_per_1000_gpu_hours,
    }


def _settings_in_turn(
    order: Order, name: str, policies: Mapping[str, Policy], game: Game
) -> list[Row]:
    """Play each setting of a policy over all seeds."""
    alone = game.play(game.policy(PolicyCode.NONE), order.seeds[0])
    span_s = game.window.stop_s - game.window.lease_from_s
    idle = game.case.pool.gpus * span_s - int(alone.held[Holder.INTERNAL])
    rows = []
    for setting, policy in policies.items():
        plays = [
            measure(game, game.play(policy, seed, record=True), seed, alone.job_start_s)
            for seed in order.seeds
        ]
        result = summarise(
            name,
            setting,
            plays,
            game.case.offers,
            idle_gpu_hours=idle / 3600,
            currency=order.settings.currency,
        )
        rows.append(as_row(result))
    return rows


def _policies(order: Order) -> Row:
    case = pool_case(order.case, order.risk)
    assert isinstance(case.demand, LogSource)
    log = read_jobs(case.demand)
    result = backtest_pool(case, log, order.settings, lambda pool, done, total: None)
    return {
        "nodes": case.pool.nodes,
        "jobs": result.jobs_count,
        "days": result.span.measured_hours / 24,
        "idle_share": result.idle_gpu_hours / result.capacity_gpu_hours,
        "policies": [as_row(p) for p in result.policies],
        "notes": list(result.notes),
    }


def _static(order: Order) -> Row:
    game = game_of(order.case, order.settings, order.risk)
    policies = {f"{share} %": game.policy(PolicyCode.STATIC, share) for share in STATIC_SHARES}
    return {"static": _settings_in_turn(order, "static", policies, game)}


def _frontier(order: Order) -> Row:
    game = game_of(order.case, order.settings, order.risk)
    usual = game.policy(PolicyCode.TIDEGATE)
    policies = {f"limit {x:g}": usual._replace(eps=eps_of(x)) for x in FRONTIER_LIMITS}
    return {"frontier": _settings_in_turn(order, "tidegate", policies, game)}


def _mean_misses(
    game: Game, policy: Policy, seeds: Sequence[int]
) -> dict[str, NDArray[np.float64]]:
    sums: dict[str, NDArray[np.float64]] = {}
    for seed in seeds:
        ticks = game.play(policy, seed, record=True).ticks
        for name, horizon_s in MISS_HORIZONS.items():
            missed = misses(ticks, game.window, game.cluster.nodes, horizon_s)
            sums[name] = sums.get(name, np.zeros(missed.size)) + missed
    return {name: total / len(seeds) for name, total in sums.items()}


def _calibration(order: Order) -> Row:
    game = game_of(order.case, order.settings, order.risk)
    alone = game.play(game.policy(PolicyCode.NONE), order.seeds[0], record=True)
    demand = np.minimum(alone.ticks.demand, game.cluster.nodes)
    shift, tick_s = shift_of(demand, game.window), game.window.tick_s
    rows = []
    for eps in CALIBRATION_EPS:
        policy = game.policy(PolicyCode.TIDEGATE)._replace(eps=eps, full_risk_s=0)
        missed = _mean_misses(game, policy, order.seeds)
        rows += list(rows_of(missed, eps, shift, tick_s))
    return {"calibration": rows, "shift_day": shift * tick_s / 86400}


def _losses(order: Order) -> Row:
    return {"losses": losses_of(game_of(order.case, order.settings, order.risk), order.seeds)}


PARTS: Final = {
    "policies": _policies,
    "static": _static,
    "calibration": _calibration,
    "frontier": _frontier,
    "losses": _losses,
}
"""Longest first: what is handed out last should be short."""


def run(order: Order) -> tuple[str, Row]:
    """Play one part of a case; return the case's name and what was found.

    Raises
    ------
    ValueError
        When the log cannot be used; of a type that finds its way back from another process.
    """
    try:
        return order.case.name, PARTS[order.part](order)
    except TidegateError as error:
        raise ValueError(f"{order.case.name}: {error}") from None
