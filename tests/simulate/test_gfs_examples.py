"""The rule of GFS in small plays worked out by hand from the page."""

from collections.abc import Sequence

import numpy as np
import pytest
from tests.simulate.strategies import Case
from tests.simulate.test_examples import NEVER, Play, a_case, by_kernel, by_twin, ordered

from tidegate.quota import Policy, PolicyCode, Verdict
from tidegate.simulate import Window


@pytest.fixture(params=[by_kernel, by_twin], ids=["kernel", "twin"])
def played(request: pytest.FixtureRequest) -> Play:
    chosen: Play = request.param
    return chosen


def gfs_case(
    nodes: int,
    free: int,
    *,
    stop_s: int,
    jobs: Sequence[tuple[int, int, int]] = (),
    requests: Sequence[tuple[int, int, int, int, int, int, int]] = (),
) -> Case:
    """A pool of which the forecast leaves so many nodes free at every tick; no sanitising."""
    rules = Policy(PolicyCode.GFS), Window(lease_from_s=0, stop_s=stop_s, tick_s=300)
    case = a_case(nodes, jobs=jobs, requests=requests, rules=rules, sanitise_s=0)
    return case._replace(forecast_free=np.full(-(-stop_s // 300), free))


def test_without_ticks_there_is_no_quota(played: Play):
    rules = Policy(PolicyCode.GFS), Window(lease_from_s=0, stop_s=100, tick_s=0)
    case = a_case(3, requests=[ordered(0, 1, 50), ordered(0, 4, 50)], rules=rules)
    assert played(case).leases.verdict.tolist() == [Verdict.SHARE, Verdict.NO_ROOM]


def test_the_quota_grows_when_a_request_has_waited_for_an_hour(played: Play):
    # The third node is refused at 10, and has waited for more than an hour at the tick of 3900, when
    # nothing has failed: eta becomes 1.5, and the quota 3. One more is admitted; then nobody waits.
    requests = [
        ordered(0, 2, 9000),
        ordered(0, 1, 9000, at=10),
        ordered(0, 1, 9000, at=3899),
        ordered(0, 1, 9000, at=3900),
        ordered(0, 1, 9000, at=4300),
    ]
    leases = played(gfs_case(9, 2, stop_s=6000, requests=requests)).leases
    assert leases.verdict.tolist() == [
        *(Verdict.ADMITTED, Verdict.SHARE, Verdict.SHARE),
        *(Verdict.ADMITTED, Verdict.SHARE),
    ]


def test_the_quota_shrinks_when_periods_fail(played: Play):
    # Ten leases, each with an hour kept at 3600. One is taken at 7000, when 2 nodes are idle and 3 are
    # needed: at the tick of 7200, 9 have kept another hour, 1 of 20 has failed. Two more go at 7300 and at 7400,
    # so that at 7500 5 of 24 have failed, more than 15 %: eta becomes 24 / 50, and the quota 5 instead of 12.
    # Until then the idle nodes were lent again.
    requests = [
        *(ordered(0, 1, 90_000) for _ in range(10)),
        *(ordered(0, 1, 90_000, at=7450) for _ in range(2)),
        ordered(0, 1, 90_000, at=7499),
        ordered(0, 1, 90_000, at=7550),
    ]
    jobs = [(7000, 20, 3), (7300, 30, 5), (7400, 10, 7)]
    leases = played(gfs_case(12, 12, stop_s=8000, jobs=jobs, requests=requests)).leases
    assert leases.notice_at_s[:10].tolist() == [7000, 7300, 7300, 7400, 7400] + [NEVER] * 5
    assert leases.verdict[10:].tolist() == [Verdict.ADMITTED] * 3 + [Verdict.SHARE]


def test_a_lease_that_completes_keeps_its_last_period(played: Play):
    # One lease is taken at 600: 1 of 10 periods that ended, the others with their leases. Were those
    # not counted, all would have failed at 900, the quota would be 1, and the requests at 910 be refused.
    requests = [
        *(ordered(0, 1, 300) for _ in range(9)),
        *(ordered(0, 1, 90_000) for _ in range(2)),
        *(ordered(0, 1, 90_000, at=910) for _ in range(2)),
    ]
    leases = played(gfs_case(12, 12, stop_s=2000, jobs=[(600, 20, 11)], requests=requests)).leases
    assert leases.notice_at_s.tolist() == [NEVER] * 9 + [600] + [NEVER] * 3
    assert leases.verdict.tolist() == [Verdict.ADMITTED] * 13


def test_a_failed_node_is_no_failed_period(played: Play):
    case = gfs_case(2, 2, stop_s=2000, requests=[ordered(0, 1, 9000), ordered(0, 1, 90, at=700)])
    case = case._replace(failures=a_case(2, failures=[(400, 1, 500)]).failures)
    assert played(case).leases.verdict.tolist() == [Verdict.ADMITTED] * 2
