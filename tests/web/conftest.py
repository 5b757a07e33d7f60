"""Fixtures of the page's tests: every result that a report must cope with."""

import pytest
from tests.web import results

from tidegate.plan.result import BacktestResult

CASES = {
    make.__name__: make
    for make in (
        results.three_tiers,
        results.relative_prices,
        results.nothing_leased,
        results.hostile,
        results.many_pools,
        results.frontier_only,
    )
}


@pytest.fixture(params=CASES)
def result(request: pytest.FixtureRequest) -> BacktestResult:
    """Each of the results in turn."""
    return CASES[request.param]()


@pytest.fixture
def three_tiers() -> BacktestResult:
    """A frontier, a mainstay and a legacy pool."""
    return results.three_tiers()
