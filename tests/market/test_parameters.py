"""Every parameter stands where the kernel looks for it."""

import numpy as np
import pytest

from tidegate.market import theta
from tidegate.market.parameters import INDEX, LAWS, Parameter, parameters, scores_of, thetas_of


def test_places_are_those_of_the_data_file():
    assert [p.name for p in parameters()] == list(INDEX)
    assert list(INDEX.values()) == list(range(theta.COUNT))


@pytest.mark.parametrize("it", parameters(), ids=lambda it: it.name)
def test_every_parameter_says_what_it_is_and_where_it_comes_from(it: Parameter):
    assert it.law in LAWS
    assert it.low < it.high
    assert it.meaning
    assert it.unit
    assert it.source


def test_values_lie_within_bounds_and_scores_lead_back():
    scores = np.random.default_rng(0).normal(0, 0.8, (200, theta.COUNT))
    values = thetas_of(scores)
    for i, it in enumerate(parameters()):
        assert (values[:, i] >= it.low).all()
        assert (values[:, i] <= it.high).all()
        inside = (values[:, i] > it.low) & (values[:, i] < it.high)
        assert scores_of(values)[inside, i] == pytest.approx(scores[inside, i], abs=1e-6)
