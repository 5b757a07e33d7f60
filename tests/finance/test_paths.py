"""Paths: equal to their twin, true to the cited fall and rise, and found again by calibration."""

import dataclasses
from itertools import pairwise
from math import log

import numpy as np
import pytest
from tests.naive.stress import walk as naive_walk

from tidegate.errors import FinanceError
from tidegate.finance.month import Month
from tidegate.finance.paths import RentHistory, default_model, statistical_paths
from tidegate.finance.paths.calibrate import calibrate, neutral_prior, out_of_sample
from tidegate.finance.paths.facts import rent_facts, resale_of
from tidegate.finance.paths.kernel import walk
from tidegate.finance.paths.model import RentModel
from tidegate.finance.paths.simulate import Generation, draw, moves_of
from tidegate.fleet import catalogue

H100 = {f.month: f.usd_per_gpu_h for f in rent_facts() if f.chip == "H100-SXM"}
TOP, BOTTOM, NOW = Month(2024, 2), Month(2025, 10), Month(2026, 9)
BAND = (0.05, 0.95)


def walked(model: RentModel, start: float, months: int, seed: int = 0) -> np.ndarray:
    """Rents of one generation, shape (paths, months)."""
    at = [Generation("H100-SXM", start, 20_000, 0.1)]
    return statistical_paths(
        model, at, start=TOP, months=months + 1, paths=4_000, seed=seed
    ).rent_usd_per_gpu_h[:, :, 0]


def test_the_kernel_equals_its_twin():
    generations = [Generation("a", 4.0, 2e4, 0.3, 1), Generation("b", 2.0, 9e3, 0.0)]
    moves = moves_of(
        dataclasses.replace(default_model(), ageing=0.004, scarce_now=0.5), generations
    )
    draws = draw(3, 0, (20, 30, 2))
    rent, resale = np.empty((20, 30, 2)), np.empty((20, 30, 2))
    walk(moves, draws, rent, resale)
    rents, resales = naive_walk(moves, draws)
    np.testing.assert_allclose(rent, rents, rtol=1e-12)
    np.testing.assert_allclose(resale, resales, rtol=1e-12)


def test_defaults_come_from_the_cited_points():
    model = default_model()
    assert model.drift[0] == pytest.approx(log(2.73 / 4.84) / 20)
    assert model.drift[1] == pytest.approx(log(3.79 / 2.73) / 11)
    assert model.leave == (1 / 20, 1 / 11)


def test_the_fall_and_the_rise_lie_in_the_bands():
    """From the top in glut: the bottom 20 months later and the rent of today 31 months later."""
    rents = walked(dataclasses.replace(default_model(), scarce_now=0.0), H100[TOP], NOW - TOP)
    for month in (BOTTOM, NOW):
        low, high = np.quantile(rents[:, month - TOP], BAND)
        assert low < H100[month] < high
    # Paths that fall as deep and come back as high are no freaks.
    fell = rents[:, BOTTOM - TOP] <= H100[BOTTOM]
    rose = rents[:, NOW - TOP] >= H100[NOW]
    assert 0.02 < np.mean(fell & rose) / np.mean(fell) < 0.5
    assert np.mean(fell) > 0.1


def test_a_steady_decay_is_refuted_by_the_same_points():
    """The fall's drift for ever, with the cited volatility: today's rent lies far outside its band."""
    fall = default_model().drift[0]
    steady = dataclasses.replace(default_model(), drift=(fall, fall), jump_chance=0.0)
    rents = walked(steady, H100[TOP], NOW - TOP)
    assert np.quantile(rents[:, NOW - TOP], 0.95) < H100[NOW]


@pytest.mark.parametrize("chip", ["H200-SXM", "B200-SXM", "A100-80-SXM"])
def test_other_generations_are_out_of_sample_and_inside(chip: str):
    """The default knows the H100 alone; every other cited generation's last point lies in its 90 % band."""
    points = [f for f in rent_facts() if f.chip == chip]
    for before, after in pairwise(points):
        model = dataclasses.replace(default_model(), scarce_now=0.5)
        rents = walked(model, before.usd_per_gpu_h, after.month - before.month)
        low, high = np.quantile(rents[:, -1], BAND)
        assert low < after.usd_per_gpu_h < high


def history(model: RentModel, seed: int, months: int = 48) -> RentHistory:
    """A history that the model itself made, of three generations."""
    at = [Generation(name, rent, 1e4, 0.1) for name, rent in (("a", 4.0), ("b", 3.0), ("c", 2.0))]
    made = statistical_paths(model, at, start=Month(2023, 1), months=months, paths=1, seed=seed)
    rents = {g.chip: made.rent_usd_per_gpu_h[0, :, n] for n, g in enumerate(at)}
    return RentHistory(Month(2023, 1), rents, f"made with seed {seed}")


def test_bands_calibrated_on_the_past_hold_what_comes():
    """Forty histories of the model: 80 % bands, calibrated on what is known, hold about 80 % of the futures."""
    truth = dataclasses.replace(default_model(), scarce_now=0.5)
    held = []
    for seed in range(40):
        made = history(truth, seed)
        known = made.up_to(36)
        at = [Generation(n, float(v[-1]), 1e4, 0.1) for n, v in known.rents.items()]
        ahead = statistical_paths(
            calibrate(known, neutral_prior()), at, start=NOW, months=13, paths=500, seed=seed
        )
        for place, name in enumerate(known.rents):
            low, high = np.quantile(ahead.rent_usd_per_gpu_h[:, 12, place], (0.1, 0.9))
            held.append(low < made.rents[name][47] < high)
    assert 0.68 < np.mean(held) < 0.92


def test_calibration_finds_the_shock_and_the_correlation():
    truth = dataclasses.replace(default_model(), shock=0.1, correlation=0.8, jump_chance=0.0)
    found = [calibrate(history(truth, seed, 120), neutral_prior()) for seed in range(8)]
    assert np.mean([f.shock for f in found]) == pytest.approx(0.1, rel=0.15)
    assert np.mean([f.correlation for f in found]) == pytest.approx(0.8, abs=0.1)


def test_a_calibration_knows_a_glut_from_a_scarcity():
    falls = 4.0 * np.exp(-0.04 * np.arange(24))
    turns = np.concatenate([falls, falls[-1] * np.exp(0.05 * np.arange(1, 13))])
    model = calibrate(RentHistory(Month(2023, 1), {"a": turns}, "made"), neutral_prior())
    assert model.scarce_now > 0.8
    assert model.drift[0] < -0.02 < 0.02 < model.drift[1]


def test_the_trial_counts_every_origin():
    made = history(default_model(), 1, 30)
    short, long = out_of_sample(made, (3, 12), paths=200)
    assert (short.horizon_months, short.origins) == (3, 3 * (30 - 13 - 2))
    assert long.origins == 3 * (30 - 13 - 11)
    assert 0 <= short.inside <= 1


def test_a_history_with_a_gap_is_refused():
    rents = np.linspace(4, 3, 24)
    rents[7] = np.nan
    with pytest.raises(FinanceError, match="gap at 2023-08") as caught:
        RentHistory(Month(2023, 1), {"H100": rents}, "rents.csv")
    assert caught.value.code == "TG-FIN-HISTORY"


def test_a_series_may_begin_late_and_end_early():
    rents = np.linspace(4, 3, 24)
    rents[:5] = rents[-3:] = np.nan
    assert RentHistory(Month(2023, 1), {"H100": rents}, "rents.csv").months == 24


def test_resale_is_cited_or_says_that_it_is_assumed():
    h100 = resale_of(catalogue()["H100-SXM"], 1.0)
    assert not h100.assumed
    assert h100.yearly_decay == pytest.approx((0 + (0.54 + 0.28 + 0.36) / 4) / 2)
    assumed = resale_of(catalogue()["B200-SXM"], 40_000)
    assert assumed.assumed
    assert assumed.usd_per_gpu == pytest.approx(40_000 * 21_500 / 33_600)
