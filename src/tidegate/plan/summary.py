"""From plays to what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.lease.product import Offer
from tidegate.plan.clairvoyant import Bound
from tidegate.plan.game import Game
from tidegate.plan.measure import Delay, internal_delay, lease_table, miss_rates, revenue_by_product
from tidegate.plan.policyresult import PolicyResult
from tidegate.plan.tally import ProductTally, Tally, total
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
        A play of it; the miss rate needs its ticks recorded.
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
        price_step=game.price_step,
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


def tally_of(played: Measured, offers: Sequence[Offer]) -> Tally:
    """Return what a measured play comes to.

    Parameters
    ----------
    played : Measured
    offers : sequence of Offer
        Products in the order in which they are shown.
    """
    leases = played.leases
    refused = leases.filter(~pl.col("verdict").is_in(["admitted", "outside"]))
    return Tally(
        products=tuple(_product(offer.product.id, played) for offer in offers),
        gpu_hours=float(leases["gpu_hours"].sum()),
        firm_gpu_seconds=float(leases["firm_gpu_seconds"].sum()),
        broken_gpu_seconds=float(leases["broken_gpu_seconds"].sum()),
        evicted=leases.filter(pl.col("outcome").is_in(["recalled", "broken"])).height,
        delay=played.delay,
        miss_rate=dict(played.miss_rate),
        refusals=dict(refused.group_by("verdict").len().sort("verdict").iter_rows()),
    )


def _product(name: str, played: Measured) -> ProductTally:
    table = played.leases.filter(pl.col("product") == name)
    return ProductTally(
        product=name,
        requests=table.height,
        admitted=table.filter(pl.col("verdict") == "admitted").height,
        gpu_hours=float(table["gpu_hours"].sum()),
        revenue=played.revenue_by_product[name],
        broken=int(table["is_broken"].sum()),
    )


def tally_of_bound(game: Game, seed: int, bound: Bound) -> Tally:
    """Return what the clairvoyant bound of a seed comes to: it delays, breaks and evicts nothing."""
    asked = game.requests(seed).product
    hours_per_node_s = game.cluster.gpus_per_node / 3600
    products = []
    for place, offer in enumerate(game.case.offers):
        gpu_hours = float(bound.node_seconds[asked == place].sum()) * hours_per_node_s
        products.append(
            ProductTally(
                product=offer.product.id,
                requests=int((asked == place).sum()),
                admitted=float(bound.accepted[asked == place].sum()),
                gpu_hours=gpu_hours,
                revenue=Decimal(gpu_hours) * offer.price,
                broken=0,
            )
        )
    return Tally(products=tuple(products), gpu_hours=sum(p.gpu_hours for p in products))


def summarise(
    name: str,
    setting: str | None,
    plays: Sequence[Measured],
    offers: Sequence[Offer],
    *,
    idle_gpu_hours: float,
    currency: str,
) -> PolicyResult:
    """Return the result of a policy's measured plays, one per seed (see :func:`tidegate.plan.tally.total`)."""
    tallies = [tally_of(played, offers) for played in plays]
    return total(name, setting, tallies, idle_gpu_hours=idle_gpu_hours, currency=currency)


def summarise_bound(
    game: Game,
    seeds: Sequence[int],
    bounds: Sequence[Bound],
    *,
    idle_gpu_hours: float,
    currency: str,
) -> PolicyResult:
    """Return the clairvoyant bound of every seed as a policy's result."""
    tallies = [tally_of_bound(game, seed, bound) for seed, bound in zip(seeds, bounds, strict=True)]
    return total("clairvoyant", None, tallies, idle_gpu_hours=idle_gpu_hours, currency=currency)
