"""Calendar months: the period of every statement."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_TEXT: Final = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month.

    Attributes
    ----------
    year, number : int
        ``Month(2026, 3)`` is March 2026.

    Raises
    ------
    ValueError
        If there is no such month.
    """

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= date.max.year and 1 <= self.number <= 12):  # noqa: PLR2004
            raise ValueError(f"there is no month {self.year}-{self.number}")

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read a month written as ``2026-03``.

        Raises
        ------
        ValueError
            If the text is not a month.
        """
        found = _TEXT.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a month, such as 2026-03")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month in which a day lies."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def __add__(self, months: int) -> "Month":
        years, place = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(years, place + 1)

    def __sub__(self, other: "Month") -> int:
        return (self.year - other.year) * 12 + self.number - other.number

    @property
    def days(self) -> int:
        """Days of the month."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def hours(self) -> int:
        """Hours of the month, 24 to the day."""
        return 24 * self.days

    @property
    def first(self) -> date:
        """First day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Last day."""
        return date(self.year, self.number, self.days)

    @property
    def end(self) -> date:
        """First day after the month."""
        return self.last + timedelta(days=1)


def months_from(first: Month, last: Month) -> Iterator[Month]:
    """Yield the months from ``first`` to ``last``, both included."""
    for step in range(last - first + 1):
        yield first + step
