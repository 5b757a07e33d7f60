"""Keep, lease, sell or scrap: the best action for each cohort, and its date."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.month import Month
from tidegate.finance.stress.run import StressResult
from tidegate.finance.tiers.stopping import Stopping, best_stopping, polynomials
from tidegate.fleet import Tier

F64 = NDArray[np.float64]


class Action(StrEnum):
    """What can be done with a cohort in a month."""

    KEEP = "keep"
    """For own work alone."""
    LEASE = "lease"
    """For own work, and what it leaves to tenants."""
    SELL = "sell"
    SCRAP = "scrap"


@dataclass(frozen=True)
class Choice:
    """The best action for a cohort.

    Attributes
    ----------
    cohort : str
    tier : Tier
        Where it stands now.
    action : Action
        What is best now.
    value, error : float
        Present value of doing what is best throughout, and its standard error, in the books' currency.
    keep, lease, sell_now : float
        Present value of keeping without leasing up to the best moment to sell, of leasing up to it, and of selling
        (or scrapping) at once. ``lease`` is that of ``keep`` where leasing is not allowed.
    hold : float
        Present value of leasing as allowed to the end of the accounting life, and selling then.
    scrap_share : float
        Share of the paths on which nothing is paid for it in the end.
    sell_month : Month or None
        The month by which half of the paths have sold; None when they have not by the end.
    sell_within_year : float
        Share of the paths that sell within twelve months.
    book_value : float
        Now.
    """

    cohort: str
    tier: Tier
    action: Action
    value: float
    error: float
    keep: float
    lease: float
    sell_now: float
    hold: float
    scrap_share: float
    sell_month: Month | None
    sell_within_year: float
    book_value: float


@dataclass(frozen=True)
class CohortFlows:
    """A cohort along every path, in the books' currency.

    Attributes
    ----------
    own : float64 array, shape (paths, months)
        Worth of own hours at the market's rent.
    margin : float64 array, shape (paths, months)
        What leasing adds: rent less the power that it draws.
    standing : float64 array, shape (paths, months)
        Cash costs without leasing.
    resale : float64 array, shape (paths, months + 1)
        What selling all of it brings at the start of each month, after the costs of selling.
    ratio : float64 array, shape (paths, months + 1)
        Rent over rent now.
    works : float64 array, shape (months,)
        1 within the technical life.
    """

    own: F64
    margin: F64
    standing: F64
    resale: F64
    ratio: F64
    works: F64


TECHNICAL_LIFE_MONTHS: Final = 120
"""Months of service after which a cohort no longer works; assumed."""
SCRAP_USD: Final = 0.0
"""What a scrapped GPU brings after it has been taken away: nothing, and nothing is owed."""


def cohort_flows(found: StressResult, place: int) -> CohortFlows:
    """Return a cohort along every path of a stress, its accounting life set aside.

    Parameters
    ----------
    found : StressResult
    place : int
        Which cohort.
    """
    inputs, settings = found.inputs, found.settings
    months = settings.months
    g = int(inputs.place[place])
    if g < 0:
        flat = np.ones((found.paths.count, months + 1))
        ratio, resale = flat, flat * SCRAP_USD
    else:
        chip = inputs.generations[g].chip
        rents = found.paths.rent(chip)[:, : months + 1]
        ratio = rents / rents[:, :1]
        kept = 1 - float(inputs.books.costs["sale_cost"])
        per_gpu = found.paths.resale(chip)[:, : months + 1] * inputs.usd * kept
        resale = per_gpu * inputs.gpus[place]
    # Nothing runs for ever: past its technical life a cohort does no work and brings nothing.
    age = inputs.start - Month.of(inputs.holdings[place].asset.in_service)
    works = (np.arange(months) + age < TECHNICAL_LIFE_MONTHS).astype(np.float64)
    resale = resale * (np.arange(months + 1) + age <= TECHNICAL_LIFE_MONTHS)
    ahead = ratio[:, 1:]
    hours = np.minimum(
        inputs.leased_h[place] * ahead**settings.occupancy_beta, inputs.free_h[place]
    )
    margin = hours * (inputs.rent[place] * ahead - inputs.power_hour[place] * found.power)
    return CohortFlows(
        own=inputs.own_h[place] * inputs.own_rent[place] * ahead * works,
        margin=margin * works,
        standing=inputs.fixed[place] + inputs.power_base[place] * found.power,
        resale=resale,
        ratio=ratio,
        works=works,
    )


def state_of(flows: CohortFlows) -> F64:
    """Return what is known when it is decided: functions of log rent and log resale, over those now.

    Returns
    -------
    float64 array, shape (paths, 1 + months, functions)
    """
    price = max(float(flows.resale[0, 0]), 1.0)
    return polynomials(np.log(flows.ratio), np.log(np.maximum(flows.resale, 1.0) / price))


def choose(found: StressResult, *, own_use: bool = True) -> tuple[Choice, ...]:
    """Return the best action for each cohort of a stress.

    Parameters
    ----------
    found : StressResult
        Its paths are what is believed of rents and second-hand prices: those of the statistical model or of the
        market model.
    own_use : bool
        Whether own hours count at the market's rent, which is what would be paid to replace them. Without it only
        rent counts, as for a cohort whose own work can move elsewhere.
    """
    return tuple(
        _choose(found, place, own_use=own_use) for place in range(len(found.inputs.holdings))
    )


def _choose(found: StressResult, place: int, *, own_use: bool) -> Choice:
    inputs = found.inputs
    holding = inputs.holdings[place]
    flows = cohort_flows(found, place)
    months = found.settings.months
    rate = float(inputs.books.costs["capital_rate"])
    discount = (1 + rate) ** (-1 / 12)
    own = flows.own if own_use else np.zeros_like(flows.own)
    may_lease = holding.tier.may_lease
    kept = own - flows.standing
    leased = kept + np.maximum(flows.margin, 0.0) if may_lease else kept
    basis = state_of(flows)
    payoff = np.maximum(flows.resale, SCRAP_USD)
    best = best_stopping(leased, payoff, basis, discount)
    keep = best_stopping(kept, payoff, basis, discount) if may_lease else best
    end = int(inputs.ends[place])
    powers = discount ** np.arange(1, months + 1)
    hold = (leased[:, :end] * powers[:end]).sum(axis=1) + discount**end * payoff[:, end]
    ends_at = np.sort(best.months)[best.months.size // 2]
    final = np.where(best.months < months, best.months, months)
    valued = payoff[payoff.shape[0] - best.months.size :]
    paid = valued[np.arange(best.months.size), final]
    return Choice(
        cohort=holding.id,
        tier=holding.tier,
        action=_action(best, flows, may_lease=may_lease),
        value=best.value,
        error=best.error,
        keep=keep.value,
        lease=best.value,
        sell_now=best.stop_now,
        hold=float(hold.mean()),
        scrap_share=float(np.mean(paid <= SCRAP_USD)),
        sell_month=inputs.start + int(ends_at) if ends_at < months else None,
        sell_within_year=float(np.mean(best.months <= 12)),  # noqa: PLR2004  a year
        book_value=float(inputs.book_value[0, place]),
    )


def _action(best: Stopping, flows: CohortFlows, *, may_lease: bool) -> Action:
    if best.is_now:
        return Action.SELL if best.stop_now > SCRAP_USD else Action.SCRAP
    leases = may_lease and float(flows.margin[:, 0].mean()) > 0
    return Action.LEASE if leases else Action.KEEP
