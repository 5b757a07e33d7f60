"""The quota of a pool at the end of its log: the curve, and what holds it down."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import polars as pl

from tidegate.demand import JobLog
from tidegate.forecast import HORIZONS_S
from tidegate.plan.game import Game, Settings, prepare
from tidegate.plan.scenario import PoolCase
from tidegate.quantity.money import rounded_rate
from tidegate.quota import Policy, PolicyCode, Record, break_cost, counted_horizons, promised_s
from tidegate.simulate import Played, Requests, no_failures, play

MOST_JOBS: Final = 10
"""Running jobs that are named."""


@dataclass(frozen=True)
class HorizonNow:
    """The curve at one horizon.

    Attributes
    ----------
    horizon_s : int
    nodes : int
        Nodes that may be promised so long.
    bound : int
        Nodes that internal work may need within it, at the pool's risk.
    at_double_risk : int
        Nodes that might be promised at twice the risk.
    """

    horizon_s: int
    nodes: int
    bound: int
    at_double_risk: int


@dataclass(frozen=True)
class ProductNow:
    """What of a product could be sold now.

    Attributes
    ----------
    product : str
    firm_s : int
        How long it is firm.
    nodes : int
        Nodes that can be sold at once: idle, and within the curve.
    horizon_s : int or None
        The horizon that binds; None when it is the idle nodes that do.
    list_price : Decimal
        Of a GPU-hour.
    bid_price : Decimal
        What a GPU-hour of it costs the owner in expected breaks; better offers are displaced by leases only, and there
        are none yet.
    cash_cost : Decimal or None
        What running a GPU for an hour costs; None when that is not known.
    """

    product: str
    firm_s: int
    nodes: int
    horizon_s: int | None
    list_price: Decimal
    bid_price: Decimal
    cash_cost: Decimal | None

    @property
    def floor(self) -> Decimal:
        """Below which it is not quoted: the larger of cash cost and bid price."""
        return max(self.bid_price, self.cash_cost or Decimal(0))


@dataclass(frozen=True)
class RunningJob:
    """An internal job that runs now."""

    job_id: str
    owner: str
    gpus: int
    nodes: int
    age_s: int


@dataclass(frozen=True)
class QuotaNow:
    """A pool's quota at one moment, with nothing leased.

    Attributes
    ----------
    pool : str
    at_s : int
        The moment, on the log's clock.
    calendar : bool
        Whether that clock counts from the Unix epoch.
    nodes, gpus_per_node, reserve_nodes : int
        The pool, and what the curve never promises of it.
    risk : float
        The pool's risk.
    busy, waiting : int
        Nodes that internal jobs hold, and that waiting ones ask for.
    horizons : tuple of HorizonNow
    products : tuple of ProductNow
    running : tuple of RunningJob
        The largest.
    currency : str
        Of all prices.
    break_cost : float
        What a promise is expected to cost in breaks, as a share of its rent.
    """

    pool: str
    at_s: int
    calendar: bool
    nodes: int
    gpus_per_node: int
    reserve_nodes: int
    risk: float
    busy: int
    waiting: int
    horizons: tuple[HorizonNow, ...]
    products: tuple[ProductNow, ...]
    running: tuple[RunningJob, ...]
    currency: str
    break_cost: float

    @property
    def idle(self) -> int:
        """Nodes idle and not waited for."""
        return max(0, self.nodes - self.busy - self.waiting)

    def to_json(self) -> dict[str, Any]:
        """Return the quota as plain values."""
        found = {**asdict(self), "idle": self.idle}
        for told, product in zip(found["products"], self.products, strict=True):
            told["floor"] = product.floor
            for name in ("list_price", "bid_price", "cash_cost", "floor"):
                told[name] = None if told[name] is None else str(told[name])
        return found


def _played(game: Game, policy: Policy) -> Played:
    nothing = Requests(*(np.zeros(0, dtype=np.int64) for _ in Requests._fields))
    return play(
        game.cluster,
        game.jobs,
        nothing,
        no_failures(),
        policy,
        game.window,
        announced=game.announced,
        record=True,
    )


def _running(game: Game, played: Played, now_s: int) -> tuple[RunningJob, ...]:
    g = game.cluster.gpus_per_node
    start = played.job_start_s
    runs = (start >= 0) & (start <= now_s) & (start + game.jobs.duration_s > now_s)
    jobs = game.frame.with_columns(pl.Series("age_s", now_s - start)).filter(pl.Series(runs))
    rows = jobs.sort("gpus", "age_s", descending=True).head(MOST_JOBS)
    return tuple(
        RunningJob(str(name), str(owner or ""), gpus, -(-gpus // g), age)
        for name, owner, gpus, age in rows.select("job_id", "owner", "gpus", "age_s").iter_rows()
    )


def quota_now(
    case: PoolCase, log: JobLog, settings: Settings, cash_cost: Decimal | None = None
) -> QuotaNow:
    """Return a pool's quota at the last tick of its log.

    Parameters
    ----------
    case : PoolCase
        The pool.
    log : JobLog
        Its internal jobs.
    settings : Settings
        Its sanitising time and its currency are looked at.
    cash_cost : Decimal or None
        What running one of its GPUs for an hour costs.

    Raises
    ------
    FeedError
        When the log leaves nothing to play.
    """
    game = prepare(case, log, settings)
    policy = game.policy(PolicyCode.TIDEGATE)
    played = _played(game, policy)
    doubled = _played(game, policy._replace(eps=min(0.5, 2 * policy.eps)))
    promisable = game.cluster.nodes - game.cluster.reserve_nodes
    bound, loose = (each.ticks.bound[-1].tolist() for each in (played, doubled))
    horizons = tuple(
        HorizonNow(horizon_s, max(0, promisable - most), most, max(0, promisable - less))
        for horizon_s, most, less in zip(HORIZONS_S, bound, loose, strict=True)
    )
    now_s = (played.ticks.demand.size - 1) * game.window.tick_s
    busy, waiting = int(played.ticks.busy[-1]), int(played.ticks.pending[-1])
    idle = max(0, game.cluster.nodes - busy - waiting)
    # Nothing was sold yet: what is expected to break is what the owner allows.
    breaks = break_cost(policy, Record(), game.cluster.nodes)
    horizons_s = np.array(HORIZONS_S, dtype=np.int64)
    products = []
    for offer in case.offers:
        product = offer.product
        # A reserved lease is firm for its term, the others for what they guarantee.
        wanted_s = round(offer.demand.median_s)
        firm_s = promised_s(product.guaranteed_s(wanted_s), product.notice_s, wanted_s)
        binds: int | None = None
        room, bid = idle, Decimal(0)
        longest = counted_horizons(horizons_s, firm_s, game.floor_s - game.cluster.sanitise_s) - 1
        if longest >= 0:
            longer = horizons[longest]
            if longer.nodes < room:
                room, binds = longer.nodes, longer.horizon_s
            bid = rounded_rate(Decimal(repr(breaks)) * offer.price)
        products.append(ProductNow(product.id, firm_s, room, binds, offer.price, bid, cash_cost))
    return QuotaNow(
        pool=case.pool.id,
        at_s=game.start_s + now_s,
        calendar=log.calendar,
        nodes=game.cluster.nodes,
        gpus_per_node=game.cluster.gpus_per_node,
        reserve_nodes=game.cluster.reserve_nodes,
        risk=case.pool.policy.risk,
        busy=busy,
        waiting=waiting,
        horizons=horizons,
        products=tuple(products),
        running=_running(game, played, now_s),
        currency=settings.currency,
        break_cost=breaks,
    )
