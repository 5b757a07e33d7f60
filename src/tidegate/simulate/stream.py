"""The seeded stream of lease requests."""

import math
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np

from tidegate.lease.product import Offer
from tidegate.simulate.model import Requests, Window

NODE_COUNTS: Final = (1, 2, 4, 8, 16)
NODE_WEIGHTS: Final = (0.40, 0.25, 0.20, 0.10, 0.05)
"""How many whole nodes a request asks for, and how often."""


def seed_sequence(name: str, seed: int) -> np.random.SeedSequence:
    """Return the source of randomness of one pool: pools with other names draw other streams."""
    return np.random.SeedSequence([seed, zlib.crc32(name.encode())])


def draw_requests(
    offers: Sequence[Offer],
    *,
    offered_nodes: float,
    window: Window,
    price_step: Decimal,
    most_nodes: int = NODE_COUNTS[-1],
    randomness: np.random.SeedSequence,
) -> Requests:
    """Draw a Poisson stream of requests per product, merged in order of time.

    A product with share ``s``, mean duration ``d`` (of a lognormal: ``median exp(sigma^2 / 2)``) and mean size ``n``
    nodes comes at the rate ``s x offered_nodes / (n d)``, so that the node-seconds asked for per second
    are ``offered_nodes`` in all.

    Parameters
    ----------
    offers : sequence of Offer
        What is sold. Shares are taken relative to their sum.
    offered_nodes : float
        Mean nodes asked for at any time, not negative.
    window : Window
        Requests come in [lease_from_s, stop_s).
    price_step : Decimal
        Unit of the requests' integer prices, in currency per GPU-hour.
    most_nodes : int
        Sizes above are not asked for; the others keep their proportions.
    randomness : numpy.random.SeedSequence
        The same one gives the same stream; each product draws from a child of its own.

    Returns
    -------
    Requests
        Sorted by time; those at the same second in the order of the offers.
    """
    columns: list[list[np.ndarray]] = [[] for _ in Requests._fields]
    span_s = window.stop_s - window.lease_from_s
    total_share = math.fsum(offer.demand.share for offer in offers)
    sizes = np.array([count for count in NODE_COUNTS if count <= most_nodes])
    weights = np.array(NODE_WEIGHTS[: sizes.size]) / math.fsum(NODE_WEIGHTS[: sizes.size])
    mean_nodes = float(sizes @ weights)
    for number, (offer, child) in enumerate(
        zip(offers, randomness.spawn(len(offers)), strict=True)
    ):
        demand = offer.demand
        mean_s = demand.median_s * math.exp(demand.sigma**2 / 2)
        share = demand.share / total_share if total_share > 0 else 0.0
        random = np.random.default_rng(child)
        count = int(random.poisson(share * offered_nodes / (mean_nodes * mean_s) * span_s))
        times = np.sort(random.integers(window.lease_from_s, window.stop_s, size=count))
        nodes = random.choice(sizes, size=count, p=weights)
        spread = np.exp(demand.sigma * random.standard_normal(count))
        duration = np.maximum(1, np.rint(demand.median_s * spread)).astype(np.int64)
        firm = np.array([offer.product.guaranteed_s(int(d)) for d in duration], dtype=np.int64)
        price = round(offer.price / price_step)
        for column, values in zip(
            columns,
            (
                times,
                np.full(count, number),
                nodes,
                duration,
                firm,
                np.full(count, offer.product.notice_s),
                np.full(count, price),
            ),
            strict=True,
        ):
            column.append(values)
    if not offers:
        return Requests(*(np.zeros(0, dtype=np.int64) for _ in Requests._fields))
    merged = [np.concatenate(column).astype(np.int64) for column in columns]
    order = np.argsort(merged[0], kind="stable")
    return Requests(*(column[order] for column in merged))
