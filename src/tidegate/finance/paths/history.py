"""A history of monthly rents."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import FinanceError, Place
from tidegate.finance.month import Month

F64 = NDArray[np.float64]
LEAST_MONTHS = 12


@dataclass(frozen=True)
class RentHistory:
    """Monthly rents of some generations.

    Attributes
    ----------
    first : Month
        Month of the first row.
    rents : mapping of str to float64 array, shape (months,)
        By generation; NaN before a series begins and after it ends, nowhere in between.
    source : str

    Raises
    ------
    FinanceError
        ``TG-FIN-HISTORY`` when a series has a gap, a value that is not above 0, or fewer than twelve months.
    """

    first: Month
    rents: Mapping[str, F64]
    source: str

    def __post_init__(self) -> None:
        for name, values in self.rents.items():
            known = np.flatnonzero(np.isfinite(values))
            if known.size < LEAST_MONTHS:
                raise self._wrong(
                    f"{name} has {known.size} months.", f"{LEAST_MONTHS} months or more."
                )
            inside = values[known[0] : known[-1] + 1]
            if not np.all(np.isfinite(inside)):
                missing = self.first + int(known[0] + np.flatnonzero(~np.isfinite(inside))[0])
                raise self._wrong(
                    f"{name} has a gap at {missing}.",
                    "a value for every month between a series' first and last.",
                )
            if not np.all(inside > 0):
                raise self._wrong(f"{name} has a rent that is not above 0.", "rents above 0.")

    @property
    def months(self) -> int:
        """Months of the history."""
        return len(next(iter(self.rents.values())))

    def up_to(self, count: int) -> "RentHistory":
        """Return the first so many months, of the generations that have enough of them.

        Raises
        ------
        FinanceError
            ``TG-FIN-HISTORY`` when none has.
        """
        cut = {name: values[:count] for name, values in self.rents.items()}
        long_enough = {n: v for n, v in cut.items() if np.isfinite(v).sum() >= LEAST_MONTHS}
        if not long_enough:
            raise self._wrong("no generation has a year of rents.", "a longer history.")
        return RentHistory(self.first, long_enough, self.source)

    def _wrong(self, message: str, expected: str) -> FinanceError:
        return FinanceError("TG-FIN-HISTORY", message, place=Place(self.source), expected=expected)
