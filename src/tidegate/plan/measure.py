"""What a play means: money, promises and delay, from its arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.forecast import HORIZONS_S
from tidegate.lease.offers import PRICE_STEP
from tidegate.lease.product import Offer
from tidegate.plan.policyresult import MISS_HORIZONS
from tidegate.quota import RecallReason, Verdict, money_of, why_recall, why_verdict
from tidegate.simulate import Leases, Outcome, Requests, Ticks, Window

I64 = NDArray[np.int64]

CREDIT_SHARE: Final = Decimal("0.30")
"""Credit for a broken promise, on top of the refund of what was charged."""

_TAKEN: Final = (int(Outcome.RECALLED), int(Outcome.BROKEN))


def lease_table(
    requests: Requests,
    leases: Leases,
    offers: Sequence[Offer],
    window: Window,
    *,
    gpus_per_node: int,
    start_s: int,
    price_step: Decimal = PRICE_STEP,
) -> pl.DataFrame:
    """Return one row per request, with what it brought.

    Parameters
    ----------
    requests, leases : Requests, Leases
        As played, shape (requests,).
    offers : sequence of Offer
        Products and prices.
    window : Window
        What is firm beyond its end counts neither as sold nor as broken.
    gpus_per_node : int
        GPUs of a node.
    start_s : int
        Start of the play on the log's clock, added to all times.
    price_step : Decimal
        Unit of the requests' integer prices, in currency per GPU-hour.

    Returns
    -------
    polars.DataFrame
        Columns as :attr:`tidegate.plan.PoolResult.leases`, without ``policy`` and ``seed``, and with
        ``gpu_seconds``, ``firm_gpu_seconds`` (sold), ``broken_gpu_seconds`` and ``is_broken``.
    """
    admitted = leases.verdict == int(Verdict.ADMITTED)
    gpus = requests.nodes * gpus_per_node
    delivered = np.where(admitted, np.maximum(0, leases.end_s - leases.start_s), 0)
    firm = np.clip(np.minimum(requests.firm_s, window.stop_s - leases.start_s), 0, None)
    broken = np.clip(np.minimum(leases.broken_s, window.stop_s - leases.end_s), 0, None)
    is_broken = leases.broken_s > 0
    products = np.array([offer.product.id for offer in offers] or [""], dtype=object)
    verdicts = [v.name.lower() for v in Verdict]
    frame = pl.DataFrame(
        {
            "request": np.arange(admitted.size),
            "product": pl.Series(products[requests.product], dtype=pl.String),
            "time_s": requests.time_s + start_s,
            "nodes": requests.nodes,
            "gpus": gpus,
            "wanted_s": requests.duration_s,
            "verdict": pl.Series(
                [verdicts[v] if v >= 0 else "outside" for v in leases.verdict], dtype=pl.String
            ),
            "binding_horizon_s": np.append(HORIZONS_S, -1)[leases.horizon],
            "start_s": np.where(admitted, leases.start_s + start_s, -1),
            "end_s": np.where(admitted, leases.end_s + start_s, -1),
            "notice_s": np.where(leases.notice_at_s >= 0, leases.notice_at_s + start_s, -1),
            "outcome": pl.Series(
                [Outcome(max(0, o)).name.lower() for o in leases.outcome], dtype=pl.String
            ),
            "gpu_seconds": delivered * gpus,
            "firm_gpu_seconds": np.where(admitted, firm, 0) * gpus,
            "broken_gpu_seconds": broken * gpus,
            "is_broken": is_broken,
        }
    )
    noticed = pl.Series(leases.notice_at_s >= 0, dtype=pl.Boolean)
    reasons = _reasons(requests, leases, gpus_per_node=gpus_per_node, price_step=price_step)
    rent = np.array([float(offer.price) for offer in offers] or [0.0])[requests.product]
    charged = rent * delivered * gpus / 3600
    absent = pl.col("binding_horizon_s", "start_s", "end_s", "notice_s")
    return frame.with_columns(
        pl.when(absent >= 0).then(absent).name.keep(),
        (pl.col("gpu_seconds") / 3600).alias("gpu_hours"),
        pl.Series("charged", charged),
        pl.Series("refunded", np.where(is_broken, charged, 0.0)),
        pl.Series("credited", np.where(is_broken, charged * float(CREDIT_SHARE), 0.0)),
        pl.Series("room_nodes", leases.room),
        pl.Series(
            "bid_price", np.where(leases.bid > 0, leases.bid * float(price_step), np.nan)
        ).fill_nan(None),
        *(pl.when(noticed).then(column).alias(column.name) for column in reasons[:-1]),
        reasons[-1],
    )


def _reasons(
    requests: Requests, leases: Leases, *, gpus_per_node: int, price_step: Decimal
) -> tuple[pl.Series, ...]:
    """Return the columns that say why, the last of them in words."""
    step = float(price_step)
    costs, against = (
        [money_of(x, price_step=step, gpus_per_node=gpus_per_node) for x in column.tolist()]
        for column in (leases.cost, leases.against)
    )
    horizons = np.append(HORIZONS_S, -1)[leases.horizon].tolist()
    said = []
    for i, verdict in enumerate(leases.verdict.tolist()):
        words = []
        if verdict >= 0:
            asked, room = int(requests.nodes[i]), int(leases.room[i])
            words.append(
                why_verdict(
                    verdict,
                    nodes=asked,
                    room=room,
                    horizon_s=horizons[i],
                    price=int(requests.price[i]) * step,
                    bid=int(leases.bid[i]) * step,
                )
            )
        if leases.why[i] > 0:
            words.append(
                why_recall(
                    int(leases.why[i]),
                    need=int(leases.need[i]),
                    cost=costs[i],
                    against=against[i],
                    displaced_for=int(leases.displaced_for[i]),
                )
            )
        said.append("; later: ".join(words))
    names = [reason.name.lower() for reason in RecallReason]
    heirs = [heir if heir >= 0 else None for heir in leases.displaced_for.tolist()]
    return (
        pl.Series("notice_why", [names[max(0, w)] for w in leases.why], dtype=pl.String),
        pl.Series("lacking_nodes", leases.need),
        pl.Series("taking_cost", costs, dtype=pl.Float64),
        pl.Series("weighed_against", against, dtype=pl.Float64),
        pl.Series("displaced_for", heirs, dtype=pl.Int64),
        pl.Series("reason", said, dtype=pl.String),
    )


def revenue_by_product(table: pl.DataFrame, offers: Sequence[Offer]) -> Mapping[str, Decimal]:
    """Return rent less refunds and credits per product, exactly (not rounded).

    A broken lease is refunded in full and credited with 30 % of its charge, so that it brings
    ``-0.30`` times what was charged.
    """
    is_broken = pl.when(pl.col("is_broken"))
    sums = table.group_by("product").agg(
        is_broken.then(0).otherwise(pl.col("gpu_seconds")).sum().alias("paid"),
        is_broken.then(pl.col("gpu_seconds")).otherwise(0).sum().alias("returned"),
    )
    seconds = {name: (paid, returned) for name, paid, returned in sums.iter_rows()}
    result = {}
    for offer in offers:
        paid, returned = seconds.get(offer.product.id, (0, 0))
        owed = Decimal(int(paid)) - CREDIT_SHARE * Decimal(int(returned))
        result[offer.product.id] = owed * offer.price / 3600
    return result


def miss_rates(ticks: Ticks, window: Window, nodes: int) -> Mapping[str, float | None]:
    """Return how often demand rose above the curve's bound within each horizon.

    A tick is counted when leasing is open and its whole horizon lies in the record. Demand is cut
    at the pool's size: what does not fit was never promised away.

    Parameters
    ----------
    ticks : Ticks
        With bounds, shape (ticks, horizons).
    window : Window
        The grid, and when leasing starts.
    nodes : int
        Nodes of the pool.

    Returns
    -------
    mapping of str to float or None
        None where no tick can be counted.
    """
    demand = pl.Series(np.minimum(ticks.demand, nodes))
    first = -(-window.lease_from_s // window.tick_s) if window.tick_s else 0
    rates: dict[str, float | None] = {}
    for name, horizon_s in MISS_HORIZONS.items():
        length = max(1, horizon_s // window.tick_s) if window.tick_s else 0
        if ticks.bound.size == 0 or ticks.bound[-1, 0] < 0 or len(demand) - length <= first:
            rates[name] = None
            continue
        # Entry i + length of the rolling maximum covers ticks i .. i + length.
        reached = demand.rolling_max(length + 1).to_numpy()[first + length :]
        bound = ticks.bound[first : len(demand) - length, HORIZONS_S.index(horizon_s)]
        rates[name] = float(np.mean(reached > bound))
    return rates


@dataclass(frozen=True)
class Delay:
    """Delay that leasing added to internal jobs: mean and 99th percentile in seconds, share beyond the floor."""

    mean_s: float
    p99_s: float
    beyond_floor: float


def internal_delay(
    start: I64, start_alone: I64, submit: I64, window: Window, floor_s: int
) -> Delay:
    """Compare starts job by job with those when nothing is leased.

    Parameters
    ----------
    start, start_alone, submit : int64 array, shape (jobs,)
        Start under the policy, start when nothing is leased, submission.
    window : Window
        Jobs submitted in [lease_from_s, stop_s) are compared.
    floor_s : int
        The recall floor in seconds.
    """
    first, past = np.searchsorted(submit, [window.lease_from_s, window.stop_s])
    added = start[first:past] - start_alone[first:past]
    if added.size == 0:
        return Delay(0.0, 0.0, 0.0)
    return Delay(
        float(added.mean()), float(np.quantile(added, 0.99)), float(np.mean(added > floor_s))
    )
