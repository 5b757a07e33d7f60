"""How amounts of money are written: decimal strings with their currency."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from tidegate.api.shapes import Body, Shape
from tidegate.quantity import Money, minor_units


class MoneyOut(Shape):
    """An amount of money."""

    amount: str = Field(description="Decimal number as text.", examples=["12.50"])
    currency: str = Field(description="ISO 4217 code.", examples=["USD"])


def money_out(money: Money) -> MoneyOut:
    """Return an amount as it is sent."""
    return MoneyOut(amount=f"{money.amount:f}", currency=money.currency)


def _currency(code: str) -> str:
    minor_units(code)
    return code


Currency = Annotated[
    str, AfterValidator(_currency), Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")
]
"""A currency that comes."""

_AMOUNT = r"^[0-9]{1,12}(\.[0-9]{1,3})?$"


class MoneyIn(Body):
    """An amount of money that comes."""

    amount: Annotated[str, Field(pattern=_AMOUNT, description="Decimal number as text.")]
    currency: Currency

    @property
    def money(self) -> Money:
        """The amount."""
        return Money(Decimal(self.amount), self.currency)
