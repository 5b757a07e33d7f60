"""Compiled: a fleet's cash month by month along a block of paths."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class Fleet(NamedTuple):
    """Arrays over cohorts; see :class:`tidegate.finance.stress.inputs.StressInputs`.

    Attributes
    ----------
    place, ends : int64 arrays, shape (cohorts,)
    hours : float64 array, shape (cohorts, 3)
        Leased, leased or idle, own.
    money : float64 array, shape (cohorts, 5)
        Rent and own rent of an hour, fixed and power a month, power of a leased hour.
    gpus : float64 array, shape (cohorts,)
    """

    place: I64
    ends: I64
    hours: F64
    money: F64
    gpus: F64


class Weather(NamedTuple):
    """What moves, per path and month.

    Attributes
    ----------
    ratio : float64 array, shape (paths, months + 1, generations)
        Rent over rent now.
    resale : float64 array, shape (paths, months + 1, generations)
        Price of a used GPU in the books' currency, less the cost of selling.
    shock : float64 array, shape (paths, months, 2)
        Normal: of occupancy, of power.
    rules : float64 array, shape (6,)
        occupancy_beta, occupancy_shock, occupancy_memory, power_shock, power_memory, discount of a month.
    """

    ratio: F64
    resale: F64
    shock: F64
    rules: F64


class Ledgers(NamedTuple):
    """What comes out.

    Attributes
    ----------
    rent, own_value, cash, power : float64 arrays, shape (paths, months)
        Of the fleet: net rent, own hours at the market's rent, cash costs, and the price of power over that now.
    leased : float64 array, shape (paths, months)
        GPU-hours.
    worth : float64 array, shape (paths, cohorts)
        Present value of rent less cash costs, and of the sale at the end of life.
    """

    rent: F64
    own_value: F64
    cash: F64
    power: F64
    leased: F64
    worth: F64


@compiled
def play(fleet: Fleet, weather: Weather, out: Ledgers) -> None:
    """Fill the ledgers of a block of paths, which must hold zeros."""
    paths, months = weather.shock.shape[:2]
    cohorts = fleet.place.size
    beta, occupancy_shock, occupancy_memory, power_shock, power_memory, discount = weather.rules
    for p in range(paths):
        occupancy = 0.0
        power = 0.0
        present = 1.0
        for t in range(months):
            occupancy = occupancy_memory * occupancy + occupancy_shock * weather.shock[p, t, 0]
            power = power_memory * power + power_shock * weather.shock[p, t, 1]
            price = np.exp(power)
            asked = np.exp(occupancy)
            present *= discount
            out.power[p, t] = price
            for c in range(cohorts):
                if t >= fleet.ends[c]:
                    continue
                g = fleet.place[c]
                ratio = 1.0
                follows = 1.0
                if g >= 0:
                    ratio = weather.ratio[p, t + 1, g]
                    follows = ratio**beta
                hours = fleet.hours[c, 0] * asked * follows
                hours = min(hours, fleet.hours[c, 1])
                rent = hours * fleet.money[c, 0] * ratio
                cash = fleet.money[c, 2]
                cash += price * (fleet.money[c, 3] + hours * fleet.money[c, 4])
                out.rent[p, t] += rent
                out.own_value[p, t] += fleet.hours[c, 2] * fleet.money[c, 1] * ratio
                out.cash[p, t] += cash
                out.leased[p, t] += hours
                out.worth[p, c] += present * (rent - cash)
                if t == fleet.ends[c] - 1 and g >= 0:
                    out.worth[p, c] += present * fleet.gpus[c] * weather.resale[p, t + 1, g]
