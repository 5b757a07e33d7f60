"""A fleet's run rate as a stress takes it: per cohort and month, from measured coverage."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import FinanceError
from tidegate.finance.books import Books, Holding
from tidegate.finance.costs import DEFAULTS_CURRENCY
from tidegate.finance.coverage import Coverage
from tidegate.finance.hour import HOURS_A_YEAR
from tidegate.finance.month import Month
from tidegate.finance.paths.facts import resale_of
from tidegate.finance.paths.simulate import Generation
from tidegate.fleet import catalogue

F64 = NDArray[np.float64]
MONTH_H: Final = float(HOURS_A_YEAR) / 12
_NEWEST: Final = "2025"


@dataclass(frozen=True)
class StressSettings:
    """How a stress is played.

    Attributes
    ----------
    paths, months, seed : int
    occupancy_beta : float
        By how much leased hours follow rents: a rise of 10 % in rent leases about ``occupancy_beta`` times 10 % more.
    occupancy_shock, occupancy_memory : float
        Of the logarithm of occupancy: a month's shock, and the share that stays.
    power_shock, power_memory : float
        The same of the price of power.
    """

    paths: int = 10_000
    months: int = 120
    seed: int = 0
    occupancy_beta: float = 0.3
    occupancy_shock: float = 0.05
    occupancy_memory: float = 0.9
    power_shock: float = 0.06
    power_memory: float = 0.95


@dataclass(frozen=True)
class StressInputs:
    """Arrays of shape (cohorts,) or (months, cohorts), in the books' currency.

    Attributes
    ----------
    books : Books
    start : Month
        Month 0: the last measured.
    holdings : tuple of Holding
    generations : tuple of Generation
        Chips with a market rent.
    place : int64 array (cohorts,)
        A cohort's generation; -1 for one without a market rent.
    leased_h, free_h, own_h : float64 arrays (cohorts,)
        GPU-hours a month: leased, leased or idle, own.
    rent : float64 array (cohorts,)
        Net rent of a leased hour now.
    own_rent : float64 array (cohorts,)
        What an own hour is worth at the market's rent now; 0 where none is known.
    fixed : float64 array (cohorts,)
        Space, operations and spares a month.
    power_base : float64 array (cohorts,)
        Power a month when nothing is leased.
    power_hour : float64 array (cohorts,)
        Power of a leased hour beyond idling.
    depreciation, capital, book_value : float64 arrays (months, cohorts)
        Of the schedule, the network with it; the first two 0 after life.
    alive : float64 array (months, cohorts)
        1 while a cohort is in its useful life.
    ends : int64 array (cohorts,)
        Month in which a cohort's life ends and it is sold; ``months`` when it ends later.
    gpus : float64 array (cohorts,)
    usd : float
        What one US dollar is in the books' currency.
    """

    books: Books
    start: Month
    holdings: tuple[Holding, ...]
    generations: tuple[Generation, ...]
    place: NDArray[np.int64]
    leased_h: F64
    free_h: F64
    own_h: F64
    rent: F64
    own_rent: F64
    fixed: F64
    power_base: F64
    power_hour: F64
    depreciation: F64
    capital: F64
    book_value: F64
    alive: F64
    ends: NDArray[np.int64]
    gpus: F64
    usd: float


def generations_of(books: Books, usd: Decimal) -> tuple[Generation, ...]:
    """Return the generations of a fleet's chips that have a market rent, with what used ones sell for."""
    found: dict[str, Generation] = {}
    for holding in books.holdings:
        if holding.market_rent is None or holding.chip.id in found:
            continue
        paid = float(holding.cohort.unit_price / usd)
        resale = resale_of(holding.chip, paid)
        newer = _newer(holding)
        found[holding.chip.id] = Generation(
            holding.chip.id,
            float(holding.market_rent / usd),
            resale.usd_per_gpu,
            resale.yearly_decay,
            newer,
        )
    return tuple(found.values())


def _newer(holding: Holding) -> int:
    """Return how many generations of the same vendor the catalogue has that are newer."""
    mine = holding.chip.launch or _NEWEST
    launched: dict[str, str] = {}
    for chip in catalogue().values():
        if chip.vendor == holding.chip.vendor and chip.launch:
            first = launched.get(chip.generation, chip.launch)
            launched[chip.generation] = min(first, chip.launch)
    own = launched.get(holding.chip.generation, mine)
    return sum(launch > own for name, launch in launched.items() if name != holding.chip.generation)


def dollar_rate(books: Books) -> Decimal:
    """Return what one US dollar is in the books' currency: paths are in dollars."""
    return books.rates.convert(Decimal(1), DEFAULTS_CURRENCY, "the market's rents")


def stress_inputs(found: Coverage, months: int) -> StressInputs:
    """Return a fleet's run rate.

    Parameters
    ----------
    found : Coverage
        Measured; every month to come is taken to be used as the measured time was, but for what the paths move.
    months : int
        Months ahead.

    Raises
    ------
    FinanceError
        ``TG-FIN-COHORT`` when no cohort has a market rent.
    """
    books = found.books
    usd = dollar_rate(books)
    generations = generations_of(books, usd)
    if not generations:
        raise FinanceError(
            "TG-FIN-COHORT",
            "no cohort's chip has a market rent.",
            place=books.place,
            expected="market_rent of a cohort in the books file.",
        )
    start = max(row.month for row in found.rows)
    covers = found.by("cohort")
    holdings = tuple(h for h in books.holdings if (h.id,) in covers)
    places = {g.chip: n for n, g in enumerate(generations)}
    columns = [_column(found, holding, start) for holding in holdings]
    ahead = [start + (n + 1) for n in range(months)]
    ends, depreciation, capital, value = [], [], [], []
    for holding in holdings:
        schedule = found.schedules[holding.id]
        rows = [schedule.row(month) for month in ahead]
        share = float(books.costs["network_share"])
        uplift = 1.0 if "network" in schedule.parts else 1 / (1 - share)
        depreciation.append([float(r.flows.depreciation) * uplift for r in rows])
        value.append([float(r.closing) for r in rows])
        rate = float(books.costs["capital_rate"]) / 12
        capital.append([float(r.opening + r.closing) / 2 * uplift * rate for r in rows])
        # A part of a month counts as one, so that the last charge falls into the life.
        end = Month.of(holding.asset.in_service) + math.ceil(holding.asset.life_months)
        ends.append(min(max(end - start - 1, 0), months))
    end_array = np.array(ends, dtype=np.int64)
    alive = (np.arange(months)[:, np.newaxis] < end_array).astype(np.float64)
    return StressInputs(
        books=books,
        start=start,
        holdings=holdings,
        generations=generations,
        place=np.array([places.get(h.chip.id, -1) for h in holdings], dtype=np.int64),
        **{name: np.array([c[name] for c in columns]) for name in columns[0]},
        depreciation=np.array(depreciation).T * alive,
        capital=np.array(capital).T * alive,
        book_value=np.array(value).T.copy(),
        alive=alive,
        ends=end_array,
        usd=float(usd),
    )


def _column(found: Coverage, holding: Holding, start: Month) -> dict[str, float]:
    cover = found.by("cohort")[(holding.id,)]
    hour = next(r.hour for r in reversed(found.rows) if r.cohort == holding.id)
    gpus = holding.asset.gpus_on(start.last)
    scale = gpus * MONTH_H / float(cover.hours.total) if cover.hours.total else 0.0
    hours = cover.hours
    idle = float(hours.idle + hours.failed + hours.leased)
    busy = float(hours.own + hours.sanitising)
    standing = float(hour.space + hour.operations + hour.spares)
    return {
        "leased_h": float(hours.leased) * scale,
        "free_h": float(hours.leased + hours.idle) * scale,
        "own_h": float(hours.own) * scale,
        "rent": float(cover.rent_per_leased_hour or 0),
        "own_rent": float(holding.market_rent or 0),
        "fixed": standing * gpus * MONTH_H,
        "power_base": (busy * float(hour.power_busy) + idle * float(hour.power_idle)) * scale,
        "power_hour": float(hour.marginal),
        "gpus": float(gpus),
    }
