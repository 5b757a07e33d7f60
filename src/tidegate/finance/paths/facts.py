"""Cited rents and second-hand prices."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

from tidegate.finance.month import Month
from tidegate.fleet import Chip

CITED_DECAYS: Final = (0.54, 0.28, 0.36, 0.0)
"""Yearly fall of sold prices: A100 PCIe, A100 SXM, V100, H100 (SpotWire 2026-06-04, CC-BY-4.0)."""
_H100_LIST_USD: Final = 33_600


@dataclass(frozen=True)
class RentFact:
    """A rent that a source gives for a month.

    Attributes
    ----------
    chip : str
    month : Month
    usd_per_gpu_h : float
    source : str
    """

    chip: str
    month: Month
    usd_per_gpu_h: float
    source: str


@dataclass(frozen=True)
class Resale:
    """What a used GPU sells for, and how fast that falls.

    Attributes
    ----------
    usd_per_gpu : float
    yearly_decay : float
        Share lost in a year.
    source : str
    assumed : bool
        Whether no source gives it.
    """

    usd_per_gpu: float
    yearly_decay: float
    source: str
    assumed: bool


@cache
def rent_facts() -> tuple[RentFact, ...]:
    """Return the cited rents, by chip and month."""
    return tuple(
        RentFact(row["chip"], Month.parse(row["month"]), float(row["usd_per_gpu_h"]), row["source"])
        for row in _rows("rent_facts.csv")
    )


@cache
def _resales() -> Mapping[str, Resale]:
    return {
        row["chip"]: Resale(
            float(row["usd_per_gpu"]),
            float(row["yearly_decay"]),
            f"{row['source']} ({row['date']})",
            assumed=False,
        )
        for row in _rows("resale.csv")
    }


def resale_of(chip: Chip, paid_usd: float) -> Resale:
    """Return what a used GPU of a chip sells for.

    Where no source says, it is the share of the price paid that a used H100 brings of its list price (0.64). A year's
    fall of one chip says little about the next ten: what is taken lies half way between the chip's own and the mean of
    those cited (30 % a year), and is the mean where the chip has none.

    Parameters
    ----------
    chip : Chip
    paid_usd : float
        What one GPU cost, in US dollars.
    """
    cited = _resales()
    mean = sum(CITED_DECAYS) / len(CITED_DECAYS)
    known = cited.get(chip.id)
    if known is not None:
        return replace(known, yearly_decay=(known.yearly_decay + mean) / 2)
    share = cited["H100-SXM"].usd_per_gpu / _H100_LIST_USD
    return Resale(share * paid_usd, mean, "assumed from the cited ones", assumed=True)


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("tidegate.finance").joinpath("data", name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())
