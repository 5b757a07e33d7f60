"""Pools at one moment, as hypothesis and by hand."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate import quota
from tidegate.forecast import HORIZONS_S
from tidegate.quota import HELD_LEASE, REQUEST, Plan, Policy, PolicyCode, Snapshot, committed
from tidegate.quota.snapshot import new_plan

NOW_S = 100_000
HORIZON_ENDS = st.sampled_from([*HORIZONS_S, *(h + 1 for h in HORIZONS_S), 0, 1, 120])
TIMES_S = HORIZON_ENDS | st.integers(0, 700_000)

OF_LEASES = ("recall", "displaced_for", "why", "need", "cost", "against")
Row = Mapping[str, int]
Flags = NDArray[np.bool_]


def decide(policy: Policy, snapshot: Snapshot) -> Plan:
    """Decide with what the leases promise counted, and what is said of leases as long as there are leases."""
    granted_s = policy.floor_s - snapshot.sanitise_s
    promised = committed(snapshot.held, snapshot.now_s, snapshot.horizons_s, granted_s)
    plan = quota.decide(policy, snapshot._replace(promised=promised))
    if plan.recall.size == snapshot.held.size:
        return plan
    assert plan.recall.size == 0
    blank = new_plan(snapshot.held.size, 0)
    return plan._replace(**{name: getattr(blank, name) for name in OF_LEASES})


def a_lease(nodes: int = 1, **given: int) -> Row:
    """A lease of an hour ago that wants another ten, and is mature; ``given`` says otherwise."""
    usual = {
        "start_s": NOW_S - 3600,
        "end_s": NOW_S + 36_000,
        "firm_until_s": NOW_S - 3600,
        "notice_s": 120,
        "take_s": -1,
        "price": 1000,
    }
    return {**usual, "nodes": nodes, **given}


def a_request(nodes: int = 1, **given: int) -> Row:
    """A preemptible request; ``given`` says otherwise."""
    usual = {"duration_s": 36_000, "firm_s": 0, "notice_s": 120, "price": 1000}
    return {**usual, "time_s": NOW_S, "nodes": nodes, **given}


def _records(rows: Iterable[Row], dtype: np.dtype[Any]) -> np.ndarray:
    listed = list(rows)
    table = np.zeros(len(listed), dtype=dtype)
    for i, row in enumerate(listed):
        for name, value in row.items():
            table[i][name] = value
    return table


def a_snapshot(
    *,
    idle: int = 0,
    pending: int = 0,
    sanitising: int = 0,
    held: Sequence[Row] = (),
    asked: Sequence[Row] = (),
    curve: int | Sequence[int] = 1000,
    displaced: int | Sequence[int] = 0,
    kept_back: int = 0,
    short_since_s: int = NOW_S - 60,
) -> Snapshot:
    leases = _records(held, HELD_LEASE)
    leases["request"] = np.arange(leases.size)
    leases["since_s"] = leases["start_s"]
    return Snapshot(
        now_s=NOW_S,
        idle=idle,
        pending=pending,
        sanitising=sanitising,
        leased=int(leases["nodes"].sum()),
        sanitise_s=300,
        horizons_s=np.array(HORIZONS_S, dtype=np.int64),
        curve=np.full(len(HORIZONS_S), curve, dtype=np.int64),
        kept_back=kept_back,
        short_since_s=short_since_s,
        wide=0,
        free_in_block=np.zeros(0, dtype=np.int64),
        held_in_block=np.zeros(0, dtype=np.int64),
        promised=np.zeros(len(HORIZONS_S), dtype=np.int64),
        displaced=np.full(len(HORIZONS_S), displaced, dtype=np.int64),
        held=leases,
        asked=_records(asked, REQUEST),
        nodes=1000,
    )


@st.composite
def _leases(draw: st.DrawFn) -> Row:
    age, left, notice = draw(TIMES_S), draw(TIMES_S), draw(st.sampled_from([0, 120, 600]))
    left = max(1, left)
    firm = draw(st.integers(-age, left) | st.just(left) | st.just(-age))
    under_notice = draw(st.booleans()) and notice < left
    return a_lease(
        draw(st.integers(1, 6)),
        start_s=NOW_S - age,
        end_s=NOW_S + left,
        firm_until_s=NOW_S + firm,
        notice_s=notice,
        take_s=NOW_S + draw(st.integers(1, max(1, notice))) if under_notice else -1,
        price=draw(st.sampled_from([0, 450, 900, 3000])),
    )


@st.composite
def _mature(draw: st.DrawFn) -> Row:
    age, left = draw(TIMES_S), 601 + draw(TIMES_S)
    return a_lease(
        draw(st.integers(1, 6)),
        start_s=NOW_S - age,
        end_s=NOW_S + left,
        firm_until_s=NOW_S - age,
        price=draw(st.sampled_from([0, 450, 900, 3000])),
    )


@st.composite
def _requests(draw: st.DrawFn) -> Row:
    duration = max(1, draw(TIMES_S))
    firm = draw(st.sampled_from([0, duration]) | st.integers(0, duration))
    return a_request(
        draw(st.integers(1, 6)),
        duration_s=duration,
        firm_s=firm,
        notice_s=draw(st.sampled_from([0, 120, 600])),
        price=draw(st.sampled_from([0, 450, 900])),
    )


@st.composite
def snapshots(draw: st.DrawFn, *, rush: bool = False) -> Snapshot:
    """Any pool; in a rush, jobs wait for more than is idle."""
    idle = draw(st.integers(0, 3 if rush else 30))
    steps = draw(st.lists(st.integers(0, 40), min_size=len(HORIZONS_S), max_size=len(HORIZONS_S)))
    return a_snapshot(
        idle=idle,
        pending=draw(st.integers(idle, 40) if rush else st.integers(0, 5)),
        sanitising=draw(st.integers(0, 3)),
        held=draw(st.lists(_leases(), max_size=9)),
        asked=draw(st.lists(_requests(), max_size=9)),
        curve=sorted(steps, reverse=True),
    )


@st.composite
def calls(draw: st.DrawFn) -> Snapshot:
    """A pool in which jobs lack nodes, and the mature leases have enough."""
    held = draw(st.lists(_leases(), max_size=6)) + draw(st.lists(_mature(), min_size=1, max_size=6))
    calm = a_snapshot(idle=draw(st.integers(0, 3)), held=held, sanitising=draw(st.integers(0, 3)))
    going = leaving(calm)
    coming = calm.sanitising + int(calm.held["nodes"][going].sum())
    most = int(calm.held["nodes"][mature(calm)].sum())
    return calm._replace(pending=calm.idle + coming + draw(st.integers(1, most)))


def leaving(snapshot: Snapshot) -> Flags:
    """Leases that free their nodes without being called."""
    held = snapshot.held
    flags: Flags = (held["take_s"] >= 0) | (held["end_s"] <= NOW_S + held["notice_s"])
    return flags


def mature(snapshot: Snapshot) -> Flags:
    """Leases that may be called without breaking a promise."""
    held = snapshot.held
    flags: Flags = ~leaving(snapshot) & (held["firm_until_s"] <= NOW_S + held["notice_s"])
    return flags


def tidegate(wait_price: int = 10_000, floor_s: int = 900) -> Policy:
    return Policy(int(PolicyCode.TIDEGATE), wait_price=wait_price, floor_s=floor_s, displaces=1)


POLICIES = st.just(tidegate()) | st.builds(
    Policy,
    code=st.sampled_from([int(code) for code in PolicyCode]),
    cap_nodes=st.integers(0, 30),
    eps=st.just(0.02),
    wait_price=st.sampled_from([0, 1000, 10_000, 1_000_000]),
    floor_s=st.sampled_from([0, 900]),
    displaces=st.just(0),
    full_risk_s=st.just(21_600),
    replaces=st.just(0),
)
