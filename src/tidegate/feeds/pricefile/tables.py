"""The tables of a price book: keys, types, ranges and defaults.

Each field's description says what would be right, and ends up in the error when a value is not.
"""

import re
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from tidegate.feeds.fleetfile.tables import Amount, Currency, Duration, Name, Table, Text, Zone
from tidegate.quantity.timetext import DURATION_EXAMPLE

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Weekdays as they are written; their place is the number that a band knows."""

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")
_LAST_MINUTE: Final = 1440


def _minute(value: object) -> int:
    if not isinstance(value, str) or not (found := _CLOCK.fullmatch(value)):
        raise ValueError("it is not a time of day in quotation marks")
    minute = int(found[1]) * 60 + int(found[2])
    if minute > _LAST_MINUTE:
        raise ValueError("a day ends at 24:00")
    return minute


def _day(value: object) -> int:
    if value not in DAYS:
        raise ValueError("it is not a weekday")
    return DAYS.index(value)


def _moment(value: object) -> str:
    """A date or time as its text; the zone that it is meant in comes later."""
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise ValueError("it is not a date or time")
    datetime.fromisoformat(value)
    return value


Clock = Annotated[int, BeforeValidator(_minute)]
Day = Annotated[int, BeforeValidator(_day)]
Moment = Annotated[str, BeforeValidator(_moment)]

_CURRENCY: Final = "an ISO 4217 code, such as USD"
_MOMENT: Final = "a date or time, such as 2026-03-01 or 2026-03-01T08:00+01:00"
_SHARE: Final = "a share from 0 to below 1, such as '0.05'"


class BandTable(Table):
    """``[[bands.<set>]]``."""

    name: Name = Field(description="what the band is called on invoices, in quotation marks")
    from_: Clock = Field(alias="from", description="a time of day, from '00:00' to '23:59'")
    to: Clock = Field(description="a time of day, from '00:01' to '24:00'")
    factor: Amount = Field(le=100, description="what the rate is multiplied by, such as '0.8'")
    days: list[Day] = Field(
        default_factory=lambda: list(range(7)),
        min_length=1,
        description=f"a list of {', '.join(DAYS)}: the days on which the band begins",
    )


class PriceTable(Table):
    """``[[price]]``, or a row of a CSV file."""

    id: Name | None = Field(None, description="a name of letters, digits, dots, blanks, - and _")
    chip: Text = Field(description="a chip of the catalogue")
    product: Name = Field(description="the id of a product")
    tenant_class: Name | None = Field(None, description="the name of a class of tenants")
    rate: Amount = Field(description="a price of one GPU-hour, such as '2.65'")
    currency: Currency | None = Field(None, description=_CURRENCY)
    from_: Moment | None = Field(None, alias="from", description=_MOMENT)
    until: Moment | None = Field(None, description=_MOMENT)
    bands: Name | None = Field(None, description="the name of a set in [bands]")


class VolumeTable(Table):
    """``[[volume_discount]]``."""

    gpus: int = Field(gt=0, description="from how many GPUs of a lease on, 1 or more")
    share: Amount = Field(lt=1, description=_SHARE)


class TermTable(Table):
    """``[[term_discount]]``."""

    term: Duration = Field(gt=0, description=DURATION_EXAMPLE)
    share: Amount = Field(lt=1, description=_SHARE)


class BookTable(Table):
    """The whole file."""

    currency: Currency = Field(description=_CURRENCY)
    timezone: Zone = Field("UTC", description="an IANA time zone, such as Europe/Oslo")
    files: list[Text] = Field(
        default_factory=list, description="a list of CSV files, relative to this file"
    )
    cash_cost: dict[str, Amount] = Field(
        default_factory=dict, description="a cost of one GPU-hour for each chip"
    )
    exchange: dict[Currency, Annotated[Amount, Field(gt=0)]] = Field(
        default_factory=dict, description="what one unit of a currency is worth in the book's"
    )
    bands: dict[str, list[BandTable]] = Field(
        default_factory=dict, description="[[bands.<name>]] tables"
    )
    price: list[PriceTable] = Field(default_factory=list, description="[[price]] tables")
    volume_discount: list[VolumeTable] = Field(
        default_factory=list, description="[[volume_discount]] tables"
    )
    term_discount: list[TermTable] = Field(
        default_factory=list, description="[[term_discount]] tables"
    )
