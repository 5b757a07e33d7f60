"""The three-tier policy beside keeping everything, leasing everything and selling early, on the same paths."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.month import Month
from tidegate.finance.stress.run import StressResult
from tidegate.finance.tiers.choice import CohortFlows, cohort_flows, state_of
from tidegate.finance.tiers.stopping import best_stopping

F64 = NDArray[np.float64]

POLICIES: Final[tuple[tuple[str, str], ...]] = (
    ("three tiers", "frontier kept; mainstay and legacy leased in what own work leaves"),
    ("keep everything", "nothing is leased"),
    (
        "lease everything",
        "all hours to tenants, own work rented in the market: what it costs to keep the frontier",
    ),
    ("sell early", "sold now, own work rented in the market"),
)
"""Name and one sentence of each policy, the first against the others."""

LARGEST_LEASED: Final = 0.9
"""Share of a pool's hours that tenants take when all of it is offered."""


@dataclass(frozen=True)
class PolicyWorth:
    """One policy over all paths.

    Attributes
    ----------
    policy : str
    mean, low, high : float
        Present value of its cash, own work counted at the market's rent: mean, 5 % and 95 % quantiles.
    worst : float
        Mean of the worst 5 %.
    beaten : float
        Share of the paths on which three tiers bring more; 0 for itself.
    by_tier : mapping of str to float
        What each tier's cohorts add to the mean.
    """

    policy: str
    mean: float
    low: float
    high: float
    worst: float
    beaten: float
    by_tier: Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """The policies side by side.

    Attributes
    ----------
    now : Month
        The month from which it looks ahead.
    source : str
        Whose paths it stands on.
    currency : str
    policies : tuple of PolicyWorth
        In the order of :data:`POLICIES`.
    """

    now: Month
    source: str
    currency: str
    policies: tuple[PolicyWorth, ...]


def compare(found: StressResult) -> Comparison:
    """Return each policy's worth on the same paths."""
    # Every policy sells at its best moment; that rule is fitted on the first half of the paths, and all are valued
    # on the second.
    first = found.paths.count // 2
    tiers = dict.fromkeys(holding.tier.value for holding in found.inputs.holdings)
    nothing = np.zeros(found.paths.count - first)
    worths = {name: dict.fromkeys(tiers, nothing) for name, _ in POLICIES}
    for place, holding in enumerate(found.inputs.holdings):
        flows = cohort_flows(found, place)
        for name, values in _of_cohort(found, place, flows, first).items():
            worths[name][holding.tier.value] = worths[name][holding.tier.value] + values
    best = sum(worths[POLICIES[0][0]].values(), nothing)
    return Comparison(
        now=found.inputs.start,
        source=found.source,
        currency=found.inputs.books.currency,
        policies=tuple(_worth(name, worths[name], best) for name, _ in POLICIES),
    )


def _of_cohort(found: StressResult, place: int, flows: CohortFlows, first: int) -> dict[str, F64]:
    inputs = found.inputs
    holding = inputs.holdings[place]
    discount = (1 + float(inputs.books.costs["capital_rate"])) ** (-1 / 12)
    payoff = np.maximum(flows.resale, 0.0)
    basis = state_of(flows)
    kept = flows.own - flows.standing

    def until_sold(monthly: F64) -> F64:
        return best_stopping(monthly, payoff, basis, discount).values

    alone = until_sold(kept)
    tiers = alone
    if holding.tier.may_lease:
        tiers = until_sold(kept + np.maximum(flows.margin, 0.0))
    capacity = inputs.own_h[place] + inputs.free_h[place]
    tenants = LARGEST_LEASED * capacity
    ahead = flows.ratio[:, 1:]
    rent = inputs.rent[place] or inputs.own_rent[place]
    extra = (tenants - inputs.own_h[place]) * inputs.power_hour[place] * found.power
    # Own work is rented in the market at what it is worth, so that it neither adds nor takes.
    all_out = (tenants * rent * ahead - extra) * flows.works - flows.standing
    return {
        "three tiers": tiers,
        "keep everything": alone,
        "lease everything": until_sold(all_out),
        "sell early": payoff[first:, 0],
    }


def _worth(name: str, by_tier: Mapping[str, F64], best: F64) -> PolicyWorth:
    values = sum(by_tier.values(), np.zeros_like(best))
    low, high = np.quantile(values, (0.05, 0.95))
    return PolicyWorth(
        name,
        float(values.mean()),
        float(low),
        float(high),
        float(values[values <= low].mean()),
        float(np.mean(best > values)),
        {tier: float(worth.mean()) for tier, worth in by_tier.items()},
    )
