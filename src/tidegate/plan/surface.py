"""A coarse answer for every position of a few sliders: medians on a grid, to be interpolated.

The grid is played once, over the same few futures at every point; a reader moves between its points.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Any, Final

import numpy as np

from tidegate.market import theta as of
from tidegate.market.calibrate import Posterior
from tidegate.market.model import Entry, Market, Pause, Slip
from tidegate.market.run import Draws, MarketRun

DRAWS: Final = 24
"""Futures at a point of the grid."""

YEARS: Final = (0, 1, 2, 3, 4, 5)
"""Years after the entry that are told."""

_HHI: Final = 10_000
_SMALL: Final = "small low-price"


@dataclass(frozen=True)
class Axis:
    """A slider.

    Attributes
    ----------
    key, label, unit : str
        What it moves.
    points : tuple of float
        Values that are played, in order.
    start : float
        Where it stands at first.
    step : float
        By how much it moves.
    """

    key: str
    label: str
    unit: str
    points: tuple[float, ...]
    start: float
    step: float


AXES: Final = (
    Axis("entry", "GPUs that the owner opens to leasing", "thousand GPUs",
         (0.0, 250.0, 500.0, 1000.0), 500.0, 50.0),
    Axis("own_use", "Share of them that its own work holds", "%", (30.0, 55.0, 80.0), 55.0, 5.0),
    Axis("demand", "Demand from the entry on, against the model's", "%",
         (60.0, 100.0, 150.0), 100.0, 5.0),
    Axis("slip", "Delay of the next generation", "months", (0.0, 12.0), 0.0, 1.0),
)  # fmt: skip
"""Every slider."""


@dataclass(frozen=True)
class Surface:
    """Medians on a grid.

    Attributes
    ----------
    axes : tuple of Axis
        Sliders; the last one varies fastest.
    figures : tuple of str
        What is told; rents by generation come first.
    generations : tuple of str
        Generations whose rents are told.
    values : list
        Nested by grid point, year and figure.
    draws : int
        Futures at every point.
    reference : str
        Generation whose rent is told in words.
    """

    axes: tuple[Axis, ...]
    figures: tuple[str, ...]
    generations: tuple[str, ...]
    values: list[list[list[float]]]
    draws: int
    reference: str

    def at(self, position: Mapping[str, float]) -> list[list[float]]:
        """Return the figures by year at any position of the sliders: linear between points of the grid.

        Parameters
        ----------
        position : mapping of str to float
            Value by axis; where an axis is left out it stands at its start, and none leaves its ends.
        """
        corners = [(0, 1.0)]
        for axis in self.axes:
            value = min(max(position.get(axis.key, axis.start), axis.points[0]), axis.points[-1])
            low = max(0, min(bisect_right(axis.points, value), len(axis.points) - 1) - 1)
            part = (value - axis.points[low]) / (axis.points[low + 1] - axis.points[low])
            corners = [
                (place * len(axis.points) + low + step, weight * share)
                for place, weight in corners
                for step, share in ((0, 1 - part), (1, part))
                if share > 0
            ]
        found = sum(weight * np.array(self.values[place]) for place, weight in corners)
        rows: list[list[float]] = np.asarray(found).tolist()
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "axes": [vars(axis) for axis in self.axes],
            "figures": list(self.figures),
            "generations": list(self.generations),
            "years": list(YEARS),
            "values": self.values,
            "draws": self.draws,
            "reference": self.reference,
        }


def points() -> Iterator[dict[str, float]]:
    """Return every point of the grid, the last slider fastest."""
    for values in product(*(axis.points for axis in AXES)):
        yield {axis.key: value for axis, value in zip(AXES, values, strict=True)}


def at_point(
    market: Market, posterior: Posterior, at: Mapping[str, float], entry: date
) -> tuple[Market, Draws]:
    """Return the scenario and the futures of a point.

    Parameters
    ----------
    market : Market
        A scenario with an entry, whose GPUs are scaled.
    posterior : Posterior
        Parameters and past.
    at : mapping of str to float
        The point.
    entry : date
        Month of the entry.
    """
    thetas = posterior.thetas[:DRAWS].copy()
    thetas[:, of.OWN_USE] = at["own_use"] / 100
    few = Posterior(thetas, posterior.past[:DRAWS], posterior.start)
    fleet = {a.generation: 0.0 for a in market.fleet}
    for arrival in market.fleet:
        fleet[arrival.generation] += arrival.gpus
    offered = market.entry.gpus if market.entry else {}
    hopper = {g: fleet[g] for g in (offered or (market.setting.reference,)) if g in fleet}
    scale = 1000 * at["entry"] / max(1.0, sum(hopper.values()))
    end = date(market.start.year + market.months // 12 + 1, 1, 1)
    moved = replace(
        market,
        entry=Entry(entry, 6, {g: min(1.0, scale) * count for g, count in hopper.items()}),
        pauses=(*market.pauses, Pause(entry, end, at["demand"] / 100)),
        slips=(*market.slips, Slip(_next(market, entry), int(at["slip"]))),
    )
    return moved, Draws(few, DRAWS, 0)


def _next(market: Market, entry: date) -> str:
    """Return the vendor's generation that is launched next, or was last."""
    vendor = [g for g in market.generations if g.maker == "vendor"]
    recent = date(entry.year - (entry.month <= 2), (entry.month - 3) % 12 + 1, 1)  # noqa: PLR2004
    coming = [g for g in vendor if g.launch >= recent]
    return min(coming, key=lambda g: g.launch).id if coming else vendor[-1].id


def told(run: MarketRun, entry: date, generations: Sequence[str]) -> list[list[float]]:
    """Return the figures of a point, by year."""
    at, record = run.market.month_of(entry), run.record
    small = run.market.camp_ids.index(_SMALL) if _SMALL in run.market.camp_ids else 0
    places = [run.market.generation_ids.index(g) for g in generations]
    rows = []
    for year in YEARS:
        t = min(at + 12 * year, record.rent.shape[1] - 1)
        rents = np.median(record.rent[:, t, 0][:, places], axis=0)
        others = (
            np.median(record.owner[:, t, 0]) * 12 / 1e9,
            np.median(record.firms[:, t, 0, small]),
            np.median(record.concentration[:, t, 0]) * _HHI,
            np.median(
                record.resale[:, t, 0][
                    :, run.market.generation_ids.index(run.market.setting.reference)
                ]
            ),
        )
        rows.append([round(float(v), 4) for v in (*rents, *others)])
    return rows


OTHERS: Final = (
    "lease revenue of the owner, bn USD a year",
    "small lessors left",
    "Herfindahl index, points",
    "used GPU of the reference generation, USD",
)
"""Figures beside rents."""


def surface_of(
    values: list[list[list[float]]], generations: Sequence[str], reference: str
) -> Surface:
    """Put the figures of all points together."""
    figures = (*(f"rent of {g}, USD per GPU-hour" for g in generations), *OTHERS)
    return Surface(AXES, figures, tuple(generations), values, DRAWS, reference)
