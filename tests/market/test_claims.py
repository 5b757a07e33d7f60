"""Every claim can hold and can fail: each is met with a market in which it does the one and the other."""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
from tests.market.worlds import drawn

from tidegate.feeds.marketfile import read_market
from tidegate.market.calibrate import Posterior
from tidegate.market.claims import claims, measured, scenarios_needed
from tidegate.market.deciders import deciders, inputs_of
from tidegate.market.kernel import SHOCKS
from tidegate.market.model import Market, Pause
from tidegate.market.parameters import INDEX
from tidegate.market.run import Draws, MarketRun, empty_run, play_block, put_block
from tidegate.market.theta import COUNT

ENTRY = date(2026, 11, 1)
MONTHS = 80
SLUMP = (Pause(date(2026, 6, 1), date(2031, 12, 1), 0.25),)
LATER = (Pause(date(2027, 6, 1), date(2031, 12, 1), 0.25),)
BOOM = (Pause(date(2026, 6, 1), date(2031, 12, 1), 2.5),)


def run_of(market: Market, **changed: float) -> MarketRun:
    count = 12
    thetas = drawn(count, seed=5, spread=0.4)
    for name, value in changed.items():
        thetas[:, INDEX[name]] = value
    posterior = Posterior(thetas, np.zeros((count, 1, SHOCKS // 2)), date(1990, 1, 1))
    draws = Draws(posterior, count, seed=9)
    record = empty_run(market, draws, MONTHS)
    put_block(record, draws, 0, play_block(market, draws, 0, MONTHS))
    return MarketRun(market, draws, record)


@cache
def scenario(name: str) -> Market:
    return read_market(name)


def share(number: int, change: Market | None = None, **changed: float) -> float:
    """Share of draws in which a claim holds, its scenarios changed alike."""
    claim = claims()[number - 1]
    runs = {}
    for name in claim.scenarios:
        market = scenario(name)
        if change is not None:
            market = replace(market, pauses=change.pauses, camps=change.camps)
        runs[name] = run_of(market, **changed)
    found = measured(claim, runs, ENTRY)
    assert found is not None
    return float(np.mean(found[1]))


def paused(pauses: tuple[Pause, ...]) -> Market:
    return replace(scenario("base"), pauses=pauses)


def idle(camp: str) -> Market:
    """The base market with a camp that orders nothing, and many firms in the others."""
    base = scenario("base")
    others = (
        replace(c, firms_open=20 * c.firms_open, firms_walled=20 * c.firms_walled)
        for c in base.camps
    )
    return replace(
        base,
        camps=tuple(
            replace(c, capex_musd_open=0.0, capex_musd_walled=0.0, reinvest=0.0)
            if c.id == camp
            else c
            for c in others
        ),
    )


KEPT = {"chip_price_gain": 0.6, "resale_speed": 0.3, "quality_price_decline": 0.1}
TIGHT = {
    "adoption_strength": 1.0,
    "own_use": 0.3,
    "rented_share": 0.3,
    "output_scale": 0.5,
    "price_elasticity": 0.5,
    "long_run_elasticity": 0.5,
}
STEADY = {"own_use": 0.3, "contract_discount": 0.1}
CASES: dict[int, tuple[tuple[Market | None, dict[str, float]], tuple[Market | None, dict[str, float]]]] = {
    3: ((paused(BOOM), {"rent_speed": 0.9}), (paused(SLUMP), {"rent_speed": 0.06})),
    4: ((paused(BOOM), {"own_use": 0.42}), (None, {"own_use": 0.8})),
    5: ((None, {"own_use": 0.3, "output_scale": 0.6, "rented_share": 0.3}), (None, {"own_use": 0.995})),
    6: ((paused(BOOM), {"rent_speed": 0.06}), (paused(LATER), {})),
    7: ((paused(SLUMP), {"rent_speed": 0.06}), (paused(BOOM), {})),
    8: ((paused(SLUMP), {"exit_hazard": 0.2}), (paused(BOOM), {})),
    9: ((None, {}), (idle("hyperscale"), {})),
    10: ((paused(LATER), {}), (paused(BOOM), KEPT)),
    11: ((paused(BOOM), {"size_weight": 0.2}), (None, {"size_weight": 1.0})),
    12: ((paused(BOOM), {}), (paused(SLUMP), {"upstream_volatility": 0.005})),
    13: ((None, {"core_beta": -0.4, **STEADY}), (None, {"core_beta": 1.4, **STEADY})),
    14: (
        (None, {"region_link": 0.2, "region_volatility": 0.12, "remote_gain": 0.0, "demand_volatility": 0.005}),
        (None, {"region_link": 0.9, "region_volatility": 0.005, "remote_gain": 1.5, "demand_volatility": 0.05}),
    ),
    15: ((None, {"inhouse_cost": 0.35, "taste_inhouse": 0.3}), (None, {"inhouse_cost": 0.9, "taste_inhouse": -1.4})),
    16: ((None, TIGHT), (None, {"adoption_strength": 0.0})),
}  # fmt: skip
"""By claim: a market in which it holds, and a counter-scenario in which it does not."""


def test_every_claim_that_is_no_input_has_its_counter_scenario():
    assert sorted(CASES) == [c.number for c in claims() if c.effect is not None]
    assert [c.number for c in claims()] == list(range(1, 17))
    assert [c.number for c in claims() if c.effect is None] == [1, 2]


@pytest.mark.parametrize("number", sorted(CASES))
def test_a_claim_can_hold_and_can_fail(number: int):
    (market, changed), (other, otherwise) = CASES[number]
    holds, fails = share(number, market, **changed), share(number, other, **otherwise)
    assert holds >= 0.5, f"holds in {holds:.0%}, fails in {fails:.0%}"
    assert fails <= 0.3, f"holds in {holds:.0%}, fails in {fails:.0%}"


def test_the_scenarios_that_claims_need_come_along():
    for name in scenarios_needed():
        assert read_market(name).months >= MONTHS


def test_deciders_name_what_decides():
    """An effect made of two parameters is decided by these two, the stronger first, each with its direction."""
    thetas = drawn(400, seed=2)
    luck = np.random.default_rng(1).standard_normal((400, 2))
    inputs = inputs_of(thetas, luck)
    at = [inputs.names.index(n) for n in ("own_use", "leverage")]
    effect = 3 * inputs.scores[:, at[0]] - 1.5 * inputs.scores[:, at[1]]
    found, fit = deciders(inputs, effect)
    assert [d.name for d in found[:2]] == ["own_use", "leverage"]
    assert [d.direction for d in found[:2]] == [1.0, -1.0]
    assert found[0].index == pytest.approx(0.8, abs=0.1)
    assert fit > 0.9


def test_noise_is_decided_by_nothing():
    inputs = inputs_of(drawn(400, seed=2), np.zeros((400, 2)))
    assert len(inputs.names) == COUNT + 2
    _, fit = deciders(inputs, np.random.default_rng(3).standard_normal(400))
    assert fit < 0.1
