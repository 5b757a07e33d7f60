"""The chip catalogue and the reference rents: data files with units, sources and dates."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True)
class Chip:
    """An accelerator model.

    A figure that no public source gives, or on which public sources disagree, is None.

    Attributes
    ----------
    id : str
        Stable id, such as ``H100-SXM``.
    vendor, generation : str
        Who makes it; the architecture it belongs to.
    launch : str or None
        Year or month of launch, as ``2022`` or ``2022-09``.
    memory_gb : float or None
        Memory, in GB.
    bandwidth_tb_s : float or None
        Memory bandwidth, in TB/s.
    bf16_tflops, fp8_tflops, fp4_tflops : float or None
        Dense rates, in TFLOP/s; ``bf16_tflops`` is the FP16 rate where a chip has no BF16.
    tdp_w : float or None
        Design power, in W.
    source, source_date : str or None
        Where launch and figures come from, and the date of that source
        (``seen 2026-11`` for a page that bears none).
    secondary : bool
        Whether ``source`` reports what others have published.
    price_usd : Decimal or None
        Price of one chip seen in the market, in US dollars.
    price_kind : str or None
        ``list`` (new), ``used``, or ``rack-share`` (a rack's price over its chips).
    price_date : str or None
        When the price was seen; the date of the source when that does not say.
    price_source : str or None
        Where the price comes from.
    price_secondary : bool
        Whether ``price_source`` reports what others have published.
    note : str or None
        What a reader of the figures should know.
    """

    id: str
    vendor: str = ""
    generation: str = ""
    launch: str | None = None
    memory_gb: float | None = None
    bandwidth_tb_s: float | None = None
    bf16_tflops: float | None = None
    fp8_tflops: float | None = None
    fp4_tflops: float | None = None
    tdp_w: float | None = None
    source: str | None = None
    source_date: str | None = None
    secondary: bool = False
    price_usd: Decimal | None = None
    price_kind: str | None = None
    price_date: str | None = None
    price_source: str | None = None
    price_secondary: bool = False
    note: str | None = None


@dataclass(frozen=True)
class Rent:
    """A list rent seen in the market.

    Attributes
    ----------
    chip_id : str
        The chip.
    usd_per_gpu_h : Decimal
        Rent of one GPU for one hour on demand, in US dollars.
    date : str
        Month or day at which it was seen.
    source : str
        Who published it.
    """

    chip_id: str
    usd_per_gpu_h: Decimal
    date: str
    source: str


@cache
def catalogue() -> Mapping[str, Chip]:
    """Return every chip by id, in the order of the data file."""
    return MappingProxyType({row["id"]: _chip(row) for row in _rows("chips.csv")})


def reference_rent(chip_id: str) -> Rent | None:
    """Return the list rent of a chip, or None when the catalogue has none.

    A rent stands under the chip that its source names; it is not carried over to a sibling (a PCIe
    card, a smaller memory), whose rent is another.
    """
    return _rents().get(chip_id)


@cache
def _rents() -> Mapping[str, Rent]:
    return {
        row["chip"]: Rent(row["chip"], Decimal(row["usd_per_gpu_h"]), row["date"], row["source"])
        for row in _rows("rents.csv")
    }


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("tidegate.fleet").joinpath("data", name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def _chip(row: Mapping[str, str]) -> Chip:
    def number(field: str) -> float | None:
        return float(row[field]) if row[field] else None

    return Chip(
        id=row["id"],
        vendor=row["vendor"],
        generation=row["generation"],
        launch=row["launch"] or None,
        memory_gb=number("memory_gb"),
        bandwidth_tb_s=number("bandwidth_tb_s"),
        bf16_tflops=number("bf16_tflops"),
        fp8_tflops=number("fp8_tflops"),
        fp4_tflops=number("fp4_tflops"),
        tdp_w=number("tdp_w"),
        source=row["source"] or None,
        source_date=row["source_date"] or None,
        secondary=row["secondary"] == "yes",
        price_usd=Decimal(row["price_usd"]) if row["price_usd"] else None,
        price_kind=row["price_kind"] or None,
        price_date=row["price_date"] or None,
        price_source=row["price_source"] or None,
        price_secondary=row["price_secondary"] == "yes",
        note=row["note"] or None,
    )
