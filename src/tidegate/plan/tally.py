"""What one play comes to, small enough to be kept, and how plays add up to a policy's result."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean

from tidegate.plan.measure import Delay
from tidegate.plan.policyresult import MISS_HORIZONS, PolicyResult, ProductResult
from tidegate.quantity import minor_units


@dataclass(frozen=True)
class ProductTally:
    """One product in one play.

    Attributes
    ----------
    product : str
    requests, admitted : float
        Leases asked for and admitted; the bound admits in part.
    gpu_hours : float
        GPU-hours delivered.
    revenue : Decimal
        Rent less refunds and credits, not rounded.
    broken : int
        Leases whose promise was broken.
    """

    product: str
    requests: float
    admitted: float
    gpu_hours: float
    revenue: Decimal
    broken: int


@dataclass(frozen=True)
class Tally:
    """One play of a policy.

    Attributes
    ----------
    products : tuple of ProductTally
        In order of the pool's offers.
    gpu_hours : float
        GPU-hours delivered.
    firm_gpu_seconds, broken_gpu_seconds : float
        Sold firm, and of it taken back.
    evicted : int
        Leases taken back.
    delay : Delay
        What leasing added to the internal jobs.
    miss_rate : mapping of str to float or None
        As :attr:`tidegate.plan.PolicyResult.miss_rate`.
    refusals : mapping of str to int
        Requests refused, by reason.
    """

    products: tuple[ProductTally, ...]
    gpu_hours: float
    firm_gpu_seconds: float = 0.0
    broken_gpu_seconds: float = 0.0
    evicted: int = 0
    delay: Delay = Delay(0.0, 0.0, 0.0)  # noqa: RUF009  frozen
    miss_rate: Mapping[str, float | None] = dataclasses.field(
        default_factory=lambda: dict.fromkeys(MISS_HORIZONS)
    )
    refusals: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def revenue(self) -> Decimal:
        """Rent less refunds and credits, not rounded."""
        return sum((p.revenue for p in self.products), Decimal(0))


def _rounding(currency: str) -> Callable[[Decimal], Decimal]:
    step = Decimal(1).scaleb(-minor_units(currency))
    return lambda amount: amount.quantize(step)


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _mean_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def total(
    name: str,
    setting: str | None,
    tallies: Sequence[Tally],
    *,
    idle_gpu_hours: float,
    currency: str,
) -> PolicyResult:
    """Return a policy's result: sums over plays for shares and rates, means for the rest.

    Parameters
    ----------
    name : str
        The policy.
    setting : str or None
        What was chosen for it in hindsight.
    tallies : sequence of Tally
        One per seed, at least one, all with the same products.
    idle_gpu_hours : float
        GPU-hours idle when nothing is leased.
    currency : str
        Money is rounded to its minor units here, and only here: product by product, so that the
        products add up to the revenue.
    """
    rounded = _rounding(currency)
    products = tuple(
        ProductResult(
            product=plays[0].product,
            requests=fmean(p.requests for p in plays),
            admitted=fmean(p.admitted for p in plays),
            gpu_hours=fmean(p.gpu_hours for p in plays),
            revenue=rounded(_mean([p.revenue for p in plays])),
            broken=fmean(p.broken for p in plays),
        )
        for plays in zip(*(t.products for t in tallies), strict=True)
    )
    gpu_hours = sum(t.gpu_hours for t in tallies)
    firm = sum(t.firm_gpu_seconds for t in tallies)
    refused = sum((Counter(t.refusals) for t in tallies), Counter[str]())
    return PolicyResult(
        policy=name,
        setting=setting,
        revenue=sum((p.revenue for p in products), Decimal(0)),
        revenue_by_seed=tuple(rounded(t.revenue) for t in tallies),
        harvested_gpu_hours=gpu_hours / len(tallies),
        harvested_share_of_idle=gpu_hours / len(tallies) / idle_gpu_hours
        if idle_gpu_hours
        else 0.0,
        internal_delay_mean_s=fmean(t.delay.mean_s for t in tallies),
        internal_delay_p99_s=fmean(t.delay.p99_s for t in tallies),
        delayed_jobs_share=fmean(t.delay.beyond_floor for t in tallies),
        broken_share=sum(t.broken_gpu_seconds for t in tallies) / firm if firm else 0.0,
        evictions_per_1000_gpu_hours=1000 * sum(t.evicted for t in tallies) / gpu_hours
        if gpu_hours
        else 0.0,
        miss_rate={key: _mean_known([t.miss_rate[key] for t in tallies]) for key in MISS_HORIZONS},
        revenue_share_of_clairvoyant=None,
        products=products,
        refusals={reason: refused[reason] / len(tallies) for reason in sorted(refused)},
    )


def over_bound(result: PolicyResult, most: Decimal) -> PolicyResult:
    """Set a policy's revenue over that of the clairvoyant bound; None when that is zero."""
    share = float(result.revenue / most) if most else None
    return dataclasses.replace(result, revenue_share_of_clairvoyant=share)
