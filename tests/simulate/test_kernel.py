"""The compiled kernel plays as its slow twin does, event for event, and keeps the invariants."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tests.naive.play import play as slow_play
from tests.simulate.invariants import CHECKS
from tests.simulate.strategies import PRODUCTS, Case, cases, jobs_of, requests_of

from tidegate.quota import Policy, PolicyCode
from tidegate.simulate import Cluster, Played, Window, no_failures, play


def fast(case: Case, *, record: bool = True) -> Played:
    """A play by the kernel, with everything recorded or nothing."""
    return play(*case, record=record, holdings=record, products=PRODUCTS)


def slow(case: Case, *, record: bool = True) -> Played:
    """The same by the twin."""
    return slow_play(*case, record=record, products=PRODUCTS)


def arrays(played: Played) -> dict[str, np.ndarray]:
    """Every array of a result by its name."""
    named = {"job_start_s": played.job_start_s, "held": played.held, "holdings": played.holdings}
    return named | played.leases._asdict() | played.ticks._asdict()


def assert_same(left: Played, right: Played) -> None:
    """Same values, same shapes, same types."""
    others = arrays(right)
    for name, array in arrays(left).items():
        assert array.dtype == others[name].dtype, name
        assert array.shape == others[name].shape, name
        np.testing.assert_array_equal(array, others[name], err_msg=name)


@settings(max_examples=400)
@given(case=cases())
def test_kernel_plays_as_its_twin(case: Case):
    assert_same(fast(case), slow(case))


@settings(max_examples=200)
@given(case=cases(spans=(20_000, 40_000), code=PolicyCode.GFS))
def test_kernel_plays_as_its_twin_over_hours_of_feedback(case: Case):
    assert_same(fast(case), slow(case))


@pytest.mark.slow
@settings(max_examples=5000, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_kernel_plays_as_its_twin_many_times(case: Case):
    assert_same(fast(case), slow(case))


@given(case=cases())
def test_same_input_gives_the_same_bits(case: Case):
    first, second = (arrays(fast(case)) for _ in range(2))
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()
    }


@given(case=cases())
def test_recording_changes_nothing(case: Case):
    recorded = fast(case)
    bare = fast(case, record=False)
    assert_same(bare, slow(case, record=False))
    assert_same(recorded, bare._replace(ticks=recorded.ticks, holdings=recorded.holdings))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@given(case=cases())
def test_kernel_keeps_invariant(check: Callable[[Case, Played], None], case: Case):
    check(case, fast(case))


def test_requests_take_idle_nodes_in_the_order_in_which_they_were_judged():
    # The second of the two that meet brings more and takes what is idle; a lease gives way to the first.
    case = Case(
        Cluster(4, 1, 0, 0),
        jobs_of([]),
        requests_of(
            [
                (2100, 0, 1, 2100, 0, 0, 1),
                (3900, 0, 2, 300, 0, 0, 900),
                (3900, 0, 2, 1920, 0, 0, 900),
            ]
        ),
        no_failures(),
        Policy(PolicyCode.TIDEGATE, eps=0.9, displaces=1),
        Window(0, 6000, 60),
    )
    played = fast(case)
    assert played.leases.displaced_for.tolist() == [1, -1, -1]
    assert played.leases.start_s.tolist() == [2100, 3900, 3900]
    assert_same(played, slow(case))


def test_gfs_is_not_played_without_a_forecast():
    case = Case(
        Cluster(1, 8, 300, 0),
        jobs_of([(0, 60, 8)]),
        requests_of([]),
        no_failures(),
        Policy(PolicyCode.GFS),
        Window(0, 900, 300),
    )
    with pytest.raises(ValueError, match="a forecast for 3 ticks and was given 0"):
        fast(case)
