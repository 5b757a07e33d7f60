"""What finance and the price book take from the market: paths of rents and of second-hand prices."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RentPaths:
    """Rents and second-hand prices per generation, path by path.

    Path ``i`` of both arrays is the same future, and generations move together within it. All is
    nominal money.

    Attributes
    ----------
    generations : tuple of str
        Chip ids of the catalogue (``H100-SXM``), or the scenario's own name of a generation that
        the catalogue does not have yet.
    months : tuple of date
        First day of each month, one after the other.
    rent_usd_per_gpu_h : array of float, shape (paths, months, generations)
        On-demand list rent, in US dollars per GPU-hour.
    resale_usd_per_gpu : array of float, shape (paths, months, generations)
        Second-hand price, in US dollars per GPU.

    Raises
    ------
    ValueError
        When a shape does not fit, a month is left out, or a value is not finite and positive.
    """

    generations: tuple[str, ...]
    months: tuple[date, ...]
    rent_usd_per_gpu_h: NDArray[np.float64]
    resale_usd_per_gpu: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse paths that nobody could reckon with."""
        if len(set(self.generations)) != len(self.generations):
            raise ValueError("a generation stands there twice")
        for earlier, later in zip(self.months, self.months[1:], strict=False):
            if next_month(earlier) != later:
                raise ValueError(f"{later} does not follow {earlier}")
        wanted = (len(self.months), len(self.generations))
        for name in ("rent_usd_per_gpu_h", "resale_usd_per_gpu"):
            values = getattr(self, name)
            if values.ndim != len(wanted) + 1 or values.shape[1:] != wanted:
                raise ValueError(f"{name} has the shape {values.shape}, not (paths, *{wanted})")
            if not np.all(np.isfinite(values)) or not np.all(values > 0):
                raise ValueError(f"{name} has a value that is not finite and positive")
        if len(self.rent_usd_per_gpu_h) != len(self.resale_usd_per_gpu):
            raise ValueError("there are not as many paths of rents as of second-hand prices")

    @property
    def count(self) -> int:
        """How many paths there are."""
        return len(self.rent_usd_per_gpu_h)

    def rent(self, generation: str) -> NDArray[np.float64]:
        """Return rents of one generation, shape (paths, months), in US dollars per GPU-hour.

        Raises
        ------
        KeyError
            If there is no such generation.
        """
        return self.rent_usd_per_gpu_h[:, :, self._place(generation)]

    def resale(self, generation: str) -> NDArray[np.float64]:
        """Return second-hand prices of one generation, shape (paths, months), in US dollars per GPU.

        Raises
        ------
        KeyError
            If there is no such generation.
        """
        return self.resale_usd_per_gpu[:, :, self._place(generation)]

    def _place(self, generation: str) -> int:
        if generation not in self.generations:
            raise KeyError(generation)
        return self.generations.index(generation)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_from(first: date, count: int) -> tuple[date, ...]:
    """Return so many months, the first one first."""
    start = first.year * 12 + first.month - 1
    return tuple(date(at // 12, at % 12 + 1, 1) for at in range(start, start + count))
