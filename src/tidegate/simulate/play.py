"""The public way into the kernel."""

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import lightly_optimised
from tidegate.forecast import HORIZONS_S, announced_ahead, new_future_max
from tidegate.quota import REQUEST, Policy, PolicyCode, risks
from tidegate.simulate.kernel import (
    TICK_BUSY,
    TICK_DEMAND,
    TICK_FAILED,
    TICK_PENDING,
    TICK_SANITISING,
    TICK_TOTALS,
    run,
)
from tidegate.simulate.model import (
    Cluster,
    Failures,
    Holder,
    Jobs,
    Leases,
    Played,
    Requests,
    Ticks,
    Window,
)
from tidegate.simulate.state import HOLDINGS, LEASE_RESULT, new_state


def _as_ticks(rows: NDArray[np.int32], products: int) -> Ticks:
    leased, bound = np.split(rows[:, TICK_TOTALS:], [products], axis=1)
    return Ticks(
        demand=rows[:, TICK_DEMAND].copy(),
        busy=rows[:, TICK_BUSY].copy(),
        pending=rows[:, TICK_PENDING].copy(),
        sanitising=rows[:, TICK_SANITISING].copy(),
        failed=rows[:, TICK_FAILED].copy(),
        leased=leased.copy(),
        bound=bound.copy(),
    )


def play(  # noqa: PLR0913  each is one thing that a play depends on
    cluster: Cluster,
    jobs: Jobs,
    requests: Requests,
    failures: Failures,
    policy: Policy,
    window: Window,
    forecast_free: NDArray[np.int64] | None = None,
    announced: NDArray[np.int64] | None = None,
    *,
    record: bool = False,
    holdings: bool = False,
    products: int = 1,
) -> Played:
    """Play a pool's internal jobs and lease requests under a policy.

    Parameters
    ----------
    cluster : Cluster
        The pool.
    jobs : Jobs
        Internal jobs, sorted by submission; none may need more than the pool has.
    requests : Requests
        Lease requests, sorted by time.
    failures : Failures
        Node failures, sorted by time.
    policy : Policy
        The policy and its settings.
    window : Window
        When leasing starts and stops; the grid of ticks.
    forecast_free : int64 array, shape (ticks,), or None
        Nodes that a forecast made at each tick leaves free; ``gfs`` needs it, no other policy looks at it.
    announced : int64 array, shape (any,), or None
        Nodes announced ahead, tick by tick from the first, also beyond the last; ``tidegate`` alone looks at them.
    record : bool
        Whether ticks are recorded.
    holdings : bool
        Whether every holding of every node is recorded.
    products : int
        Number of products, for the columns of ``ticks.leased``.

    Returns
    -------
    Played
        The same input gives the same result, to the bit.

    Raises
    ------
    ValueError
        When ``gfs`` is played without a forecast for every tick.
    """
    n_ticks = -(-window.stop_s // window.tick_s) if window.tick_s > 0 else 0
    foreseen = 0 if forecast_free is None else forecast_free.size
    if policy.code == PolicyCode.GFS and foreseen < n_ticks:
        raise ValueError(f"gfs needs a forecast for {n_ticks} ticks and was given {foreseen}.")
    asked = np.empty(requests.time_s.size, dtype=REQUEST)
    for name, column in zip(Requests._fields, requests, strict=True):
        asked[name] = column
    results = np.full(asked.size, -1, dtype=LEASE_RESULT)
    results["outcome"] = results["broken_s"] = results["bid"] = 0
    ticks = np.zeros(
        (n_ticks if record else 0, TICK_TOTALS + products + len(HORIZONS_S)), dtype=np.int32
    )
    ticks[:, -len(HORIZONS_S) :] = -1
    held = np.zeros(len(Holder), dtype=np.int64)
    ahead = None
    if announced is not None and announced.any() and n_ticks > 0:
        ahead = announced_ahead(announced, max(2, n_ticks), window.tick_s)
    state = new_state(
        cluster,
        jobs,
        requests,
        failures,
        forecast_free,
        ahead,
        policy=policy,
        tick_s=window.tick_s,
        holdings=holdings,
    )
    with lightly_optimised():
        run(
            cluster,
            jobs,
            asked,
            failures,
            policy,
            window,
            state,
            new_future_max(cluster.nodes, window.tick_s, risks(policy)),
            np.array(HORIZONS_S, dtype=np.int64),
            results,
            ticks,
            held,
        )
    leases = Leases(*(results[name].copy() for name in Leases._fields))
    rows = state.holdings[: state.tally[HOLDINGS]]
    order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 3], rows[:, 0]))
    return Played(state.job_start, leases, _as_ticks(ticks, products), held, rows[order])
