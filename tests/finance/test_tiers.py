"""Stopping against a closed form and brute force, sales against brute force, rules, and the whole plan."""

import dataclasses
from datetime import date
from decimal import Decimal
from itertools import product
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from tests.finance.fleets import Given, books_of, used
from tests.naive.stopping import best_rule, best_sales

from tidegate.finance.coverage import Coverage, coverage
from tidegate.finance.month import Month
from tidegate.finance.stress import StressSettings, stress, stress_inputs
from tidegate.finance.stress.run import StressResult, paths_for
from tidegate.finance.thresholds import SaleMarket, TierRules
from tidegate.finance.tiers import Action, Choice, choose, propose, tier_plan
from tidegate.finance.tiers.policies import compare
from tidegate.finance.tiers.retirement import Certificate, Market, sales
from tidegate.finance.tiers.rules import Facts, facts_of
from tidegate.finance.tiers.stopping import best_stopping, polynomials
from tidegate.fleet import Tier, catalogue

D = Decimal
JUNE = Month(2026, 6)


def test_a_perpetual_exit_equals_its_closed_form():
    """McDonald and Siegel 1985, Dixit and Pindyck 1994, chapter 6: a flow x that follows a geometric Brownian
    motion may be given up for K. With the negative root b of s2 b (b - 1) / 2 + m b - r = 0, one gives up at
    x* = b / (b - 1) (r - m) K, and the right is worth (K - x* / (r - m)) (x / x*)^b beside x / (r - m)."""
    r, m, s, k, x = 0.10, -0.05, 0.30, 100.0, 15.0
    b = 0.5 - m / s**2 - sqrt((m / s**2 - 0.5) ** 2 + 2 * r / s**2)
    trigger = b / (b - 1) * (r - m) * k
    exact = x / (r - m) + (k - trigger / (r - m)) * (x / trigger) ** b
    months, paths, dt = 360, 8_000, 1 / 12
    shocks = np.random.default_rng(0).standard_normal((paths // 2, months))
    steps = (m - s**2 / 2) * dt + s * sqrt(dt) * np.concatenate([shocks, -shocks])
    state = np.log(x) + np.concatenate([np.zeros((paths, 1)), np.cumsum(steps, axis=1)], axis=1)
    # What a month's flow is worth at the month's end, paid continuously.
    flow = np.exp(state[:, :-1]) * (exp(r * dt) - exp(m * dt)) / (r - m)
    order = np.random.default_rng(1).permutation(paths)
    found = best_stopping(
        flow[order],
        np.full((paths, months + 1), k),
        polynomials(state[order] - log(trigger)),
        exp(-r * dt),
    )
    assert found.value == pytest.approx(exact, abs=3 * found.error + 0.01 * exact)
    assert found.value > max(k, x / (r - m))


def test_a_european_right_equals_black_and_scholes():
    """With nothing to gain before the end the stopping is a European put."""
    spot, strike, r, s, years = 100.0, 105.0, 0.05, 0.2, 1.0
    d1 = (log(spot / strike) + (r + s**2 / 2) * years) / (s * sqrt(years))
    exact = strike * exp(-r * years) * norm.cdf(s * sqrt(years) - d1) - spot * norm.cdf(-d1)
    draws = np.random.default_rng(3).standard_normal((40_000, 1))
    end = spot * np.exp((r - s**2 / 2) * years + s * sqrt(years) * draws)
    payoff = np.concatenate([np.zeros_like(end), np.maximum(strike - end, 0)], axis=1)
    found = best_stopping(np.zeros_like(end), payoff, np.ones((40_000, 2, 1)), exp(-r * years))
    assert found.value == pytest.approx(exact, abs=4 * found.error)


@settings(max_examples=25)
@given(
    st.lists(st.floats(-5, 5), min_size=7, max_size=7),
    st.lists(st.floats(0, 20), min_size=15, max_size=15),
    st.sampled_from([1.0, 0.9, 0.7]),
)
def test_stopping_equals_the_best_of_all_rules(
    flows: list[float], payoffs: list[float], discount: float
):
    """A tree of three months: 128 rules, tried one by one."""
    outcomes = ["".join(path) for path in product("ud", repeat=3)]
    nodes = sorted({path[:t] for path in outcomes for t in range(4)}, key=lambda n: (len(n), n))

    def flow(seen: str, _: int) -> float:
        return flows[nodes.index(seen)]

    def payoff(seen: str, _: int) -> float:
        return payoffs[nodes.index(seen)]

    flow_array = np.array([[flow(p[:t], t) for t in range(3)] for p in outcomes])
    payoff_array = np.array([[payoff(p[:t], t) for t in range(4)] for p in outcomes])
    basis = np.array([[[float(p[:t] == n) for n in nodes] for t in range(4)] for p in outcomes])
    found = best_stopping(flow_array, payoff_array, basis, discount, split=False)
    assert found.value == pytest.approx(best_rule(outcomes, flow, payoff, discount), abs=1e-6)


@settings(max_examples=40)
@given(
    nodes=st.integers(0, 6),
    fall=st.floats(0, 0.2),
    impact=st.floats(0, 1),
    keep=st.floats(-200, 200),
)
def test_sales_equal_the_best_of_all_schedules(nodes: int, fall: float, impact: float, keep: float):
    market = Market(1_000.0, fall, 40.0, impact, keep, 0.99)

    def total(month: int, count: int) -> float:
        gpus = 8 * count
        price = 1_000 * (1 - fall) ** month * (1 - impact * gpus / 40)
        return 0.99**month * gpus * price + sum(0.99 ** (t + 1) for t in range(month)) * keep * gpus

    found = sales(nodes, 8, market, JUNE, months=4)
    assert sum(s.nodes for s in found) == nodes
    worth = sum(total(s.month - JUNE, s.nodes) for s in found)
    assert worth == pytest.approx(best_sales(nodes, 4, total), abs=1e-6)


def test_nothing_swamps_its_own_market():
    """With no impact all is sold at once; with it, spread."""
    calm = Market(10_000, 0.02, 100, 0.0, -50, 0.99)
    assert len(sales(30, 8, calm, JUNE)) == 1
    deep = dataclasses.replace(calm, impact=0.3)
    spread = sales(30, 8, deep, JUNE)
    assert len(spread) > 2
    assert sum(s.proceeds for s in spread) > 240 * 10_000 * (1 - 0.3 * 240 / 100)


def measured(tier: Tier = Tier.LEGACY, since: int = 2022, **more: int) -> Coverage:
    books = books_of(
        ("a", "A100-80-SXM", 80, D(15_000)),
        tier=tier,
        market_rent=D("2.31"),
        in_service=date(since, 1, 1),
        life_years=6,
        costs={"operations": D("0.08"), "space": D(150), "capital_rate": D("0.1")},
    )
    hours = {"own": 0, "leased": 30_000, "idle": 27_600, **more}
    own, leased, idle = (hours[name] for name in ("own", "leased", "idle"))
    month = used("pool-a", JUNE, own=own, leased=leased, idle=idle, rent=str(leased))
    alone = used("pool-a", JUNE, own=own, leased=0, idle=57_600 - own)
    return coverage(books, Given((month,), (alone,)))


SMALL = StressSettings(paths=2_000, months=48)


def stressed(it: Coverage, trend: float | None = None, resale: float | None = None) -> StressResult:
    """A stress on the statistical paths, or on given ones: rents and resale that trend by a factor a month."""
    inputs = stress_inputs(it, SMALL.months)
    paths = paths_for(inputs, SMALL)
    if trend is None or resale is None:
        return stress(inputs, SMALL, paths)
    steps = np.arange(SMALL.months + 1)[np.newaxis, :, np.newaxis]
    flat = np.ones_like(paths.rent_usd_per_gpu_h)
    given_paths = dataclasses.replace(
        paths,
        rent_usd_per_gpu_h=flat * 2.31 * trend**steps,
        resale_usd_per_gpu=flat * 11_000 * resale**steps,
    )
    return stress(inputs, SMALL, given_paths, source="given")


def test_the_answer_changes_with_the_paths():
    """The same cohort on two believed futures: rents hold, or they collapse while used GPUs still bring money."""
    it = measured()
    (rises,) = choose(stressed(it, 1.01, 0.97))
    (falls,) = choose(stressed(it, 0.80, 0.90))
    assert (rises.action, falls.action) == (Action.LEASE, Action.SELL)
    assert rises.value > rises.sell_now
    assert falls.value == pytest.approx(falls.sell_now)


def test_choices_on_statistical_paths_are_at_least_as_good_as_what_they_choose_from():
    (it,) = choose(stressed(measured()))
    slack = 4 * it.error + 0.01 * it.value
    for other in (it.keep, it.sell_now, it.hold):
        assert it.value >= other - slack


def test_a_frontier_cohort_is_never_leased():
    (it,) = choose(stressed(measured(Tier.FRONTIER, own=20_000, leased=0, idle=37_600)))
    assert it.action is not Action.LEASE
    assert it.lease == it.keep


def test_what_brings_nothing_and_costs_is_scrapped():
    (it,) = choose(stressed(measured(leased=0, idle=57_600), 0.99, 0.97))
    assert it.action is Action.SELL
    # Past its technical life it brings nothing.
    (worthless,) = choose(stressed(measured(leased=0, idle=57_600, since=2015), 0.99, 0.97))
    assert worthless.action is Action.SCRAP
    assert (worthless.value, worthless.scrap_share) == (0, 1)


def test_policies_are_compared_on_the_same_paths():
    found = stressed(measured(own=10_000, idle=17_600))
    worths = {w.policy: w for w in compare(found).policies}
    assert worths["three tiers"].mean >= worths["keep everything"].mean
    assert worths["three tiers"].beaten == 0
    assert worths["sell early"].low == worths["sell early"].high
    assert all(w.worst <= w.low <= w.mean for w in worths.values())
    for worth in worths.values():
        assert list(worth.by_tier) == [it.tier.value for it in found.inputs.holdings]
        assert sum(worth.by_tier.values()) == pytest.approx(worth.mean)


def facts(tier: Tier, **more: object) -> Facts:
    it = measured()
    (found,) = facts_of(it, (), {"A100-80-SXM": D(11_000)}, JUNE)
    return dataclasses.replace(found, tier=tier, **more)  # type: ignore[arg-type]


def chosen(action: Action) -> tuple[Choice, ...]:
    (it,) = choose(stressed(measured(), 1.0, 0.97))
    return (dataclasses.replace(it, action=action),)


def test_facts_know_newer_generations_and_the_yield():
    it = facts(Tier.LEGACY)
    assert it.newer == ("Hopper", "Ada Lovelace", "Blackwell", "Blackwell Ultra")
    assert it.newer_owned == ()
    # 30,000 of rent less 30,000 x 0.05 of power, over 57,600 hours, for a year, over 11,000.
    assert it.net_yield == pytest.approx(D(28_500) / 57_600 * 8766 / 11_000)


@pytest.mark.parametrize(
    ("tier", "more", "to"),
    [
        (Tier.FRONTIER, {"newer_owned": ("Hopper",)}, Tier.MAINSTAY),
        (Tier.FRONTIER, {}, Tier.FRONTIER),
        (Tier.MAINSTAY, {}, Tier.LEGACY),
        (Tier.MAINSTAY, {"warranty_until": date(2027, 1, 1)}, Tier.MAINSTAY),
        (Tier.MAINSTAY, {"newer": ("Hopper",)}, Tier.MAINSTAY),
        (Tier.LEGACY, {"net_yield": D("0.02"), "choices": "sell"}, Tier.RETIRED),
        (Tier.LEGACY, {"net_yield": D("0.02"), "choices": "lease"}, Tier.LEGACY),
        (Tier.LEGACY, {"choices": "sell"}, Tier.LEGACY),
        (Tier.RETIRED, {}, Tier.RETIRED),
    ],
)
def test_moves(tier: Tier, more: dict[str, object], to: Tier):
    if "choices" in more:
        more = {**more, "choices": chosen(Action(str(more["choices"])))}
    assert propose(facts(tier, **more), TierRules()).to is to


def test_own_use_keeps_a_pool_where_it_is():
    it = dataclasses.replace(
        facts(Tier.MAINSTAY), cover=measured(own=40_000, idle=0, leased=17_600).total()
    )
    assert not propose(it, TierRules()).moves


def test_an_in_house_chip_passes_the_maturity_gate_first():
    chip = catalogue()["MTIA-300"]
    rules = TierRules(in_house=("Meta",))
    young = facts(
        Tier.FRONTIER, chip=chip, newer_owned=("next",), service_months=3, best_mainstay=989.0
    )
    assert not propose(young, rules).moves
    grown = dataclasses.replace(young, service_months=24)
    assert propose(grown, rules).to is Tier.MAINSTAY
    slow = dataclasses.replace(grown, best_mainstay=4_000.0)
    said = {f.rule: f for f in propose(slow, rules).findings}["maturity gate"]
    assert said.speaks == "against"
    assert "15 % of the best mainstay chip's rate" in said.text


def test_a_plan_tells_what_hangs_on_a_move():
    it = measured(Tier.MAINSTAY)
    plan = tier_plan(it, stressed(it), Given(()).usage(), TierRules(), SaleMarket())
    (proposal,) = plan.proposals
    assert proposal.to is Tier.LEGACY
    assert {d.what for d in plan.dependents} == {"running leases", "quota", "prices", "books"}
    legacy = measured(leased=0, idle=57_600)
    sold = tier_plan(legacy, stressed(legacy, 0.9, 0.9), (), TierRules(), SaleMarket())
    assert sold.proposals[0].to is Tier.RETIRED
    assert {d.what for d in sold.dependents} >= {"sanitising", "own work"}
    assert sum(s.nodes for s in sold.sales["pool-a"]) == 10
    books = next(d for d in sold.dependents if d.what == "books")
    assert "held for sale" in books.then


def test_a_certificate_names_two_people():
    done = Certificate(
        "n1", "a100", "A100-80-SXM", "NIST SP 800-88 purge", date(2026, 6, 1), "ann", "bob"
    )
    assert "Checked by bob" in done.text()
    with pytest.raises(ValueError, match="another who has checked"):
        dataclasses.replace(done, checked_by="ann")
