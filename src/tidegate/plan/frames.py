"""The frames of a pool's result."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tidegate.forecast import HORIZONS_S
from tidegate.plan.game import Game
from tidegate.simulate import Played, Ticks


def tide_frame(game: Game, played: Played, policy: str) -> pl.DataFrame:
    """Return the pool on the grid, as :attr:`tidegate.plan.PoolResult.tide`."""
    ticks, g = played.ticks, game.cluster.gpus_per_node
    time_s = game.start_s + game.window.tick_s * np.arange(ticks.demand.size, dtype=np.int64)
    leased = {
        f"leased_gpus:{offer.product.id}": ticks.leased[:, place] * g
        for place, offer in enumerate(game.case.offers)
    }
    return pl.DataFrame(
        {
            "policy": pl.repeat(policy, time_s.size, eager=True),
            "time_s": time_s,
            "demand_gpus": ticks.demand * g,
            "internal_gpus": ticks.busy * g,
            "sanitising_gpus": ticks.sanitising * g,
            "failed_gpus": ticks.failed * g,
            **leased,
        }
    )


def curve_frame(game: Game, ticks: Ticks) -> pl.DataFrame:
    """Return the quota curve over the measured time, as :attr:`tidegate.plan.PoolResult.curve`."""
    first = -(-game.window.lease_from_s // game.window.tick_s)
    promisable = game.cluster.nodes - game.cluster.reserve_nodes - ticks.failed[first:, np.newaxis]
    curve = np.maximum(0, promisable - ticks.bound[first:]) * game.cluster.gpus_per_node
    low, middle, high = np.quantile(curve, [0.1, 0.5, 0.9], axis=0)
    return pl.DataFrame(
        {
            "horizon_s": pl.Series(HORIZONS_S, dtype=pl.Int64),
            "now_gpus": curve[-1],
            "p10_gpus": low,
            "p50_gpus": middle,
            "p90_gpus": high,
        }
    )


def job_frame(game: Game, played: Played, alone: Played, policy: str, seed: int) -> pl.DataFrame:
    """Return every internal job's start and delay, as :attr:`tidegate.plan.PoolResult.jobs`."""
    return game.frame.select(
        pl.lit(policy).alias("policy"),
        pl.lit(seed, dtype=pl.Int64).alias("seed"),
        "job_id",
        "owner",
        "gpus",
        "submit_s",
        "duration_s",
        pl.Series("start_s", played.job_start_s + game.start_s),
        pl.Series("delay_s", played.job_start_s - alone.job_start_s),
    )


def request_frame(
    policy: str, seeds: Sequence[int], tables: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """Return every request of every seed, as :attr:`tidegate.plan.PoolResult.leases`."""
    return pl.concat(
        table.select(
            pl.lit(policy).alias("policy"), pl.lit(seed, dtype=pl.Int64).alias("seed"), pl.all()
        )
        for seed, table in zip(seeds, tables, strict=True)
    )
