"""A small fleet with books, and usage made by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tidegate.errors import Place
from tidegate.finance.asset import Asset, Part
from tidegate.finance.books import Books, Holding
from tidegate.finance.costs import Rates, cost_book, flat_tariff
from tidegate.finance.month import Month
from tidegate.finance.sources import Split, UsageMonth
from tidegate.fleet import Cohort, LeasePolicy, Pool, Site, Tier, catalogue

D = Decimal

COSTS = {
    "pue": D("1.25"),
    "power_price": D("0.08"),
    "draw_busy": D(1),
    "draw_idle": D("0.5"),
    "host_power": D(1),
    "space": D(0),
    "operations": D(0),
    "spares": D(0),
    "network_share": D(0),
    "capital_rate": D(0),
    "sale_cost": D("0.1"),
}
"""Costs that can be worked out by hand: 1 kW of design power costs 0.10 busy and 0.05 idle."""


def books_of(
    *cohorts: tuple[str, str, int, D],
    tier: Tier = Tier.MAINSTAY,
    in_service: date = date(2025, 1, 1),
    life_years: int = 4,
    costs: dict[str, D] | None = None,
    market_rent: D | None = None,
) -> Books:
    """Books of one pool per cohort: (id, chip, GPUs, price)."""
    site = Site("north", "UTC")
    holdings = []
    for name, chip, gpus, price in cohorts:
        cohort = Cohort(name, catalogue()[chip], gpus, price, in_service, D(life_years))
        pool = Pool(f"pool-{name}", site, cohort.chip, gpus // 8, 8, tier, (cohort,), LeasePolicy())
        part = Part("chips", price * gpus, D(0), D(12 * life_years))
        asset = Asset(name, gpus, "USD", in_service, (part,))
        holdings.append(Holding(cohort, pool, asset, D(1000), market_rent))
    rates = Rates("USD", {})
    return Books(
        name="small",
        currency="USD",
        holdings=tuple(holdings),
        costs=cost_book({**COSTS, **(costs or {})}, rates, "by hand"),
        tariffs={"north": flat_tariff("north", (costs or COSTS).get("power_price", D("0.08")))},
        rates=rates,
        place=Place("small.toml"),
    )


@dataclass(frozen=True)
class Given:
    """Usage as a test states it."""

    months: tuple[UsageMonth, ...]
    alone: tuple[UsageMonth, ...] = ()
    label: str = "by hand"
    currency: str = "USD"
    more: dict[str, str] = field(default_factory=dict)

    def usage(self) -> Sequence[UsageMonth]:
        return self.months

    def usage_without_leasing(self) -> Sequence[UsageMonth]:
        return self.alone


def used(
    pool: str, month: Month, *, own: int, leased: int, idle: int, rent: str = "0", back: str = "0"
) -> UsageMonth:
    """One month of a pool."""
    return UsageMonth(
        pool,
        month,
        Split(own=D(own), leased=D(leased), idle=D(idle)),
        leased={"flex": D(leased)},
        rent={"flex": D(rent)},
        returned=D(back),
    )
