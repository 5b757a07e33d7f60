"""What the finance pages are given: the running system's coverage, and what stands on the books."""

from dataclasses import dataclass
from typing import Protocol

from tidegate.finance.coverage import Coverage
from tidegate.finance.flows import Schedule
from tidegate.finance.month import Month
from tidegate.finance.standing import Standing


@dataclass(frozen=True)
class FinanceView:
    """Finance of the running system at a moment.

    Attributes
    ----------
    fleet : str
        The fleet file, as the commands are given it.
    at_s : int
        The moment, by the system's clock.
    month : Month
        In which it lies.
    measured : Coverage
        From meters, invoices and credit notes.
    schedules : tuple of Schedule
        Of every cohort, over its life.
    standings : tuple of Standing
        Of every cash-generating unit; none where no market rent is known.
    """

    fleet: str
    at_s: int
    month: Month
    measured: Coverage
    schedules: tuple[Schedule, ...]
    standings: tuple[Standing, ...]

    @property
    def first(self) -> Month:
        """The first month that is counted."""
        return min((row.month for row in self.measured.rows), default=self.month)


class FinanceDesk(Protocol):
    """Where the pages get it from."""

    def now(self) -> FinanceView:
        """Return finance as it is now, or was a minute ago.

        Raises
        ------
        FinanceError
            ``TG-FIN-RATE`` when tenants are billed in more than one currency.
        """
        ...
