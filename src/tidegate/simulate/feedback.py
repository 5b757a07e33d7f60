"""What GFS's quota is fed back from: periods failed and kept, and how long requests wait."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import inlined
from tidegate.quota import Verdict
from tidegate.quota.gfs import FEEDBACK_S, PERIOD_S, quota_nodes, renewed_eta
from tidegate.simulate.model import Cluster, Outcome
from tidegate.simulate.state import (
    FAILED_PERIODS,
    KEPT_PERIODS,
    NEVER,
    OLDEST,
    REFUSED_S,
    SEEN,
    Records,
    State,
)

_ADMITTED: Final = int(Verdict.ADMITTED)
_SHARE: Final = int(Verdict.SHARE)
_COMPLETED: Final = int(Outcome.COMPLETED)
_RECALLED: Final = int(Outcome.RECALLED)
_BROKEN: Final = int(Outcome.BROKEN)


@inlined
def _see_verdicts(state: State, requests: Records, leases: Records, judged: int) -> None:
    """Note since when a request has been waiting: the first refused since the last one admitted."""
    tally = state.tally
    for i in range(tally[SEEN], judged):
        if leases[i].verdict == _ADMITTED:
            tally[REFUSED_S] = NEVER
        elif leases[i].verdict == _SHARE:
            tally[REFUSED_S] = min(tally[REFUSED_S], requests[i].time_s)
    tally[SEEN] = judged


@inlined
def _periods_until(start_s: int, time_s: int) -> int:
    """Return how many whole periods of a lease have passed."""
    return max(0, time_s - start_s) // PERIOD_S


@inlined
def _count_periods(state: State, leases: Records, judged: int, now_s: int) -> None:
    """Count the periods that failed, and those that were kept, within the time of feedback."""
    tally = state.tally
    since = now_s - FEEDBACK_S
    tally[FAILED_PERIODS] = 0
    tally[KEPT_PERIODS] = 0
    are_over = True
    for i in range(tally[OLDEST], judged):
        lease = leases[i]
        has_ended = lease.end_s >= 0
        until = lease.end_s if has_ended else now_s
        if lease.verdict != _ADMITTED or until <= since:
            if are_over:
                tally[OLDEST] = i + 1
            continue
        are_over = False
        kept = _periods_until(lease.start_s, until) - _periods_until(lease.start_s, since)
        if has_ended and lease.outcome in (_RECALLED, _BROKEN):
            tally[FAILED_PERIODS] += 1
        elif has_ended and lease.outcome == _COMPLETED and (until - lease.start_s) % PERIOD_S > 0:
            kept += 1
        tally[KEPT_PERIODS] += kept


@inlined
def feed_back(
    cluster: Cluster,
    state: State,
    requests: Records,
    leases: Records,
    curve: NDArray[np.int64],
    tick: int,
    judged: int,
    now_s: int,
) -> None:
    """Renew the quota at a tick; the first ``judged`` requests have been judged.

    The quota is written to every horizon of ``curve``, shape (horizons,): this rule knows only one.
    """
    _see_verdicts(state, requests, leases, judged)
    _count_periods(state, leases, judged, now_s)
    tally = state.tally
    state.eta[0] = renewed_eta(
        state.eta[0],
        tally[FAILED_PERIODS],
        tally[KEPT_PERIODS],
        now_s - tally[REFUSED_S],
    )
    curve[:] = quota_nodes(state.eta[0], state.forecast_free[tick], cluster.nodes)
