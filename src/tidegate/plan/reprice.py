"""What the same demand and the same requests would have earned at another price."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tidegate.lease.product import Offer
from tidegate.plan.measure import lease_table
from tidegate.quota import Policy
from tidegate.quota.cluster import Cluster
from tidegate.simulate import Jobs, Requests, Window, no_failures, play

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Earned:
    """What a play brought.

    Attributes
    ----------
    revenue : Decimal
        Rent less refunds and credits.
    gpu_hours : float
        Delivered.
    broken_share : float or None
        Firm GPU-hours not kept over those sold; None when none were sold.
    """

    revenue: Decimal
    gpu_hours: float
    broken_share: float | None


def jobs_of_demand(demand: I64, tick_s: int, gpus_per_node: int) -> Jobs:
    """Return whole-node jobs whose sum is a demand in nodes, the first to start being the first to end.

    Parameters
    ----------
    demand : int64 array, shape (ticks,)
        In nodes, not negative.
    tick_s : int
        Seconds between ticks.
    gpus_per_node : int
    """
    change = np.diff(demand, prepend=0)
    ticks = np.arange(demand.size)
    starts = np.repeat(ticks, np.maximum(change, 0))
    ends = np.repeat(ticks, np.maximum(-change, 0))
    ends = np.append(ends, np.full(starts.size - ends.size, demand.size))
    return Jobs(
        submit_s=(starts * tick_s).astype(np.int64),
        duration_s=((ends - starts) * tick_s).astype(np.int64),
        gpus=np.full(starts.size, gpus_per_node, dtype=np.int64),
    )


def earned_at(
    cluster: Cluster,
    policy: Policy,
    demand: I64,
    requests: Requests,
    offers: Sequence[Offer],
    *,
    tick_s: int,
    price_step: Decimal,
) -> Earned:
    """Play a demand with requests at the prices of the offers.

    Parameters
    ----------
    cluster, policy
        The pool and its rules.
    demand : int64 array, shape (ticks,)
        Internal demand in nodes, from the start of the play; what lies before the first request is history.
    requests : Requests
        Sorted by time, from the start of the play; their prices are replaced by those of the offers.
    offers : sequence of Offer
        What ``requests.product`` counts in.
    tick_s : int
        Seconds between ticks.
    price_step : Decimal
        Unit of the prices that decisions weigh.
    """
    prices = np.array([round(offer.price / price_step) for offer in offers], dtype=np.int64)
    priced = requests._replace(price=prices[requests.product])
    stop_s = demand.size * tick_s
    first_s = int(requests.time_s[0]) if requests.time_s.size else stop_s
    window = Window(first_s, stop_s, tick_s)
    jobs = jobs_of_demand(demand, tick_s, cluster.gpus_per_node)
    played = play(cluster, jobs, priced, no_failures(), policy, window, products=len(offers))
    table = lease_table(
        priced,
        played.leases,
        offers,
        window,
        gpus_per_node=cluster.gpus_per_node,
        start_s=0,
        price_step=price_step,
    )
    sums = table.select("charged", "refunded", "credited", "gpu_hours").sum().row(0)
    sold, broken = table.select("firm_gpu_seconds", "broken_gpu_seconds").sum().row(0)
    return Earned(
        Decimal(str(round(sums[0] - sums[1] - sums[2], 2))),
        float(sums[3]),
        broken / sold if sold else None,
    )


def at_price(offers: Sequence[Offer], product: str, price: Decimal) -> tuple[Offer, ...]:
    """Return the offers with another price for one product."""
    return tuple(
        replace(offer, price=price) if offer.product.id == product else offer for offer in offers
    )
