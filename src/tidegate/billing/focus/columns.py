"""The columns of a FOCUS Cost and Usage dataset, as far as they apply to leased GPUs.

Left out are the conditional columns whose condition is not met: there are no availability zones, sub-accounts,
tags, commitment discounts (a term discount is part of the price that is agreed) nor prices in another currency
than the bill's, and a reserved lease is the use of what it reserves, so that no capacity is billed unused.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class FocusVersion(StrEnum):
    """A version of the specification that can be written."""

    V1_2 = "1.2"
    V1_4 = "1.4"


class Kind(StrEnum):
    """Data types of the specification's metadata."""

    STRING = "STRING"
    DECIMAL = "DECIMAL"
    DATETIME = "DATETIME"
    JSON = "JSON"


class Column(NamedTuple):
    """A column of a version."""

    name: str
    kind: Kind


_S, _N, _T, _J = Kind.STRING, Kind.DECIMAL, Kind.DATETIME, Kind.JSON

_COMMON: Final = (
    Column("BilledCost", _N),
    Column("BillingAccountId", _S),
    Column("BillingAccountName", _S),
    Column("BillingCurrency", _S),
    Column("BillingPeriodEnd", _T),
    Column("BillingPeriodStart", _T),
    Column("ChargeCategory", _S),
    Column("ChargeClass", _S),
    Column("ChargeDescription", _S),
    Column("ChargeFrequency", _S),
    Column("ChargePeriodEnd", _T),
    Column("ChargePeriodStart", _T),
    Column("ConsumedQuantity", _N),
    Column("ConsumedUnit", _S),
    Column("ContractedCost", _N),
    Column("ContractedUnitPrice", _N),
    Column("EffectiveCost", _N),
    Column("InvoiceId", _S),
    Column("InvoiceIssuerName", _S),
    Column("ListCost", _N),
    Column("ListUnitPrice", _N),
    Column("PricingCategory", _S),
    Column("PricingQuantity", _N),
    Column("PricingUnit", _S),
    Column("RegionId", _S),
    Column("RegionName", _S),
    Column("ResourceId", _S),
    Column("ResourceName", _S),
    Column("ResourceType", _S),
    Column("ServiceCategory", _S),
    Column("ServiceName", _S),
    Column("ServiceSubcategory", _S),
    Column("SkuId", _S),
    Column("SkuMeter", _S),
    Column("SkuPriceDetails", _J),
    Column("SkuPriceId", _S),
)

_PROVIDER: Final[Mapping[FocusVersion, tuple[Column, ...]]] = MappingProxyType(
    {
        FocusVersion.V1_2: (Column("ProviderName", _S), Column("PublisherName", _S)),
        # Renamed in 1.3, where both stood; since 1.4 only these do.
        FocusVersion.V1_4: (Column("HostProviderName", _S), Column("ServiceProviderName", _S)),
    }
)

CUSTOM: Final = (
    Column("x_Band", _S),
    Column("x_Chip", _S),
    Column("x_CreditNoteNumber", _S),
    Column("x_EventNumber", _S),
    Column("x_GpuSeconds", _N),
    Column("x_Pool", _S),
    Column("x_PriceId", _S),
    Column("x_Product", _S),
)
"""Our own columns, after all others."""


def columns(version: FocusVersion) -> tuple[Column, ...]:
    """Return the columns of a version: the specification's in order of the alphabet, then our own."""
    return (*sorted(_COMMON + _PROVIDER[version]), *CUSTOM)
