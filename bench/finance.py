"""How fast a fleet of twenty cohorts goes through ten thousand paths of ten years."""

import json
import os
import platform
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np

from tidegate.errors import Place
from tidegate.finance.asset import Asset, Part
from tidegate.finance.books import Books, Holding
from tidegate.finance.costs import Rates, cost_book, flat_tariff
from tidegate.finance.coverage import Coverage, coverage
from tidegate.finance.month import Month
from tidegate.finance.sources import Split, UsageMonth
from tidegate.finance.stress import StressSettings, stress, stress_inputs
from tidegate.finance.stress.smoothing import smoothing
from tidegate.finance.tiers import choose
from tidegate.fleet import Cohort, LeasePolicy, Pool, Site, Tier, catalogue, reference_rent

COHORTS = 20
TARGET_S = 5.0
RENTED = ("H100-SXM", "H200-SXM", "B200-SXM", "A100-80-SXM", "MI300X", "L40S")
MONTH = Month(2026, 9)


class Used:
    """Twenty pools, half own, a third leased."""

    label = "made"
    currency = "USD"

    def __init__(self, pools: list[str]) -> None:
        hours = Split(own=Decimal(46_080), leased=Decimal(30_720), idle=Decimal(15_360))
        rent = {"flex": Decimal(60_000)}
        self._months = [UsageMonth(p, MONTH, hours, {"flex": hours.leased}, rent) for p in pools]

    def usage(self) -> list[UsageMonth]:
        return self._months

    def usage_without_leasing(self) -> list[UsageMonth]:
        return self._months


def fleet() -> Coverage:
    """Twenty cohorts of 128 GPUs."""
    site = Site("north", "UTC")
    holdings = []
    for n in range(COHORTS):
        chip = catalogue()[RENTED[n % len(RENTED)]]
        price = chip.price_usd or Decimal(20_000)
        start = date(2022 + n % 5, 1 + n % 12, 1)
        cohort = Cohort(f"c{n}", chip, 128, price, start, Decimal(6))
        pool = Pool(f"p{n}", site, chip, 16, 8, Tier.MAINSTAY, (cohort,), LeasePolicy())
        asset = Asset(
            cohort.id, 128, "USD", start, (Part("chips", price * 128, Decimal(0), Decimal(72)),)
        )
        rent = reference_rent(chip.id)
        market = rent.usd_per_gpu_h if rent else None
        holdings.append(Holding(cohort, pool, asset, Decimal(700), market))
    rates = Rates("USD", {})
    books = Books(
        "bench",
        "USD",
        tuple(holdings),
        cost_book({}, rates, "bench"),
        {"north": flat_tariff("north", Decimal("0.09"))},
        rates,
        place=Place("bench"),
    )
    return coverage(books, Used([h.pool.id for h in holdings]))


def main() -> None:
    """Measure, print, and write ``bench/out/finance.json``."""
    measured = fleet()
    settings = StressSettings()
    inputs = stress_inputs(measured, settings.months)
    stress(inputs, StressSettings(paths=100))  # compile, or read what is compiled
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        found = stress(inputs, settings)
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    smoothing(found)
    smooth_s = time.perf_counter() - began
    began = time.perf_counter()
    choose(found)
    choose_s = time.perf_counter() - began
    result = {
        "paths": settings.paths,
        "months": settings.months,
        "cohorts": COHORTS,
        "generations": len(inputs.generations),
        "stress_s": min(seconds),
        "stress_s_all": seconds,
        "target_s": TARGET_S,
        "smoothing_s": smooth_s,
        "stopping_s": choose_s,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    cells = settings.paths * settings.months * COHORTS
    print(
        f"{settings.paths:,} paths x {settings.months} months x {COHORTS} cohorts, {os.cpu_count()} cores"
    )
    print(
        f"paths and fleet: {min(seconds):.2f} s (target {TARGET_S:g} s), "
        f"{cells / min(seconds) / 1e6:.0f} million cells/s"
    )
    print(
        f"smoothing by tenor: {smooth_s:.2f} s; optimal stopping of {COHORTS} cohorts: {choose_s:.2f} s"
    )
    path = Path(__file__).parent / "out" / "finance.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
