"""The backtest of a pool: every policy on the same log, the same requests, the same failures."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.demand import JobLog, Rejects
from tidegate.fleet.pool import Pool
from tidegate.plan.clairvoyant import TIME_LIMIT_S, Bound, clairvoyant
from tidegate.plan.frames import curve_frame, job_frame, request_frame, tide_frame
from tidegate.plan.game import Game, Settings, prepare
from tidegate.plan.policyresult import PolicyResult
from tidegate.plan.result import PoolResult, Span
from tidegate.plan.scenario import PoolCase
from tidegate.plan.summary import Measured, measure, summarise, summarise_bound, tally_of
from tidegate.plan.tally import over_bound
from tidegate.quota import POLICIES, PolicyCode, eps_of
from tidegate.simulate import Holder, Played

SHARES: Final = tuple(range(10, 101, 10))
"""Shares in percent among which ``static`` takes the best in hindsight."""

LIMITS: Final = (0.0005, 0.001, 0.002, 0.005, 0.0125)
"""Limits of the owner at which ``tidegate`` is played once more each, beside the pool's own."""

_BOUND: Final = "clairvoyant"

Progress = Callable[[str, int, int], None]
"""Called with the pool, how many of its plays are done, and how many there are."""


@dataclass(frozen=True)
class _Alone:
    """The pool when nothing is leased: the measure of delay and of idleness."""

    first: Played
    starts: tuple[NDArray[np.int64], ...]
    held_hours: NDArray[np.float64]
    plays: tuple[Measured, ...]


def _settings_of(code: PolicyCode) -> tuple[int, ...]:
    return SHARES if code is PolicyCode.STATIC else (100,)


def _selling(case: PoolCase, settings: Settings) -> list[tuple[str, PolicyCode]]:
    """Return the policies that are played and lease, in their order; none for a pool that sells nothing."""
    return [
        (name, code)
        for name, code, _ in POLICIES
        if case.offers
        and code is not None
        and code is not PolicyCode.NONE
        and name in settings.policies
    ]


def _is_bounded(case: PoolCase, settings: Settings) -> bool:
    return bool(case.offers) and _BOUND in settings.policies


def plays_of(case: PoolCase, settings: Settings) -> int:
    """Return how many plays a pool takes, for a progress bar; a bound counts as one."""
    alone = len(settings.seeds) if case.failures else 1
    variants = sum(len(_settings_of(code)) for _, code in _selling(case, settings))
    turned = len(_limits(case)) if _is_turned(case, settings) else 0
    return alone + (variants + _is_bounded(case, settings)) * len(settings.seeds) + turned


def _is_turned(case: PoolCase, settings: Settings) -> bool:
    return any(code is PolicyCode.TIDEGATE for _, code in _selling(case, settings))


def _limits(case: PoolCase) -> list[float]:
    return sorted({*LIMITS, case.pool.policy.risk})


def _tradeoff(game: Game, alone: _Alone, seed: int, told: Callable[[], None]) -> pl.DataFrame:
    """Play ``tidegate`` at every limit; return :attr:`tidegate.plan.PoolResult.tradeoff`."""
    rows = []
    for risk in _limits(game.case):
        policy = game.policy(PolicyCode.TIDEGATE)._replace(eps=eps_of(risk))
        found = measure(game, game.play(policy, seed, record=True), seed, alone.starts[0])
        told()
        tally = tally_of(found, game.case.offers)
        firm = tally.firm_gpu_seconds
        rows.append(
            {
                "risk": risk,
                "revenue": float(found.revenue),
                "delayed_jobs_share": found.delay.beyond_floor,
                "broken_share": tally.broken_gpu_seconds / firm if firm else 0.0,
            }
        )
    return pl.DataFrame(rows)


def _play_alone(game: Game, seeds: Sequence[int], told: Callable[[], None]) -> _Alone:
    # Without failures nothing in a play without leases depends on the seed.
    different = seeds if game.case.failures else seeds[:1]
    plays = []
    for seed in different:
        plays.append(game.play(game.policy(PolicyCode.NONE), seed, record=seed == seeds[0]))
        told()
    starts = [played.job_start_s for played in plays]
    return _Alone(
        first=plays[0],
        starts=tuple(starts if game.case.failures else starts * len(seeds)),
        held_hours=np.mean([played.held for played in plays], axis=0) / 3600,
        plays=tuple(
            measure(game, played, seed, played.job_start_s)
            for seed, played in zip(different, plays, strict=True)
        ),
    )


def _best(
    game: Game, code: PolicyCode, alone: _Alone, seeds: Sequence[int], told: Callable[[], None]
) -> tuple[int, list[Measured]]:
    """Play every setting of a policy; return the one that earns most, with its plays."""
    best_share, best_plays = 0, list[Measured]()
    for share in _settings_of(code):
        plays = []
        for seed, start_alone in zip(seeds, alone.starts, strict=True):
            # Only a curve's miss rate is read from the ticks here.
            has_curve = code is PolicyCode.TIDEGATE
            played = game.play(game.policy(code, share), seed, record=has_curve)
            plays.append(measure(game, played, seed, start_alone))
            told()
        if not best_plays or sum(m.revenue for m in plays) > sum(m.revenue for m in best_plays):
            best_share, best_plays = share, plays
    return best_share, best_plays


def _bounds(game: Game, seeds: Sequence[int], told: Callable[[], None]) -> list[Bound] | None:
    """Return the clairvoyant bound of every seed; None when one was not found in time."""
    prices = np.array([float(offer.price) for offer in game.case.offers])
    alone = game.policy(PolicyCode.NONE)
    bounds: list[Bound] = []
    for place, seed in enumerate(seeds):
        if place == 0 or game.case.failures:
            holdings = game.play(alone, seed, holdings=True).holdings
        requests = game.requests(seed)
        found = clairvoyant(game.cluster, requests, prices[requests.product], game.window, holdings)
        told()
        if found is None:
            for _ in seeds[place + 1 :]:
                told()
            return None
        bounds.append(found)
    return bounds


def backtest_pool(
    case: PoolCase, log: JobLog, settings: Settings, progress: Progress
) -> PoolResult:
    """Play every policy on a pool's log.

    Parameters
    ----------
    case : PoolCase
        The pool.
    log : JobLog
        Its internal jobs.
    settings : Settings
        Policies, seeds, warm-up, load.
    progress : callable
        Told after every play.

    Returns
    -------
    PoolResult

    Raises
    ------
    FeedError
        When the log leaves nothing to play (see :func:`tidegate.plan.game.prepare`).
    """
    game = prepare(case, log, settings)
    total, done = plays_of(case, settings), 0

    def told() -> None:
        nonlocal done
        done += 1
        progress(case.pool.id, done, total)

    seeds = settings.seeds
    alone = _play_alone(game, seeds, told)
    capacity = case.pool.gpus * (game.window.stop_s - game.window.lease_from_s) / 3600
    internal, failed = (float(alone.held_hours[h]) for h in (Holder.INTERNAL, Holder.FAILED))
    idle = capacity - internal - failed

    def summary(name: str, setting: str | None, plays: Sequence[Measured]) -> PolicyResult:
        return summarise(
            name, setting, plays, case.offers, idle_gpu_hours=idle, currency=settings.currency
        )

    results = [summary("none", None, alone.plays)]
    tides = [tide_frame(game, alone.first, "none")]
    jobs = [job_frame(game, alone.first, alone.first, "none", seeds[0])]
    # Without a row, but with its columns, should nobody ask for anything.
    leases = [request_frame("none", seeds[:1], [alone.plays[0].leases]).clear()]
    curve = pl.DataFrame()
    tradeoff = pl.DataFrame()
    if _is_turned(case, settings):
        tradeoff = _tradeoff(game, alone, seeds[0], told)
    for name, code in _selling(case, settings):
        share, plays = _best(game, code, alone, seeds, told)
        results.append(
            summary(name, f"share {share} %" if code is PolicyCode.STATIC else None, plays)
        )
        # Played once more rather than kept: the arrays of every play would not fit for large logs.
        played = game.play(game.policy(code, share), seeds[0], record=True)
        tides.append(tide_frame(game, played, name))
        jobs.append(job_frame(game, played, alone.first, name, seeds[0]))
        leases.append(request_frame(name, seeds, [m.leases for m in plays]))
        if code is PolicyCode.TIDEGATE:
            curve = curve_frame(game, played.ticks)
    notes = game.notes
    if _is_bounded(case, settings):
        bounds = _bounds(game, seeds, told)
        if bounds is None:
            notes += (f"No clairvoyant bound: it takes more than {TIME_LIMIT_S:g} s for a seed.",)
        else:
            results.append(
                summarise_bound(
                    game, seeds, bounds, idle_gpu_hours=idle, currency=settings.currency
                )
            )
            results = [over_bound(result, results[-1].revenue) for result in results]
    return PoolResult(
        case=case,
        span=Span(
            game.start_s,
            game.start_s + game.window.lease_from_s,
            game.start_s + game.window.stop_s,
            log.calendar,
        ),
        jobs_count=game.frame.height,
        rejects=_with_untrue(log.rejects, game.untrue),
        capacity_gpu_hours=capacity,
        internal_gpu_hours=internal,
        failed_gpu_hours=failed,
        idle_gpu_hours=idle,
        depreciation=_depreciation(case.pool, game.window.stop_s - game.window.lease_from_s),
        policies=tuple(results),
        tide=pl.concat(tides),
        curve=curve,
        jobs=pl.concat(jobs),
        leases=pl.concat(leases),
        notes=notes,
        tradeoff=tradeoff,
    )


def _with_untrue(rejects: Rejects, untrue: pl.DataFrame) -> Rejects:
    return dataclasses.replace(rejects, frame=pl.concat([rejects.frame, untrue]))


def _depreciation(pool: Pool, seconds: int) -> Decimal | None:
    """Return straight-line depreciation of the pool's cohorts; None when it has none."""
    if not pool.cohorts:
        return None
    per_hour = [cohort.gpus * cohort.depreciation_per_gpu_hour for cohort in pool.cohorts]
    return sum(per_hour, Decimal(0)) * seconds / 3600
