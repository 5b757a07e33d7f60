"""The tables of a books file: keys, types, ranges and defaults."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from tidegate.feeds.fleetfile.tables import Amount, Currency, Day, Name, Number, Table, Text
from tidegate.finance.asset import Method
from tidegate.finance.costs import WEEKDAYS
from tidegate.finance.month import Month
from tidegate.finance.thresholds import Standard

_LAST_HOUR: Final = 24
_LOAD_HOURS: Final = 24


def _month(value: object) -> Month:
    if not isinstance(value, str):
        raise ValueError("it is not a month in quotation marks")
    return Month.parse(value)


def _days(value: object) -> tuple[int, ...]:
    if not isinstance(value, str):
        raise ValueError("it is not a text")
    first, _, last = value.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise ValueError("no such day of the week")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < start:
        raise ValueError("its first day comes after its last")
    return tuple(range(start, end + 1))


MonthText = Annotated[Month, BeforeValidator(_month)]
Share = Annotated[Amount, Field(le=1)]


class CostsTable(Table):
    """``[costs]``: every key of ``finance/data/costs.csv``."""

    pue: Amount | None = Field(None, ge=1, le=5, description="a number from 1 to 5")
    power_price: Amount | None = Field(None, le=100, description="the price of a kWh")
    draw_busy: Share | None = Field(None, description="a share from 0 to 1")
    draw_idle: Share | None = Field(None, description="a share from 0 to 1")
    host_power: Amount | None = Field(None, ge=1, le=5, description="a number from 1 to 5")
    space: Amount | None = Field(None, description="the price of a kW for a month")
    operations: Share | None = Field(None, description="a share of the cost, a year")
    spares: Share | None = Field(None, description="a share of the cost, a year")
    network_share: Share | None = Field(None, lt=1, description="a share from 0 to below 1")
    capital_rate: Share | None = Field(None, description="a rate a year, such as 0.1")
    sale_cost: Share | None = Field(None, description="a share of the price")


class BandTable(Table):
    """``band`` of a tariff."""

    days: Annotated[tuple[int, ...], BeforeValidator(_days)] = Field(
        tuple(range(7)), description="days, such as 'mon-fri', 'sat-sun' or 'wed'"
    )
    from_: int = Field(0, alias="from", ge=0, lt=_LAST_HOUR, description="an hour from 0 to 23")
    to: int = Field(_LAST_HOUR, gt=0, le=_LAST_HOUR, description="an hour from 1 to 24")
    price: Amount = Field(description="the price of a kWh")


class TariffTable(Table):
    """``[[tariff]]``."""

    site: Text = Field(description="the id of a site of the fleet file")
    currency: Currency | None = Field(None, description="an ISO 4217 code")
    band: list[BandTable] = Field(min_length=1, description="bands of hours with their prices")


class PartTable(Table):
    """``part`` of a cohort."""

    id: Name = Field(description="network, plant, or a name of your own")
    cost: Amount = Field(gt=0, description="an amount above 0")
    life_years: Amount = Field(gt=0, description="useful life in years, above 0")
    residual: Share = Field(Decimal(0), description="a share of the cost from 0 to 1")
    method: Method = Field(
        Method.STRAIGHT_LINE, strict=False, description=f"one of {', '.join(Method)}"
    )
    expected_gpu_hours: Amount | None = Field(
        None, gt=0, description="GPU-hours over the whole life, above 0"
    )
    yearly_rate: Share | None = Field(None, gt=0, description="a share from 0 to 1")


class PaymentTable(Table):
    """``payment`` of a cohort."""

    day: Day = Field(description="a date without quotation marks")
    amount: Amount = Field(gt=0, description="an amount above 0")
    what: Text = Field("purchase", description="what was paid for")


class RevisionTable(Table):
    """``revision`` of a cohort."""

    day: Day = Field(description="a date without quotation marks")
    life_years: Amount | None = Field(None, gt=0, description="the new life, from service on")
    residual: Share | None = Field(None, description="the new residual, a share of the cost")


class WritedownTable(Table):
    """``writedown`` and ``reversal`` of a cohort."""

    day: Day = Field(description="a date without quotation marks")
    amount: Amount = Field(gt=0, description="an amount above 0")


class SaleTable(Table):
    """``sale`` of a cohort."""

    day: Day = Field(description="a date without quotation marks")
    gpus: int = Field(gt=0, description="a number of GPUs, 1 or more")
    proceeds: Amount = Field(Decimal(0), description="what the buyer pays, 0 when scrapped")
    costs: Amount = Field(Decimal(0), description="what the sale costs")


class CohortBooksTable(Table):
    """``[[cohort]]``."""

    id: Text = Field(description="the id of a cohort of the fleet file")
    currency: Currency | None = Field(None, description="an ISO 4217 code")
    freight: Amount = Field(Decimal(0), description="an amount for the whole cohort")
    installation: Amount = Field(Decimal(0), description="an amount for the whole cohort")
    residual: Share = Field(Decimal(0), description="a share of the cost from 0 to 1")
    method: Method = Field(
        Method.STRAIGHT_LINE, strict=False, description=f"one of {', '.join(Method)}"
    )
    expected_gpu_hours: Amount | None = Field(
        None, gt=0, description="GPU-hours over the whole life, above 0"
    )
    yearly_rate: Share | None = Field(None, gt=0, description="a share from 0 to 1")
    power_w: Amount | None = Field(None, gt=0, description="design power of one GPU in W")
    market_rent: Amount | None = Field(None, description="the market's rent of a GPU-hour")
    warranty_until: Day | None = Field(None, description="a date without quotation marks")
    part: list[PartTable] = Field(default_factory=list, description="[[cohort.part]] tables")
    payment: list[PaymentTable] = Field(default_factory=list, description="[[cohort.payment]]")
    revision: list[RevisionTable] = Field(default_factory=list, description="[[cohort.revision]]")
    writedown: list[WritedownTable] = Field(
        default_factory=list, description="[[cohort.writedown]]"
    )
    reversal: list[WritedownTable] = Field(default_factory=list, description="[[cohort.reversal]]")
    sale: list[SaleTable] = Field(default_factory=list, description="[[cohort.sale]] tables")


class ProgrammeTable(Table):
    """``[programme]``."""

    budget: Amount = Field(description="what may be given a month, at full cost")
    projects: int = Field(ge=0, description="projects served, 0 or more")
    converted: int = Field(0, ge=0, description="projects that became paying tenants")
    tenant_margin: Amount = Field(Decimal(0), description="what a tenant leaves a month")
    tenant_months: Amount = Field(Decimal(0), description="how long a tenant stays, in months")


class TiersTable(Table):
    """``[tiers]``."""

    frontier_lag: int = Field(1, ge=1, description="a number of newer generations, 1 or more")
    mainstay_lag: int = Field(3, ge=1, description="a number of newer generations, 1 or more")
    own_use: Share = Field(Decimal("0.5"), description="a share from 0 to 1")
    least_yield: Amount = Field(Decimal("0.1"), description="a share a year, such as 0.1")
    in_house: list[Text] = Field(default_factory=list, description="vendors of the catalogue")
    gate_months: int = Field(12, ge=0, description="months, 0 or more")
    gate_failed: Share = Field(Decimal("0.02"), description="a share from 0 to 1")
    gate_performance: Amount = Field(Decimal("0.5"), description="a ratio, such as 0.5")
    sale_depth: int = Field(500, ge=1, description="GPUs that a market takes in a month")
    sale_impact: Share = Field(Decimal("0.2"), description="a share from 0 to 1")


class ImpairmentTable(Table):
    """``[impairment]``."""

    standard: Standard = Field(
        Standard.IAS_36, strict=False, description=f"one of {', '.join(Standard)}"
    )
    unit: Literal["pool", "tier", "fleet"] = Field("pool", description="pool, tier or fleet")
    own_use: bool = Field(default=True, description="true or false")
    rent_fall: Share = Field(Decimal("0.2"), description="a share from 0 to 1")
    idle: Share = Field(Decimal("0.4"), description="a share from 0 to 1")


class BillTable(Table):
    """``bill`` of a contract."""

    day: Day = Field(description="a date without quotation marks")
    amount: Amount = Field(gt=0, description="an amount above 0")


class ContractTable(Table):
    """``[[contract]]``."""

    id: Name = Field(description="a name in quotation marks")
    product: Text = Field(description="the product that is sold")
    currency: Currency | None = Field(None, description="an ISO 4217 code")
    first: Day = Field(description="the first day of the term")
    last: Day = Field(description="the last day of the term")
    bill: list[BillTable] = Field(min_length=1, description="[[contract.bill]] tables")


class BooksTable(Table):
    """The whole file."""

    start: MonthText | None = Field(None, description="a month, such as '2026-01'")
    load: Annotated[list[Number] | None, Field(min_length=_LOAD_HOURS, max_length=_LOAD_HOURS)] = (
        Field(None, description="24 relative loads, one for each hour of the day")
    )
    costs: CostsTable = Field(default_factory=CostsTable, description="a table, as in [costs]")
    rates: dict[Currency, Annotated[Amount, Field(gt=0)]] = Field(
        default_factory=dict, description="what one unit of a currency is in the fleet's"
    )
    tariff: list[TariffTable] = Field(default_factory=list, description="[[tariff]] tables")
    cohort: list[CohortBooksTable] = Field(default_factory=list, description="[[cohort]] tables")
    tiers: TiersTable = Field(default_factory=TiersTable, description="a table, as in [tiers]")
    impairment: ImpairmentTable = Field(
        default_factory=ImpairmentTable, description="a table, as in [impairment]"
    )
    contract: list[ContractTable] = Field(default_factory=list, description="[[contract]] tables")
    programme: ProgrammeTable | None = Field(None, description="a table, as in [programme]")
