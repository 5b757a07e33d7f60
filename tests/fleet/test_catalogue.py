"""The chip catalogue: complete, cited, and with nothing guessed."""

import csv
from importlib.resources import files

import pytest

from tidegate.fleet import catalogue, reference_rent
from tidegate.fleet.catalogue import Chip

FIGURES = ("memory_gb", "bandwidth_tb_s", "bf16_tflops", "fp8_tflops", "fp4_tflops", "tdp_w")
SURVEYED = {
    *("V100-SXM2-16", "V100-SXM2-32", "A100-40-SXM", "A100-80-SXM", "H100-PCIe", "H100-SXM"),
    *("H200-SXM", "B200-SXM", "GB200", "GB300", "MI300X", "L40S"),
    *("MTIA-300", "MTIA-400", "MTIA-450", "TPU-v5p", "TPU-v6e", "TPU-v7"),
    *("Ascend-910B", "Ascend-910C", "MLU290-M5", "MLU590", "DCU-Z100"),
}


def test_every_surveyed_chip_is_there_once():
    text = files("tidegate.fleet").joinpath("data", "chips.csv").read_text(encoding="utf-8")
    ids = [row["id"] for row in csv.DictReader(text.splitlines())]
    assert sorted(ids) == sorted(SURVEYED)
    assert list(catalogue()) == ids


@pytest.mark.parametrize("chip", catalogue().values(), ids=lambda chip: chip.id)
def test_figures_are_positive_and_cited(chip: Chip):
    given = [value for name in FIGURES if (value := getattr(chip, name)) is not None]
    assert all(value > 0 for value in given)
    assert chip.vendor
    assert chip.generation
    if given or chip.launch:
        assert chip.source
        assert chip.source_date
    else:
        assert chip.note, "a chip without figures says why"


@pytest.mark.parametrize("chip", catalogue().values(), ids=lambda chip: chip.id)
def test_a_price_says_of_what_kind_when_and_from_where(chip: Chip):
    if chip.price_usd is None:
        assert chip.price_kind is chip.price_date is chip.price_source is None
        return
    assert chip.price_usd > 0
    assert chip.price_kind in {"list", "used", "rack-share"}
    assert chip.price_date
    assert chip.price_source


def test_a_figure_that_nobody_gives_is_none_and_not_zero():
    assert catalogue()["H100-SXM"].fp4_tflops is None
    assert catalogue()["MLU590"].memory_gb is None


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        catalogue()["X"] = Chip("X")  # type: ignore[index]


def test_reference_rents_are_dated_cited_and_of_catalogue_chips():
    found = {chip: rent for chip in catalogue() if (rent := reference_rent(chip))}
    shown = {chip: f"{rent.usd_per_gpu_h} {rent.date}" for chip, rent in found.items()}
    assert shown == {
        "A100-80-SXM": "2.31 2026-09",
        "H100-SXM": "3.79 2026-09",
        "H200-SXM": "4.13 2026-09",
        "B200-SXM": "6.60 2026-09",
        "MI300X": "3.45 2026-10-05",
        "L40S": "1.50 2026-10-05",
    }
    assert all("https://" in rent.source for rent in found.values())


def test_a_sibling_has_no_rent():
    assert reference_rent("H100-PCIe") is None
    assert reference_rent("no such chip") is None
