"""What a backtest found, as typed results with polars frames."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from tidegate.demand.jobs import Rejects
from tidegate.finance.report.tiers import policies_table, policy_tiers_table
from tidegate.finance.tiers.policies import Comparison
from tidegate.plan.policyresult import PolicyResult
from tidegate.plan.scenario import PoolCase


@dataclass(frozen=True)
class Span:
    """When a pool was played, in seconds on the log's clock.

    Attributes
    ----------
    start_s, lease_from_s, stop_s : int
        First submission, start of leasing and of all that is measured, and the end.
    calendar : bool
        Whether these are Unix times.
    """

    start_s: int
    lease_from_s: int
    stop_s: int
    calendar: bool

    @property
    def measured_hours(self) -> float:
        """Hours over which leasing was measured."""
        return (self.stop_s - self.lease_from_s) / 3600


@dataclass(frozen=True)
class PoolResult:
    """One pool's backtest.

    Attributes
    ----------
    case : PoolCase
        The pool with its offers and demand.
    span : Span
        When it was played.
    jobs_count : int
        Internal jobs played.
    rejects : Rejects
        Rows of its log that were left out.
    capacity_gpu_hours, internal_gpu_hours, failed_gpu_hours, idle_gpu_hours : float
        Over the measured time, when nothing is leased: all, held by internal jobs, failed, and the rest.
    depreciation : Decimal or None
        Straight-line depreciation of the pool's cohorts over the measured time; None without cohorts.
    policies : tuple of PolicyResult
        In the order of :data:`tidegate.quota.POLICIES`. ``clairvoyant`` is missing when it was not found in time
        (``notes`` say so).
    tide : polars.DataFrame
        The pool on the grid, one row per policy and tick, from the first seed. Columns: ``policy``,
        ``time_s`` (log's clock), ``demand_gpus`` (internal, waiting included), ``internal_gpus`` (held),
        ``sanitising_gpus``, ``failed_gpus``, and ``leased_gpus:<product>`` for each offer.
        All in whole nodes times GPUs per node.
    curve : polars.DataFrame
        The quota curve of ``tidegate`` over the measured time, first seed: ``horizon_s``,
        ``now_gpus`` (at the end of the log), ``p10_gpus``, ``p50_gpus``, ``p90_gpus``. Empty when nothing is leased.
    jobs : polars.DataFrame
        ``policy``, ``seed``, ``job_id``, ``owner``, ``gpus``, ``submit_s``, ``duration_s``,
        ``start_s``, ``delay_s``; the first seed of each policy.
    leases : polars.DataFrame
        Every request of every seed: ``policy``, ``seed``, ``request``, ``product``, ``time_s``, ``nodes``,
        ``gpus``, ``wanted_s``, ``verdict``, ``binding_horizon_s``, ``start_s``, ``end_s``,
        ``notice_s``, ``outcome``, ``gpu_seconds``, ``firm_gpu_seconds``, ``broken_gpu_seconds``,
        ``is_broken``, ``gpu_hours``, ``charged``, ``refunded``, ``credited`` (in the fleet's currency);
        and why: ``room_nodes``, ``bid_price``, ``notice_why``, ``lacking_nodes``, ``taking_cost``, ``weighed_against``,
        ``displaced_for``, ``reason`` (in words).
    notes : tuple of str
        What was assumed for this pool, in sentences.
    tradeoff : polars.DataFrame
        What ``tidegate`` comes to at other limits of the owner, first seed: ``risk``, ``revenue``,
        ``delayed_jobs_share``, ``broken_share``; empty where it was not played.
    """

    case: PoolCase
    span: Span
    jobs_count: int
    rejects: Rejects
    capacity_gpu_hours: float
    internal_gpu_hours: float
    failed_gpu_hours: float
    idle_gpu_hours: float
    depreciation: Decimal | None
    policies: tuple[PolicyResult, ...]
    tide: pl.DataFrame
    curve: pl.DataFrame
    jobs: pl.DataFrame
    leases: pl.DataFrame
    notes: tuple[str, ...] = ()
    tradeoff: pl.DataFrame = field(default_factory=pl.DataFrame)

    def policy(self, name: str) -> PolicyResult | None:
        """Return a policy's result, or None when it was not played."""
        return next((p for p in self.policies if p.policy == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain values."""
        pool = self.case.pool
        return {
            "name": pool.id,
            "tier": pool.tier.value,
            "chip": pool.chip.id,
            "nodes": pool.nodes,
            "gpus": pool.gpus,
            "jobs": self.jobs_count,
            "span": {
                "start_s": self.span.start_s,
                "lease_from_s": self.span.lease_from_s,
                "stop_s": self.span.stop_s,
                "calendar": self.span.calendar,
            },
            "risk": pool.policy.risk,
            "capacity_gpu_hours": self.capacity_gpu_hours,
            "internal_gpu_hours": self.internal_gpu_hours,
            "failed_gpu_hours": self.failed_gpu_hours,
            "idle_gpu_hours": self.idle_gpu_hours,
            "depreciation": None if self.depreciation is None else float(self.depreciation),
            "policies": [p.to_json() for p in self.policies],
            "rejected_rows": self.rejects.count,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class BacktestResult:
    """A fleet's backtest.

    Attributes
    ----------
    name, currency, source : str
        As in the scenario.
    pools : tuple of PoolResult
        In order of the fleet file.
    seeds : tuple of int
        Seeds of the request streams.
    seconds : float
        Wall time of reading and playing.
    versions : mapping of str to str
        Tidegate, Python and the libraries that the result rests on.
    assumptions : tuple of str
        What was assumed for the whole fleet, in sentences.
    comparison : Comparison or None
        The three-tier policy beside keeping everything, leasing everything and selling early; None for a fleet without
        books.
    """

    name: str
    currency: str
    source: str
    pools: tuple[PoolResult, ...]
    seeds: tuple[int, ...]
    seconds: float
    versions: Mapping[str, str]
    assumptions: tuple[str, ...] = field(default=())
    comparison: Comparison | None = None

    @property
    def rejected_rows(self) -> int:
        """Rows rejected from all logs."""
        return sum(pool.rejects.count for pool in self.pools)

    @property
    def summary(self) -> pl.DataFrame:
        """One row per pool and policy with the main figures."""
        rows = [
            {
                "pool": pool.case.pool.id,
                "tier": pool.case.pool.tier.value,
                "policy": p.policy,
                "setting": p.setting,
                **p.figures,
            }
            for pool in self.pools
            for p in pool.policies
        ]
        return pl.DataFrame(rows, schema_overrides={"setting": pl.String})

    def pool(self, name: str) -> PoolResult:
        """Return a pool's result.

        Raises
        ------
        KeyError
            If there is no such pool.
        """
        for pool in self.pools:
            if pool.case.pool.id == name:
                return pool
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Return the whole result as plain values, without the frames."""
        return {
            "name": self.name,
            "source": self.source,
            "currency": self.currency,
            "seeds": list(self.seeds),
            "pools": [pool.to_json() for pool in self.pools],
            "comparison": self._comparison_json(),
            "rejected_rows": self.rejected_rows,
            "assumptions": list(self.assumptions),
            "seconds": round(self.seconds, 3),
            "versions": dict(self.versions),
        }

    def _comparison_json(self) -> dict[str, Any] | None:
        compared = self.comparison
        if compared is None:
            return None
        told = policies_table(compared).to_json()
        by_tier = policy_tiers_table(compared).to_json()["rows"]
        return {"from": str(compared.now), "source": compared.source, **told, "by_tier": by_tier}
