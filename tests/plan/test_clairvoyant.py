from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.naive import clairvoyant as naive
from tests.simulate.strategies import (
    Case,
    cases,
    jobs_of,
    requests_of,
)

from tidegate.demand import JOB_SCHEMA, JobLog, Rejects
from tidegate.fleet import LeasePolicy, Pool, Site, Tier, catalogue
from tidegate.lease.product import STANDARD_PRODUCTS, Offer
from tidegate.plan import (
    LogSource,
    PoolCase,
    PoolResult,
    Settings,
    backtest,
    backtest_pool,
    plays_of,
)
from tidegate.plan import clairvoyant as module
from tidegate.plan.clairvoyant import Bound, clairvoyant, free_node_seconds, slot_edges
from tidegate.quota import Policy, PolicyCode
from tidegate.simulate import Cluster, Outcome, Window, no_failures, play

HOUR = 3600
ALONE = Policy(int(PolicyCode.NONE))


def bound_of(case: Case, time_limit_s: float = 60.0) -> Bound | None:
    alone = play(*case._replace(policy=ALONE), holdings=True)
    rent = case.requests.price / 1000
    return clairvoyant(
        case.cluster,
        case.requests,
        rent,
        case.window,
        alone.holdings,
        time_limit_s=time_limit_s,
    )


def by_hand(
    nodes: int,
    jobs: list[tuple[int, int, int]],
    requests: list[tuple[int, int, int, int, int, int, int]],
    hours: int = 4,
) -> Bound:
    """The bound of a pool of one GPU per node over some hours; a job and a request as in ``strategies``."""
    case = Case(
        Cluster(nodes, 1, 300, 0),
        jobs_of(jobs),
        requests_of(requests),
        no_failures(),
        ALONE,
        Window(0, hours * HOUR, 300),
    )
    found = bound_of(case)
    assert found is not None
    return found


def test_all_is_delivered_where_there_is_room():
    found = by_hand(3, [], [(0, 0, 2, 2 * HOUR, 0, 0, 500), (900, 0, 1, HOUR, HOUR, 0, 900)])
    assert found.revenue == pytest.approx(2 * 2 * 0.5 + 0.9)
    assert found.accepted == pytest.approx([1, 1])
    assert found.node_seconds == pytest.approx([4 * HOUR, HOUR])


def test_a_lease_delivers_up_to_the_end_of_the_window():
    found = by_hand(1, [], [(3 * HOUR + 100, 0, 1, 9 * HOUR, 9 * HOUR, 0, 1000)])
    assert found.revenue == pytest.approx((HOUR - 100) / HOUR)


def test_the_dearer_of_two_gets_the_node():
    requests = [(0, 0, 1, 2 * HOUR, 2 * HOUR, 0, 500), (0, 0, 1, 2 * HOUR, 2 * HOUR, 0, 900)]
    assert by_hand(1, [], requests).node_seconds == pytest.approx([0, 2 * HOUR])


def test_a_firm_lease_is_not_cut_for_a_job_and_a_recallable_one_is():
    # The job takes the only node in the second hour.
    job = [(HOUR, HOUR, 1)]
    assert by_hand(1, job, [(0, 0, 1, 2 * HOUR, 2 * HOUR, 0, 1000)]).revenue == pytest.approx(0)
    assert by_hand(1, job, [(0, 0, 1, 2 * HOUR, HOUR, 0, 1000)]).revenue == pytest.approx(1)


def test_a_lease_does_not_come_back_after_a_gap():
    job = [(HOUR, HOUR, 1)]
    assert by_hand(1, job, [(0, 0, 1, 4 * HOUR, 0, 0, 1000)]).revenue == pytest.approx(1)


def test_the_notice_is_firm():
    # Notice of two hours: nothing of a lease that would have to go after one can be promised.
    job = [(HOUR, 3 * HOUR, 1)]
    assert by_hand(1, job, [(0, 0, 1, 3 * HOUR, 0, 2 * HOUR, 1000)]).revenue == pytest.approx(0)


def test_a_request_is_accepted_in_part():
    # Two of the three nodes are the jobs' in the second hour, so a third of the lease is promised.
    job = [(HOUR, HOUR, 2)]
    found = by_hand(3, job, [(0, 0, 3, 2 * HOUR, 2 * HOUR, 0, 1000)])
    assert found.accepted == pytest.approx([1 / 3])
    assert found.revenue == pytest.approx(2)


def test_a_firm_time_that_ends_within_a_slot():
    # Firm for 45 minutes; the job comes after 40. In the second slot ten minutes are free, fifteen are firm.
    job = [(2400, HOUR, 1)]
    found = by_hand(1, job, [(0, 0, 1, 2 * HOUR, 2700, 0, 1000)])
    assert found.accepted == pytest.approx([2 / 3])
    assert found.node_seconds == pytest.approx([2 / 3 * 1800 + 600])


def test_requests_that_cannot_be_judged_or_admitted_earn_nothing():
    outside = (4 * HOUR, 0, 1, HOUR, 0, 0, 1000)
    too_large = (0, 0, 3, HOUR, 0, 0, 1000)
    free_of_charge = (0, 0, 1, HOUR, 0, 0, 0)
    assert by_hand(2, [], [outside, too_large, free_of_charge]).revenue == 0
    assert by_hand(2, [], []).revenue == 0


def test_no_time_means_no_bound():
    requests = [(60 * i, 0, 1, 20 * HOUR, 0, 0, 100 + i) for i in range(200)]
    window = Window(0, 48 * HOUR, 300)
    jobs = jobs_of([(3600 * i, 1800, i % 4 + 1) for i in range(40)])
    case = Case(Cluster(5, 1, 300, 0), jobs, requests_of(requests), no_failures(), ALONE, window)
    assert bound_of(case, time_limit_s=0.0) is None


@given(cases(), st.sampled_from([300, 400, 1800]))
def test_twin(case: Case, slot_s: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SLOT_S", slot_s)
        found = bound_of(case)
        alone = play(*case._replace(policy=ALONE), holdings=True)
        free = free_node_seconds(case.cluster, alone.holdings, slot_edges(case.window))
    rent = (case.requests.price / 1000).tolist()
    expected = naive.bound(case.cluster, case.requests, rent, case.window, alone.holdings, slot_s)
    assert found is not None
    assert found.revenue == pytest.approx(expected, rel=1e-6, abs=1e-6)
    seconds = naive.free_nodes(case.cluster, alone.holdings, case.window.stop_s)
    assert free.sum() == sum(seconds[case.window.lease_from_s :])


@given(cases(), st.sampled_from([code for code in PolicyCode if code is not PolicyCode.NONE]))
def test_never_below_a_play_that_keeps_every_promise_and_every_start(case: Case, code: PolicyCode):
    # Jobs of whole nodes: then equal starts mean equally many nodes held (decision 0003).
    case = case._replace(
        cluster=case.cluster._replace(gpus_per_node=1),
        jobs=case.jobs._replace(gpus=np.minimum(case.jobs.gpus, case.cluster.nodes)),
        failures=no_failures(),
        policy=case.policy._replace(code=int(code)),
    )
    alone = play(*case._replace(policy=ALONE))
    played = play(*case)
    assume(np.array_equal(played.job_start_s, alone.job_start_s))
    assume(not np.any(played.leases.outcome == Outcome.BROKEN))
    delivered = np.maximum(0, played.leases.end_s - played.leases.start_s)
    earned = float((case.requests.price / 1000 * case.requests.nodes * delivered).sum()) / HOUR
    # What a displaced lease brings in its notice: the one that displaces it is taken to begin before that.
    twice = (played.leases.displaced_for >= 0) * case.requests.notice_s
    earned -= float((case.requests.price / 1000 * case.requests.nodes * twice).sum()) / HOUR
    found = bound_of(case)
    assert found is not None
    assert found.revenue >= earned * (1 - 1e-9) - 1e-6


@given(cases(), st.integers(1, 3))
def test_more_nodes_never_earn_less(case: Case, more: int):
    # The jobs stay where they are: first fit does not look at what lies above.
    alone = play(*case._replace(policy=ALONE, failures=no_failures()), holdings=True)
    earned = []
    for nodes in (case.cluster.nodes, case.cluster.nodes + more):
        found = clairvoyant(
            case.cluster._replace(nodes=nodes),
            case.requests,
            case.requests.price / 1000,
            case.window,
            alone.holdings,
        )
        assert found is not None
        earned.append(found.revenue)
    assert earned[1] >= earned[0] * (1 - 1e-9) - 1e-6


OFFERS = tuple(Offer(product, price, demand) for product, price, demand in STANDARD_PRODUCTS)
POOL = Pool(
    id="pool",
    site=Site("site", "UTC"),
    chip=catalogue()["H100-SXM"],
    nodes=4,
    gpus_per_node=8,
    tier=Tier.MAINSTAY,
    cohorts=(),
    policy=LeasePolicy(
        products=tuple(offer.product.id for offer in OFFERS),
        risk=0.1,
        reserve_nodes=0,
        wait_price=Decimal(3),
    ),
)
ALL = ("none", "static", "reactive", "tidegate", "clairvoyant")


def backtested(policies: tuple[str, ...], offers: tuple[Offer, ...] = OFFERS) -> PoolResult:
    rows = [(str(i), 5400 * i, 7200, 8 + 8 * (i % 3 == 0), None) for i in range(150)]
    log = JobLog(pl.DataFrame(rows, dict(JOB_SCHEMA), orient="row"), "log", "csv", False, Rejects())
    case = PoolCase(POOL, offers, LogSource(Path("log")))
    settings = Settings(policies=policies, seeds=(0, 1), warmup_s=86400)
    told: list[int] = []
    result = backtest_pool(case, log, settings, lambda pool, done, total: told.append(done))
    assert told == list(range(1, plays_of(case, settings) + 1))
    return result


def test_a_backtest_shows_the_bound_last_and_every_share_of_it():
    result = backtested(ALL)
    assert [p.policy for p in result.policies] == list(ALL)
    bound = result.policies[-1]
    assert bound.revenue > 0
    assert bound.revenue_share_of_clairvoyant == 1.0
    for p in result.policies:
        share = p.revenue_share_of_clairvoyant
        assert share == pytest.approx(float(p.revenue / bound.revenue))
    assert sum(p.revenue for p in bound.products) == bound.revenue
    assert sum(p.gpu_hours for p in bound.products) == pytest.approx(bound.harvested_gpu_hours)
    assert 0 < bound.harvested_share_of_idle <= 1
    assert all(0 <= p.admitted <= p.requests for p in bound.products)
    assert float(sum(bound.revenue_by_seed)) / 2 == pytest.approx(float(bound.revenue), abs=0.05)


def test_without_the_bound_there_are_no_shares():
    assert "clairvoyant" not in Settings.policies
    result = backtested(Settings.policies)
    assert [p.policy for p in result.policies] == list(ALL[:-1])
    assert all(p.revenue_share_of_clairvoyant is None for p in result.policies)


def test_a_bound_not_found_in_time_is_left_out_and_noted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backtest, "clairvoyant", lambda *args: None)
    result = backtested(("reactive", "clairvoyant"))
    assert [p.policy for p in result.policies] == ["none", "reactive"]
    assert all(p.revenue_share_of_clairvoyant is None for p in result.policies)
    assert "No clairvoyant bound" in result.notes[-1]


def test_a_pool_that_sells_nothing_has_no_bound():
    assert [p.policy for p in backtested(ALL, ()).policies] == ["none"]


def test_what_is_free_of_charge_has_no_shares():
    result = backtested(ALL, tuple(replace(offer, price=Decimal(0)) for offer in OFFERS))
    assert all(p.revenue_share_of_clairvoyant is None for p in result.policies)
