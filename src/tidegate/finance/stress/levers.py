"""What coverage hangs on: every cost parameter, rent and occupancy, as one vectorised function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.coverage import Coverage
from tidegate.finance.hour import HOURS_A_YEAR, NETWORK, PLANT

F64 = NDArray[np.float64]

RENT: Final = "rent"
OCCUPANCY: Final = "leased hours"
OWN_RENT: Final = "worth of own hours"
COSTS: Final = (
    *("pue", "power_price", "draw_busy", "draw_idle", "host_power", "space"),
    *("operations", "spares", "network_share", "capital_rate"),
)


@dataclass(frozen=True)
class Levers:
    """A fleet's measured coverage as sums that parameters multiply.

    Attributes
    ----------
    base : mapping of str to float
        Every lever's value now; 1 for rent, leased hours and the worth of own hours, which are multiples.
    low, high : mapping of str to float
        What each is varied between.
    busy_kwh, idle_kwh, leased_kwh, space_kwh : float
        Chips' design power times hours: busy, not busy, leased, and in rented space.
    price_per_kwh : float
        Mean price of power over ``power_price``: 1 unless tariffs differ from it.
    paid_hours : float
        Cost over the hours of a year, times hours.
    depreciation, imputed : float
        Depreciation without an imputed network, and that part of it to which a network is imputed.
    network : float
        Depreciation of network parts.
    value_hours, imputed_value_hours : float
        Mean book value per hour of a year, times hours; of it, that to which a network is imputed.
    rent, own_value : float
        Net rent; own hours at the market's rent.
    spare_hours : float
        Multiple of the leased hours at which nothing is idle.
    """

    base: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    busy_kwh: float
    idle_kwh: float
    leased_kwh: float
    space_kwh: float
    price_per_kwh: float
    paid_hours: float
    depreciation: float
    imputed: float
    network: float
    value_hours: float
    imputed_value_hours: float
    rent: float
    own_value: float
    spare_hours: float

    def costs(self, at: Mapping[str, F64 | float]) -> dict[str, F64 | float]:
        """Return each cost line where levers stand, in the books' currency; those not given stay as they are.

        Levers may be arrays, all of one shape; so are the lines that hang on them.
        """
        v: dict[str, F64 | float] = {**self.base, **at}
        more = self.leased_kwh * (np.minimum(v[OCCUPANCY], self.spare_hours) - 1)
        drawn = (self.busy_kwh + more) * v["draw_busy"] + (self.idle_kwh - more) * v["draw_idle"]
        price = v["power_price"] * self.price_per_kwh
        share = v["network_share"]
        uplift = share / (1 - np.asarray(share))
        return {
            "power": drawn * v["host_power"] * v["pue"] * price,
            "space": self.space_kwh * v["host_power"] * v["space"] * 12 / float(HOURS_A_YEAR),
            "operations": self.paid_hours * v["operations"],
            "spares": self.paid_hours * v["spares"],
            "depreciation": self.depreciation,
            "network": self.network + self.imputed * uplift,
            "capital": (self.value_hours + self.imputed_value_hours * uplift) * v["capital_rate"],
        }

    def coverage(
        self, at: Mapping[str, F64 | float], *, own_use: bool = False, lines: tuple[str, ...] = ()
    ) -> F64 | float:
        """Return net rent (and own use) over the sum of cost lines, all by default; its shape is that of the levers."""
        v: dict[str, F64 | float] = {**self.base, **at}
        costs = self.costs(at)
        spent = sum(costs[line] for line in lines or costs)
        earned = self.rent * v[RENT] * np.minimum(v[OCCUPANCY], self.spare_hours)
        if own_use:
            earned = earned + self.own_value * v[OWN_RENT]
        return earned / spent


def levers(found: Coverage) -> Levers:
    """Return what a measured coverage hangs on."""
    books = found.books
    holdings = {holding.id: holding for holding in books.holdings}
    busy = idle = leased = space = paid = 0.0
    depreciation = imputed = network = value = imputed_value = 0.0
    for row in found.rows:
        holding, hours = holdings[row.cohort], row.cover.hours
        kw = float(holding.power_w) / 1000
        total = float(hours.total)
        busy += kw * float(hours.busy)
        idle += kw * float(hours.idle + hours.failed)
        leased += kw * float(hours.leased)
        has_plant = any(part.id == PLANT for part in holding.asset.parts)
        space += 0.0 if has_plant else kw * total
        paid += float(holding.asset.cost / holding.asset.gpus / HOURS_A_YEAR) * total
        fall = float(row.hour.depreciation) * total
        depreciation += fall
        rate = float(books.costs["capital_rate"]) or 1.0
        held = float(row.hour.capital) * total / rate
        if any(part.id == NETWORK for part in holding.asset.parts):
            network += float(row.hour.network) * total
            value += held
        else:
            imputed += fall
            bare = held * (1 - float(books.costs["network_share"]))
            value += bare
            imputed_value += bare
    cover = found.total()
    parameters = {key: books.costs.parameters[key] for key in COSTS}
    base = {key: float(it.value) for key, it in parameters.items()}
    drawn = (busy * base["draw_busy"] + idle * base["draw_idle"]) * base["host_power"] * base["pue"]
    paid_power = float(cover.costs["power"])
    price = paid_power / drawn if drawn else 0.0
    mean_price = base["power_price"] or price or 1.0
    base["power_price"] = mean_price
    multiples = {RENT: 1.0, OCCUPANCY: 1.0, OWN_RENT: 1.0}
    free = float(cover.hours.leased + cover.hours.idle)
    return Levers(
        base={**base, **multiples},
        low={
            **{k: float(it.low) for k, it in parameters.items()},
            **dict.fromkeys(multiples, 0.7),
        },
        high={
            **{k: float(it.high) for k, it in parameters.items()},
            **dict.fromkeys(multiples, 1.3),
        },
        busy_kwh=busy,
        idle_kwh=idle,
        leased_kwh=leased,
        space_kwh=space,
        price_per_kwh=price / mean_price,
        paid_hours=paid,
        depreciation=depreciation,
        imputed=imputed,
        network=network,
        value_hours=value,
        imputed_value_hours=imputed_value,
        rent=float(cover.net_rent),
        own_value=float(cover.own_value),
        spare_hours=free / float(cover.hours.leased) if cover.hours.leased else 1.0,
    )


Measure = Callable[[Mapping[str, F64 | float]], F64 | float]
