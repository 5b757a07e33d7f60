"""What a board pack tells: the findings it is made from, and the figures and sentences that lead its pages."""

from dataclasses import dataclass

from tidegate.finance.coverage import Coverage
from tidegate.finance.impairment import ImpairmentTest
from tidegate.finance.report import Report
from tidegate.finance.revenue import LeaseFlags
from tidegate.finance.statement import Statement
from tidegate.finance.stress import StressResult
from tidegate.finance.tiers import TierPlan


@dataclass(frozen=True)
class Findings:
    """All that a board pack tells.

    Attributes
    ----------
    measured : Coverage
    stated : Statement
    stressed : StressResult
    tested : ImpairmentTest
    planned : TierPlan
    flags : tuple of LeaseFlags
    """

    measured: Coverage
    stated: Statement
    stressed: StressResult
    tested: ImpairmentTest
    planned: TierPlan
    flags: tuple[LeaseFlags, ...]


def tiles(found: Findings, cycle: Report) -> list[tuple[str, str]]:
    """Return the few figures that stand on the first page, each with its name."""
    total = found.measured.total()
    full = total.ratio()
    cash = total.ratio("power", "space", "operations", "spares")
    losses = sum(unit.loss for unit in found.tested.units)
    return [
        ("net rent", f"{total.net_rent:,.0f}"),
        ("of cash costs", "-" if cash is None else f"{cash:.2f}"),
        ("of all costs", "-" if full is None else f"{full:.2f}"),
        ("leasing leaves", f"{total.margin:,.0f}"),
        ("impairment", f"{losses:,.0f}"),
        ("moves proposed", str(sum(p.moves for p in found.planned.proposals))),
    ]


def headlines(found: Findings, cycle: Report) -> list[str]:
    """Return what the first page says: the time measured, the same time without leasing, the cycle ahead."""
    total, alone = found.measured.total(), found.measured.total(leasing=False)
    years = float(total.hours.total) / (
        8766 * max(1, sum(h.asset.gpus for h in found.measured.books.holdings))
    )
    currency = found.measured.books.currency
    first = next(iter(cycle.headline.items()))
    return [
        f"Over {12 * years:.1f} months, rent net of refunds and credits is {total.net_rent:,.0f} {currency}, "
        f"against cash costs of {total.cash_cost:,.0f} and full costs of {total.full_cost:,.0f}.",
        f"Without leasing the same time would have cost {alone.full_cost:,.0f}; leasing leaves {total.margin:,.0f} "
        "after its power and the waiting of own jobs.",
        f"{first[0].capitalize()}: {first[1]}.",
    ]


def leasing_sentence(found: Findings) -> str:
    """Return what leasing took of the hours, at which price, and what own jobs waited for it."""
    total = found.measured.total()
    share = float(total.hours.share("leased"))
    rent = total.rent_per_leased_hour
    price = "" if rent is None else f", at {rent:.2f} {found.measured.books.currency} an hour"
    return (
        f"{100 * share:.0f} % of all GPU-hours were leased{price}. Own jobs waited "
        f"{total.waiting_gpu_hours:,.0f} GPU-hours for it."
    )


def smoothing_sentence(cycle: Report) -> str:
    """Return for how many kinds of lease the swings of the yearly result become smaller or larger."""
    table = cycle.table("smoothing")
    lower = [row for row in table.rows if isinstance(row[4], float) and row[4] < 1]
    higher = [row for row in table.rows if isinstance(row[3], float) and row[3] > 1]
    return (
        f"Of {len(table.rows)} combinations of a lease's tenor and how own work follows rents, leasing lowers the "
        f"variance of the owner's yearly result in {len(lower)} and raises it in {len(higher)}, beyond the 95 % "
        "interval. Long tenors smooth; leases at the day's rent add to the swings of an owner whose own work is worth "
        "more when rents are high."
    )
