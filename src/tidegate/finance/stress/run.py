"""A stress: the fleet along every path."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.paths.model import RentModel, default_model
from tidegate.finance.paths.simulate import BLOCK, statistical_paths
from tidegate.finance.stress.inputs import StressInputs, StressSettings
from tidegate.finance.stress.kernel import Fleet, Ledgers, Weather, play
from tidegate.market.paths import RentPaths

F64 = NDArray[np.float64]
_THREADS: Final = 2
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class StressResult:
    """A fleet along every path.

    Attributes
    ----------
    inputs : StressInputs
    settings : StressSettings
    paths : RentPaths
        What it was played on; month 0 is now.
    source : str
        Where the paths come from.
    rent, own_value, cash, power, leased : float64 arrays, shape (paths, months)
        Of the fleet: net rent, own hours at the market's rent, cash costs, price of power over that now, GPU-hours
        leased.
    worth : float64 array, shape (paths, cohorts)
        Present value of rent less cash costs over what is left of life, and of the sale at its end.
    """

    inputs: StressInputs
    settings: StressSettings
    paths: RentPaths
    source: str
    rent: F64
    own_value: F64
    cash: F64
    power: F64
    leased: F64
    worth: F64

    @property
    def full(self) -> F64:
        """Cash costs, depreciation and capital, shape (paths, months)."""
        found: F64 = self.cash + (self.inputs.depreciation + self.inputs.capital).sum(axis=1)
        return found

    def yearly(self, values: F64) -> F64:
        """Return sums of years, shape (paths, years); a last part of a year is left out."""
        years = self.settings.months // 12
        found: F64 = values[:, : years * 12].reshape(len(values), years, 12).sum(axis=2)
        return found

    def coverage(self, *, own_use: bool = False, costs: str = "full") -> F64:
        """Return yearly net rent (and own use) over yearly costs, shape (paths, years).

        Parameters
        ----------
        own_use : bool
            Whether own hours count at the market's rent.
        costs : str
            ``full`` or ``cash``. A year without costs, after every life, is NaN.
        """
        earned = self.yearly(self.rent + self.own_value if own_use else self.rent)
        spent = self.yearly(self.full if costs == "full" else self.cash)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(spent > 0, earned / spent, np.nan)


def fan(values: F64) -> F64:
    """Return the quantiles of :data:`QUANTILES`, shape (5, columns)."""
    found: F64 = np.quantile(values, QUANTILES, axis=0)
    return found


def paths_for(
    inputs: StressInputs, settings: StressSettings, model: RentModel | None = None
) -> RentPaths:
    """Return the statistical model's paths of a fleet's generations, as long as the stress."""
    return statistical_paths(
        model or default_model(),
        inputs.generations,
        start=inputs.start,
        months=settings.months + 1,
        paths=settings.paths,
        seed=settings.seed,
    )


def stress(
    inputs: StressInputs,
    settings: StressSettings,
    paths: RentPaths | None = None,
    *,
    source: str = "",
) -> StressResult:
    """Play a fleet along every path.

    Parameters
    ----------
    inputs : StressInputs
    settings : StressSettings
    paths : RentPaths or None
        Rents and second-hand prices, one month longer than the stress; None for the statistical model's.
    source : str
        Where they come from.

    Raises
    ------
    ValueError
        If the paths are too short or lack a generation of the fleet.
    """
    found = paths or paths_for(inputs, settings)
    if len(found.months) < settings.months + 1:
        raise ValueError(
            f"paths of {settings.months + 1} months are needed, not {len(found.months)}"
        )
    missing = [g.chip for g in inputs.generations if g.chip not in found.generations]
    if missing:
        raise ValueError(f"the paths lack {', '.join(missing)}")
    order = [found.generations.index(g.chip) for g in inputs.generations]
    rents = found.rent_usd_per_gpu_h[:, : settings.months + 1, order]
    kept = 1 - float(inputs.books.costs["sale_cost"])
    resales = found.resale_usd_per_gpu[:, : settings.months + 1, order] * (inputs.usd * kept)
    ratios = rents / rents[:, :1, :]
    count, months = found.count, settings.months
    by_month = [np.zeros((count, months)) for _ in range(5)]
    out = Ledgers._make([*by_month, np.zeros((count, len(inputs.holdings)))])
    fleet, rules = fleet_of(inputs), rules_of(inputs, settings)

    def block(number: int) -> None:
        here = slice(number * BLOCK, min(count, (number + 1) * BLOCK))
        random = np.random.Generator(np.random.SFC64([settings.seed, 1, number]))
        shock = random.standard_normal((BLOCK, months, 2))[: here.stop - here.start]
        play(
            fleet,
            Weather(ratios[here], resales[here], shock, rules),
            Ledgers._make(array[here] for array in out),
        )

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(block, range(-(-count // BLOCK))))
    return StressResult(inputs, settings, found, source or default_model().source, *out)


def fleet_of(inputs: StressInputs) -> Fleet:
    """Return the cohorts as compiled code takes them."""
    return Fleet(
        inputs.place,
        inputs.ends,
        np.stack([inputs.leased_h, inputs.free_h, inputs.own_h], axis=1),
        np.stack(
            [inputs.rent, inputs.own_rent, inputs.fixed, inputs.power_base, inputs.power_hour],
            axis=1,
        ),
        inputs.gpus,
    )


def rules_of(inputs: StressInputs, settings: StressSettings) -> F64:
    """Return the rules of occupancy, power and discount as compiled code takes them.

    Returns
    -------
    float64 array, shape (6,)
        Of occupancy: what follows log rent, the monthly shock, what of it lasts; of power: shock and what lasts; the
        discount of a month.
    """
    rate = float(inputs.books.costs["capital_rate"])
    return np.array(
        [
            settings.occupancy_beta,
            settings.occupancy_shock,
            settings.occupancy_memory,
            settings.power_shock,
            settings.power_memory,
            (1 + rate) ** (-1 / 12),
        ]
    )
