"""Payback, net present value and internal rate of return."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyxirr

from tidegate.finance.books import Holding
from tidegate.finance.cover import Cover
from tidegate.finance.hour import HOURS_A_YEAR

_MONTHS = 12


@dataclass(frozen=True)
class Returns:
    """What an investment brings.

    Attributes
    ----------
    payback_months : float or None
        When the cash is back, not discounted; None when never.
    npv : Decimal
        Net present value at the start.
    irr : float or None
        Internal rate of return a year; None when the flows have none.
    """

    payback_months: float | None
    npv: Decimal
    irr: float | None


def returns(flows: Sequence[Decimal], yearly_rate: Decimal) -> Returns:
    """Value a series of monthly cash flows.

    Parameters
    ----------
    flows : sequence of Decimal
        The first now, the others a month apart.
    yearly_rate : Decimal
        Discount rate a year, compounded.
    """
    monthly = float(1 + yearly_rate) ** (1 / _MONTHS) - 1
    numbers = [float(flow) for flow in flows]
    npv = pyxirr.npv(monthly, numbers) if any(numbers) else 0.0
    changes = any(f > 0 for f in numbers) and any(f < 0 for f in numbers)
    irr = pyxirr.irr(numbers, silent=True) if changes else None
    return Returns(
        payback_months=_payback(flows),
        npv=Decimal(repr(npv or 0.0)),
        irr=None if irr is None else float((1 + irr) ** _MONTHS - 1),
    )


def _payback(flows: Sequence[Decimal]) -> float | None:
    total = Decimal(0)
    for month, flow in enumerate(flows):
        before, total = total, total + flow
        if total >= 0 and month:
            return float(month - 1 + (-before / flow if flow else 0))
    return None


def life_flows(holding: Holding, cover: Cover, *, own_use: bool) -> list[Decimal]:
    """Return a cohort's cash flows over its life, as if every month were as the measured time.

    Parameters
    ----------
    holding : Holding
        The cohort: its cost, its life, its residual.
    cover : Cover
        Its cover over the measured time.
    own_use : bool
        Whether the owner's own hours count, at the market's rent.
    """
    asset = holding.asset
    hours = cover.hours.total
    earned = cover.net_rent - cover.cash_cost + (cover.own_value if own_use else 0)
    gpu_hours_a_month = asset.gpus * HOURS_A_YEAR / _MONTHS
    monthly = earned / hours * gpu_hours_a_month if hours else Decimal(0)
    life = int(asset.life_months)
    residual = sum((part.residual for part in asset.parts), Decimal(0))
    return [-asset.cost, *[monthly] * (life - 1), monthly + residual]
