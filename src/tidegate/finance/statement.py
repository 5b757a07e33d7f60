"""Statements from the ledger: income of a period, balance at its end, the developer programme."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tidegate.finance.coverage import Coverage
from tidegate.finance.ledger import Account, Kind, Ledger
from tidegate.finance.ledger.journal import ledger_of
from tidegate.finance.month import Month
from tidegate.finance.programme import ProgrammeResult
from tidegate.finance.revenue import contract_entries
from tidegate.finance.sources import UsageMonth
from tidegate.lease import ProductKind

_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Statement:
    """A period's statement, in the books' currency; debits above 0.

    Attributes
    ----------
    measured : Coverage
    ledger : Ledger
        From the first purchase on.
    first, last : Month
        The period.
    income : mapping of Account to Decimal
        Of the period: income below 0, expenses above.
    balance : mapping of Account to Decimal
        At its end: assets above 0, liabilities and equity below.
    carried : Decimal
        Results of all time up to the end, which with the balance sum to zero.
    programme : ProgrammeResult or None
        The developer programme, over the period.
    """

    measured: Coverage
    ledger: Ledger
    first: Month
    last: Month
    income: Mapping[Account, Decimal]
    balance: Mapping[Account, Decimal]
    carried: Decimal
    programme: ProgrammeResult | None

    @property
    def result(self) -> Decimal:
        """Result of the period; negative for a loss."""
        return -sum(self.income.values(), _ZERO)


def statement(
    measured: Coverage,
    used: tuple[UsageMonth, ...],
    kinds: Mapping[str, ProductKind],
    kept: Ledger | None = None,
) -> Statement:
    """Return the statement of what was measured.

    Parameters
    ----------
    measured : Coverage
    used : tuple of UsageMonth
        The same usage by product, for the programme.
    kinds : mapping of str to ProductKind
        Which products are grants.
    kept : Ledger or None
        What has been posted before; the new entries are posted to it.

    Raises
    ------
    FinanceError
        ``TG-FIN-CLOSED`` when something new falls into a closed period.
    """
    months = [row.month for row in measured.rows]
    first, last = min(months), max(months)
    made = ledger_of(measured, last)
    entries = (*made.entries, *contract_entries(measured.books.contracts, last))
    ledger = (kept or Ledger()).post(sorted(entries, key=lambda e: (e.day, e.key)))
    currency = measured.books.currency
    period = ledger.trial_balance(last.last, first.first)
    whole = ledger.trial_balance(last.last)
    results = (Kind.INCOME, Kind.EXPENSES)
    return Statement(
        measured=measured,
        ledger=ledger,
        first=first,
        last=last,
        income=_of(period, currency, results),
        balance=_of(whole, currency, (Kind.ASSETS, Kind.LIABILITIES, Kind.EQUITY)),
        carried=sum(_of(whole, currency, results).values(), _ZERO),
        programme=_programme(measured, used, kinds),
    )


def _of(
    balances: Mapping[tuple[Account, str], Decimal], currency: str, kinds: tuple[Kind, ...]
) -> dict[Account, Decimal]:
    return {
        account: amount
        for (account, of), amount in balances.items()
        if account.kind in kinds and of == currency and amount
    }


def _programme(
    measured: Coverage, used: tuple[UsageMonth, ...], kinds: Mapping[str, ProductKind]
) -> ProgrammeResult | None:
    """Return what grants cost and bring: hours as metered, costs of the pools that gave them."""
    programme = measured.books.programme
    if programme is None:
        return None
    given = full = marginal = forgone = _ZERO
    for month in used:
        rows = [r for r in measured.rows if r.pool == month.pool and r.month == month.month]
        granted = sum(
            (h for p, h in month.leased.items() if kinds.get(p) is ProductKind.GRANT), _ZERO
        )
        total = sum((row.cover.hours.total for row in rows), _ZERO)
        if not granted or not total:
            continue
        given += granted
        for row in rows:
            share = row.cover.hours.total / total
            full += granted * share * row.hour.full
            marginal += granted * share * row.hour.marginal
        sold = month.hours.leased - granted
        forgone += granted * (month.charged - month.returned) / sold if sold else _ZERO
    hours = sum((m.hours.total for m in used), _ZERO)
    gpus = sum((h.asset.gpus for h in measured.books.holdings), 0)
    months = hours / (Decimal(gpus) * Decimal("730.5")) if gpus else Decimal(1)
    return ProgrammeResult(
        programme,
        months=months,
        gpu_hours=given,
        full_cost=full,
        marginal_cost=marginal,
        rent_forgone=forgone,
    )
