"""Paths of rents say what they hold, and refuse what nobody could reckon with."""

from datetime import date

import numpy as np
import pytest

from tidegate.market import RentPaths, months_from

MONTHS = months_from(date(2026, 11, 1), 3)


def paths(**changed: object) -> RentPaths:
    rent = np.arange(1.0, 13.0).reshape(2, 3, 2)
    given = {
        "generations": ("A100-80-SXM", "H100-SXM"),
        "months": MONTHS,
        "rent_usd_per_gpu_h": rent,
        "resale_usd_per_gpu": rent * 5000,
    }
    return RentPaths(**{**given, **changed})  # type: ignore[arg-type]


def test_a_generation_by_name():
    it = paths()
    assert it.count == 2
    assert it.rent("H100-SXM").tolist() == [[2, 4, 6], [8, 10, 12]]
    assert it.resale("A100-80-SXM")[1, 2] == 11 * 5000
    with pytest.raises(KeyError):
        it.rent("H100")


def test_months_run_over_the_year():
    assert (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)) == MONTHS


@pytest.mark.parametrize(
    "changed",
    [
        {"generations": ("H100-SXM", "H100-SXM")},
        {"months": (MONTHS[0], MONTHS[2], MONTHS[1])},
        {"rent_usd_per_gpu_h": np.ones((2, 3, 1))},
        {"rent_usd_per_gpu_h": np.ones((3, 2))},
        {"rent_usd_per_gpu_h": np.ones((1, 3, 2))},
        {"rent_usd_per_gpu_h": np.zeros((2, 3, 2))},
        {"resale_usd_per_gpu": np.full((2, 3, 2), np.nan)},
    ],
)
def test_what_makes_no_sense_is_refused(changed: dict[str, object]):
    with pytest.raises(ValueError, match=r"."):
        paths(**changed)
