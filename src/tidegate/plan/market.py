"""What a market run comes to: figures by month, and the difference that a scenario makes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.market.run import MarketRun
from tidegate.market.world import REGIONS

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles over draws that tables tell."""

_COLUMNS: Final = tuple(f"p{round(100 * q)}" for q in QUANTILES)
_BY_GENERATION: Final = {
    "rent_usd_per_gpu_h": "rent",
    "contract_usd_per_gpu_h": "contract",
    "resale_usd_per_gpu": "resale",
    "occupancy": "occupancy",
}
_BY_CAMP: Final = {
    "capacity_reference_gpus": "capacity",
    "occupancy": "let",
    "revenue_usd": "revenue",
    "debt_usd": "debt",
    "firms": "firms",
}
_HHI: Final = 10_000
Values = NDArray[Any]


def generation_frame(run: MarketRun) -> pl.DataFrame:
    """Return quantiles over draws by month, region and generation, one row per figure."""
    rows = [
        _rows(run.months, getattr(run.record, field)[:, :, r, g], {
            "region": region, "generation": generation, "figure": figure,
        })
        for figure, field in _BY_GENERATION.items()
        for r, region in enumerate(REGIONS)
        for g, generation in enumerate(run.market.generation_ids)
    ]  # fmt: skip
    rows += [
        _rows(run.months, run.record.chip_price[:, :, g], {
            "region": "open", "generation": generation, "figure": "chip_price_usd",
        })
        for g, generation in enumerate(run.market.generation_ids)
    ]  # fmt: skip
    return pl.concat(rows)


def camp_frame(run: MarketRun) -> pl.DataFrame:
    """Return quantiles over draws by month, region and camp, one row per figure."""
    rows = [
        _rows(run.months, getattr(run.record, field)[:, :, r, c], {
            "region": region, "camp": camp, "figure": figure,
        })
        for figure, field in _BY_CAMP.items()
        for r, region in enumerate(REGIONS)
        for c, camp in enumerate(run.market.camp_ids)
    ]  # fmt: skip
    rows += [
        _rows(run.months, filled(run)[:, :, c], {
            "region": "both", "camp": camp, "figure": "orders_granted",
        })
        for c, camp in enumerate(run.market.camp_ids)
    ]  # fmt: skip
    return pl.concat(rows)


def market_frame(run: MarketRun) -> pl.DataFrame:
    """Return quantiles over draws by month of figures of the whole market."""
    record = run.record
    figures = {
        "hhi": record.concentration[:, :, 0] * _HHI,
        "four_largest": record.concentration[:, :, 1],
        "developers": record.developers,
        "owner_lease_revenue_usd": record.owner[:, :, 0],
        "owner_rent_paid_usd": record.owner[:, :, 3],
    }
    return pl.concat([_rows(run.months, v, {"figure": name}) for name, v in figures.items()])


def filled(run: MarketRun) -> Values:
    """Return the share of a camp's orders that vendors granted, shape (draws, months, camps)."""
    asked = run.record.ordered
    granted = np.divide(run.record.allotted, asked, out=np.ones_like(asked), where=asked > 1.0)
    return np.asarray(granted)


def _rows(months: Sequence[date], values: Values, labels: dict[str, str]) -> pl.DataFrame:
    quantiles = np.quantile(values, QUANTILES, axis=0)
    return pl.DataFrame(
        {
            "month": pl.Series(months, dtype=pl.Date),
            **{name: [label] * len(months) for name, label in labels.items()},
            **dict(zip(_COLUMNS, quantiles, strict=True)),
        }
    )


@dataclass(frozen=True)
class Difference:
    """What a scenario changes against another, draw by draw.

    Attributes
    ----------
    figure, where : str
        What is compared; generation, camp or region.
    year : int
        Which year after the first month compared, from 1.
    low, middle, high : float
        5, 50 and 95 % of draws.
    rises : float
        Share of draws in which it is higher than in the other.
    relative : bool
        Whether the change is a share of the other's figure, or a plain difference.
    """

    figure: str
    where: str
    year: int
    low: float
    middle: float
    high: float
    rises: float
    relative: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dict(vars(self))


def differences(
    run: MarketRun, other: MarketRun, first: date, years: Sequence[int] = (1, 2, 3, 5)
) -> tuple[Difference, ...]:
    """Compare two runs over the same draws.

    Parameters
    ----------
    run, other : MarketRun
        A scenario, and what it is held against.
    first : date
        Month from which years are counted.
    years : sequence of int
        Which years are told; those beyond the end are left out.
    """
    found = []
    for year in years:
        start = run.market.month_of(first) + 12 * (year - 1)
        span = slice(max(0, start), start + 12)
        if start < 0 or start + 12 > run.record.rent.shape[1]:
            continue
        for figure, where, mine, theirs, relative in _pairs(run, other, span):
            change = mine / np.maximum(theirs, 1e-12) - 1 if relative else mine - theirs
            low, middle, high = np.quantile(change, (0.05, 0.5, 0.95))
            rises = float(np.mean(change > 0))
            found.append(
                Difference(
                    figure, where, year, float(low), float(middle), float(high), rises, relative
                )
            )
    return tuple(found)


def _pairs(
    run: MarketRun, other: MarketRun, span: slice
) -> Iterator[tuple[str, str, Values, Values, bool]]:
    mine, theirs = run.record, other.record
    for g, generation in enumerate(run.market.generation_ids):
        if not mine.occupancy[:, span, 0, g].any():
            continue
        for figure, field, relative in (
            ("rent", "rent", True),
            ("resale", "resale", True),
            ("occupancy", "occupancy", False),
        ):
            yield (
                figure,
                generation,
                getattr(mine, field)[:, span, 0, g].mean(axis=1),
                getattr(theirs, field)[:, span, 0, g].mean(axis=1),
                relative,
            )
    for c, camp in enumerate(run.market.camp_ids):
        if mine.firms[:, 0, 0, c].max() > 1:
            yield (
                "revenue",
                camp,
                mine.revenue[:, span, 0, c].mean(axis=1),
                theirs.revenue[:, span, 0, c].mean(axis=1),
                True,
            )
            yield (
                "firms",
                camp,
                mine.firms[:, span, 0, c].mean(axis=1),
                theirs.firms[:, span, 0, c].mean(axis=1),
                False,
            )
    yield (
        "HHI",
        "both regions",
        mine.concentration[:, span, 0].mean(axis=1) * _HHI,
        theirs.concentration[:, span, 0].mean(axis=1) * _HHI,
        False,
    )
    yield (
        "lease revenue, bn USD a year",
        "owner",
        mine.owner[:, span, 0].sum(axis=1) / 1e9,
        theirs.owner[:, span, 0].sum(axis=1) / 1e9,
        False,
    )


def run_json(run: MarketRun, first: date) -> dict[str, Any]:
    """Return the main figures of a run as plain values: medians and bands each December and at the start."""
    at = run.market.month_of(first)
    shown = [
        t
        for t, month in enumerate(run.months)
        if t >= at and (t == at or month.month == 12)  # noqa: PLR2004
    ]
    record = run.record

    def band(values: Values) -> dict[str, float]:
        found = np.quantile(values, QUANTILES, axis=0)
        return {name: round(float(v), 6) for name, v in zip(_COLUMNS, found, strict=True)}

    return {
        "scenario": run.market.name,
        "title": run.market.title,
        "draws": run.draws.count,
        "seed": run.draws.seed,
        "uncleared_share": run.uncleared,
        "months": [
            {
                "month": f"{run.months[t]:%Y-%m}",
                "generations": {
                    generation: {
                        "rent_usd_per_gpu_h": band(record.rent[:, t, 0, g]),
                        "resale_usd_per_gpu": band(record.resale[:, t, 0, g]),
                        "occupancy": band(record.occupancy[:, t, 0, g]),
                    }
                    for g, generation in enumerate(run.market.generation_ids)
                    if record.occupancy[:, t, 0, g].any()
                },
                "camps": {
                    camp: {
                        "firms": band(record.firms[:, t, 0, c]),
                        "occupancy": band(record.let[:, t, 0, c]),
                        "revenue_usd": band(record.revenue[:, t, 0, c]),
                    }
                    for c, camp in enumerate(run.market.camp_ids)
                },
                "hhi": band(record.concentration[:, t, 0] * _HHI),
                "four_largest": band(record.concentration[:, t, 1]),
                "owner_lease_revenue_usd": band(record.owner[:, t, 0]),
            }
            for t in shown
        ],
    }
