"""Fixed terms that tenants are billed for otherwise than they are earned."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tidegate.errors import FinanceError, Place


@dataclass(frozen=True)
class Bill:
    """What a tenant is billed for a fixed term on a day.

    Attributes
    ----------
    day : date
    amount : Decimal
    """

    day: date
    amount: Decimal


@dataclass(frozen=True)
class Contract:
    """A fixed term at a fixed price.

    Attributes
    ----------
    id : str
    product : str
    first, last : date
        Days of the term, both included.
    currency : str
    bills : tuple of Bill
        Adding up to the price of the term; before its days a prepayment.
    place : Place
        The row that it comes from.

    Raises
    ------
    FinanceError
        ``TG-FIN-ORDER`` when it ends before it begins.
    """

    id: str
    product: str
    first: date
    last: date
    currency: str
    bills: tuple[Bill, ...]
    place: Place = Place()  # noqa: RUF009  frozen

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise FinanceError(
                "TG-FIN-ORDER",
                f"contract {self.id!r} ends on {self.last}, before it begins on {self.first}.",
                place=self.place,
                expected="a last day from the first on.",
            )

    @property
    def total(self) -> Decimal:
        """Price of the term."""
        return sum((bill.amount for bill in self.bills), Decimal(0))

    @property
    def days(self) -> int:
        """Days of the term."""
        return (self.last - self.first).days + 1
