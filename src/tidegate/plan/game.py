"""A pool made ready to be played."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.demand import JobLog, jobs_to_series
from tidegate.errors import FeedError
from tidegate.fleet.pool import OnFailure, Pool
from tidegate.forecast import HORIZONS_S, forecast_free_nodes, least_history_s
from tidegate.plan.announced import announced_nodes
from tidegate.plan.scenario import PoolCase
from tidegate.plan.untrue import without_untrue
from tidegate.quantity import format_duration, time_of_day_s
from tidegate.quota import DEFAULT_POLICIES, Policy, PolicyCode, eps_of, risks
from tidegate.simulate import (
    Cluster,
    Failures,
    Jobs,
    Played,
    Requests,
    Window,
    draw_failures,
    draw_requests,
    no_failures,
    play,
    seed_sequence,
)

MOST_PRICE_STEPS: Final = 10**6

TICK_S: Final = 300
"""Decisions on the grid are taken every five minutes."""


@dataclass(frozen=True)
class Settings:
    """How a backtest is run.

    Attributes
    ----------
    policies : tuple of str
        Names of :data:`tidegate.quota.POLICIES`, by default :data:`~tidegate.quota.DEFAULT_POLICIES`;
        ``none`` always is played, as the measure of delay.
    seeds : tuple of int
        Seeds of the request streams and of the failures.
    warmup_s : int
        History before leasing starts, in seconds; at most half of the log.
    offered_load : float
        GPU-hours asked for over mean headroom.
    sanitise_s : int
        Time a node needs between two holders.
    currency : str
        ISO 4217 code of all prices.
    """

    policies: tuple[str, ...] = DEFAULT_POLICIES
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    warmup_s: int = 14 * 86400
    offered_load: float = 1.5
    sanitise_s: int = 300
    currency: str = "USD"


@dataclass(frozen=True)
class Game:
    """A pool made ready to be played: arrays, with the seed's requests and failures.

    Attributes
    ----------
    case : PoolCase
    frame : polars.DataFrame
        The jobs, columns of :data:`tidegate.demand.JOB_SCHEMA`.
    cluster, jobs, window
        As the kernel takes them.
    start_s : int
        Start of the play on the log's clock.
    floor_s : int
        The recall floor: longest notice of the pool's products plus sanitising.
    offered_nodes : float
        Mean nodes asked for at any time.
    price_step : Decimal
        Unit of the kernel's integer prices, in currency per GPU-hour.
    announced : int64 array, shape (any,)
        Nodes announced for each tick, also after the play; empty when nothing was.
    notes : tuple of str
        What was assumed, in sentences.
    untrue : polars.DataFrame
        Jobs that cannot be true of the pool, columns of :data:`tidegate.demand.REJECT_SCHEMA`.
    """

    case: PoolCase
    frame: pl.DataFrame
    cluster: Cluster
    jobs: Jobs
    window: Window
    start_s: int
    floor_s: int
    offered_nodes: float
    price_step: Decimal
    announced: NDArray[np.int64]
    notes: tuple[str, ...]
    untrue: pl.DataFrame

    def requests(self, seed: int) -> Requests:
        """Return the seed's stream of requests."""
        return draw_requests(
            self.case.offers,
            offered_nodes=self.offered_nodes,
            window=self.window,
            price_step=self.price_step,
            most_nodes=self.cluster.nodes,
            randomness=seed_sequence(f"{self.case.pool.id}/requests", seed),
        )

    def failures(self, seed: int) -> Failures:
        """Return the seed's failures."""
        model = self.case.failures
        if model is None:
            return no_failures()
        return draw_failures(
            self.cluster.nodes,
            mtbf_s=model.mtbf_h * 3600,
            repair_s=round(model.repair_h * 3600),
            stop_s=self.window.stop_s,
            randomness=seed_sequence(f"{self.case.pool.id}/failures", seed),
        )

    @cached_property
    def forecast_free(self) -> NDArray[np.int64]:
        """Nodes that the Gaussian forecast leaves free at each tick, for ``gfs``.

        Each owner's demand is taken as if its jobs ran as soon as they were submitted, a job of a node or more on whole
        nodes; jobs without an owner count as those of one. Computed when first asked for.
        """
        g = self.cluster.gpus_per_node
        gpus = pl.col("gpus")
        whole = pl.when(gpus >= g).then((gpus + g - 1) // g * g).otherwise(gpus)
        grid = {"step_s": TICK_S, "start": self.start_s, "stop": self.start_s + self.window.stop_s}
        owners = self.frame.with_columns(whole.alias("gpus")).partition_by("owner")
        return forecast_free_nodes(
            (jobs_to_series(jobs, **grid)["gpus"].to_numpy() for jobs in owners),
            -(-self.window.stop_s // TICK_S),
            nodes=self.cluster.nodes,
            gpus_per_node=g,
            tick_s=TICK_S,
        )

    def policy(self, code: PolicyCode, share_percent: int = 100) -> Policy:
        """Return a policy with the settings of the pool's owner."""
        wanted = self.case.pool.policy
        return Policy(
            code=int(code),
            cap_nodes=self.cluster.nodes * share_percent // 100,
            eps=eps_of(wanted.risk),
            wait_price=round(wanted.wait_price / self.price_step),
            floor_s=self.floor_s,
            displaces=int(code is PolicyCode.TIDEGATE),
            replaces=int(wanted.on_failure is not OnFailure.END),
        )

    def play(
        self, policy: Policy, seed: int, *, record: bool = False, holdings: bool = False
    ) -> Played:
        """Play the pool under a policy with a seed's requests and failures."""
        return play(
            self.cluster,
            self.jobs,
            self.requests(seed),
            self.failures(seed),
            policy,
            self.window,
            self.forecast_free if policy.code == PolicyCode.GFS else None,
            self.announced if policy.code == PolicyCode.TIDEGATE else None,
            record=record,
            holdings=holdings,
            products=len(self.case.offers),
        )


def _price_step(case: PoolCase) -> Decimal:
    """Return the kernel's unit of price: a thousandth, or more where prices run to millions.

    The kernel weighs prices times node-seconds in 64 bits; what is billed is counted apart, exactly.
    """
    step = Decimal("0.001")
    highest = max((offer.price for offer in case.offers), default=Decimal(0))
    while max(highest, case.pool.policy.wait_price) / step > MOST_PRICE_STEPS:
        step *= 10
    return step


def _cold_start(pool: Pool, history_s: int) -> list[str]:
    """Say which horizons the history says nothing of yet: there the whole pool is taken to be needed."""
    policy = Policy(int(PolicyCode.TIDEGATE), eps=eps_of(pool.policy.risk))
    for horizon_s, least_s in zip(HORIZONS_S, least_history_s(risks(policy), TICK_S), strict=True):
        if history_s < least_s:
            return [
                f"Of {format_duration(horizon_s)} and longer, {history_s / 86400:.1f} days of history say nothing at "
                f"a risk of {policy.eps:g} that falls beyond 6h: the whole pool is taken to be needed, and "
                f"nothing is promised so long, before day {least_s / 86400:.1f}."
            ]
    return []


def prepare(case: PoolCase, log: JobLog, settings: Settings) -> Game:
    """Make a pool ready to be played.

    Parameters
    ----------
    case : PoolCase
        The pool.
    log : JobLog
        Its internal jobs, sorted by submission.
    settings : Settings
        How the backtest is run.

    Raises
    ------
    FeedError
        ``TG-FEED-EMPTY`` when no job is left; ``TG-FEED-SHORT`` when the log covers less than two ticks.
    """
    pool = case.pool
    frame, untrue = without_untrue(pool, log)
    if frame.height == 0:
        raise FeedError(
            "TG-FEED-EMPTY",
            f"{log.source}: pool {pool.id} has no job that fits its {pool.gpus} GPUs.",
        )
    submit = frame["submit_s"].to_numpy()
    start_s, stop_s = int(submit[0]), int(submit[-1]) + 1
    if stop_s - start_s < 2 * TICK_S:
        raise FeedError(
            "TG-FEED-SHORT",
            f"{log.source}: the jobs of pool {pool.id} were submitted within {stop_s - start_s} s.",
            expected="a log of days or weeks, at least ten minutes.",
        )
    warmup_s = min(settings.warmup_s, (stop_s - start_s) // 2)
    notes = [
        f"Leasing starts after {warmup_s / 86400:.1f} days of history; all is measured from there, "
        f"over {(stop_s - start_s - warmup_s) / 86400:.1f} days."
    ]
    if warmup_s < settings.warmup_s:
        notes.append(
            f"The log is shorter than twice the warm-up of {format_duration(settings.warmup_s)}, "
            "so half of it serves as history."
        )
    window = Window(
        lease_from_s=warmup_s,
        stop_s=stop_s - start_s,
        tick_s=TICK_S,
        clock_s=time_of_day_s(start_s, pool.site.timezone),
    )
    demand = jobs_to_series(frame, step_s=TICK_S, start=start_s + warmup_s, stop=stop_s)
    free_nodes = (pool.gpus - demand["gpus"].to_numpy()) / pool.gpus_per_node
    headroom = float(np.maximum(0, free_nodes - pool.policy.reserve_nodes).mean())
    longest = max((offer.product.notice_s for offer in case.offers), default=0)
    floor_s = longest + settings.sanitise_s
    if case.offers:
        load = f"{settings.offered_load:g} times the mean headroom of {headroom:.1f} nodes"
        notes += [
            f"Tenants ask for {load}.",
            f"The recall floor is {floor_s} s: the longest notice and sanitising.",
        ]
    if case.offers and "tidegate" in settings.policies:
        notes += _cold_start(pool, warmup_s)
    announced, said = announced_nodes(case, log, window, start_s)
    notes += said
    return Game(
        case=case,
        frame=frame,
        cluster=Cluster(
            pool.nodes,
            pool.gpus_per_node,
            settings.sanitise_s,
            pool.policy.reserve_nodes,
            pool.block_nodes,
        ),
        jobs=Jobs(
            submit - start_s,
            frame["duration_s"].to_numpy(),
            frame["gpus"].cast(pl.Int64).to_numpy(),
        ),
        window=window,
        start_s=start_s,
        floor_s=floor_s,
        offered_nodes=settings.offered_load * headroom,
        price_step=_price_step(case),
        announced=announced,
        notes=tuple(notes),
        untrue=untrue,
    )
