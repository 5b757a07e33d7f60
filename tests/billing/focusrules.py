"""The rules of FOCUS (Cost and Usage) that apply to leased GPUs, as checks of the text that is written.

Written from the specification's requirements, column by column; a check gets the rows as a CSV reader gives them,
null being the empty cell. Of conditional columns only those that are written are held to their rules.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from tidegate.quantity import minor_units

Row = Mapping[str, str]

MANDATORY: Final = {
    "1.2": [
        "BilledCost",
        "BillingAccountId",
        "BillingAccountName",
        "BillingCurrency",
        "BillingPeriodEnd",
        "BillingPeriodStart",
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargePeriodEnd",
        "ChargePeriodStart",
        "ContractedCost",
        "EffectiveCost",
        "InvoiceIssuerName",
        "ListCost",
        "PricingQuantity",
        "PricingUnit",
        "ProviderName",
        "PublisherName",
        "ServiceCategory",
        "ServiceName",
    ],
    "1.4": [
        "BilledCost",
        "BillingAccountId",
        "BillingAccountName",
        "BillingCurrency",
        "BillingPeriodEnd",
        "BillingPeriodStart",
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargePeriodEnd",
        "ChargePeriodStart",
        "ContractedCost",
        "EffectiveCost",
        "HostProviderName",
        "InvoiceIssuerName",
        "ListCost",
        "PricingQuantity",
        "PricingUnit",
        "ServiceCategory",
        "ServiceName",
        "ServiceProviderName",
    ],
}
"""Columns that must be there."""

APPLICABLE: Final = [
    "ChargeFrequency",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedUnitPrice",
    "InvoiceId",
    "ListUnitPrice",
    "PricingCategory",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
]
"""Conditional and recommended columns whose condition is met: usage is measured, prices are published, leases are
provisioned resources at a site, bills have numbers."""

REMOVED: Final = {
    "1.2": ("ServiceProviderName", "HostProviderName"),
    "1.4": ("ProviderName", "PublisherName"),
}

NOT_NULL: Final = [
    *(
        "BilledCost",
        "BillingAccountId",
        "BillingCurrency",
        "BillingPeriodEnd",
        "BillingPeriodStart",
    ),
    *(
        "ChargeCategory",
        "ChargeDescription",
        "ChargeFrequency",
        "ChargePeriodEnd",
        "ChargePeriodStart",
    ),
    *(
        "ContractedCost",
        "EffectiveCost",
        "InvoiceIssuerName",
        "ListCost",
        "ServiceCategory",
        "ServiceName",
    ),
    *(
        "ProviderName",
        "PublisherName",
        "ServiceProviderName",
        "HostProviderName",
        "ServiceSubcategory",
    ),
    # Every charge here is on an invoice, and every account has a name.
    *("InvoiceId", "BillingAccountName"),
]

DECIMALS: Final = [
    "BilledCost",
    "ConsumedQuantity",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "PricingQuantity",
    "x_GpuSeconds",
]
NOT_NEGATIVE: Final = ("ContractedUnitPrice", "ListUnitPrice")
TIMES: Final = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")
VALUES: Final = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"", "Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"", "Standard", "Dynamic", "Committed", "Other"},
    "ServiceCategory": {
        *("AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases"),
        *("Developer Tools", "Identity", "Integration", "Internet of Things", "Media", "Migration"),
        *(
            "Management and Governance",
            "Mobile",
            "Multicloud",
            "Networking",
            "Other",
            "Security",
            "Storage",
            "Web",
        ),
    },
}
COMPUTE: Final = {
    *("Containers", "End User Computing", "Quantum Compute", "Serverless Compute"),
    *("Virtual Machines", "Other (Compute)"),
}
PRICED: Final = (
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "SkuId",
    "SkuPriceId",
)

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_UNIT: Final = re.compile(r"[A-Z][A-Za-z]*(-(Seconds|Minutes|Hours|Days|Months|Years))?")
_PASCAL: Final = re.compile(r"(x_)?([A-Z][a-z0-9]*)+")


class Rule(NamedTuple):
    """A rule: its name, and a check that yields what is wrong."""

    name: str
    check: Callable[[str, Sequence[str], Sequence[Row]], Iterator[str]]


RULES: Final[list[Rule]] = []


def rule(check: Callable[[str, Sequence[str], Sequence[Row]], Iterator[str]]) -> object:
    RULES.append(Rule(check.__name__, check))
    return check


def each(name: str, is_wrong: Callable[..., bool]) -> None:
    """A rule about single rows."""

    def check(_version: str, _header: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
        yield from (f"{name}: {row}" for row in rows if is_wrong(row))

    RULES.append(Rule(name, check))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def is_sold(row: Row) -> bool:
    """Usage or purchase that is no correction."""
    return row["ChargeCategory"] in ("Usage", "Purchase") and not row["ChargeClass"]


@rule
def mandatory_columns_are_there(
    version: str, header: Sequence[str], _: Sequence[Row]
) -> Iterator[str]:
    yield from (name for name in MANDATORY[version] if name not in header)


@rule
def applicable_columns_are_there(
    _: str, header: Sequence[str], _rows: Sequence[Row]
) -> Iterator[str]:
    yield from (name for name in APPLICABLE if name not in header)


@rule
def columns_of_other_versions_are_not(
    version: str, header: Sequence[str], _: Sequence[Row]
) -> Iterator[str]:
    yield from (name for name in REMOVED[version] if name in header)


@rule
def own_columns_are_prefixed_and_last(
    version: str, header: Sequence[str], _: Sequence[Row]
) -> Iterator[str]:
    own = [name for name in header if name not in (*MANDATORY[version], *APPLICABLE)]
    yield from (name for name in own if not name.startswith("x_"))
    if list(header[len(header) - len(own) :]) != own:
        yield "intermixed"


@rule
def columns_are_in_pascal_case_short_and_single(
    _: str, header: Sequence[str], _rows: Sequence[Row]
) -> Iterator[str]:
    for name in header:
        if not _PASCAL.fullmatch(name) or len(name) > 50 or header.count(name) > 1:
            yield name


for _name in NOT_NULL:
    each(f"{_name} is not null", lambda row, n=_name: n in row and not row[n])
for _name in DECIMALS:
    each(f"{_name} is numeric", lambda row, n=_name: bool(row[n]) and not _NUMBER.fullmatch(row[n]))
for _name in NOT_NEGATIVE:
    each(f"{_name} is not negative", lambda row, n=_name: row[n].startswith("-"))
for _name in TIMES:
    each(f"{_name} is a UTC time", lambda row, n=_name: not _TIME.fullmatch(row[n]))
for _name, _values in VALUES.items():
    each(f"{_name} is an allowed value", lambda row, n=_name, v=_values: row[n] not in v)
for _name in PRICED:
    each(
        f"{_name} is there when something is sold", lambda row, n=_name: is_sold(row) and not row[n]
    )
    each(
        f"{_name} is null for taxes",
        lambda row, n=_name: row["ChargeCategory"] == "Tax" and bool(row[n]),
    )
for _name in (
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "ConsumedQuantity",
):
    each(
        f"{_name} is null without a SKU price",
        lambda row, n=_name: not row["SkuPriceId"] and bool(row[n]),
    )
for _name in ("ContractedUnitPrice", "ListUnitPrice"):
    each(
        f"{_name} is there with a SKU price",
        lambda row, n=_name: bool(row["SkuPriceId"]) and not row[n],
    )

each("BillingCurrency is an ISO 4217 code", lambda row: not _is_currency(row["BillingCurrency"]))
each("ServiceSubcategory is one of Compute", lambda row: row["ServiceSubcategory"] not in COMPUTE)
each(
    "the billing period ends after it starts",
    lambda row: at(row["BillingPeriodEnd"]) <= at(row["BillingPeriodStart"]),
)
each(
    "the charge period ends after it starts",
    lambda row: at(row["ChargePeriodEnd"]) <= at(row["ChargePeriodStart"]),
)
each(
    "a charge of this period lies in it",
    lambda row: (
        not row["ChargeClass"]
        and (
            at(row["ChargePeriodStart"]) < at(row["BillingPeriodStart"])
            or at(row["ChargePeriodEnd"]) > at(row["BillingPeriodEnd"])
        )
    ),
)
each(
    "a correction is of a closed period",
    lambda row: (
        row["ChargeClass"] == "Correction"
        and row["ChargeCategory"] == "Usage"
        and at(row["ChargePeriodStart"]) >= at(row["BillingPeriodStart"])
    ),
)
each(
    "purchases are not usage-based",
    lambda row: row["ChargeCategory"] == "Purchase" and row["ChargeFrequency"] == "Usage-Based",
)
each(
    "ConsumedQuantity is null but for usage",
    lambda row: row["ChargeCategory"] != "Usage" and bool(row["ConsumedQuantity"]),
)
each(
    "ConsumedQuantity is there for usage",
    lambda row: (
        row["ChargeCategory"] == "Usage" and not row["ChargeClass"] and not row["ConsumedQuantity"]
    ),
)
each(
    "ConsumedUnit goes with ConsumedQuantity",
    lambda row: bool(row["ConsumedUnit"]) != bool(row["ConsumedQuantity"]),
)
each(
    "PricingUnit goes with PricingQuantity",
    lambda row: bool(row["PricingUnit"]) != bool(row["PricingQuantity"]),
)
for _name in ("ConsumedUnit", "PricingUnit"):
    each(f"{_name} is a unit", lambda row, n=_name: bool(row[n]) and not _UNIT.fullmatch(row[n]))
for _cost, _price in (("ContractedCost", "ContractedUnitPrice"), ("ListCost", "ListUnitPrice")):
    each(
        f"{_cost} is the price times the quantity",
        lambda row, c=_cost, p=_price: (
            bool(row[p] and row["PricingQuantity"])
            and Decimal(row[c]) != Decimal(row[p]) * Decimal(row["PricingQuantity"])
        ),
    )
for _cost in ("ContractedCost", "ListCost"):
    each(
        f"{_cost} of a credit is what is billed",
        lambda row, c=_cost: row["ChargeCategory"] == "Credit" and row[c] != row["BilledCost"],
    )
each(
    "EffectiveCost is what is billed where nothing is covered",
    lambda row: row["EffectiveCost"] != row["BilledCost"],
)
each(
    "ResourceName is no copy of ResourceId",
    lambda row: bool(row["ResourceName"]) and row["ResourceName"] == row["ResourceId"],
)
each(
    "ResourceName is null without ResourceId",
    lambda row: bool(row["ResourceName"]) and not row["ResourceId"],
)
each(
    "ResourceType goes with ResourceId",
    lambda row: bool(row["ResourceType"]) != bool(row["ResourceId"]),
)
each("RegionName goes with RegionId", lambda row: bool(row["RegionName"]) != bool(row["RegionId"]))
each("SkuMeter goes with SkuId", lambda row: bool(row["SkuMeter"]) != bool(row["SkuId"]))
each(
    "SkuPriceDetails is null without a SKU price",
    lambda row: bool(row["SkuPriceDetails"]) and not row["SkuPriceId"],
)
each(
    "SkuPriceDetails is a flat JSON object",
    lambda row: bool(row["SkuPriceDetails"]) and not _is_key_values(row["SkuPriceDetails"]),
)
each(
    "text has no blanks around it",
    lambda row: any(value != value.strip() for value in row.values()),
)


def _is_currency(code: str) -> bool:
    try:
        minor_units(code)
    except ValueError:
        return False
    return True


DETAILS: Final = {
    "CoreCount": int,
    "GpuCount": int,
    "InstanceType": str,
    "InstanceSeries": str,
    "MemorySize": int,
}


def _is_key_values(text: str) -> bool:
    try:
        values = json.loads(text)
    except ValueError:
        return False
    return isinstance(values, dict) and all(
        (key.startswith("x_") and isinstance(value, str | int | bool))
        or (key in DETAILS and isinstance(value, DETAILS[key]))
        for key, value in values.items()
    )


@rule
def a_sku_price_has_one_sku_and_one_set_of_details(
    _: str, _header: Sequence[str], rows: Sequence[Row]
) -> Iterator[str]:
    seen: dict[str, tuple[str, str]] = {}
    for row in rows:
        if row["SkuPriceId"]:
            told = (row["SkuId"], row["SkuPriceDetails"])
            if seen.setdefault(row["SkuPriceId"], told) != told:
                yield row["SkuPriceId"]


@rule
def an_invoice_has_one_account_period_and_currency(
    _: str, _header: Sequence[str], rows: Sequence[Row]
) -> Iterator[str]:
    names = (
        "BillingAccountId",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "BillingCurrency",
        "InvoiceIssuerName",
    )
    for invoice, charges in groupby(rows, key=lambda row: row["InvoiceId"]):
        if len({tuple(row[name] for name in names) for row in charges}) > 1:
            yield invoice


def broken_rules(version: str, header: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Names of the rules that a dataset breaks."""
    return [
        each.name for each in RULES if next(each.check(version, header, rows), None) is not None
    ]
