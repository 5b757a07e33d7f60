"""Small markets clear where pencil and paper say."""

import math

import numpy as np
import pytest
from tests.market.worlds import middle, quiet, small

from tidegate.market.play import play

# What would make a market move: all of it still.
STILL = {
    "demand_growth_start": 0.0,
    "demand_growth_end": 1e-12,
    "obsolescence": 0.0,
    "waiting": 0.0,
    "exit_hazard": 0.0,
    "contract_share": 0.0,
}


@pytest.mark.parametrize("potential", [800.0, 1200.0, 4000.0])
def test_one_generation_and_one_camp(potential: float):
    """Potential demand times the logit's share equals what can be let: the rent follows in closed form."""
    world = small(1, (1000.0,))
    world = world._replace(
        demand=world.demand._replace(fixed_work=np.array([potential, 0.0])),
        rules=world.rules._replace(most_occupied=0.5, rented_at_rest=0.6),
    )
    theta = middle(**STILL, price_elasticity=1.5, rent_start=3.0)
    record = play(world, theta, quiet(1, 2))
    # 500 = M / (1 + exp(-(ln 1.5 - 1.5 ln(rent / 3))))
    expected = 3.0 * (1.5 * (potential - 500.0) / 500.0) ** (1 / 1.5)
    assert record.rent[0, 0, 0, 0] == pytest.approx(expected, rel=1e-4)
    assert record.occupancy[0, 0, 0, 0] == pytest.approx(0.5, rel=1e-4)


def test_two_generations_with_linear_demand():
    """Two linear demands cross two fixed supplies at the solution of two equations."""
    intercept, slope = np.array([1500.0, 900.0]), np.array([[300.0, -100.0], [-80.0, 120.0]])
    gpus = np.array([800.0, 500.0])
    world = small(2, (800.0, 500.0), linear=True)
    world = world._replace(
        demand=world.demand._replace(
            intercept=np.stack([intercept, intercept]), slope=np.stack([slope, slope])
        ),
        rules=world.rules._replace(most_occupied=1.0),
    )
    record = play(world, middle(**STILL), quiet(1, 2))
    expected = np.linalg.solve(slope, intercept - gpus)
    assert record.rent[0, 0, 0] == pytest.approx(expected, rel=1e-3)


def test_an_alike_generation_is_let_at_an_alike_rent():
    """Two generations that differ in name only: the same rent, and the market of one with both fleets."""
    one, two = small(1, (1000.0,)), small(2, (700.0, 300.0))
    theta = middle(**STILL, reach=1.0, rent_start=3.0)
    both = play(two, theta, quiet(1, 6))
    alone = play(one, theta, quiet(1, 6))
    assert both.rent[0, :, 0, 0] == pytest.approx(both.rent[0, :, 0, 1], rel=1e-4)
    assert both.rent[0, -1, 0, 0] == pytest.approx(alone.rent[0, -1, 0, 0], rel=0.02)


def test_a_chip_of_twice_the_work_costs_twice_the_rent():
    world = small(2, (500.0, 500.0))
    world = world._replace(chips=world.chips._replace(log_quality=np.array([[0.0, math.log(2)]])))
    record = play(world, middle(**STILL, reach=1.0), quiet(1, 4))
    assert record.rent[0, -1, 0, 1] / record.rent[0, -1, 0, 0] == pytest.approx(2, rel=1e-3)


def test_a_rent_below_cash_cost_leaves_a_fleet_standing():
    """Salter's rule: a vintage runs while its rent exceeds its cash cost."""
    world = small(1, (1000.0,))
    dear = np.full((2, 1), 20.0)
    world = world._replace(chips=world.chips._replace(run_cost=dear))
    record = play(world, middle(**STILL, rent_start=3.0), quiet(1, 3))
    assert record.occupancy[0, -1, 0, 0] < 0.25
    assert record.stored[0, -1, 0] > 700
