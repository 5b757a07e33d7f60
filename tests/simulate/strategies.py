"""Small pools in which as much as possible happens at the same second."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate.quota.policy import Policy, PolicyCode
from tidegate.simulate.model import Cluster, Failures, Jobs, Requests, Window

PRODUCTS = 3


class Case(NamedTuple):
    """What ``play`` takes, in its order."""

    cluster: Cluster
    jobs: Jobs
    requests: Requests
    failures: Failures
    policy: Policy
    window: Window
    forecast_free: NDArray[np.int64] | None = None
    announced: NDArray[np.int64] | None = None


def jobs_of(rows: list[tuple[int, int, int]]) -> Jobs:
    """Jobs from rows ``submit, duration, gpus``; a stable sort keeps the order of ties."""
    columns = np.array(sorted(rows, key=lambda row: row[0]), np.int64).reshape(-1, 3).T.copy()
    return Jobs(columns[0], columns[1], columns[2].astype(np.int32))


def requests_of(rows: list[tuple[int, int, int, int, int, int, int]]) -> Requests:
    """Requests from rows ``time, product, nodes, duration, firm, notice, price``."""
    ordered = sorted(rows, key=lambda row: row[0])
    return Requests(*np.array(ordered, np.int64).reshape(-1, 7).T.copy())


def failures_of(rows: list[tuple[int, int, int]]) -> Failures:
    """Failures from rows ``time, node, until``."""
    ordered = sorted(rows, key=lambda row: row[0])
    return Failures(*np.array(ordered, np.int64).reshape(-1, 3).T.copy())


def times(most: int) -> st.SearchStrategy[int]:
    """Seconds from 0 to ``most``, mostly on round numbers, so that they meet."""
    return st.one_of(
        st.integers(0, most // 300).map(lambda n: 300 * n),
        st.integers(0, most // 60).map(lambda n: 60 * n),
        st.integers(0, most),
    )


def mostly(usual: st.SearchStrategy[int], odd: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    """The usual in three of four cases, else the odd."""
    return st.integers(0, 3).flatmap(lambda n: usual if n < 3 else odd)


def _gpus(nodes: int, per_node: int) -> st.SearchStrategy[int]:
    return st.one_of(
        st.integers(1, per_node),
        st.integers(1, nodes).map(lambda n: n * per_node),
        st.integers(1, nodes * per_node),
    )


@st.composite
def _request_rows(
    draw: st.DrawFn, nodes: int, span: int
) -> tuple[int, int, int, int, int, int, int]:
    product = draw(st.integers(0, PRODUCTS - 1))
    duration = draw(mostly(times(3 * span), times(600)))
    firm = draw(st.one_of(st.just(0), st.just(duration), st.integers(0, duration)))
    return (
        draw(times(span)),
        product,
        draw(mostly(st.sampled_from([1, 2]), st.integers(1, nodes + 1))),
        duration,
        firm,
        draw(st.sampled_from([0, 60, 120, 300, 600]) | st.integers(0, 700)),
        draw(st.sampled_from([0, 450, 900]) | st.integers(0, 3000)),
    )


@st.composite
def _failure_rows(draw: st.DrawFn, node: int, span: int) -> list[tuple[int, int, int]]:
    rows: list[tuple[int, int, int]] = []
    time = draw(times(span))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3]))):
        until = time + max(1, draw(times(600)))
        rows.append((time, node, until))
        # The next one never at the same time, and at the earliest when this one is repaired.
        time = max(time + 1, until + draw(st.just(0) | times(1200)))
    return rows


@st.composite
def policies(draw: st.DrawFn, nodes: int, code: PolicyCode | None = None) -> Policy:
    """Any policy or the one given; ``tidegate`` most often, as it has most rules."""
    drawn = draw(st.sampled_from([PolicyCode.TIDEGATE] * 3 + list(PolicyCode) + [PolicyCode.GFS]))
    chosen = drawn if code is None else code
    may_displace = chosen is PolicyCode.TIDEGATE
    return Policy(
        code=int(chosen),
        cap_nodes=draw(st.integers(0, nodes)),
        eps=draw(st.sampled_from([0.9, 0.9, 0.5, 0.34, 0.1, 0.02])),
        wait_price=draw(st.sampled_from([0, 10, 1_000, 10_000, 100_000])),
        floor_s=draw(st.sampled_from([0, 60, 900]) | times(900)),
        displaces=draw(st.sampled_from([1, 1, 1, 0])) if may_displace else 0,
        full_risk_s=draw(st.sampled_from([0, 300, 900, 21_600])),
    )


@st.composite
def _forecasts(draw: st.DrawFn, nodes: int, window: Window) -> NDArray[np.int64]:
    """Nodes free by forecast at every tick, the same few over and over."""
    ticks = len(range(0, window.stop_s, window.tick_s)) if window.tick_s else 0
    few = st.lists(st.integers(0, nodes), min_size=1, max_size=4)
    return np.resize(np.array(draw(few), np.int64), ticks)


def _announced(nodes: int, window: Window) -> st.SearchStrategy[NDArray[np.int64]]:
    """Nodes announced for a stretch of ticks, some of it after the play."""
    last = window.stop_s // window.tick_s if window.tick_s else 0
    stretch = st.tuples(st.integers(0, last + 3), st.integers(0, 20), st.integers(0, nodes + 1))
    return stretch.map(lambda x: np.repeat(np.array([0, x[2]], np.int64), [x[0], x[1]]))


@st.composite
def cases(
    draw: st.DrawFn,
    spans: Sequence[int] = (300, 900, 2400, 6000),
    code: PolicyCode | None = None,
) -> Case:
    """Whole plays, of about these lengths, under any policy or the one given."""
    nodes = draw(st.integers(1, 6))
    per_node = draw(st.sampled_from([1, 2, 4, 8]))
    # A short play is crowded; a long one fills the quota curve.
    span = draw(st.sampled_from(spans))
    stop = draw(mostly(st.sampled_from([span, span + 1]), times(span)))
    # A calm before the rush: leases are sold, and then called back.
    calm = draw(st.sampled_from([0, span // 3, 2 * span // 3]))
    cluster = Cluster(
        nodes=nodes,
        gpus_per_node=per_node,
        sanitise_s=draw(st.sampled_from([0, 60, 300])),
        reserve_nodes=draw(st.sampled_from([0, 0, 0, 1])),
        block_nodes=draw(st.sampled_from([0, 2, 3])),
    )
    window = Window(
        lease_from_s=draw(mostly(st.just(0), st.integers(0, stop))),
        stop_s=stop,
        tick_s=draw(st.sampled_from([60, 60, 300, 0] if stop <= 6001 else [300, 300, 900])),
        clock_s=draw(st.integers(0, 86_399)),
    )
    submission = times(span + 300 - calm).map(lambda s: s + calm)
    lasting = times(300) | times(1500)
    job_rows = st.tuples(submission, lasting, _gpus(nodes, per_node))
    job_list = draw(st.lists(job_rows, max_size=25))
    # Over hours it takes more of them to keep a pool busy.
    least, most = (0, 15) if stop <= 6001 else (15, 50)
    requests = st.lists(_request_rows(nodes, span), min_size=least, max_size=most)
    request_list = draw(requests)
    failure_list = [row for node in range(nodes) for row in draw(_failure_rows(node, span + 300))]
    return Case(
        cluster,
        jobs_of(job_list),
        requests_of(request_list),
        failures_of(failure_list),
        draw(policies(nodes, code)),
        window,
        draw(_forecasts(nodes, window)),
        draw(st.none() | _announced(nodes, window)),
    )
