"""The compiled month is the month that is written out plainly; sharing out is what halving finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.market.worlds import base
from tests.naive.market import first_month

from tidegate.market.kernel import SHOCKS
from tidegate.market.parameters import parameters, thetas_of
from tidegate.market.play import play


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0, 1.2))
def test_the_first_month_is_that_of_the_twin(seed: int, spread: float):
    source = np.random.default_rng(seed)
    thetas = thetas_of(spread * source.standard_normal((1, len(parameters()))))
    shocks = source.standard_normal((1, 2, SHOCKS))
    world = base()
    world = world._replace(rules=world.rules._replace(clear_at_once=1))
    record = play(world, thetas, shocks)
    twin = first_month(world, thetas[0], shocks[0, 0])
    for (r, g), rent in twin["rent"].items():
        assert record.rent[0, 0, r, g] == pytest.approx(rent, rel=2e-4)
        assert record.occupancy[0, 0, r, g] == pytest.approx(twin["occupancy"][r, g], rel=2e-3)
    for r, revenue in twin["revenue"].items():
        # The owner's contracts are its own; it lets nothing here.
        assert record.revenue[0, 0, r] == pytest.approx(revenue, rel=2e-3, abs=1.0)
