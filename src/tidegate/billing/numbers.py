"""Document numbers: consecutive, without gaps, begun anew each year."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class NumberRange:
    """The next number of a kind of document.

    A number is taken in the transaction that stores its document: what is rolled back gives its number back.

    Attributes
    ----------
    prefix : str
        What numbers begin with, such as ``INV``.
    year : int
        Year of the last number taken, 0 before the first.
    last : int
        The last number taken in that year.
    """

    prefix: str
    year: int = 0
    last: int = 0

    def take(self, at_s: int, zone: str = "UTC") -> tuple[str, "NumberRange"]:
        """Return the next number, such as ``INV-2026-000042``, and the range after it.

        A clock that was put back over New Year does not reopen the old year's range.
        """
        year = max(datetime.fromtimestamp(at_s, ZoneInfo(zone)).year, self.year)
        last = self.last + 1 if year == self.year else 1
        return f"{self.prefix}-{year}-{last:06d}", replace(self, year=year, last=last)
