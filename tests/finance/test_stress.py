"""Stress: the kernel equals its twin, levers equal a recomputation, and limits come out as they must."""

import dataclasses
from decimal import Decimal

import numpy as np
import pytest
from tests.finance.fleets import Given, books_of, used
from tests.naive.stress import play as naive_play

from tidegate.finance.coverage import Coverage, coverage
from tidegate.finance.month import Month
from tidegate.finance.stress import StressInputs, StressSettings, stress, stress_inputs
from tidegate.finance.stress.inputs import MONTH_H
from tidegate.finance.stress.kernel import Ledgers, Weather, play
from tidegate.finance.stress.levers import COSTS, levers
from tidegate.finance.stress.reverse import MEASURES, bad_years, crossings
from tidegate.finance.stress.run import fleet_of, paths_for, rules_of
from tidegate.finance.stress.smoothing import smoothing
from tidegate.finance.stress.tornado import tornado

D = Decimal
JUNE = Month(2025, 6)
FULL_COSTS = {
    "space": D(100),
    "operations": D("0.08"),
    "spares": D("0.01"),
    "network_share": D("0.2"),
    "capital_rate": D("0.1"),
}


def measured(**more: D) -> Coverage:
    books = books_of(
        ("a", "H100-SXM", 8, D(35_064)),
        ("b", "A100-80-SXM", 16, D(15_000)),
        costs={**FULL_COSTS, **more},
        market_rent=D(3),
    )
    months = tuple(
        used(f"pool-{n}", JUNE, own=2000, leased=900, idle=800, rent="2000") for n in ("a", "b")
    )
    return coverage(books, Given(months, months))


SMALL = StressSettings(paths=40, months=30, seed=5)


def inputs(months: int = 30) -> StressInputs:
    return stress_inputs(measured(), months)


def test_inputs_are_the_run_rate_of_a_month():
    found = inputs(60)
    # 3,700 of the measured hours stand for 8 x 730.5 hours of a month.
    assert found.leased_h[0] == pytest.approx(900 / 3700 * 8 * MONTH_H)
    assert found.rent[0] == pytest.approx(2000 / 900)
    assert found.ends[0] == 42  # four years from January 2025, counted from June
    assert [g.newer for g in found.generations] == [3, 4]


def test_the_kernel_equals_its_twin():
    it = inputs()
    ends = it.ends.copy()
    ends[1] = 11
    it = dataclasses.replace(it, ends=ends, place=np.array([0, 1]))
    paths = paths_for(it, SMALL)
    random = np.random.default_rng(1)
    ratio = paths.rent_usd_per_gpu_h / paths.rent_usd_per_gpu_h[:, :1]
    weather = Weather(
        ratio, paths.resale_usd_per_gpu, random.standard_normal((40, 30, 2)), rules_of(it, SMALL)
    )
    out = Ledgers._make([*(np.zeros((40, 30)) for _ in range(5)), np.zeros((40, 2))])
    play(fleet_of(it), weather, out)
    for name, wanted in naive_play(fleet_of(it), weather).items():
        np.testing.assert_allclose(getattr(out, name), wanted, rtol=1e-9, err_msg=name)


def test_the_same_seed_gives_the_same_and_more_paths_keep_the_first():
    it = inputs()
    few = stress(it, SMALL)
    again = stress(it, SMALL)
    np.testing.assert_array_equal(few.rent, again.rent)
    many = stress(it, dataclasses.replace(SMALL, paths=1_200))
    np.testing.assert_array_equal(many.rent[:40], few.rent)


def test_still_weather_repeats_the_measured_month():
    it = inputs()
    still = dataclasses.replace(
        SMALL, occupancy_shock=0.0, power_shock=0.0, occupancy_beta=0.0, paths=2
    )
    paths = paths_for(it, still)
    flat = dataclasses.replace(
        paths, rent_usd_per_gpu_h=np.ones_like(paths.rent_usd_per_gpu_h) * 3.0
    )
    found = stress(it, still, flat)
    cover = measured().total()
    per_hour = float(cover.net_rent / cover.hours.total)
    gpus_h = sum(h.asset.gpus for h in it.holdings) * MONTH_H
    # Both pools were measured for as many hours, while one is twice as large.
    rent = sum(900 / 3700 * h.asset.gpus * MONTH_H * 2000 / 900 for h in it.holdings)
    assert found.rent[0, 0] == pytest.approx(rent)
    assert found.rent[0, 0] / gpus_h == pytest.approx(per_hour)
    assert np.ptp(found.rent) == 0


def test_paths_of_another_source_must_fit():
    it = inputs()
    with pytest.raises(ValueError, match="31 months"):
        stress(it, SMALL, paths_for(it, dataclasses.replace(SMALL, months=20)))
    paths = paths_for(it, SMALL)
    other = dataclasses.replace(paths, generations=("X", "Y"))
    with pytest.raises(ValueError, match="lack"):
        stress(it, SMALL, other)


@pytest.mark.parametrize("key", [key for key in COSTS if key != "power_price"])
def test_a_lever_equals_costing_the_fleet_anew(key: str):
    base = measured()
    parameter = base.books.costs.parameters[key]
    value = parameter.value * D("1.2") if parameter.value else D("0.02")
    value = min(value, D("0.99")) if key.startswith("draw") else value
    anew = measured(**{key: value}).total()
    found = levers(base)
    costs = found.costs({key: float(value)})
    for line, amount in anew.costs.items():
        assert float(np.asarray(costs[line])) == pytest.approx(float(amount)), line
    assert found.coverage({key: float(value)}) == pytest.approx(float(anew.ratio() or 0))


def test_more_leased_hours_stop_where_nothing_is_idle():
    found = levers(measured())
    assert found.spare_hours == pytest.approx(1700 / 900)
    assert found.coverage({"leased hours": 2.0}) == found.coverage({"leased hours": 9.0})


def test_a_tornado_puts_the_widest_first_and_its_indices_add_up():
    bars = tornado(levers(measured()))
    swings = [bar.swing for bar in bars]
    assert swings == sorted(swings, reverse=True)
    assert {bars[0].lever, bars[1].lever} <= {"rent", "leased hours", "operations", "space"}
    # Nearly additive: total indices sum to a little over 1.
    assert 0.95 < sum(bar.total_index for bar in bars) < 1.2


def test_reverse_stress_finds_where_coverage_is_one():
    found = levers(measured())
    for row in crossings(found):
        if row.at is None:
            continue
        lines = dict(MEASURES)[row.measure]
        at = found.coverage({row.lever: row.at}, own_use=row.own_use, lines=lines)
        assert float(np.asarray(at)) == pytest.approx(1.0)
    rent = next(r for r in crossings(found) if r.lever == "rent" and r.measure == "all costs")
    assert rent.at == pytest.approx(1 / rent.coverage)


def test_bad_years_are_those_with_low_rents():
    it = inputs()
    rows = bad_years(stress(it, dataclasses.replace(SMALL, paths=2_000)))
    year = rows[1]
    assert 0 < year.share < 1
    assert year.rent_there < year.rent


def test_long_tenors_steady_the_rent_and_the_own_business_decides():
    found = stress(inputs(), dataclasses.replace(SMALL, paths=1_000, months=60))
    rows = {(r.tenor_months, r.own_beta): r for r in smoothing(found, tenors=(1, 24))}
    for row in rows.values():
        assert row.low <= row.ratio <= row.high
    # With own work whose worth rises with rents, leases at the day's rent add to the swings; longer ones less so.
    assert rows[1, 1.0].ratio > 1
    assert rows[24, 1.0].ratio < rows[1, 1.0].ratio


def test_no_leases_change_nothing():
    it = inputs()
    bare = dataclasses.replace(it, leased_h=np.zeros(2), rent=np.zeros(2))
    found = stress(bare, dataclasses.replace(SMALL, paths=200, months=48))
    assert all(row.ratio == pytest.approx(1.0) for row in smoothing(found, tenors=(1,)))
