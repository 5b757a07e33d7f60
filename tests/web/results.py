"""Backtest results made up for the tests: the shapes of real ones, without a run."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.demand.jobs import REJECT_SCHEMA, Rejects
from tidegate.finance.month import Month
from tidegate.finance.tiers.policies import POLICIES, Comparison, PolicyWorth
from tidegate.fleet.catalogue import Chip
from tidegate.fleet.pool import Cohort, LeasePolicy, Pool, Site
from tidegate.fleet.tier import Tier
from tidegate.lease.product import STANDARD_PRODUCTS, Offer
from tidegate.plan.policyresult import MISS_HORIZONS, PolicyResult, ProductResult
from tidegate.plan.result import BacktestResult, PoolResult, Span
from tidegate.plan.scenario import FailureModel, LogSource, PoolCase

TICK_S = 300
DAY_S = 86_400
START_S = 1_614_556_800  # 2021-03-01T00:00Z
HORIZONS_S = tuple(
    60 * m
    for m in (5, 10, 15, 30, 60, 120, 180, 360, 540, 720, 1080, 1440, 2880, 4320, 7200, 10080)
)
LEASING = ("static", "reactive", "tidegate")
OFFERS = tuple(
    Offer(product, relative * Decimal("2.00"), demand)
    for product, relative, demand in STANDARD_PRODUCTS
)
NO_LEASES = pl.DataFrame(schema={"policy": pl.String, "seed": pl.Int64, "request": pl.Int64})


def policy_result(
    name: str, *, idle: float, strength: float, offers: tuple[Offer, ...] = OFFERS
) -> PolicyResult:
    """A policy that leases ``strength`` of what is idle."""
    hours = idle * strength
    revenue = Decimal(round(hours * 1.4))
    products = tuple(
        ProductResult(
            offer.product.id,
            requests=400.2,
            admitted=round(400.2 * strength, 1),
            gpu_hours=hours / len(offers),
            revenue=revenue / len(offers),
            broken=0.4 if name == "tidegate" else 12.0,
        )
        for offer in offers
    )
    curve = name == "tidegate"
    return PolicyResult(
        policy=name,
        setting="share 60 %" if name == "static" else None,
        revenue=revenue,
        revenue_by_seed=tuple(revenue + Decimal(d) for d in (-900, 0, 700)) if strength else (),
        harvested_gpu_hours=hours,
        harvested_share_of_idle=strength,
        internal_delay_mean_s=0.0 if not strength else 41.5 if curve else 880.0,
        internal_delay_p99_s=0.0 if not strength else 720.0 if curve else 14_400.0,
        delayed_jobs_share=0.0 if not strength else 0.0031 if curve else 0.061,
        broken_share=0.0 if not strength else 0.0042 if curve else 0.082,
        evictions_per_1000_gpu_hours=0.0 if not strength else 1.27 if curve else 3.9,
        miss_rate={h: (0.019 + i / 1000 if curve else None) for i, h in enumerate(MISS_HORIZONS)},
        revenue_share_of_clairvoyant=None,
        products=products if strength else (),
        refusals={"no_room": 210.4, "quota" if curve else "share": 96.0} if strength else {},
    )


def tide_frame(
    pool: Pool, offers: tuple[Offer, ...], policies: tuple[str, ...], start_s: int, days: float
) -> pl.DataFrame:
    """A tide of days and bursts."""
    rng = np.random.default_rng(7)
    time_s = np.arange(0, round(days * DAY_S), TICK_S)
    swing = 0.45 + 0.22 * np.sin(2 * np.pi * time_s / DAY_S)
    burst = 0.5 * (rng.random(time_s.size // 288 + 1) > 0.8).repeat(288)[: time_s.size]
    slow = np.convolve(rng.normal(0, 0.1, time_s.size), np.ones(24) / 6, "same")
    demand = np.clip(swing + burst + slow, 0.05, 1.4)
    nodes = np.minimum(demand, 1.0) * pool.nodes
    frames = []
    for policy in policies:
        internal = np.floor(nodes)
        left = pool.nodes - internal
        failed = (rng.random(time_s.size) > 0.97).astype(float)
        failed = np.minimum(failed, left)
        left = left - failed
        leased = np.floor(left * (0 if policy == "none" else 0.7))
        sanitising = np.floor((left - leased) * (0 if policy == "none" else 0.15))
        columns: dict[str, object] = {
            "policy": policy,
            "time_s": time_s + start_s,
            "demand_gpus": np.floor(demand * pool.nodes) * pool.gpus_per_node,
            "internal_gpus": internal * pool.gpus_per_node,
            "sanitising_gpus": sanitising * pool.gpus_per_node,
            "failed_gpus": failed * pool.gpus_per_node,
        }
        for i, offer in enumerate(offers):
            share = (
                np.floor(leased / len(offers))
                if i
                else leased - np.floor(leased / len(offers)) * (len(offers) - 1)
            )
            columns[f"leased_gpus:{offer.product.id}"] = share * pool.gpus_per_node
        frames.append(pl.DataFrame(columns))
    return pl.concat(frames)


def curve_frame(pool: Pool) -> pl.DataFrame:
    """A quota curve that falls with the horizon."""
    fall = np.linspace(0.62, 0.08, len(HORIZONS_S))
    return pl.DataFrame(
        {
            "horizon_s": HORIZONS_S,
            "now_gpus": np.floor(fall * 0.9 * pool.gpus),
            "p10_gpus": np.floor(fall * 0.4 * pool.gpus),
            "p50_gpus": np.floor(fall * 0.8 * pool.gpus),
            "p90_gpus": np.floor(np.minimum(1, fall * 1.3) * pool.gpus),
        }
    )


def job_frame(policies: tuple[str, ...], span: Span, jobs: int = 2000) -> pl.DataFrame:
    """Jobs with a long tail of delays where something is leased."""
    rng = np.random.default_rng(11)
    submit = np.sort(rng.integers(span.start_s, span.stop_s, jobs))
    frames = []
    for policy in policies:
        scale = {"none": 0.0, "tidegate": 60.0}.get(policy, 900.0)
        hit = rng.random(jobs) < (0.04 if policy == "tidegate" else 0.12)
        delay = (hit * rng.exponential(1, jobs) * scale * 8).astype(np.int64)
        frames.append(
            pl.DataFrame(
                {
                    "policy": policy,
                    "seed": 0,
                    "job_id": [f"job-{i}" for i in range(jobs)],
                    "owner": "research",
                    "gpus": 8,
                    "submit_s": submit,
                    "duration_s": 3600,
                    "start_s": submit + delay,
                    "delay_s": delay,
                }
            )
        )
    return pl.concat(frames)


def rejects() -> Rejects:
    """Rows left out: two kinds of rejects, two kinds of skips."""
    rows = [
        ("jobs.csv", 17, "end", "TG-ROW-ORDER", "the end lies before the start", "a,b"),
        ("jobs.csv", 90, "end", "TG-ROW-ORDER", "the end lies before the start", "c,d"),
        ("jobs.csv", 91, "gpus", "TG-ROW-NEGATIVE", "-8 GPUs", "e,f"),
    ]
    frame = pl.DataFrame(rows, schema=dict(REJECT_SCHEMA), orient="row")
    return Rejects(4000, frame, {"job step": 1200, "no GPU": 300}, {"still running": 4})


def pool_result(
    name: str = "h100",
    *,
    tier: Tier = Tier.MAINSTAY,
    chip: str = "H100-SXM",
    nodes: int = 118,
    days: float = 28.0,
    calendar: bool = True,
    cohorts: bool = True,
    offers: tuple[Offer, ...] = OFFERS,
    policies: tuple[str, ...] = LEASING,
    strength: float = 0.55,
) -> PoolResult:
    """One pool's result; ``offers=()`` makes a pool that leases nothing."""
    model = Chip(id=chip)
    bought = (
        Cohort(f"{name}-2023", model, nodes * 8, Decimal(33_600), date(2023, 6, 1), Decimal("5.5")),
    )
    pool = Pool(
        id=name,
        site=Site("north", "Europe/Oslo"),
        chip=model,
        nodes=nodes,
        gpus_per_node=8,
        tier=tier,
        cohorts=bought if cohorts else (),
        policy=LeasePolicy(tuple(o.product.id for o in offers), 0.02, 1),
    )
    start_s = START_S if calendar else 0
    lease_from_s = start_s + round(days * DAY_S / 4)
    span = Span(start_s, lease_from_s, start_s + round(days * DAY_S), calendar)
    capacity = pool.gpus * span.measured_hours
    own, failed = capacity * 0.57, capacity * 0.01
    idle = capacity - own - failed
    played = policies if offers else ()
    gains = {"static": 0.7, "reactive": 1.3}
    names = ("none", *played)
    hours = Decimal(span.stop_s - span.lease_from_s) / 3600
    return PoolResult(
        case=PoolCase(
            pool,
            offers,
            LogSource(Path("traces/itp_jobs.parquet"), "itp", {"cluster": "cluster04"}),
            FailureModel(2000, 24) if offers else None,
        ),
        span=span,
        jobs_count=2000,
        rejects=rejects(),
        capacity_gpu_hours=capacity,
        internal_gpu_hours=own,
        failed_gpu_hours=failed,
        idle_gpu_hours=idle,
        depreciation=bought[0].depreciation_per_gpu_hour * pool.gpus * hours if cohorts else None,
        policies=(
            policy_result("none", idle=idle, strength=0.0),
            *(
                policy_result(p, idle=idle, strength=strength * gains.get(p, 1.0), offers=offers)
                for p in played
            ),
        ),
        tide=tide_frame(pool, offers, names, lease_from_s, days * 0.75),
        curve=curve_frame(pool)
        if "tidegate" in played
        else pl.DataFrame(schema={"horizon_s": pl.Int64}),
        jobs=job_frame(names, span),
        leases=NO_LEASES,
        notes=("Leasing starts after 7d of history; everything is measured from there.",),
    )


def frontier_pool(name: str = "gb200", *, days: float = 28.0) -> PoolResult:
    """A pool that is never leased."""
    return pool_result(name, tier=Tier.FRONTIER, chip="GB200", nodes=60, offers=(), days=days)


def backtest(
    *pools: PoolResult, currency: str = "USD", name: str = "three tiers"
) -> BacktestResult:
    """A fleet's result."""
    return BacktestResult(
        name=name,
        currency=currency,
        source="examples/three-tiers.toml",
        pools=pools,
        seeds=(0, 1, 2),
        seconds=12.34,
        versions={"tidegate": "0.1.0", "python": "3.11.2", "polars": "1.30.0"},
        assumptions=(
            "Tenants ask for 1.5 times what is idle on average.",
            "A node is sanitised for 300s between two holders.",
        ),
    )


def three_tiers(*, days: float = 28.0) -> BacktestResult:
    """A frontier, a mainstay and a legacy pool."""
    legacy = pool_result(
        "a100", tier=Tier.LEGACY, chip="A100-80-SXM", nodes=36, days=days, strength=0.42
    )
    made = backtest(frontier_pool(days=days), pool_result("h100", days=days), legacy)
    return replace(made, comparison=comparison())


def comparison() -> Comparison:
    """Policies side by side; one of them may lose money."""
    figures = ((1.51e8, 0.0), (1.23e8, 0.994), (3.65e8, 0.002), (4.9e7, 0.991))
    worths = [
        PolicyWorth(
            name, mean, mean * 0.4 - 3e7, mean * 2.4, mean * 0.3 - 3e7, beaten, {"frontier": mean}
        )
        for (name, _), (mean, beaten) in zip(POLICIES, figures, strict=True)
    ]
    return Comparison(Month(2026, 9), "cited rents", "USD", tuple(worths))


def relative_prices() -> BacktestResult:
    """Relative prices, no cohorts, a log without a calendar."""
    return backtest(pool_result("pool", calendar=False, cohorts=False, days=9), currency="XXX")


def nothing_leased() -> BacktestResult:
    """Products are offered, and no lease is ever admitted."""
    pool = pool_result("quiet", strength=0.0, days=4)
    return backtest(replace(pool, jobs=pool.jobs.with_columns(delay_s=0)))


def hostile() -> BacktestResult:
    """Names that try to leave their place in the page."""
    name = '</script><img src=x onerror="document.title=1">'
    return backtest(pool_result(name, days=4), name=f"<b>{name}")


def many_pools() -> BacktestResult:
    """Twenty pools of three months."""
    return backtest(*(pool_result(f"pool-{i:02}", days=90) for i in range(20)))


def frontier_only() -> BacktestResult:
    """A fleet of which nothing is leased."""
    return backtest(frontier_pool(days=4))
