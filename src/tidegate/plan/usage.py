"""A backtest as finance's source of usage: what each pool did in each month, with leasing and without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from tidegate.finance.books import Books
from tidegate.finance.month import Month
from tidegate.finance.sources import Split, UsageMonth
from tidegate.plan.game import TICK_S
from tidegate.plan.result import BacktestResult, Span

ALONE: Final = "none"
_H: Final = 3600


@dataclass(frozen=True)
class PlayedPool:
    """What is needed of a pool's backtest, made or read back.

    Attributes
    ----------
    pool : str
    gpus : int
    span : Span
    tide, leases, jobs : polars.DataFrame
        As :class:`tidegate.plan.PoolResult` has them.
    """

    pool: str
    gpus: int
    span: Span
    tide: pl.DataFrame
    leases: pl.DataFrame
    jobs: pl.DataFrame


@dataclass(frozen=True)
class BacktestUsage:
    """Usage that was played; implements :class:`tidegate.finance.sources.UsageSource`.

    Attributes
    ----------
    pools : tuple of PlayedPool
    policy : str
        The policy that leases.
    currency : str
    seeds : int
        How many streams of requests were played; rents and leased hours are means over them.
    start : Month or None
        The month in which the measured time of a log without a calendar begins.
    source : str
        The fleet, for the way back.
    """

    pools: tuple[PlayedPool, ...]
    policy: str
    currency: str
    seeds: int
    start: Month | None
    source: str

    @property
    def label(self) -> str:
        """What it is."""
        streams = f"{self.seeds} stream{'s' * (self.seeds > 1)} of requests"
        return f"backtest of {self.source}, policy {self.policy}, {streams}"

    def usage(self) -> Sequence[UsageMonth]:
        """Return what each pool did under the policy; a pool that leases nothing, under none."""
        return [
            month
            for pool in self.pools
            for month in self._months(pool, self.policy if self._leases(pool) else ALONE)
        ]

    def usage_without_leasing(self) -> Sequence[UsageMonth]:
        """Return what each pool did when nothing was leased."""
        return [month for pool in self.pools for month in self._months(pool, ALONE)]

    def _leases(self, pool: PlayedPool) -> bool:
        return not pool.tide.filter(pl.col("policy") == self.policy).is_empty()

    def _months(self, pool: PlayedPool, policy: str) -> list[UsageMonth]:
        cuts = _cuts(pool.span, self.start)
        tide = pool.tide.filter(pl.col("policy") == policy)
        leases = pool.leases.filter(pl.col("policy") == policy)
        rented = [_rented(leases, start_s, end_s, self.seeds) for _, start_s, end_s in cuts]
        waits = _waits(pool.jobs.filter(pl.col("policy") == policy), cuts)
        return [
            UsageMonth(
                pool=pool.pool,
                month=month,
                hours=_split(tide, start_s, end_s, pool.gpus, sum(hours.values(), Decimal(0))),
                leased=hours,
                rent=rent,
                returned=returned,
                waiting_gpu_hours=wait,
                origin=f"{self.source}: pool {pool.pool}, policy {policy}, {start_s} to {end_s} s",
            )
            for (month, start_s, end_s), (hours, rent, returned), wait in zip(
                cuts, rented, waits, strict=True
            )
        ]


def _cuts(span: Span, start: Month | None) -> list[tuple[Month, int, int]]:
    """Cut the measured time into calendar months: month, from and to in seconds on the log's clock."""
    if span.calendar:
        shift = 0
    else:
        first = (start or Month(1970, 1)).first
        begin = datetime(first.year, first.month, 1, tzinfo=UTC)
        shift = int(begin.timestamp()) - span.lease_from_s
    found = []
    at = span.lease_from_s
    while at < span.stop_s:
        month = Month.of((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at + shift)).date())
        end = datetime(month.end.year, month.end.month, 1, tzinfo=UTC)
        until = min(span.stop_s, int(end.timestamp()) - shift)
        found.append((month, at, until))
        at = until
    return found


def _split(tide: pl.DataFrame, start_s: int, end_s: int, gpus: int, leased: Decimal) -> Split:
    """Return GPU-hours by holder: leased as metered, the others from the grid, idle what remains."""
    ticks = tide.filter((pl.col("time_s") + TICK_S > start_s) & (pl.col("time_s") < end_s))
    total = Decimal(gpus) * (end_s - start_s) / _H
    if ticks.is_empty():
        return Split(idle=total - leased, leased=leased)
    inside = (
        pl.min_horizontal(pl.col("time_s") + TICK_S, pl.lit(end_s))
        - pl.max_horizontal("time_s", pl.lit(start_s))
    ).cast(pl.Float64)
    sums = ticks.select(
        (pl.col(name) * inside).sum() / _H
        for name in ("internal_gpus", "sanitising_gpus", "failed_gpus")
    ).row(0)
    own, sanitising, failed = (Decimal(repr(round(float(v), 4))) for v in sums)
    # The grid sees a node that changes hands between two ticks a little early or late.
    over = own + sanitising + failed + leased - total
    if over > 0:
        own = max(Decimal(0), own - over)
    idle = max(Decimal(0), total - own - sanitising - failed - leased)
    return Split(own=own, leased=leased, sanitising=sanitising, idle=idle, failed=failed)


def _rented(
    leases: pl.DataFrame, start_s: int, end_s: int, seeds: int
) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal], Decimal]:
    """Return GPU-hours and rent by product, and what was returned, of [start, end): means over seeds.

    A lease's hours and rent fall to months by its time in them.
    """
    length = (pl.col("end_s") - pl.col("start_s")).clip(lower_bound=1)
    inside = pl.min_horizontal("end_s", pl.lit(end_s)) - pl.max_horizontal(
        "start_s", pl.lit(start_s)
    )
    share = (inside.clip(lower_bound=0) / length).fill_null(0.0)
    by_product = (
        leases.with_columns(share.alias("share"))
        .group_by("product", maintain_order=True)
        .agg(
            (pl.col("gpu_hours") * pl.col("share")).sum(),
            (pl.col("charged") * pl.col("share")).sum(),
            ((pl.col("refunded") + pl.col("credited")) * pl.col("share")).sum().alias("returned"),
        )
        .sort("product")
    )
    hours, rent, returned = {}, {}, Decimal(0)
    for product, gpu_hours, charged, back in by_product.iter_rows():
        hours[product] = Decimal(repr(round(gpu_hours, 6))) / seeds
        rent[product] = Decimal(repr(round(charged, 6))) / seeds
        returned += Decimal(repr(round(back, 6))) / seeds
    return hours, rent, returned


def _waits(jobs: pl.DataFrame, cuts: Sequence[tuple[Month, int, int]]) -> list[Decimal]:
    """Return the GPU-hours that leasing made own jobs wait, by the month of their submission."""
    waited = (pl.col("delay_s").clip(lower_bound=0) * pl.col("gpus")).sum() / _H
    found = []
    for _, start_s, end_s in cuts:
        inside = (pl.col("submit_s") >= start_s) & (pl.col("submit_s") < end_s)
        found.append(Decimal(repr(round(float(jobs.filter(inside).select(waited).item()), 4))))
    return found


def start_month(books: Books, calendar: bool, asked: Month | None) -> tuple[Month | None, str]:  # noqa: FBT001
    """Return the month that a log without a calendar begins in, and a sentence that says so.

    Parameters
    ----------
    books : Books
    calendar : bool
        Whether the log has dates; then there is nothing to choose.
    asked : Month or None
        What the user says.
    """
    if calendar:
        return None, ""
    chosen = asked or books.start
    if chosen:
        return (
            chosen,
            f"The logs have no calendar: their measured time is taken to begin in {chosen}.",
        )
    youngest = max((h.asset.in_service for h in books.holdings), default=None)
    if youngest is None:
        return None, ""
    month = Month.of(youngest) + (youngest.day > 1)
    return month, (
        f"The logs have no calendar: their measured time is taken to begin in {month}, the first whole month "
        "with every cohort in service (start in the books file, or --start, sets another)."
    )


def usage_of(result: BacktestResult, policy: str, start: Month | None) -> BacktestUsage:
    """Return a backtest's result as a source of usage.

    Parameters
    ----------
    result : BacktestResult
        Must hold ``none`` and the policy.
    policy : str
        The policy that leases.
    start : Month or None
        See :func:`start_month`.
    """
    return BacktestUsage(
        pools=tuple(
            PlayedPool(p.case.pool.id, p.case.pool.gpus, p.span, p.tide, p.leases, p.jobs)
            for p in result.pools
        ),
        policy=policy,
        currency=result.currency,
        seeds=len(result.seeds),
        start=start,
        source=result.source,
    )
