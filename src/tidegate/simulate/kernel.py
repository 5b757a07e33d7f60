"""The round loop: what is due next, in the order of ``docs/guide/simulation.md``."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled, inlined, machine_int
from tidegate.forecast import DAY_S, FutureMax, Observation, observe
from tidegate.quota import FLICKER_S, Policy, PolicyCode, decide, renew_curve, renew_displaced
from tidegate.simulate.failing import fail_node, note_failed
from tidegate.simulate.feedback import feed_back
from tidegate.simulate.internal import (
    end_jobs,
    next_end,
    note_running,
    pending_nodes,
    schedule,
    submit,
)
from tidegate.simulate.leaseends import close_leasing, end_due_leases
from tidegate.simulate.leasing import apply
from tidegate.simulate.model import Cluster, Failures, Holder, Jobs, Window
from tidegate.simulate.seen import snapshot
from tidegate.simulate.state import (
    BUSY,
    FAILED,
    FLOOR_S,
    LEASED,
    LEASES,
    NEVER,
    NEXT_LEASE_S,
    NEXT_NODE_S,
    SANITISING,
    SHORT_SINCE_S,
    SINCE_S,
    TICK,
    USED_GPUS,
    WAITING,
    Records,
    State,
)
from tidegate.simulate.turnover import free_due_nodes

# Columns of the ticks: these, then the nodes leased per product, then the bound per horizon.
TICK_DEMAND: Final = 0
TICK_BUSY: Final = 1
TICK_PENDING: Final = 2
TICK_SANITISING: Final = 3
TICK_FAILED: Final = 4
TICK_TOTALS: Final = 5

_ZERO: Final = machine_int(0)
_NONE = int(PolicyCode.NONE)
_TIDEGATE = int(PolicyCode.TIDEGATE)
_GFS = int(PolicyCode.GFS)
_INTERNAL = int(Holder.INTERNAL)
_LEASE = int(Holder.LEASE)
_SANITISING = int(Holder.SANITISING)
_FAILED = int(Holder.FAILED)


@inlined
def _measure(
    cluster: Cluster, state: State, held: NDArray[np.int64], window: Window, since: int, until: int
) -> None:
    """Add what was held over [since, until) to the totals, as far as it lies in the window."""
    span = min(until, window.stop_s) - max(since, window.lease_from_s)
    if span > 0:
        held[_INTERNAL] += span * state.tally[USED_GPUS]
        held[_LEASE] += span * state.tally[LEASED] * cluster.gpus_per_node
        held[_SANITISING] += span * state.tally[SANITISING] * cluster.gpus_per_node
        held[_FAILED] += span * state.tally[FAILED] * cluster.gpus_per_node


@inlined
def _observe_tick(  # noqa: PLR0917  compiled code takes no keywords worth the name
    cluster: Cluster,
    state: State,
    policy: Policy,
    window: Window,
    forecast: FutureMax,
    curve: NDArray[np.int64],
    ticks: NDArray[np.int32],
    requests: Records,
    horizons_s: NDArray[np.int64],
    i: int,
) -> None:
    """Renew the curve from the demand as it is, and record the tick."""
    state.tally[TICK] = i
    pending = pending_nodes(cluster, state)
    demand = state.tally[BUSY] + pending
    if policy.code == _TIDEGATE:
        day_s = (window.clock_s + i * window.tick_s) % DAY_S
        ahead = state.ahead[i if state.ahead.shape[0] > 1 else 0]
        observe(forecast, i, day_s, Observation(min(cluster.nodes, demand)), ahead)
        renew_curve(cluster, state.tally[FAILED], forecast.bound, curve)
        renew_displaced(state.offers, horizons_s, i)
    if ticks.shape[0] == 0:
        return
    row = ticks[i]
    row[TICK_DEMAND] = demand
    row[TICK_BUSY] = state.tally[BUSY]
    row[TICK_PENDING] = pending
    row[TICK_SANITISING] = state.tally[SANITISING]
    row[TICK_FAILED] = state.tally[FAILED]
    for k in range(state.tally[LEASES]):
        lease = state.held[k]
        row[TICK_TOTALS + requests[lease.request].product] += lease.nodes - lease.coming
    if policy.code == _TIDEGATE:
        for j in range(curve.size):
            row[row.size - curve.size + j] = forecast.bound[j]


@compiled
def run(  # noqa: PLR0917  compiled code takes no keywords worth the name
    cluster: Cluster,
    jobs: Jobs,
    requests: Records,
    failures: Failures,
    policy: Policy,
    window: Window,
    state: State,
    forecast: FutureMax,
    horizons_s: NDArray[np.int64],
    leases: Records,
    ticks: NDArray[np.int32],
    held: NDArray[np.int64],
) -> None:
    """Play a pool to its end; ``state``, ``leases``, ``ticks`` and ``held`` are filled in.

    Parameters
    ----------
    cluster, jobs, requests, failures, policy, window
        As in :func:`tidegate.simulate.play`.
    state, forecast
        As new.
    horizons_s : int64 array, shape (horizons,)
    leases, ticks, held
        Room for the results.
    """
    n_jobs = jobs.submit_s.size
    n_requests = requests.size
    sells = policy.code != _NONE
    curve = np.zeros(horizons_s.size, dtype=np.int64)
    job = request = failure = tick = now = _ZERO
    while request < n_requests and requests[request].time_s < window.lease_from_s:
        request += 1
    state.tally[FLOOR_S] = policy.floor_s
    state.tally[SINCE_S] = window.lease_from_s
    is_open = True
    while True:
        upcoming = window.stop_s if is_open else NEVER
        if job < n_jobs:
            upcoming = min(upcoming, jobs.submit_s[job])
        upcoming = min(upcoming, next_end(state, jobs))
        upcoming = min(upcoming, state.tally[NEXT_NODE_S], state.tally[NEXT_LEASE_S])
        if failure < failures.time_s.size:
            upcoming = min(upcoming, failures.time_s[failure])
        if is_open and request < n_requests:
            upcoming = min(upcoming, requests[request].time_s)
        if is_open and window.tick_s > 0:
            upcoming = min(upcoming, tick * window.tick_s)
        if is_open and state.tally[SHORT_SINCE_S] >= 0:
            lasts_s = state.tally[SHORT_SINCE_S] + FLICKER_S
            if lasts_s > now:
                upcoming = min(upcoming, lasts_s)
        _measure(cluster, state, held, window, now, upcoming)
        now = upcoming

        end_jobs(cluster, state, jobs, now)
        end_due_leases(cluster, state, leases, now)
        free_due_nodes(cluster, state, now)
        while failure < failures.time_s.size and failures.time_s[failure] <= now:
            node, until = failures.node[failure], failures.until_s[failure]
            fail_node(cluster, policy, state, jobs, leases, node, now, until)
            failure += 1
        if is_open and now >= window.stop_s:
            is_open = False
            close_leasing(cluster, state, leases, now)
        while job < n_jobs and jobs.submit_s[job] <= now:
            submit(cluster, state, jobs, job, now)
            job += 1
        if state.tally[WAITING] > 0:
            schedule(cluster, state, jobs, now)
        if state.tally[WAITING] == 0:
            state.tally[SHORT_SINCE_S] = -1
        if not is_open:
            if job == n_jobs and state.tally[WAITING] == 0:
                break
            continue
        if window.tick_s > 0 and now == tick * window.tick_s:
            _observe_tick(
                cluster, state, policy, window, forecast, curve, ticks, requests, horizons_s, tick
            )
            if policy.code == _GFS:
                feed_back(cluster, state, requests, leases, curve, tick, request, now)
            tick += 1
        first = request
        while request < n_requests and requests[request].time_s <= now:
            request += 1
        if request > first or (sells and state.tally[WAITING] > 0 and state.tally[LEASES] > 0):
            view = snapshot(cluster, state, requests, first, request, now, horizons_s, curve)
            plan = decide(policy, view)
            apply(cluster, state, policy, view, requests, leases, plan, first)
    note_running(cluster, state, jobs)
    note_failed(cluster, state)
