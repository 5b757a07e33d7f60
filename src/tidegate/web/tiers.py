"""Hours and money of pools, and their sums per tier and for the fleet."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tidegate.fleet.tier import Tier
from tidegate.plan.result import BacktestResult, PoolResult
from tidegate.web.headline import headline_policy


@dataclass(frozen=True)
class Figures:
    """Hours and money of a pool, a tier or the fleet, over the measured time of each pool.

    Attributes
    ----------
    name : str
        Pool, tier or ``fleet``.
    pools : int
        Pools summed up.
    gpus : int
        GPUs.
    capacity, own, failed, idle : float
        GPU-hours when nothing is leased.
    leased : float
        GPU-hours delivered to tenants under the headline policy.
    revenue : Decimal
        Rent, less refunds and credits.
    depreciation : Decimal or None
        Of the pools whose cohorts are known; None when none is.
    covered_revenue : Decimal
        Revenue of those same pools.
    depreciated_pools : int
        How many pools those are.
    """

    name: str
    pools: int
    gpus: int
    capacity: float
    own: float
    failed: float
    idle: float
    leased: float
    revenue: Decimal
    depreciation: Decimal | None
    covered_revenue: Decimal
    depreciated_pools: int

    @property
    def cover(self) -> Decimal | None:
        """Revenue over depreciation, of the pools whose depreciation is known."""
        return self.covered_revenue / self.depreciation if self.depreciation else None

    @property
    def leased_share_of_idle(self) -> float | None:
        """Leased over idle GPU-hours; None when nothing is idle."""
        return self.leased / self.idle if self.idle > 0 else None


def pool_figures(pool: PoolResult) -> Figures:
    """Return the figures of one pool."""
    policy = headline_policy(pool)
    revenue = policy.revenue if policy else Decimal(0)
    known = pool.depreciation is not None
    return Figures(
        name=pool.case.pool.id,
        pools=1,
        gpus=pool.case.pool.gpus,
        capacity=pool.capacity_gpu_hours,
        own=pool.internal_gpu_hours,
        failed=pool.failed_gpu_hours,
        idle=pool.idle_gpu_hours,
        leased=policy.harvested_gpu_hours if policy else 0.0,
        revenue=revenue,
        depreciation=pool.depreciation,
        covered_revenue=revenue if known else Decimal(0),
        depreciated_pools=int(known),
    )


def added(name: str, parts: Iterable[Figures]) -> Figures:
    """Return the sum of figures under a name."""
    each = tuple(parts)
    known = [part.depreciation for part in each if part.depreciation is not None]
    return Figures(
        name=name,
        pools=sum(part.pools for part in each),
        gpus=sum(part.gpus for part in each),
        capacity=sum(part.capacity for part in each),
        own=sum(part.own for part in each),
        failed=sum(part.failed for part in each),
        idle=sum(part.idle for part in each),
        leased=sum(part.leased for part in each),
        revenue=sum((part.revenue for part in each), Decimal(0)),
        depreciation=sum(known, Decimal(0)) if known else None,
        covered_revenue=sum((part.covered_revenue for part in each), Decimal(0)),
        depreciated_pools=sum(part.depreciated_pools for part in each),
    )


def by_tier(result: BacktestResult) -> tuple[tuple[Figures, tuple[Figures, ...]], ...]:
    """Return each tier's sum with its pools, in the order of the tiers."""
    groups = (
        (tier, tuple(pool_figures(p) for p in result.pools if p.case.pool.tier is tier))
        for tier in Tier
    )
    return tuple((added(tier.value, pools), pools) for tier, pools in groups if pools)


def fleet(result: BacktestResult) -> Figures:
    """Return the sum of all pools."""
    return added("fleet", (pool_figures(pool) for pool in result.pools))
