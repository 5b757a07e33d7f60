"""The slow twin keeps the invariants too: it is an oracle, so it is checked by itself."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from tests.naive.play import play
from tests.simulate.invariants import CHECKS
from tests.simulate.strategies import PRODUCTS, Case, cases

from tidegate.simulate.model import Played


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@settings(max_examples=50)
@given(case=cases())
def test_twin_keeps_invariant(check: Callable[[Case, Played], None], case: Case):
    check(case, play(*case, products=PRODUCTS))
