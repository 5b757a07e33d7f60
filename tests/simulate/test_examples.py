"""Small plays worked out by hand from the page; the kernel and its twin both give the timeline."""

from collections.abc import Callable, Sequence

import pytest
from tests.naive.play import play as slow_play
from tests.simulate.strategies import Case, failures_of, jobs_of, requests_of

from tidegate.quota import Policy, PolicyCode, Verdict
from tidegate.simulate import Cluster, Holder, Outcome, Played, Window, play

INTERNAL, LEASE, SANITISING, FAILED = (int(holder) for holder in Holder)
Rules = tuple[Policy, Window]
WITHOUT_TICKS = Window(lease_from_s=0, stop_s=20_000, tick_s=0)
REACTIVE: Rules = (Policy(PolicyCode.REACTIVE), WITHOUT_TICKS)
REPLACING: Rules = (Policy(PolicyCode.REACTIVE, replaces=1), WITHOUT_TICKS)
NEVER = -1
QUIET = 6000
"""So long nothing happens in a play that needs a quota curve."""

Play = Callable[[Case], Played]


def by_kernel(case: Case) -> Played:
    return play(*case, record=True, holdings=True, products=3)


def by_twin(case: Case) -> Played:
    return slow_play(*case, products=3)


@pytest.fixture(params=[by_kernel, by_twin], ids=["kernel", "twin"])
def played(request: pytest.FixtureRequest) -> Play:
    chosen: Play = request.param
    return chosen


def a_case(
    nodes: int,
    *,
    gpus_per_node: int = 1,
    jobs: Sequence[tuple[int, int, int]] = (),
    requests: Sequence[tuple[int, int, int, int, int, int, int]] = (),
    failures: Sequence[tuple[int, int, int]] = (),
    rules: Rules = REACTIVE,
    sanitise_s: int = 60,
) -> Case:
    return Case(
        Cluster(nodes, gpus_per_node, sanitise_s, reserve_nodes=0),
        jobs_of(list(jobs)),
        requests_of(list(requests)),
        failures_of(list(failures)),
        *rules,
    )


def ordered(
    product: int,
    nodes: int,
    duration: int,
    *,
    at: int = 0,
    firm: int = 0,
    notice: int = 0,
    price: int = 100,
):
    """A row of requests."""
    return at, product, nodes, duration, firm, notice, price


def tidegate(*, wait_price: int = 0, tick_s: int = 300) -> Rules:
    """A curve that promises every idle node after a quiet time."""
    policy = Policy(PolicyCode.TIDEGATE, eps=0.99, wait_price=wait_price, floor_s=0)
    return policy, Window(lease_from_s=0, stop_s=20_000, tick_s=tick_s)


def test_a_job_waits_for_notice_and_sanitising(played: Play):
    case = a_case(2, jobs=[(1000, 500, 1)], requests=[ordered(0, 2, 5000, notice=120)])
    result = played(case)
    # Called at 1000, taken at 1120, clean at 1180.
    assert result.job_start_s.tolist() == [1180]
    assert result.leases.notice_at_s.tolist() == [1000]
    assert result.leases.end_s.tolist() == [1120]
    assert result.leases.outcome.tolist() == [Outcome.RECALLED]
    assert result.leases.broken_s.tolist() == [0]
    assert result.holdings.tolist() == [
        [0, LEASE, 0, 0, 1120],
        [0, SANITISING, -1, 1120, 1180],
        [0, INTERNAL, 0, 1180, 1680],
        [1, LEASE, 0, 0, 1120],
        [1, SANITISING, -1, 1120, 1180],
    ]
    assert result.held.tolist() == [500, 2240, 120, 0]


def test_a_dirty_node_is_sanitised_inside_the_lease(played: Play):
    case = a_case(1, jobs=[(0, 100, 1)], requests=[ordered(0, 1, 1000, at=200)])
    result = played(case)
    assert result.leases.start_s.tolist() == [260]
    assert result.leases.end_s.tolist() == [1260]
    assert result.leases.outcome.tolist() == [Outcome.COMPLETED]
    assert result.holdings.tolist() == [
        [0, INTERNAL, 0, 0, 100],
        [0, LEASE, 0, 200, 1260],
        [0, SANITISING, -1, 1260, 1320],
    ]


def test_jobs_fill_from_below_and_leases_from_above(played: Play):
    case = a_case(
        4,
        gpus_per_node=4,
        jobs=[(0, 100, 3), (0, 100, 2), (0, 100, 1), (0, 100, 5)],
        requests=[ordered(0, 1, 100)],
    )
    result = played(case)
    # 5 GPUs take two whole nodes: the two that the small jobs leave, and none is left to lease.
    assert [row[:3] for row in result.holdings.tolist()] == [
        [0, INTERNAL, 0],
        [0, INTERNAL, 2],
        [1, INTERNAL, 1],
        [2, INTERNAL, 3],
        [3, INTERNAL, 3],
    ]
    assert result.leases.verdict.tolist() == [Verdict.NO_ROOM]
    assert result.held.tolist() == [100 * (3 + 2 + 1 + 8), 0, 0, 0]


def test_a_later_job_that_fits_goes_ahead(played: Play):
    case = a_case(2, jobs=[(0, 100, 1), (10, 100, 2), (20, 50, 1)])
    assert played(case).job_start_s.tolist() == [0, 100, 20]


def test_a_job_of_no_duration_leaves_in_another_round_of_the_same_second(played: Play):
    result = played(a_case(1, jobs=[(0, 0, 1), (0, 0, 1), (0, 10, 1)]))
    assert result.job_start_s.tolist() == [0, 0, 0]
    assert result.holdings.tolist() == [[0, INTERNAL, 2, 0, 10]]


def test_a_failure_stops_a_job_which_keeps_its_place(played: Play):
    case = a_case(1, jobs=[(0, 100, 1), (60, 10, 1)], failures=[(50, 0, 80)])
    result = played(case)
    assert result.job_start_s.tolist() == [80, 180]
    assert result.holdings.tolist() == [
        [0, INTERNAL, 0, 0, 50],
        [0, FAILED, -1, 50, 80],
        [0, INTERNAL, 0, 80, 180],
        [0, INTERNAL, 1, 180, 190],
    ]


def test_an_idle_node_takes_the_place_of_one_that_fails(played: Play):
    case = a_case(
        3, requests=[ordered(0, 2, 5000, firm=1000)], failures=[(300, 1, 500)], rules=REPLACING
    )
    result = played(case)
    assert result.leases.outcome.tolist() == [Outcome.COMPLETED]
    assert result.leases.end_s.tolist() == [5000]
    assert result.leases.broken_s.tolist() == [0]
    assert result.held[Holder.LEASE] == 2 * 5000


def test_a_lease_under_notice_gets_no_other_node(played: Play):
    # From 200 on a job waits for two nodes; one is idle, and the lease is called.
    requests = [ordered(0, 2, 5000, firm=1000, notice=600)]
    case = a_case(
        3, jobs=[(200, 100, 2)], requests=requests, failures=[(300, 1, 500)], rules=REPLACING
    )
    assert played(case).leases.outcome.tolist() == [Outcome.FAILED]


def test_a_failure_ends_a_lease_and_breaks_its_promise(played: Play):
    case = a_case(2, requests=[ordered(0, 2, 5000, firm=1000)], failures=[(300, 1, 500)])
    result = played(case)
    assert result.leases.outcome.tolist() == [Outcome.FAILED]
    assert result.leases.end_s.tolist() == [300]
    assert result.leases.broken_s.tolist() == [700]
    assert result.holdings.tolist() == [
        [0, LEASE, 0, 0, 300],
        [0, SANITISING, -1, 300, 360],
        [1, LEASE, 0, 0, 300],
        [1, FAILED, -1, 300, 500],
    ]


def test_at_stop_leases_end_and_waiting_jobs_start(played: Play):
    case = a_case(
        1,
        jobs=[(900, 10, 1)],
        requests=[ordered(0, 1, 5000, notice=600)],
        rules=(REACTIVE[0], Window(lease_from_s=0, stop_s=1000, tick_s=0)),
    )
    result = played(case)
    # Called at 900 for 1500, but everything of leasing ends at 1000.
    assert result.job_start_s.tolist() == [1000]
    assert result.leases.outcome.tolist() == [Outcome.OPEN]
    assert result.leases.notice_at_s.tolist() == [900]
    assert result.held.tolist() == [0, 1000, 0, 0]


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        (Policy(PolicyCode.NONE), [Verdict.NOT_SOLD] * 3),
        (
            Policy(PolicyCode.STATIC, cap_nodes=2),
            [Verdict.ADMITTED, Verdict.SHARE, Verdict.NO_ROOM],
        ),
        (Policy(PolicyCode.REACTIVE), [Verdict.ADMITTED, Verdict.ADMITTED, Verdict.NO_ROOM]),
        (Policy(PolicyCode.TIDEGATE, floor_s=0), [Verdict.QUOTA, Verdict.QUOTA, Verdict.NO_ROOM]),
    ],
)
def test_each_policy_refuses_for_its_own_reason(
    played: Play, policy: Policy, verdicts: list[Verdict]
):
    case = a_case(
        3,
        requests=[ordered(0, 2, 50), ordered(0, 1, 50), ordered(0, 4, 50)],
        rules=(policy, WITHOUT_TICKS),
    )
    assert played(case).leases.verdict.tolist() == verdicts


def test_without_ticks_nothing_is_promised_at_the_first_horizon(played: Play):
    policy = Policy(PolicyCode.TIDEGATE, floor_s=0)
    case = a_case(1, requests=[ordered(0, 1, 50)], rules=(policy, WITHOUT_TICKS))
    assert played(case).leases.horizon.tolist() == [0]


def test_a_refused_request_names_the_horizon_that_binds(played: Play):
    # At 600, the third tick, the windows of 300 and 600 s have been seen, that of 900 s has not.
    # A guarantee of 600 s counts at the first two horizons, one of 601 s at the third as well.
    case = a_case(
        2,
        requests=[
            ordered(0, 1, 5000, at=600, firm=601),
            ordered(0, 1, 5000, at=600, firm=600),
        ],
        rules=tidegate(),
    )
    leases = played(case).leases
    assert leases.verdict.tolist() == [Verdict.QUOTA, Verdict.ADMITTED]
    assert leases.horizon.tolist() == [2, NEVER]


def test_a_lease_within_its_guarantee_stays_while_a_mature_one_is_there(played: Play):
    requests = [
        ordered(1, 1, 9000, at=QUIET, firm=3000, price=1),
        ordered(0, 1, 9000, at=QUIET, notice=120, price=1000),
    ]
    jobs = [(QUIET + 400, 100, 1)]
    leases = played(
        a_case(2, jobs=jobs, requests=requests, rules=tidegate(wait_price=10**6))
    ).leases
    assert leases.outcome.tolist() == [Outcome.COMPLETED, Outcome.RECALLED]
    assert leases.notice_at_s.tolist() == [NEVER, QUIET + 400]
    # Where only the price counts, the promise is broken.
    leases = played(a_case(2, jobs=jobs, requests=requests)).leases
    assert leases.outcome.tolist() == [Outcome.BROKEN, Outcome.COMPLETED]
    assert leases.broken_s.tolist() == [2600, 0]


def test_of_equal_leases_the_first_is_called(played: Play):
    requests = [ordered(0, 1, 9000, at=QUIET, notice=120) for _ in range(3)]
    leases = played(
        a_case(3, jobs=[(QUIET + 400, 100, 2)], requests=requests, rules=tidegate())
    ).leases
    assert leases.notice_at_s.tolist() == [QUIET + 400, QUIET + 400, NEVER]


def test_the_cheapest_cover_is_called(played: Play):
    # Two nodes are needed. The large lease costs 10 * 3 * 100 a second, the small ones more.
    requests = [
        ordered(0, 1, 9000, at=QUIET, notice=120, price=160),
        ordered(0, 3, 9000, at=QUIET, notice=120, price=100),
        ordered(0, 1, 9000, at=QUIET, notice=120, price=160),
    ]
    case = a_case(5, jobs=[(QUIET + 400, 100, 2)], requests=requests, rules=tidegate())
    assert played(case).leases.notice_at_s.tolist() == [NEVER, QUIET + 400, NEVER]


# A lease of price 100, firm for 3000 s, wanted for 9000 s, taken at age 400 without notice: broken,
# it costs 10 * 100 * 8600 + 10 * 100 * 400 + 13 * 100 * 400 = 9,520,000. Waiting until it is 3060 s
# old takes 2660 s: 26,600 times the price of waiting. Of what was sold (3000, and 2 days of the node before
# it) 2600 node-seconds would break, 1.48 %; of 200 jobs before it 1 would be late, 0.5 %, of which 0.7 count. By
# the fourth powers of these, waiting is dearer from a price of 114,100 on. At each decision less is left to
# break; there is one when the need has lasted for a minute.
@pytest.mark.parametrize(
    ("wait_price", "outcome", "ended", "start"),
    [
        # Kept: it is called at the first tick after its guarantee.
        (2, Outcome.RECALLED, QUIET + 3000, QUIET + 3060),
        (114_000, Outcome.BROKEN, QUIET + 460, QUIET + 520),
        (114_200, Outcome.BROKEN, QUIET + 400, QUIET + 460),
    ],
)
def test_a_promise_is_broken_when_waiting_costs_more(
    played: Play, wait_price: int, outcome: Outcome, ended: int, start: int
):
    result = played(
        a_case(
            1,
            jobs=[(QUIET + 400, 100, 1)],
            requests=[ordered(0, 1, 9000, at=QUIET, firm=3000)],
            rules=tidegate(wait_price=wait_price),
        )
    )
    assert result.leases.outcome.tolist() == [outcome]
    assert result.leases.end_s.tolist() == [ended]
    assert result.leases.broken_s.tolist() == [QUIET + 3000 - ended]
    assert result.job_start_s.tolist() == [start]


def test_of_requests_due_at_once_each_sees_those_before_it(played: Play):
    case = a_case(3, requests=[ordered(0, 2, 50), ordered(0, 2, 50), ordered(0, 1, 50)])
    leases = played(case).leases
    assert leases.verdict.tolist() == [Verdict.ADMITTED, Verdict.NO_ROOM, Verdict.ADMITTED]


def test_what_a_job_waits_for_is_not_lent(played: Play):
    # At 10 the job waits for 3 nodes: 2 are idle, 2 come back with the first lease. None is lent, however
    # short the lease, or leases would take turns on a node for as long as the job waits.
    requests = [
        ordered(0, 2, 200, notice=600),
        ordered(0, 1, 100, at=10, notice=600),
        ordered(0, 1, 100, at=50, notice=600),
    ]
    result = played(a_case(4, jobs=[(10, 1000, 3)], requests=requests))
    assert result.leases.verdict.tolist() == [Verdict.ADMITTED, Verdict.NO_ROOM, Verdict.NO_ROOM]
    assert result.job_start_s.tolist() == [260]


def test_requests_judged_together_count_from_their_starts(played: Play):
    # One node is needed for 60 s in every 900: most windows of 600 s see it, most of 300 s do not,
    # so that 6 nodes can be promised for 300 s and 5 for 600 s. The lease firm for 300 s counts for 300 s,
    # although its nodes are sanitised first.
    case = a_case(
        6,
        jobs=[(0, 10, 6)] + [(300 + 900 * k, 60, 1) for k in range(1, 8)],
        requests=[
            ordered(0, 2, 3000, at=6660, firm=300),
            ordered(0, 4, 3000, at=6660, firm=600),
        ],
        rules=tidegate(tick_s=60),
    )
    leases = played(case).leases
    assert leases.verdict.tolist() == [Verdict.ADMITTED, Verdict.ADMITTED]


def test_a_killed_job_makes_nothing_due_at_its_old_end(played: Play):
    # The lease would be called whenever anything happens from 6290 on (firm to 6350, notice 60).
    # The killed run would have ended at 6350; the new one ends at 6470: then the second job starts.
    case = a_case(
        3,
        jobs=[(QUIET - 100, 450, 1), (QUIET + 50, 5000, 2)],
        requests=[ordered(0, 1, 10_000, at=QUIET, firm=350, notice=60)],
        failures=[(QUIET + 20, 0, QUIET + 21)],
        rules=tidegate(tick_s=600),
    )
    result = played(case)
    assert result.leases.notice_at_s.tolist() == [NEVER]
    assert result.job_start_s.tolist() == [QUIET + 20, QUIET + 470]


def test_a_node_that_fails_makes_nothing_due_when_its_sanitising_would_have_ended(played: Play):
    # Node 2 is sanitised from 6030, fails at 6100 and is back at 6500; nothing is due at 6330.
    case = a_case(
        4,
        jobs=[(QUIET + 50, 5000, 4)],
        requests=[
            ordered(0, 1, 10_000, at=QUIET, firm=350, notice=60),
            ordered(0, 1, 30, at=QUIET),
        ],
        failures=[(QUIET + 100, 2, QUIET + 500)],
        sanitise_s=300,
        rules=tidegate(tick_s=600),
    )
    result = played(case)
    assert result.leases.notice_at_s.tolist() == [QUIET + 500, NEVER]
    assert result.job_start_s.tolist() == [QUIET + 860]
