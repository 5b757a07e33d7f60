"""From plays to a policy's result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.lease.product import Offer
from tidegate.plan.clairvoyant import Bound
from tidegate.plan.game import Game
from tidegate.plan.measure import Delay, internal_delay, lease_table, miss_rates, revenue_by_product
from tidegate.plan.result import MISS_HORIZONS, PolicyResult, ProductResult
from tidegate.quantity import minor_units
from tidegate.simulate import Played


@dataclass(frozen=True)
class Measured:
    """One play of a policy, measured.

    Attributes
    ----------
    seed : int
    leases : polars.DataFrame
        The table of :func:`tidegate.plan.measure.lease_table`.
    revenue_by_product : mapping of str to Decimal
    delay : Delay
    miss_rate : mapping of str to float or None
    """

    seed: int
    leases: pl.DataFrame
    revenue_by_product: Mapping[str, Decimal]
    delay: Delay
    miss_rate: Mapping[str, float | None]

    @property
    def revenue(self) -> Decimal:
        """Rent less refunds and credits."""
        return sum(self.revenue_by_product.values(), Decimal(0))


def measure(game: Game, played: Played, seed: int, start_alone: NDArray[np.int64]) -> Measured:
    """Measure a play.

    Parameters
    ----------
    game : Game
        The pool.
    played : Played
        A play of it, with ticks recorded.
    seed : int
        The seed of that play.
    start_alone : int64 array, shape (jobs,)
        Starts of the internal jobs when nothing is leased.
    """
    offers = game.case.offers
    leases = lease_table(
        game.requests(seed),
        played.leases,
        offers,
        game.window,
        gpus_per_node=game.cluster.gpus_per_node,
        start_s=game.start_s,
    )
    return Measured(
        seed=seed,
        leases=leases,
        revenue_by_product=revenue_by_product(leases, offers),
        delay=internal_delay(
            played.job_start_s, start_alone, game.jobs.submit_s, game.window, game.floor_s
        ),
        miss_rate=miss_rates(played.ticks, game.window, game.cluster.nodes),
    )


def _product(
    offer: Offer, plays: Sequence[Measured], rounded: Callable[[Decimal], Decimal]
) -> ProductResult:
    name = offer.product.id
    tables = [m.leases.filter(pl.col("product") == name) for m in plays]
    return ProductResult(
        product=name,
        requests=fmean(t.height for t in tables),
        admitted=fmean(t.filter(pl.col("verdict") == "admitted").height for t in tables),
        gpu_hours=fmean(float(t["gpu_hours"].sum()) for t in tables),
        revenue=rounded(_mean([m.revenue_by_product[name] for m in plays])),
        broken=fmean(float(t["is_broken"].sum()) for t in tables),
    )


def _rounding(currency: str) -> Callable[[Decimal], Decimal]:
    step = Decimal(1).scaleb(-minor_units(currency))
    return lambda amount: amount.quantize(step)


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _mean_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def summarise(
    name: str,
    setting: str | None,
    plays: Sequence[Measured],
    offers: Sequence[Offer],
    *,
    idle_gpu_hours: float,
    currency: str,
) -> PolicyResult:
    """Return a policy's result: sums over seeds for shares and rates, means for the rest.

    Parameters
    ----------
    name : str
        The policy.
    setting : str or None
        What was chosen for it in hindsight.
    plays : sequence of Measured
        One per seed, at least one.
    offers : sequence of Offer
        Products in the order in which they are shown.
    idle_gpu_hours : float
        GPU-hours idle when nothing is leased.
    currency : str
        Money is rounded to its minor units here, and only here: product by product, so that the
        products add up to the revenue.
    """
    rounded = _rounding(currency)
    products = tuple(_product(offer, plays, rounded) for offer in offers)
    leases = pl.concat([m.leases for m in plays])
    gpu_hours = float(leases["gpu_hours"].sum())
    firm = float(leases["firm_gpu_seconds"].sum())
    evicted = leases.filter(pl.col("outcome").is_in(["recalled", "broken"])).height
    refused = leases.filter(~pl.col("verdict").is_in(["admitted", "outside"]))
    return PolicyResult(
        policy=name,
        setting=setting,
        revenue=sum((p.revenue for p in products), Decimal(0)),
        revenue_by_seed=tuple(rounded(m.revenue) for m in plays),
        harvested_gpu_hours=gpu_hours / len(plays),
        harvested_share_of_idle=gpu_hours / len(plays) / idle_gpu_hours if idle_gpu_hours else 0.0,
        internal_delay_mean_s=fmean(m.delay.mean_s for m in plays),
        internal_delay_p99_s=fmean(m.delay.p99_s for m in plays),
        delayed_jobs_share=fmean(m.delay.beyond_floor for m in plays),
        broken_share=float(leases["broken_gpu_seconds"].sum()) / firm if firm else 0.0,
        evictions_per_1000_gpu_hours=1000 * evicted / gpu_hours if gpu_hours else 0.0,
        miss_rate={key: _mean_known([m.miss_rate[key] for m in plays]) for key in MISS_HORIZONS},
        revenue_share_of_clairvoyant=None,
        products=products,
        refusals={
            str(reason): count / len(plays)
            for reason, count in refused.group_by("verdict").len().sort("verdict").iter_rows()
        },
    )


def summarise_bound(
    game: Game,
    seeds: Sequence[int],
    bounds: Sequence[Bound],
    *,
    idle_gpu_hours: float,
    currency: str,
) -> PolicyResult:
    """Return the clairvoyant bound as a policy's result: it delays, breaks and evicts nothing.

    Parameters
    ----------
    game : Game
        The pool.
    seeds, bounds : sequence of int, sequence of Bound
        The bound of each seed, at least one.
    idle_gpu_hours, currency
        As in :func:`summarise`.
    """
    rounded = _rounding(currency)
    streams = [game.requests(seed).product for seed in seeds]
    hours_per_node_s = game.cluster.gpus_per_node / 3600

    def mean_of(values: Sequence[NDArray[np.float64]], place: int) -> float:
        return fmean(
            float(v[asked == place].sum()) for v, asked in zip(values, streams, strict=True)
        )

    products = []
    for place, offer in enumerate(game.case.offers):
        gpu_hours = mean_of([b.node_seconds for b in bounds], place) * hours_per_node_s
        products.append(
            ProductResult(
                product=offer.product.id,
                requests=fmean(float(np.sum(asked == place)) for asked in streams),
                admitted=mean_of([b.accepted for b in bounds], place),
                gpu_hours=gpu_hours,
                revenue=rounded(Decimal(gpu_hours) * offer.price),
                broken=0.0,
            )
        )
    gpu_hours = sum(p.gpu_hours for p in products)
    revenues = [Decimal(b.revenue) for b in bounds]
    return PolicyResult(
        policy="clairvoyant",
        setting=None,
        revenue=rounded(_mean(revenues)),
        revenue_by_seed=tuple(rounded(r) for r in revenues),
        harvested_gpu_hours=gpu_hours,
        harvested_share_of_idle=gpu_hours / idle_gpu_hours if idle_gpu_hours else 0.0,
        internal_delay_mean_s=0.0,
        internal_delay_p99_s=0.0,
        delayed_jobs_share=0.0,
        broken_share=0.0,
        evictions_per_1000_gpu_hours=0.0,
        miss_rate=dict.fromkeys(MISS_HORIZONS),
        revenue_share_of_clairvoyant=None,
        products=tuple(products),
        refusals={},
    )
