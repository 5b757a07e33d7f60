"""Every figure of the report: what it means, how it is computed, and where its data lie."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from tidegate.plan.policyresult import MISS_HORIZONS, PolicyResult
from tidegate.web.wording import duration, number, percent

Better = Literal["high", "low", ""]


@dataclass(frozen=True)
class Metric:
    """A figure of the report.

    Attributes
    ----------
    key : str
        Name of the field of the result that holds it.
    label, unit : str
        As it is shown.
    definition : str
        What it means, in a sentence.
    formula : str
        How it is computed.
    source : str
        The file or field it comes from.
    better : str
        ``high``, ``low``, or empty when neither is better.
    value : callable or None
        From a policy's result to its number; None for figures of another table.
    text : callable
        From the number to its text.
    """

    key: str
    label: str
    unit: str
    definition: str
    formula: str
    source: str
    better: Better = ""
    value: Callable[[PolicyResult], float | None] | None = None
    text: Callable[[float | None], str] = number


def _two(share: float | None) -> str:
    return percent(share, 2)


def _miss(horizon: str) -> Callable[[PolicyResult], float | None]:
    return lambda policy: policy.miss_rate.get(horizon)


POLICY_METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        "revenue",
        "Revenue",
        "currency",
        "Rent of the GPU-hours delivered, less what is given back for broken promises.",
        "sum of charged − refunded − credited; a broken lease is refunded in full and credited "
        "30\u00a0% on top; mean over seeds",
        "leases.parquet: charged, refunded, credited",
        "high",
        lambda policy: float(policy.revenue),
    ),
    Metric(
        "revenue_by_seed",
        "Revenue, lowest to highest seed",
        "currency",
        "How far the revenue moves when other tenants ask at other times.",
        "least and greatest of the sums per seed",
        "leases.parquet: seed, charged, refunded, credited",
    ),
    Metric(
        "harvested_gpu_hours",
        "Leased",
        "GPU-h",
        "GPU-hours delivered to tenants.",
        "sum over leases of gpus × (end − start) / 3,600 s; mean over seeds",
        "leases.parquet: gpu_hours",
        "high",
        lambda policy: policy.harvested_gpu_hours,
    ),
    Metric(
        "harvested_share_of_idle",
        "Leased, of idle",
        "%",
        "Share of the idle GPU-hours that reached a tenant.",
        "leased / idle GPU-hours when nothing is leased",
        "leases.parquet: gpu_hours; result.json: idle_gpu_hours",
        "high",
        lambda policy: policy.harvested_share_of_idle,
        percent,
    ),
    Metric(
        "internal_delay_mean_s",
        "Delay of own jobs, mean",
        "time",
        "How much later an own job starts than it would if nothing were leased.",
        "mean over jobs of (start under the policy − start under none); a job may also start "
        "earlier; mean over seeds",
        "jobs.parquet: delay_s (first seed)",
        "low",
        lambda policy: policy.internal_delay_mean_s,
        duration,
    ),
    Metric(
        "internal_delay_p99_s",
        "Delay of own jobs, 99th percentile",
        "time",
        "99 of 100 own jobs are delayed no more than this.",
        "99th percentile of the same differences; mean over seeds",
        "jobs.parquet: delay_s (first seed)",
        "low",
        lambda policy: policy.internal_delay_p99_s,
        duration,
    ),
    Metric(
        "delayed_jobs_share",
        "Own jobs delayed beyond the recall floor",
        "% of jobs",
        "Jobs that leasing delayed longer than a recall takes: the longest notice of the pool's "
        "products plus sanitising.",
        "jobs with delay > floor / jobs submitted in the measured time; mean over seeds",
        "jobs.parquet: delay_s (first seed)",
        "low",
        lambda policy: policy.delayed_jobs_share,
        _two,
    ),
    Metric(
        "broken_share",
        "Firm GPU-hours broken",
        "% of firm",
        "Promised time that was taken back before it was over, by recall or failure; 0 when none "
        "was sold.",
        "broken firm GPU-hours / firm GPU-hours sold, up to the end of the log",
        "leases.parquet: outcome, start_s, end_s, gpus, with the product's guarantee",
        "low",
        lambda policy: policy.broken_share,
        _two,
    ),
    Metric(
        "evictions_per_1000_gpu_hours",
        "Leases taken back",
        "per 1,000 leased GPU-h",
        "How often tenants are sent away, promise kept or not; 0 when nothing was leased.",
        "1,000 × leases with outcome recalled or broken / leased GPU-hours",
        "leases.parquet: outcome, gpu_hours",
        "low",
        lambda policy: policy.evictions_per_1000_gpu_hours,
        lambda value: number(value, 2),
    ),
    *(
        Metric(
            "miss_rate",
            f"Miss rate of the curve, {horizon}",
            "% of moments",
            "How often internal demand rose above the curve's bound within the horizon; the aim is "
            "28 times the pool's risk up to 6h, 2.1 times beyond.",
            "moments at which the maximum of demand over the horizon exceeds the bound / moments "
            "whose horizon lies in the log",
            "tide.parquet: demand_gpus; the bounds of the run (first seed)",
            "",
            _miss(horizon),
            _two,
        )
        for horizon in MISS_HORIZONS
    ),
    Metric(
        "revenue_share_of_clairvoyant",
        "Revenue, of what hindsight could earn",
        "%",
        "Share of the revenue of one who knows every job and request beforehand; shown when that "
        "bound was computed.",
        "revenue / revenue of the clairvoyant policy",
        "the run",
        "high",
        lambda policy: policy.revenue_share_of_clairvoyant,
        percent,
    ),
)
"""The rows of a pool's table of policies, from top to bottom."""

OTHER_METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        "capacity_gpu_hours",
        "Capacity",
        "GPU-h",
        "All GPUs of the pool over the measured time, which begins when leasing starts.",
        "GPUs × (end − start of leasing) / 3,600 s",
        "fleet file: nodes, gpus_per_node",
    ),
    Metric(
        "internal_gpu_hours",
        "Own use",
        "GPU-h",
        "GPU-hours held by own jobs when nothing is leased; a job of a node or more holds whole "
        "nodes.",
        "sum of GPU-hours held under none",
        "result.json: internal_gpu_hours",
    ),
    Metric(
        "failed_gpu_hours",
        "Failed",
        "GPU-h",
        "GPU-hours of failed nodes, when the fleet file states how often nodes fail.",
        "sum of GPU-hours failed under none",
        "result.json: failed_gpu_hours",
    ),
    Metric(
        "idle_gpu_hours",
        "Idle",
        "GPU-h",
        "What nobody uses when nothing is leased.",
        "capacity − own use − failed",
        "result.json: idle_gpu_hours",
    ),
    Metric(
        "depreciation",
        "Depreciation",
        "currency",
        "What the pool's GPUs lose in book value over the measured time, straight-line; unknown "
        "without cohorts.",
        "sum over cohorts of GPUs × price / (life in years × 8,766 h) × measured hours",
        "fleet file: cohort price, count, life_years",
    ),
    Metric(
        "cover",
        "Cover ratio",
        "revenue / depreciation",
        "Whether rent pays for the GPUs' loss of value: 1.00 covers it; power and operations come "
        "on top.",
        "revenue / depreciation, both of the pools whose cohorts are known",
        "the two figures above",
    ),
    Metric(
        "jobs_count",
        "Own jobs",
        "jobs",
        "Jobs of the log that were played, the warm-up included.",
        "accepted rows that fit the pool",
        "the pool's log",
    ),
    Metric(
        "products",
        "Requests, admitted, broken",
        "leases",
        "Leases asked for, admitted, and those whose promise was broken, per product.",
        "counts; mean over seeds",
        "leases.parquet: product, verdict, outcome",
    ),
    Metric(
        "refusals",
        "Refusals",
        "requests",
        "Requests refused, by the first reason that applied; a refused request is lost.",
        "counts by verdict; mean over seeds",
        "leases.parquet: verdict",
    ),
)
"""Figures of the other tables."""

DEFINITIONS: Final[tuple[Metric, ...]] = tuple(
    {metric.key: metric for metric in reversed((*OTHER_METRICS, *POLICY_METRICS))}.values()
)[::-1]
"""One metric per field; a field with several rows is told once, by its first."""
