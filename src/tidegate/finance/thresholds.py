"""What the owner decides by: thresholds of tiers, and what second-hand markets are believed to take."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True)
class TierRules:
    """The owner's thresholds.

    Attributes
    ----------
    frontier_lag, mainstay_lag : int
        Newer generations at which a pool is no longer frontier, and no longer mainstay.
    own_use : Decimal
        Share of a pool's hours used by own work above which it does not move down.
    least_yield : Decimal
        What leasing must leave a year over the price of a used GPU for a legacy pool to stay.
    in_house : tuple of str
        Vendors whose chips are the owner's own; they pass the maturity gate before they are leased.
    gate_months : int
        Maturity gate: months of service.
    gate_failed : Decimal
        Maturity gate: at most this share of hours failed.
    gate_performance : Decimal
        Maturity gate: at least this share of the dense BF16 rate of the best chip in the mainstay.
    """

    frontier_lag: int = 1
    mainstay_lag: int = 3
    own_use: Decimal = Decimal("0.5")
    least_yield: Decimal = Decimal("0.1")
    in_house: tuple[str, ...] = ()
    gate_months: int = 12
    gate_failed: Decimal = Decimal("0.02")
    gate_performance: Decimal = Decimal("0.5")


@dataclass(frozen=True)
class SaleMarket:
    """What second-hand markets take, as the owner believes.

    Attributes
    ----------
    depth_gpus : int
        GPUs of one chip that the market takes in a month.
    impact : Decimal
        Share by which the price falls when so many are sold.
    """

    depth_gpus: int = 500
    impact: Decimal = Decimal("0.2")


class Standard(StrEnum):
    """By which standard impairment is tested."""

    IAS_36 = "ias36"
    ASC_360 = "asc360"


@dataclass(frozen=True)
class ImpairmentRules:
    """How impairment is tested.

    Attributes
    ----------
    standard : Standard
    unit : str
        What makes a cash-generating unit: ``pool``, ``tier`` or ``fleet``.
    own_use : bool
        Whether own hours count in value in use, at the market's rent.
    rent_fall : Decimal
        Fall of rents in a year that alerts.
    idle : Decimal
        Share of idle hours that alerts.
    """

    standard: Standard = Standard.IAS_36
    unit: str = "pool"
    own_use: bool = True
    rent_fall: Decimal = Decimal("0.2")
    idle: Decimal = Decimal("0.4")
