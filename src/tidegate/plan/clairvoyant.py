"""What a policy could earn that knew every internal job and every request: an upper bound.

A linear program over slots of half an hour, in which a request is accepted in part, a lease is cut
short freely once its firm time is over, and no promise is broken. It bounds what any policy can earn
that breaks no promise and leaves the internal jobs the nodes and the times that they have when nothing
is leased, because every such play is a feasible point of it, with the same revenue:

- A slot's capacity is the integral over the slot of the nodes that internal jobs and failures leave
  free, in node-seconds; what leases deliver in it is counted in node-seconds too. Both are exact, so a
  slot that is free or leased in part is rounded neither way. That the two must not only have the same
  sum but the same seconds is let go, which can only raise the optimum.
- A lease holds its nodes from its admission. What it delivers is moved there, to the moment of the
  request: sanitising is ignored, and the firm time begins earlier but is no longer.
- A lease runs without a gap, so that the share of each slot that it uses never rises with time, and is
  whole within its firm time. Notice may be given at once, hence the notice counts as firm.

- A lease that is displaced by another is cut where that one was asked for. What it brings in its notice is lost to the
  bound: minutes of a lease per displacement.

Outside the bound are policies that delay internal jobs (they may earn more), and plays in which the
internal jobs share nodes otherwise than when nothing is leased: ``docs/decisions/`` has how little that is.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.simulate import Cluster, Holder, Requests, Window

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SLOT_S: Final = 1800
"""Length of a slot in seconds."""

TIME_LIMIT_S: Final = 300.0
"""After this many seconds a bound is given up."""


@dataclass(frozen=True)
class Bound:
    """The optimum for one stream of requests; float64 arrays, shape (requests,).

    Attributes
    ----------
    accepted : share of the request that is accepted, in [0, 1]
    node_seconds : what it is delivered
    revenue : float
        Rent of all, in the currency.
    """

    accepted: F64
    node_seconds: F64
    revenue: float


def slot_edges(window: Window) -> I64:
    """Return the edges of the slots of ``[lease_from_s, stop_s)``, shape (slots + 1,); the last is cut."""
    starts = np.arange(window.lease_from_s, window.stop_s, SLOT_S, dtype=np.int64)
    return np.append(starts, max(window.lease_from_s, window.stop_s))


def _seconds_since(times_s: I64, edges_s: I64) -> I64:
    """Return the sum over all times of the seconds from it to each edge, 0 for those after it."""
    ordered = np.sort(times_s)
    before = np.searchsorted(ordered, edges_s)
    passed: I64 = edges_s * before - np.append(0, np.cumsum(ordered))[before]
    return passed


def free_node_seconds(cluster: Cluster, holdings: I64, edges_s: I64) -> I64:
    """Return what internal jobs and failures leave free of each slot.

    Parameters
    ----------
    cluster : Cluster
        The pool.
    holdings : int64 array, shape (holdings, 5)
        Of the play in which nothing is leased (:attr:`tidegate.simulate.Played.holdings`), in its order.
    edges_s : int64 array, shape (slots + 1,)

    Returns
    -------
    int64 array, shape (slots,)
        Node-seconds of whole nodes.
    """
    held = holdings[np.isin(holdings[:, 1], (int(Holder.INTERNAL), int(Holder.FAILED)))]
    node, since, until = held[:, 0], held[:, 3], held[:, 4]
    # Small jobs share a node: a stretch goes on while a row begins before the rows so far have ended.
    # The shift by node puts the nodes one after the other on one line of time.
    shift = node * (int(until.max(initial=0)) + 2)
    reach = np.maximum.accumulate(until + shift)
    first = np.append(True, (since + shift)[1:] > reach[:-1])[: node.size]
    last = np.append(first[1:], True)[: node.size]
    begins, ends = since[first], (reach - shift)[last]
    busy = _seconds_since(begins, edges_s) - _seconds_since(ends, edges_s)
    return np.diff(cluster.nodes * edges_s - busy)


class _Program(NamedTuple):
    """The linear program, rows ``row @ x <= most``, columns in [0, 1], entries by row.

    Attributes
    ----------
    node_seconds : float64 array, shape (columns,)
        What a column delivers when it is 1.
    request : int64 array, shape (columns,)
    leads : bool array, shape (columns,)
        Whether it is the request's first column: the share that is accepted.
    rent : float64 array, shape (columns,)
        Revenue of a column that is 1.
    most : float64 array, shape (rows,)
    row, column, value : arrays, shape (entries,)
    """

    node_seconds: F64
    request: I64
    leads: NDArray[np.bool_]
    rent: F64
    most: F64
    row: I64
    column: I64
    value: F64


def _ramp(lengths: I64) -> I64:
    """Return 0 .. n - 1 for each length ``n``, one after the other."""
    return np.arange(lengths.sum(), dtype=np.int64) - np.repeat(
        np.cumsum(lengths) - lengths, lengths
    )


def _program(
    cluster: Cluster, requests: Requests, rent: F64, window: Window, free: I64
) -> _Program:
    time, size, edges_s = requests.time_s, requests.nodes, slot_edges(window)
    # A request outside the window is not judged, and one larger than the pool is never admitted.
    earns = (window.lease_from_s <= time) & (time < window.stop_s) & (size <= cluster.nodes)
    kept = np.flatnonzero(earns & (requests.duration_s > 0) & (rent > 0))
    start, size = time[kept], size[kept]
    end = np.minimum(start + requests.duration_s[kept], window.stop_s)
    promised = np.maximum(requests.firm_s, requests.notice_s)[kept]
    firm_until = np.minimum(start + promised, end)

    # One entry per lease and slot that it meets.
    first = (start - window.lease_from_s) // SLOT_S
    slots = (end - 1 - window.lease_from_s) // SLOT_S - first + 1
    lease, place = np.repeat(np.arange(kept.size), slots), _ramp(slots)
    slot = first[lease] + place
    begins = np.maximum(edges_s[slot], start[lease])
    ends = np.minimum(edges_s[slot + 1], end[lease])
    used = (size[lease] * (ends - begins)).astype(np.float64)

    # The slots wholly within the firm time have one column, the share accepted; each later one has its own.
    # Without such a slot the first one's column is that share: accepting more would bring nothing.
    is_firm = ends <= firm_until[lease]
    firm_slots = np.maximum(1, np.bincount(lease[is_firm], minlength=kept.size))
    columns = slots - firm_slots + 1
    lead = np.cumsum(columns) - columns
    column = lead[lease] + np.maximum(0, place - firm_slots[lease] + 1)
    count = int(columns.sum())
    owner = np.repeat(np.arange(kept.size), columns)
    node_seconds = np.bincount(column, used, minlength=count).astype(np.float64)

    # Rows of capacity, in nodes, for the slots in which everything asked for would not fit.
    asked = np.bincount(slot, used, minlength=free.size)
    tight = asked > free
    row_of_slot = np.cumsum(tight) - 1
    counted = tight[slot]
    # Rows that keep the share from rising: later column <= the one before it.
    later = np.flatnonzero(_ramp(columns) > 0)
    falls = int(tight.sum()) + np.arange(later.size)
    # Rows for a slot that is firm in part, after one that is firm: its share >= that part of the share accepted.
    reached = np.flatnonzero(~is_firm & (begins < firm_until[lease]) & (place > 0))
    part = (firm_until[lease] - begins)[reached] / (ends - begins)[reached]
    keeps = int(tight.sum()) + later.size + np.arange(reached.size)

    ones = np.ones(later.size)
    row = [row_of_slot[slot[counted]], falls, falls, keeps, keeps]
    col = [column[counted], later, later - 1, lead[lease[reached]], column[reached]]
    value = [used[counted] / SLOT_S, ones, -ones, part, -np.ones(reached.size)]
    return _Program(
        node_seconds=node_seconds,
        request=kept[owner],
        leads=_ramp(columns) == 0,
        rent=node_seconds * rent[kept][owner] * cluster.gpus_per_node / 3600,
        most=np.concatenate([free[tight] / SLOT_S, np.zeros(later.size + reached.size)]),
        row=np.concatenate(row),
        column=np.concatenate(col),
        value=np.concatenate(value),
    )


def _solve(program: _Program, time_limit_s: float) -> F64 | None:
    """Return the columns at the optimum, or None when the time is over."""
    import highspy  # noqa: PLC0415  the solver, and what it draws in, for those who ask for the bound

    order = np.argsort(program.row, kind="stable")
    starts = np.searchsorted(program.row[order], np.arange(program.most.size))
    columns, rows = program.rent.size, program.most.size
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, setting in (
        ("output_flag", False),
        ("threads", 1),
        ("time_limit", time_limit_s),
    ):
        solver.setOptionValue(option, setting)
    solver.passModel(
        columns,
        rows,
        order.size,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        program.rent,
        np.zeros(columns),
        np.ones(columns),
        np.full(rows, -highspy.kHighsInf),
        program.most,
        starts.astype(np.int32),
        program.column[order].astype(np.int32),
        program.value[order],
        np.zeros(columns, dtype=np.int32),
    )
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kTimeLimit:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"the clairvoyant program was not solved: {status}")
    return np.asarray(solver.getSolution().col_value)


def clairvoyant(
    cluster: Cluster,
    requests: Requests,
    rent: F64,
    window: Window,
    holdings: I64,
    *,
    time_limit_s: float = TIME_LIMIT_S,
) -> Bound | None:
    """Return the upper bound of one stream of requests.

    Parameters
    ----------
    cluster : Cluster
        The pool.
    requests : Requests
        All that is asked for; their prices are not read.
    rent : float64 array, shape (requests,)
        Rent of a GPU-hour of each, in the currency, not negative.
    window : Window
        Leases are delivered in [lease_from_s, stop_s).
    holdings : int64 array, shape (holdings, 5)
        Of the play in which nothing is leased (:attr:`tidegate.simulate.Played.holdings`).
    time_limit_s : float
        Time for the solver.

    Returns
    -------
    Bound or None
        None when the time was not enough: a bound that is not proved is no bound.

    Raises
    ------
    RuntimeError
        When the solver fails in another way.
    """
    free = free_node_seconds(cluster, holdings, slot_edges(window))
    program = _program(cluster, requests, rent, window, free)
    share = _solve(program, time_limit_s) if program.rent.size else np.zeros(0)
    if share is None:
        return None
    accepted = np.zeros(requests.time_s.size)
    accepted[program.request[program.leads]] = share[program.leads]
    delivered = np.bincount(
        program.request, program.node_seconds * share, minlength=requests.time_s.size
    )
    return Bound(accepted, delivered.astype(np.float64), float(program.rent @ share))
