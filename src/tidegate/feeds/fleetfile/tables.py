"""The tables of a fleet file: keys, types, ranges and defaults.

Each field's description says what would be right, and ends up in the error when a value is not.
"""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tidegate.fleet import OnFailure, Tier
from tidegate.lease import ProductKind
from tidegate.quantity import minor_units, parse_duration, parse_instant
from tidegate.quantity.timetext import DURATION_EXAMPLE

_PRICE_DIGITS: Final = 3
_MOST: Final = 10**12
_MOST_NODES: Final = 1_000_000
_MOST_GPUS_PER_NODE: Final = 1_000


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("it is not an amount")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError("it is not an amount") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("an amount is finite and not negative")
    if amount > _MOST:
        raise ValueError("an amount is at most 10 to the power of 12")
    return amount


def _price(value: object) -> Decimal:
    amount = _amount(value)
    if amount != round(amount, _PRICE_DIGITS):
        raise ValueError("a price per GPU-hour has at most three decimals")
    return amount


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("it is not a number")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _MOST:
        raise ValueError("a number is finite and at most 10 to the power of 12")
    return float(number)


def _duration(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("it is not a duration in quotation marks")
    return parse_duration(value)


def _instant(value: object) -> str:
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("it is not a time")
    parse_instant(str(value))
    return str(value)


def _day(value: object) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("it is not a date")
    return value


def _zone(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it is not a time zone")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone is known") from None
    return value


def _currency(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it is not a currency code")
    minor_units(value)
    return value


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("it is neither a text nor a whole number")
    return str(value)


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^\w[\w .-]*$")]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Price = Annotated[Decimal, BeforeValidator(_price)]
Number = Annotated[float, BeforeValidator(_number)]
Duration = Annotated[int, BeforeValidator(_duration)]
TimeText = Annotated[str, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
Currency = Annotated[str, BeforeValidator(_currency)]
Zone = Annotated[str, BeforeValidator(_zone)]

_ID: Final = "a name of letters, digits, dots, blanks, - and _ in quotation marks"
_TIME: Final = "an ISO 8601 time, such as 2026-03-01, or whole seconds of the log's own clock"
_ZONE: Final = "an IANA time zone, such as Europe/Oslo"


class Table(BaseModel):
    """A table of the file: no key but those declared, no type but the one declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SiteTable(Table):
    """``[[site]]``."""

    id: Name = Field(description=_ID)
    timezone: Zone = Field("UTC", description=_ZONE)


class CohortTable(Table):
    """``[[cohort]]``."""

    id: Name = Field(description=_ID)
    chip: Text = Field(description="a chip of the catalogue")
    count: int = Field(gt=0, le=_MOST, description="the number of GPUs bought, 1 or more")
    price: Amount = Field(description="the price of one GPU, such as 33600 or '33600.00'")
    in_service: Day = Field(description="a date without quotation marks, such as 2023-06-01")
    life_years: Amount = Field(gt=0, description="useful life in years, above 0")


class DemandTable(Table):
    """``demand`` of a product."""

    share: Number | None = Field(
        None, ge=0, le=1, description="a share of all offered GPU-hours, from 0 to 1"
    )
    median: Duration | None = Field(None, gt=0, description=DURATION_EXAMPLE)
    sigma: Number | None = Field(None, ge=0, description="a number, 0 for a fixed term")


class ProductTable(Table):
    """``[[product]]``; what a standard product leaves out is taken from the built-in one."""

    id: Name = Field(description=_ID)
    kind: ProductKind | None = Field(
        None, strict=False, description=f"one of {', '.join(ProductKind)}"
    )
    guarantee: Duration | None = Field(None, description=DURATION_EXAMPLE)
    notice: Duration | None = Field(None, description=DURATION_EXAMPLE)
    relative_price: Amount | None = Field(
        None, description="a share of the chip's reference rent, such as 0.7"
    )
    prices: dict[str, Price] = Field(
        default_factory=dict,
        description="a price of one GPU-hour for each chip, such as { \"H100-SXM\" = '2.65' }",
    )
    demand: DemandTable = Field(
        default_factory=DemandTable, description="a table with share, median and sigma"
    )


class PolicyTable(Table):
    """``policy`` of a pool."""

    lease: list[str] = Field(
        default_factory=list, description="a list of product ids, such as ['flex', 'day']"
    )
    risk: Number = Field(0.005, gt=0, lt=1, description="a number above 0 and below 1")
    reserve_nodes: int = Field(0, ge=0, description="a whole number of nodes, 0 or more")
    wait_price: Amount = Field(Decimal(10), description="an amount per GPU-hour, 0 or more")
    on_failure: OnFailure = Field(OnFailure.REPLACE, description="replace or end")


class LogTable(Table):
    """``log`` of a pool or of a tide."""

    path: Text = Field(description="the path of a file, relative to the fleet file")
    format: Text = Field("auto", description="the name of a log format, or auto")
    where: dict[str, Annotated[str, BeforeValidator(_cell)]] = Field(
        default_factory=dict, description="a table of column = value"
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="a table of our field = the file's column"
    )
    timezone: Zone = Field("UTC", description=_ZONE)
    from_: TimeText | None = Field(None, alias="from", description=_TIME)
    to: TimeText | None = Field(None, description=_TIME)


class TideTable(Table):
    """``tide`` of a pool."""

    log: LogTable = Field(description="a table that names the series of request rates")
    requests_per_s_per_gpu: Number = Field(gt=0, description="a number above 0")
    headroom: Number = Field(ge=0, description="a share on top of the need, 0 or more")


class PlannedTable(Table):
    """``[[pool.planned]]``."""

    from_: TimeText = Field(alias="from", description=_TIME)
    to: TimeText = Field(description=_TIME)
    gpus: int = Field(gt=0, le=_MOST, description="the GPUs that the run holds, 1 or more")
    certainty: Literal["firm", "likely"] = Field("firm", description="firm or likely")


class FailuresTable(Table):
    """``failures`` of a pool."""

    mtbf_h: Number = Field(ge=1, description="hours, 1 or more")
    repair_h: Number = Field(gt=0, description="hours, above 0")


class PoolTable(Table):
    """``[[pool]]``."""

    id: Name = Field(description=_ID)
    site: Text = Field(description="the id of a site")
    chip: Text = Field(description="a chip of the catalogue")
    nodes: int = Field(
        gt=0, le=_MOST_NODES, description=f"a whole number of nodes, from 1 to {_MOST_NODES:,}"
    )
    gpus_per_node: int = Field(
        gt=0,
        le=_MOST_GPUS_PER_NODE,
        description=f"a whole number of GPUs, from 1 to {_MOST_GPUS_PER_NODE:,}",
    )
    block_nodes: int = Field(
        0, ge=0, le=_MOST_NODES, description="a whole number of nodes, 0 when there are no blocks"
    )
    tier: Tier = Field(strict=False, description=f"one of {', '.join(Tier)}")
    cohorts: list[str] = Field(default_factory=list, description="a list of cohort ids")
    policy: PolicyTable = Field(
        default_factory=PolicyTable, description="a table, as in [pool.policy]"
    )
    log: LogTable | None = Field(None, description="a table, as in [pool.log]")
    tide: TideTable | None = Field(None, description="a table, as in [pool.tide]")
    planned: list[PlannedTable] = Field(default_factory=list, description="[[pool.planned]] tables")
    foreseen: LogTable | None = Field(None, description="a table, as in [pool.foreseen]")
    failures: FailuresTable | None = Field(None, description="a table, as in [pool.failures]")


class FleetTable(Table):
    """The whole file."""

    name: Text | None = Field(None, description="a name in quotation marks")
    currency: Currency = Field(
        description="an ISO 4217 code, such as USD, or XXX for relative prices"
    )
    offered_load: Number = Field(1.5, gt=0, le=100, description="a number above 0, at most 100")
    sanitise: Duration = Field(300, description=DURATION_EXAMPLE)
    books: Text | None = Field(None, description="the path of a books file, relative to this file")
    site: list[SiteTable] = Field(min_length=1, description="at least one [[site]]")
    cohort: list[CohortTable] = Field(default_factory=list, description="[[cohort]] tables")
    product: list[ProductTable] = Field(default_factory=list, description="[[product]] tables")
    pool: list[PoolTable] = Field(min_length=1, description="at least one [[pool]]")
