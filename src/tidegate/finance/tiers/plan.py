"""The tier plan: proposals with all that hangs on them, what is best for each cohort, and policies side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tidegate.finance.coverage import Coverage
from tidegate.finance.month import Month
from tidegate.finance.sources import UsageMonth
from tidegate.finance.stress.run import StressResult
from tidegate.finance.thresholds import SaleMarket, TierRules
from tidegate.finance.tiers.choice import Choice, choose
from tidegate.finance.tiers.policies import Comparison, compare
from tidegate.finance.tiers.retirement import Market, SaleMonth, sales
from tidegate.finance.tiers.rules import Facts, Proposal, facts_of, propose
from tidegate.fleet import Pool, Tier


@dataclass(frozen=True)
class Dependent:
    """Something that hangs on a move.

    Attributes
    ----------
    pool : str
    what : str
        Such as ``running leases``.
    now : str
        How much of it there is.
    then : str
        What must be done, or what becomes of it.
    """

    pool: str
    what: str
    now: str
    then: str


@dataclass(frozen=True)
class TierPlan:
    """A tier plan.

    Attributes
    ----------
    name, currency : str
        Of the fleet.
    now : Month
    source : str
        Whose paths it stands on.
    proposals : tuple of Proposal
    choices : tuple of Choice
    comparison : Comparison
        With the three-tier policy, and without it.
    dependents : tuple of Dependent
        Of the pools that are proposed to move.
    sales : mapping of str to tuple of SaleMonth
        By pool: the schedule by which a pool that leaves would be sold.
    facts : tuple of Facts
    """

    name: str
    currency: str
    now: Month
    source: str
    proposals: tuple[Proposal, ...]
    choices: tuple[Choice, ...]
    comparison: Comparison
    dependents: tuple[Dependent, ...]
    sales: Mapping[str, tuple[SaleMonth, ...]]
    facts: tuple[Facts, ...] = field(repr=False, default=())


def tier_plan(
    measured: Coverage,
    found: StressResult,
    used: Sequence[UsageMonth],
    rules: TierRules,
    market: SaleMarket,
) -> TierPlan:
    """Return the tier plan of a fleet.

    Parameters
    ----------
    measured : Coverage
    found : StressResult
        On the paths that are believed.
    used : sequence of UsageMonth
        What the pools did, for what hangs on a move.
    rules : TierRules
    market : SaleMarket
    """
    inputs = found.inputs
    choices = choose(found)
    resale = {g.chip: Decimal(repr(g.resale_usd * inputs.usd)) for g in inputs.generations}
    facts = facts_of(measured, choices, resale, inputs.start)
    proposals = tuple(propose(fact, rules) for fact in facts)
    pools = {h.pool.id: h.pool for h in measured.books.holdings}
    dependents: list[Dependent] = []
    schedules = {}
    for fact, proposal in zip(facts, proposals, strict=True):
        if proposal.moves:
            dependents += _dependents(proposal, fact, pools[fact.pool], measured, used, resale)
        if proposal.to is Tier.RETIRED or proposal.tier is Tier.LEGACY:
            schedules[fact.pool] = _sales(fact, pools[fact.pool], found, market)
    return TierPlan(
        name=measured.books.name,
        currency=measured.books.currency,
        now=inputs.start,
        source=found.source,
        proposals=proposals,
        choices=choices,
        comparison=compare(found),
        dependents=tuple(dependents),
        sales=schedules,
        facts=facts,
    )


def _dependents(
    proposal: Proposal,
    fact: Facts,
    pool: Pool,
    measured: Coverage,
    used: Sequence[UsageMonth],
    resale: Mapping[str, Decimal],
) -> list[Dependent]:
    name, to = proposal.pool, proposal.to
    mine = [month for month in used if month.pool == name]
    hours = sum((m.hours.total for m in mine), Decimal(0))
    leased = sum((m.hours.leased for m in mine), Decimal(0))
    share = f"{100 * float(leased / hours) if hours else 0.0:.0f} % of its hours leased"
    products = ", ".join(sorted({p for m in mine for p in m.leased})) or "none"
    prices = ", ".join(pool.policy.products) or "none"
    rows = []
    if to is Tier.MAINSTAY:
        rows.append(
            Dependent(
                name, "leases", "none: frontier is never leased", "products and prices must be set"
            )
        )
        rows.append(
            Dependent(
                name,
                "quota",
                "none",
                f"own work leaves {100 * float(1 - fact.cover.hours.share('own')):.0f} %",
            )
        )
    elif to is Tier.LEGACY:
        rows.append(
            Dependent(name, "running leases", share, "run on; long products are no longer sold")
        )
        rows.append(Dependent(name, "quota", products, "may be given to grants as well"))
        rows.append(Dependent(name, "prices", prices, "the list prices of a legacy chip"))
    else:
        rows.append(
            Dependent(name, "running leases", share, "must end or move before the nodes leave")
        )
        rows.append(Dependent(name, "quota", products, "falls to nothing"))
        rows.append(Dependent(name, "prices", prices, "are withdrawn"))
        rows.append(
            Dependent(
                name,
                "own work",
                f"{100 * float(fact.cover.hours.share('own')):.0f} % of its hours",
                "moves to other pools",
            )
        )
        rows.append(
            Dependent(
                name, "sanitising", f"{pool.nodes} nodes", "a certificate for each before it leaves"
            )
        )
    rows.append(_books(proposal, measured, resale))
    return rows


def _books(proposal: Proposal, measured: Coverage, resale: Mapping[str, Decimal]) -> Dependent:
    value, fair = Decimal(0), Decimal(0)
    last = max(row.month for row in measured.rows)
    kept = 1 - measured.books.costs["sale_cost"]
    for holding in measured.books.of_pool(proposal.pool):
        row = measured.schedules[holding.id].row(last)
        value += row.closing
        fair += resale.get(holding.chip.id, Decimal(0)) * kept * row.gpus
    now = f"book value {value:,.0f}, fair value less costs to sell {fair:,.0f}"
    if proposal.to is not Tier.RETIRED:
        return Dependent(
            proposal.pool, "books", now, "useful life and residual are looked at again (IAS 16.51)"
        )
    loss = max(Decimal(0), value - fair)
    then = "held for sale: no more depreciation, at the lower of both (IFRS 5.15, 5.25; ASC 360-10-35-43)"
    return Dependent(proposal.pool, "books", now, f"{then}; {loss:,.0f} is written down")


def _sales(
    fact: Facts, pool: Pool, found: StressResult, market: SaleMarket
) -> tuple[SaleMonth, ...]:
    inputs = found.inputs
    chips = [g.chip for g in inputs.generations]
    if fact.chip.id not in chips:
        return ()
    medians = found.paths.resale(fact.chip.id)
    year = min(12, found.settings.months)
    first = float(medians[:, 0].mean())
    fall = 1 - (float(medians[:, year].mean()) / first) ** (1 / year)
    kept = 1 - float(inputs.books.costs["sale_cost"])
    mine = [n for n, holding in enumerate(inputs.holdings) if holding.pool.id == fact.pool]
    # While it waits for its buyer it is not leased: the nodes are being emptied.
    standing = float((inputs.fixed[mine] + inputs.power_base[mine]).sum())
    keep = -standing / float(inputs.gpus[mine].sum())
    rate = float(inputs.books.costs["capital_rate"])
    return sales(
        pool.nodes,
        pool.gpus_per_node,
        Market(
            price=first * inputs.usd * kept,
            monthly_fall=fall,
            depth=float(market.depth_gpus),
            impact=float(market.impact),
            keep=keep,
            discount=(1 + rate) ** (-1 / 12),
        ),
        inputs.start + 1,
    )
