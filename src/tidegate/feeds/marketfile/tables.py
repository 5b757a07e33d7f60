"""The tables of a market scenario: keys, types, ranges and defaults.

Each field's description says what would be right, and ends up in the error when a value is not.
"""

import re
from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, create_model

from tidegate.errors import MarketFileError
from tidegate.feeds.fleetfile.problems import FileKind
from tidegate.feeds.fleetfile.tables import Number, Table, Text
from tidegate.market.model import Setting

MARKET: Final = FileKind("TG-MARKET", MarketFileError)

_MONTH: Final = re.compile(r"(\d{4})-(\d{2})(-01)?")
_MONTH_EXAMPLE: Final = "a month, such as '2026-11'"
_SHARE: Final = "a number from 0 to 1"
_AMOUNT: Final = "a number that is not negative"
_MOST_MONTHS: Final = 600


def _month(value: object) -> date:
    if isinstance(value, datetime):
        raise ValueError("it is not a month")
    found = _MONTH.fullmatch(value.isoformat() if isinstance(value, date) else str(value))
    if found is None:
        raise ValueError("it is not a month")
    return date(int(found[1]), int(found[2]), 1)


def _cell_number(value: object) -> object:
    """Return the number in a cell; what is none goes on to be refused."""
    if isinstance(value, str):
        return float(value.replace("_", ""))
    return value


def _cell_whole(value: object) -> object:
    return int(value.replace("_", "")) if isinstance(value, str) else value


def _yes(value: object) -> bool:
    if value in ("yes", "no"):
        return value == "yes"
    raise ValueError("it is neither yes nor no")


def _absent(value: object) -> object:
    return None if value == "" else value


Month = Annotated[date, BeforeValidator(_month)]
CellNumber = Annotated[Number, BeforeValidator(_cell_number)]
Share = Annotated[CellNumber, Field(ge=0, le=1, description=_SHARE)]
Amount = Annotated[CellNumber, Field(ge=0, description=_AMOUNT)]
Positive = Annotated[CellNumber, Field(gt=0, description="a number above 0")]
Whole = Annotated[
    int, BeforeValidator(_cell_whole), Field(ge=0, le=240, description="a whole number up to 240")
]
Figure = Annotated[
    Annotated[CellNumber, Field(gt=0)] | None,
    BeforeValidator(_absent),
    Field(description="a number above 0, or nothing to take the chip catalogue's"),
]
Yes = Annotated[bool, BeforeValidator(_yes), Field(description="yes or no")]


class GenerationRow(Table):
    """A row of ``generations.csv``."""

    id: Text = Field(description="a chip id of the catalogue, or a name of your own")
    launch: Month = Field(description=_MONTH_EXAMPLE)
    ramp_months: Whole
    peak_gpus_per_month: Amount
    end: Annotated[Month | None, BeforeValidator(_absent)] = Field(
        description=f"{_MONTH_EXAMPLE}, or nothing"
    )
    fade_months: Whole
    price_usd: Positive
    lag_months: Annotated[Whole, Field(ge=1, le=23, description="a whole number from 1 to 23")]
    stock_open_gpus: Amount
    stock_walled_gpus: Amount
    bf16_tflops: Figure
    bandwidth_tb_s: Figure
    memory_gb: Figure
    tdp_w: Figure
    taste: str = Field(description="a parameter whose name begins with taste_, or nothing")
    maker: Literal["vendor", "domestic", "owner"] = Field(description="vendor, domestic or owner")
    allowed_share: Share
    source: str = Field("", description="where the figures come from")


class UseRow(Table):
    """A row of ``uses.csv``."""

    id: Text = Field(description="a name")
    share_open: Share
    share_walled: Share
    flops: Share
    bandwidth: Share
    memory: Share
    growth_per_year: Annotated[CellNumber, Field(ge=-3, le=3, description="a number from -3 to 3")]
    frontier: Yes
    adopts: Yes


class CampRow(Table):
    """A row of ``camps.csv``."""

    id: Text = Field(description="a name")
    stock_share_open: Share
    stock_share_walled: Share
    firms_open: Amount
    firms_walled: Amount
    capex_musd_open: Amount
    capex_musd_walled: Amount
    reinvest: Annotated[Amount, Field(le=5)]
    hurdle: Annotated[CellNumber, Field(ge=-1, le=5, description="a number from -1 to 5")]
    draw: Positive
    price_factor: Positive
    cost_factor: Positive
    debt_share: Share
    interest: Share
    cash_months: Amount
    parent: Yes
    skill: Share
    ecosystem: Share
    locked: Share
    trend: Annotated[Amount, Field(le=3)]
    owner: Yes


class ArrivalRow(Table):
    """A row of ``fleet.csv``."""

    generation: Text = Field(description="an id of generations.csv")
    gpus: Amount
    first: Month = Field(description=_MONTH_EXAMPLE)
    last: Month = Field(description=f"{_MONTH_EXAMPLE}, not before the first")
    source: str = Field("", description="where the figures come from")


class ScenarioTable(Table):
    """``[scenario]``."""

    title: Text = Field(description="a sentence")
    extends: Text | None = Field(
        None, description="a folder beside this one, or a bundled scenario, whose tables are taken"
    )
    start: Month | None = Field(None, description=_MONTH_EXAMPLE)
    months: int | None = Field(
        None, ge=2, le=_MOST_MONTHS, description=f"a whole number from 2 to {_MOST_MONTHS}"
    )


class EntryTable(Table):
    """``[entry]``."""

    month: Month = Field(description=_MONTH_EXAMPLE)
    ramp_months: int = Field(6, ge=1, le=120, description="a whole number from 1 to 120")
    gpus: dict[str, Annotated[Number, Field(ge=0)]] = Field(
        description="GPUs by generation, such as { 'H100-SXM' = 300000 }"
    )
    rents: dict[str, Annotated[Number, Field(ge=0)]] = Field(
        default_factory=dict, description="GPUs that the owner rents, by generation"
    )
    owners: float = Field(1.0, gt=0, le=100, description="a number above 0")


class PauseTable(Table):
    """``[[pause]]``."""

    first: Month = Field(description=_MONTH_EXAMPLE)
    last: Month = Field(description=_MONTH_EXAMPLE)
    factor: Annotated[Number, Field(gt=0, le=100)] = Field(description="a number above 0")
    uses: list[str] = Field(default_factory=list, description="a list of uses; all without it")


class SlipTable(Table):
    """``[[slip]]``."""

    generation: Text = Field(description="an id of generations.csv")
    months: int = Field(ge=-60, le=60, description="a whole number from -60 to 60")


class ExportTable(Table):
    """``[[export]]``."""

    first: Month = Field(description=_MONTH_EXAMPLE)
    allowed_share: Annotated[Number, Field(ge=0, le=1)] = Field(description=_SHARE)
    generations: list[str] = Field(
        default_factory=list, description="a list of generations; all of the vendor's without it"
    )


_RANGES: Final = {
    **dict.fromkeys(("most_occupied", "rented_at_rest", "draw"), (0.01, 0.999)),
    **dict.fromkeys(
        ("failures", "operations_share", "avoidable_operations", "remote_share"), (0.0, 1.0)
    ),
    "life_years": (1.0, 20.0),
    "discount": (0.001, 1.0),
    "scrap_usd": (1.0, 1e5),
    "pue": (1.0, 3.0),
    "node_overhead": (1.0, 3.0),
    "memory_growth": (-1.0, 1.0),
    "adoption": (0.0, 10.0),
    "owner_contract_months": (1.0, 120.0),
}
_WIDEST: Final = (0.0, 1e6)


def _setting_table() -> type[Table]:
    fields: dict[str, object] = {}
    for name, kind in Setting.__annotations__.items():
        default = getattr(Setting, name)
        if kind is str:
            fields[name] = (str, Field(default, description="an id of generations.csv"))
            continue
        low, high = _RANGES.get(name, _WIDEST)
        told = f"a number from {low:g} to {high:g}"
        fields[name] = (Number, Field(default, ge=low, le=high, description=told))
    made: type[Table] = create_model("SettingTable", __base__=Table, **fields)  # type: ignore[call-overload]
    return made


SettingTable: Final = _setting_table()


class MarketTable(Table):
    """The whole of ``scenario.toml``."""

    scenario: ScenarioTable = Field(description="a table")
    setting: dict[str, object] = Field(default_factory=dict, description="a table")
    entry: EntryTable | None = Field(None, description="a table")
    pause: list[PauseTable] = Field(default_factory=list, description="tables")
    slip: list[SlipTable] = Field(default_factory=list, description="tables")
    export: list[ExportTable] = Field(default_factory=list, description="tables")
