"""What was seen: rents and second-hand prices, month by month, each with its source."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np

from tidegate.market.model import Market
from tidegate.market.record import Record
from tidegate.market.world import Floats


@dataclass(frozen=True)
class Seen:
    """A list rent that was seen.

    Attributes
    ----------
    month : date
        First day of its month.
    generation : str
        Chip id.
    usd_per_gpu_h : float
        Rent of a GPU for an hour on demand.
    source : str
        Who published it.
    """

    month: date
    generation: str
    usd_per_gpu_h: float
    source: str


@dataclass(frozen=True)
class Resale:
    """What is known of second-hand prices.

    Attributes
    ----------
    month : date
        Month of the figure.
    generation : str
        Chip id.
    months_back : int
        0 for a price; else how far back the price is that a change is counted from.
    value : float
        USD per GPU, or the log of the change.
    spread : float
        How far off it may be, as a log.
    source : str
        Who published it.
    """

    month: date
    generation: str
    months_back: int
    value: float
    spread: float
    source: str


def month_in(text: str) -> date:
    """Return the first day of a month written ``2026-09``."""
    return date.fromisoformat(f"{text}-01")


@cache
def cited_rents() -> tuple[Seen, ...]:
    """Return the rents that come along, each cited with its source."""
    found, source = [], ""
    for row in _rows("rents.csv"):
        source = source if row["source"] == "as above" else row["source"]
        found.append(
            Seen(month_in(row["month"]), row["generation"], float(row["usd_per_gpu_h"]), source)
        )
    return tuple(found)


@cache
def cited_resales() -> tuple[Resale, ...]:
    """Return what is cited on second-hand prices."""
    return tuple(
        Resale(
            month_in(row["month"]),
            row["generation"],
            int(row["months_back"]),
            float(row["usd_or_log_change"]),
            float(row["spread"]),
            row["source"],
        )
        for row in _rows("resales.csv")
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("tidegate.market").joinpath("data", name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@dataclass(frozen=True, eq=False)
class Sights:
    """What is to be met, as arrays of one length.

    Attributes
    ----------
    months, generations : array of int
        Month and generation of each figure.
    back : array of int
        -1 for a rent, 0 for a second-hand price, else months back to the price that a change is counted from.
    values, spreads : array of float
        The log of the figure (the change itself for a change), and how far off it may be.
    """

    months: np.ndarray
    generations: np.ndarray
    back: np.ndarray
    values: Floats
    spreads: Floats

    def seen_in(self, record: Record) -> Floats:
        """Return what a record shows in their place, shape (draws, figures)."""
        rent = np.log(record.rent[:, :, 0].astype(np.float64))
        resale = np.log(record.resale[:, :, 0].astype(np.float64))
        shown = np.empty((len(rent), len(self.values)))
        for i, (t, g, back) in enumerate(
            zip(self.months, self.generations, self.back, strict=True)
        ):
            if back < 0:
                shown[:, i] = rent[:, t, g]
            else:
                shown[:, i] = resale[:, t, g] - (resale[:, t - back, g] if back else 0)
        return shown


def sights_of(
    market: Market,
    rents: Sequence[Seen],
    resales: Sequence[Resale] = (),
    *,
    until: date | None = None,
    spread: float = 0.06,
) -> Sights:
    """Return what is known up to a month, in the terms of a scenario.

    Parameters
    ----------
    market : Market
        Whose months and generations they are; figures that it does not have are left out.
    rents, resales : sequence
        What was seen.
    until : date or None
        Last month to be used.
    spread : float
        How far a median of a few lessors' list rents may be off, as a log.
    """
    rows = [
        *((it.month, it.generation, -1, np.log(it.usd_per_gpu_h), spread) for it in rents),
        *(
            (
                it.month,
                it.generation,
                it.months_back,
                it.value if it.months_back else np.log(it.value),
                it.spread,
            )
            for it in resales
        ),
    ]
    kept = [
        (market.month_of(month), market.generation_ids.index(name), back, value, off)
        for month, name, back, value, off in rows
        if name in market.generation_ids
        and (until is None or month <= until)
        and max(0, back) <= market.month_of(month) < market.months
    ]
    columns = list(zip(*kept, strict=True)) if kept else [()] * 5
    return Sights(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.int64),
        np.array(columns[3], dtype=np.float64),
        np.array(columns[4], dtype=np.float64),
    )
