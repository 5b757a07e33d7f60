"""The same demand and requests come to the same decisions in the backtest and in the running system."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.control.living import START_S, Living, a_database, a_pool, an_order

from tidegate.control.admission import REASONS
from tidegate.drivers.embedded.cluster import Failure
from tidegate.drivers.embedded.jobs import JobList
from tidegate.fleet import OnFailure
from tidegate.lease.lease import EndReason, Lease
from tidegate.lease.states import LeaseState, OrderState
from tidegate.quota import Verdict
from tidegate.simulate import (
    Cluster,
    Failures,
    Holder,
    Jobs,
    Outcome,
    Played,
    Requests,
    Window,
    play,
)
from tidegate.store.tables.core import holding

FROM_S, STOP_S, TICK_S = 6 * 3600, 18 * 3600, 300
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
PRODUCTS = ("preemptible", "flex", "day")


@dataclass(frozen=True)
class Case:
    nodes: int
    gpus_per_node: int
    reserve_nodes: int
    block_nodes: int
    risk: float
    jobs: list[tuple[int, int, int]]
    requests: list[tuple[int, str, int, int]]
    failures: list[tuple[int, int, int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    nodes = draw(st.integers(2, 8))
    g = draw(st.sampled_from([1, 4, 8]))
    # Jobs that come together hold nodes at once, and make leases be called back.
    waves = draw(st.lists(st.integers(0, STOP_S - 1), min_size=1, max_size=4))
    waves += draw(st.lists(st.integers(FROM_S + 3600, STOP_S - 3600), min_size=1, max_size=4))
    jobs = []
    for wave in waves:
        for _ in range(draw(st.integers(1, 6))):
            submit = min(STOP_S - 1, wave + draw(st.integers(0, 900)))
            gpus = draw(st.integers(1, g) | st.integers(1, nodes).map(lambda n: n * g))
            jobs.append((submit, draw(st.integers(60, 3 * 3600)), gpus))
    # Requests that come at the same second are judged together, those first that bring most.
    rushes = draw(st.lists(st.integers(FROM_S, STOP_S - 1), min_size=1, max_size=4))
    requests = draw(
        st.lists(
            st.tuples(
                st.sampled_from(rushes) | st.integers(FROM_S, STOP_S - 1),
                st.sampled_from(PRODUCTS),
                st.integers(1, max(1, nodes // 2)),
                st.integers(1800, 8 * 3600),
            ),
            min_size=5,
            max_size=20,
        )
    )
    failures: list[tuple[int, int, int]] = []
    back: dict[int, int] = {}
    for time_s in sorted(draw(st.lists(st.integers(0, STOP_S - 1), max_size=3))):
        node = draw(st.integers(0, nodes - 1))
        if back.get(node, 0) <= time_s:
            back[node] = time_s + draw(st.integers(1, 4 * 3600))
            failures.append((time_s, node, back[node]))
    return Case(
        nodes,
        g,
        draw(st.integers(0, 1)),
        draw(st.sampled_from([0, 2, 3])),
        draw(st.sampled_from([0.05, 0.3, 0.6])),
        sorted(jobs),
        sorted(requests, key=lambda request: request[0]),
        failures,
    )


def columns(rows: Sequence[tuple[int, ...]], width: int) -> list[np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), width)
    return [table[:, i].copy() for i in range(width)]


def nodes_of(played: Played) -> dict[int, set[int]]:
    """The nodes of each request's lease, as far as it ended within the play."""
    nodes: dict[int, set[int]] = {}
    for node, holder, request, _, _ in played.holdings.tolist():
        if holder == Holder.LEASE:
            nodes.setdefault(request, set()).add(node)
    return nodes


def backtested(case: Case, pool: Any) -> Played:
    rows = []
    for time_s, product, nodes, duration_s in case.requests:
        offer = pool.offer_of[product]
        firm_s = offer.product.guaranteed_s(duration_s)
        number = PRODUCTS.index(product)
        price = pool.steps(offer.price)
        rows.append((time_s, number, nodes, duration_s, firm_s, offer.product.notice_s, price))
    return play(
        Cluster(case.nodes, case.gpus_per_node, 300, case.reserve_nodes, case.block_nodes),
        Jobs(*columns(case.jobs, 3)),
        Requests(*columns(rows, 7)),
        Failures(*columns(case.failures, 3)),
        pool.policy,
        # The running system is open from its first second, and counts internal jobs from then on; its last step is at
        # STOP_S.
        Window(0, STOP_S + 1, TICK_S, clock_s=START_S % 86_400),
        holdings=True,
        products=len(PRODUCTS),
    )


def lived(case: Case, pool: Any, folder: Path) -> Iterator[dict[str, Any]]:
    submit, duration, gpus = zip(*case.jobs, strict=True)
    living = Living(
        a_database(folder),
        pool,
        JobList([START_S + each for each in submit], duration, gpus),
        [Failure(START_S + time_s, node, START_S + until) for time_s, node, until in case.failures],
    )
    living.step()
    orders = []
    for time_s, product, nodes, duration_s in case.requests:
        if START_S + time_s > living.clock.time_s:
            living.run_until(START_S + time_s)
        order = an_order(pool, product, nodes=nodes, duration_s=duration_s)
        orders.append(living.place(order))
        upcoming = case.requests[len(orders)][0] if len(orders) < len(case.requests) else None
        if upcoming != time_s:
            living.step()
    living.run_until(START_S + STOP_S)
    living.step()
    for placed in orders:
        judged = living.store.order(placed.id)
        assert judged is not None
        lease = living.store.lease(judged.lease_id) if judged.lease_id else None
        yield {"order": judged, "lease": lease, "nodes": held_by(living, judged.lease_id)}
    living.database.close()


def held_by(living: Living, lease_id: str | None) -> set[int]:
    """The places of the nodes that a lease has held."""
    rank = living.line.book.roster.rank
    with living.database.reading() as connection:
        rows = connection.execute(sa.select(holding.c.node).where(holding.c.lease_id == lease_id))
        return {rank[node] for (node,) in rows}


def outcome_of(lease: Lease) -> Outcome:
    if lease.is_live:
        return Outcome.OPEN
    if lease.state is LeaseState.FAILED:
        return Outcome.FAILED
    if lease.state is LeaseState.BROKEN:
        return Outcome.BROKEN
    return Outcome.RECALLED if lease.reason == EndReason.RECALLED else Outcome.COMPLETED


def relative(time_s: int | None) -> int:
    return -1 if time_s is None else time_s - START_S


@settings(
    max_examples=20,
    # A counterexample is shrunk for minutes, and no easier to read.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(cases())
def test_the_running_system_decides_as_the_backtest_does(case: Case):
    pool = a_pool(
        case.nodes,
        gpus_per_node=case.gpus_per_node,
        risk=case.risk,
        reserve_nodes=case.reserve_nodes,
        block_nodes=case.block_nodes,
        on_failure=OnFailure.END,
    )
    backtest = backtested(case, pool)
    played, nodes = backtest.leases, nodes_of(backtest)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        for i, found in enumerate(lived(case, pool, Path(folder))):
            order, lease = found["order"], found["lease"]
            verdict = Verdict(int(played.verdict[i]))
            if verdict is not Verdict.ADMITTED:
                assert order.state is OrderState.REFUSED
                assert order.reason == REASONS[verdict]
                continue
            assert order.state is OrderState.ADMITTED
            is_open = played.end_s[i] > STOP_S
            expected = Outcome.OPEN if is_open else Outcome(int(played.outcome[i]))
            assert outcome_of(lease) is expected
            assert relative(lease.start_s) == played.start_s[i]
            assert found["nodes"] == nodes[i]
            assert relative(lease.noticed_s) == played.notice_at_s[i]
            if expected is not Outcome.OPEN:
                assert relative(lease.ended_s) == played.end_s[i]
                assert lease.broken_s == played.broken_s[i]
