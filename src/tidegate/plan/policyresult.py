"""What one policy came to in one pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

MISS_HORIZONS: Final[Mapping[str, int]] = {"1h": 3600, "6h": 21600, "24h": 86400, "168h": 604800}
"""Horizons at which the curve's miss rate is reported, in seconds."""


@dataclass(frozen=True)
class ProductResult:
    """One product under one policy, mean over seeds.

    Attributes
    ----------
    product : str
        Id of the product.
    requests, admitted : float
        Leases asked for and admitted.
    gpu_hours : float
        GPU-hours delivered.
    revenue : Decimal
        Rent, less refunds and credits.
    broken : float
        Leases whose promise was broken.
    """

    product: str
    requests: float
    admitted: float
    gpu_hours: float
    revenue: Decimal
    broken: float


@dataclass(frozen=True)
class PolicyResult:
    """One policy in one pool, mean over seeds.

    Attributes
    ----------
    policy : str
        Its name.
    setting : str or None
        What was chosen for it in hindsight, such as ``share 60 %``.
    revenue : Decimal
        Rent, less refunds and credits, in the fleet's currency.
    revenue_by_seed : tuple of Decimal
        The same, seed by seed.
    harvested_gpu_hours : float
        GPU-hours delivered to tenants.
    harvested_share_of_idle : float
        The same over the GPU-hours that are idle when nothing is leased.
    internal_delay_mean_s, internal_delay_p99_s : float
        Start of an internal job less its start when nothing is leased, in seconds, job by job.
    delayed_jobs_share : float
        Share of internal jobs delayed beyond the recall floor.
    broken_share : float
        Firm GPU-hours taken back over firm GPU-hours sold; 0 when none was sold.
    evictions_per_1000_gpu_hours : float
        Leases taken back per 1,000 leased GPU-hours; 0 when nothing was leased.
    miss_rate : mapping of str to float or None
        Per horizon of :data:`MISS_HORIZONS`, the share of moments at which demand rose above the
        curve's bound within the horizon; None without a curve, or where the log is too short.
    revenue_share_of_clairvoyant : float or None
        Revenue over that of ``clairvoyant`` on the same seeds; None when that was not asked for, was not
        found in time, or is zero.
    products : tuple of ProductResult
        In the order of the pool's offers.
    refusals : mapping of str to float
        Requests refused, by reason.
    """

    policy: str
    setting: str | None
    revenue: Decimal
    revenue_by_seed: tuple[Decimal, ...]
    harvested_gpu_hours: float
    harvested_share_of_idle: float
    internal_delay_mean_s: float
    internal_delay_p99_s: float
    delayed_jobs_share: float
    broken_share: float
    evictions_per_1000_gpu_hours: float
    miss_rate: Mapping[str, float | None]
    revenue_share_of_clairvoyant: float | None
    products: tuple[ProductResult, ...]
    refusals: Mapping[str, float]

    @property
    def figures(self) -> dict[str, float]:
        """The main figures, as a row of a table has them."""
        return {
            "revenue": float(self.revenue),
            "harvested_gpu_hours": self.harvested_gpu_hours,
            "harvested_share_of_idle": self.harvested_share_of_idle,
            "internal_delay_mean_s": self.internal_delay_mean_s,
            "internal_delay_p99_s": self.internal_delay_p99_s,
            "delayed_jobs_share": self.delayed_jobs_share,
            "broken_share": self.broken_share,
            "evictions_per_1000_gpu_hours": self.evictions_per_1000_gpu_hours,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain values; money as a number with the currency's decimals."""
        return {
            "policy": self.policy,
            "setting": self.setting,
            "revenue": float(self.revenue),
            "revenue_by_seed": [float(r) for r in self.revenue_by_seed],
            "harvested_gpu_hours": self.harvested_gpu_hours,
            "harvested_share_of_idle": self.harvested_share_of_idle,
            "internal_delay_s": {
                "mean": self.internal_delay_mean_s,
                "p99": self.internal_delay_p99_s,
            },
            "delayed_jobs_share": self.delayed_jobs_share,
            "broken_share": self.broken_share,
            "evictions_per_1000_gpu_hours": self.evictions_per_1000_gpu_hours,
            "miss_rate": dict(self.miss_rate),
            "revenue_share_of_clairvoyant": self.revenue_share_of_clairvoyant,
            "products": [
                {
                    "product": p.product,
                    "requests": p.requests,
                    "admitted": p.admitted,
                    "gpu_hours": p.gpu_hours,
                    "revenue": float(p.revenue),
                    "broken": p.broken,
                }
                for p in self.products
            ],
            "refusals": dict(self.refusals),
        }
