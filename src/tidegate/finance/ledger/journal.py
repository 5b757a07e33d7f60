"""From schedules and usage to entries."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from tidegate.finance.asset import Asset
from tidegate.finance.cover import CASH_LINES
from tidegate.finance.coverage import Coverage
from tidegate.finance.flows import Row, Schedule
from tidegate.finance.ledger.accounts import (
    GAINS,
    OWNER,
    PAYABLES,
    RECEIVABLES,
    RETURNED,
    Account,
    Kind,
    account,
)
from tidegate.finance.ledger.book import Ledger
from tidegate.finance.ledger.entry import Entry, entry
from tidegate.finance.month import Month

_TITLES = {
    "power": "Power",
    "space": "Space",
    "operations": "Operations",
    "spares": "Spares",
}


def cost_account(cohort: str) -> Account:
    """Return the account of what a cohort cost."""
    return account(Kind.ASSETS, "Cohorts", cohort, "Cost")


def written_off_account(cohort: str) -> Account:
    """Return the account of what has been written off of a cohort: depreciation and impairment."""
    return account(Kind.ASSETS, "Cohorts", cohort, "Written-Off")


def cohort_entries(schedule: Schedule, last: Month) -> Iterator[Entry]:
    """Yield a cohort's entries, month by month up to ``last``: purchase, depreciation, impairment, sale."""
    for row in schedule.rows:
        if row.month > last:
            return
        yield from filter(None, _of_month(schedule.asset, row))


def _of_month(asset: Asset, row: Row) -> Iterator[Entry | None]:
    flows, month, name, currency = row.flows, row.month, asset.id, asset.currency
    cost, gone = cost_account(name), written_off_account(name)
    building = account(Kind.ASSETS, "Construction", name)
    charged = account(Kind.EXPENSES, "Depreciation", name)
    impaired = account(Kind.EXPENSES, "Impairment", name)

    def made(kind: str, text: str, *sides: tuple[Account, Decimal], source: str) -> Entry | None:
        day = asset.in_service if kind == "service" else month.last
        return entry(f"{kind}/{name}/{month}", day, f"{text} {name}", sides, currency, source)

    place = str(asset.place) or name
    spent = "; ".join(str(s.place) for s in asset.spends if Month.of(s.day) == month) or place
    cash = flows.construction
    yield made("payment", "Payments for", (building, cash), (OWNER, -cash), source=spent)
    paid_from = building if asset.spends else OWNER
    new = flows.additions
    yield made("service", "In service:", (cost, new), (paid_from, -new), source=place)
    fall = flows.depreciation
    yield made("depreciation", "Depreciation of", (charged, fall), (gone, -fall), source=place)
    marks = "; ".join(str(w.place) for w in asset.writedowns if Month.of(w.day) == month)
    loss = flows.impairment - flows.reversal
    yield made(
        "impairment", "Impairment of", (impaired, loss), (gone, -loss), source=marks or place
    )
    sales = "; ".join(str(s.place) for s in asset.disposals if Month.of(s.day) == month)
    yield made(
        "sale",
        "Sale of",
        (RECEIVABLES, flows.proceeds),
        (PAYABLES, -flows.selling_costs),
        (cost, -flows.disposed_cost),
        (gone, flows.disposed_depreciation),
        (GAINS, -flows.gain),
        source=sales or place,
    )


def usage_entries(found: Coverage) -> Iterator[Entry]:
    """Yield the entries of what was measured: rent, refunds and credits, and running costs.

    The cost of capital and an imputed network are not booked: nobody has sent a bill for them.
    """
    currency = found.books.currency
    for row in found.rows:
        cover, where = row.cover, f"{row.cohort}/{row.month}"
        for product, rent in row.rent_by_product.items():
            earned = account(Kind.INCOME, "Rent", product)
            yield from _two_sided(
                f"rent/{product}/{where}",
                row.month,
                f"Rent of {row.cohort}, {product}",
                (RECEIVABLES, earned),
                rent,
                currency,
                row.origin,
            )
        yield from _two_sided(
            f"returned/{where}",
            row.month,
            f"Refunds and credits, {row.cohort}",
            (RETURNED, RECEIVABLES),
            cover.returned,
            currency,
            row.origin,
        )
        for line in CASH_LINES:
            spent = account(Kind.EXPENSES, _TITLES[line], row.pool)
            yield from _two_sided(
                f"{line}/{where}",
                row.month,
                f"{_TITLES[line]} of {row.cohort}",
                (spent, PAYABLES),
                cover.costs[line],
                currency,
                row.origin,
            )


def _two_sided(
    key: str,
    month: Month,
    text: str,
    sides: tuple[Account, Account],
    amount: Decimal,
    currency: str,
    source: str,
) -> Iterator[Entry]:
    debit, credit = sides
    found = entry(key, month.last, text, ((debit, amount), (credit, -amount)), currency, source)
    if found:
        yield found


def ledger_of(found: Coverage, last: Month | None = None) -> Ledger:
    """Return the ledger of a fleet: its cohorts from purchase on, and what was measured.

    Parameters
    ----------
    found : Coverage
    last : Month or None
        Last month; None for the last one measured.
    """
    until = last or max(row.month for row in found.rows)
    made: list[Iterable[Entry]] = [
        *(cohort_entries(it, until) for it in found.schedules.values()),
        (e for e in usage_entries(found) if Month.of(e.day) <= until),
    ]
    entries = sorted((e for each in made for e in each), key=lambda e: (e.day, e.key))
    return Ledger().post(entries)
