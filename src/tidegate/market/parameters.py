"""What is uncertain: its prior, its unit, where it comes from; and draws from it."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from tidegate.market import theta
from tidegate.market.world import Floats

LAWS: Final = ("normal", "lognormal", "uniform")

INDEX: Final[Mapping[str, int]] = MappingProxyType(
    {
        name.lower(): place
        for name, place in vars(theta).items()
        if name.isupper() and isinstance(place, int) and name != "COUNT"
    }
)
"""Place of each parameter in a draw, by name."""


@dataclass(frozen=True)
class Parameter:
    """An uncertain parameter.

    Attributes
    ----------
    name, unit, meaning, source : str
        What it is, and what speaks for its prior.
    law : str
        One of :data:`LAWS`.
    centre, spread : float
        Mean and standard deviation of a normal law; median and log spread of a lognormal one.
    low, high : float
        Bounds; all that a uniform law has.
    """

    name: str
    unit: str
    meaning: str
    source: str
    law: str
    centre: float
    spread: float
    low: float
    high: float

    def value(self, score: Floats) -> Floats:
        """Return values for standard normal scores; bounds cut off what lies beyond."""
        if self.law == "uniform":
            return np.asarray(self.low + (self.high - self.low) * ndtr(score))
        moved = self.spread * score
        free = self.centre + moved if self.law == "normal" else self.centre * np.exp(moved)
        return np.clip(free, self.low, self.high)

    def score(self, value: Floats) -> Floats:
        """Return standard normal scores for values: the inverse of :meth:`value`."""
        if self.law == "uniform":
            share = (np.asarray(value) - self.low) / (self.high - self.low)
            return np.asarray(ndtri(np.clip(share, 1e-9, 1 - 1e-9)))
        if self.law == "normal":
            return (np.asarray(value) - self.centre) / self.spread
        return np.log(np.asarray(value) / self.centre) / self.spread


@cache
def parameters() -> tuple[Parameter, ...]:
    """Return every parameter, in the order of a draw."""
    path = files("tidegate.market").joinpath("data", "parameters.csv")
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return tuple(
        Parameter(
            name=row["name"],
            unit=row["unit"],
            meaning=row["meaning"],
            source=row["source"],
            law=row["law"],
            centre=float(row["centre"] or 0),
            spread=float(row["spread"] or 0),
            low=float(row["low"]),
            high=float(row["high"]),
        )
        for row in rows
    )


def thetas_of(scores: Floats) -> Floats:
    """Return parameter draws, shape (n, COUNT), for standard normal scores of the same shape."""
    return np.stack([p.value(scores[:, i]) for i, p in enumerate(parameters())], axis=1)


def scores_of(thetas: Floats) -> Floats:
    """Return standard normal scores, shape (n, COUNT), for parameter draws of the same shape."""
    return np.stack([p.score(thetas[:, i]) for i, p in enumerate(parameters())], axis=1)
