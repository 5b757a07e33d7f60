"""Small pools and logs, made in memory."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.demand import JOB_SCHEMA, JobLog, Rejects
from tidegate.fleet import LeasePolicy, Pool, Site, Tier, catalogue
from tidegate.lease import STANDARD_PRODUCTS, Offer
from tidegate.plan import FailureModel, LogSource, PoolCase, PoolResult, Settings, backtest_pool

DAY_S = 86_400
OFFERS = tuple(
    Offer(product, Decimal("2.999") * relative, demand)
    for product, relative, demand in STANDARD_PRODUCTS
)

Row = tuple[int, int, int]
"""Submission, duration, GPUs."""


def a_log(rows: Sequence[Row]) -> JobLog:
    frame = pl.DataFrame(
        {
            "job_id": [f"j{i}" for i in range(len(rows))],
            "submit_s": [row[0] for row in rows],
            "duration_s": [row[1] for row in rows],
            "gpus": [row[2] for row in rows],
            "owner": [None for _ in rows],
        },
        schema=dict(JOB_SCHEMA),
    )
    return JobLog(frame, "jobs.csv", "table", calendar=False, rejects=Rejects(rows_read=len(rows)))


def tide(days: float = 10, *, per_day: int = 60, gpus: int = 64, seed: int = 1) -> list[Row]:
    """Jobs that use about a third of so many GPUs, in bursts by day; the last comes at the end."""
    random = np.random.default_rng(seed)
    times = np.sort(random.uniform(0, days, round(per_day * days)))
    busy = times[random.uniform(size=times.size) < 0.5 + 0.5 * np.sin(2 * np.pi * times)]
    rows = [
        (
            int(time * DAY_S),
            int(random.lognormal(np.log(5000), 1.2)),
            int(random.choice([1, 2, 8, 16, min(gpus, 32)])),
        )
        for time in busy
    ]
    return [(0, 600, 1), *rows, (round(days * DAY_S) - 1, 600, 1)]


def a_case(
    nodes: int = 8,
    *,
    offers: tuple[Offer, ...] = OFFERS,
    tier: Tier = Tier.MAINSTAY,
    risk: float = 0.1,
    reserve_nodes: int = 0,
    failures: FailureModel | None = None,
) -> PoolCase:
    policy = LeasePolicy(
        products=tuple(offer.product.id for offer in offers),
        risk=risk,
        reserve_nodes=reserve_nodes,
        wait_price=Decimal(10),
    )
    chip = catalogue()["H100-SXM"]
    pool = Pool("h100", Site("north", "UTC"), chip, nodes, 8, tier, (), policy)
    return PoolCase(pool, offers, LogSource(Path("jobs.csv")), failures)


PLAYED = ("none", "static", "reactive", "tidegate")


def settings(
    *policies: str, seeds: int = 1, warmup_s: int = 3 * DAY_S, offered_load: float = 1.5
) -> Settings:
    return Settings(
        policies=policies or PLAYED,
        seeds=tuple(range(seeds)),
        warmup_s=warmup_s,
        offered_load=offered_load,
    )


def backtest(
    case: PoolCase | None = None, rows: Sequence[Row] | None = None, how: Settings | None = None
) -> PoolResult:
    log = a_log(tide() if rows is None else rows)
    return backtest_pool(case or a_case(), log, how or settings(), lambda pool, done, total: None)
