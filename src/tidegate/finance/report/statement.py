"""Statements as tables."""

from collections.abc import Iterable
from decimal import Decimal

from tidegate.finance.ledger import Account, Kind, Ledger
from tidegate.finance.report.table import Report, Table, Value, columns
from tidegate.finance.revenue import earned
from tidegate.finance.statement import Statement
from tidegate.quantity.money import RELATIVE


def statement_report(found: Statement) -> Report:
    """Return a statement as a report: income, balance, trial balance, programme, contracts."""
    currency = found.measured.books.currency
    tables = [_income(found), _balance(found), _trial(found)]
    if found.programme is not None:
        tables.append(_programme(found))
    if found.measured.books.contracts:
        tables.append(_contracts(found))
    period = str(found.first) if found.first == found.last else f"{found.first} to {found.last}"
    off = sum(found.balance.values(), Decimal(0)) + found.carried
    return Report(
        title=f"Statement of {found.measured.books.name}, {period}",
        source=found.measured.label,
        tables=tuple(tables),
        notes=(
            "Income and running costs are those of the time measured; depreciation is that of whole months.",
            "The cost of capital and an imputed network are not booked: nobody has sent a bill for them.",
            *found.measured.notes,
        ),
        headline={
            "result": f"{found.result:,.0f} {currency}",
            "entries": f"{len(found.ledger.entries):,}, which balance to {off:.2f}",
        },
    )


def _lines(accounts: Iterable[tuple[Account, Decimal]], sign: int) -> list[tuple[Value, ...]]:
    return [
        (account.kind.value, ":".join(account.path), sign * amount) for account, amount in accounts
    ]


def _income(found: Statement) -> Table:
    order = sorted(found.income.items(), key=lambda it: (it[0].kind is Kind.EXPENSES, it[0]))
    return Table(
        "income",
        "Income",
        columns(("kind", ""), ("account", "account"), ("amount", "amount", "money")),
        tuple(_lines(order, -1)),
        found.measured.books.currency,
        note="Income above 0, expenses below.",
        totals=True,
        total={"kind": "", "account": "result"},
    )


def _balance(found: Statement) -> Table:
    rows = _lines(found.balance.items(), 1)
    rows.append(("Equity", "results carried", found.carried))
    return Table(
        "balance",
        f"Balance at the end of {found.last}",
        columns(("kind", ""), ("account", "account"), ("amount", "amount", "money")),
        tuple(rows),
        found.measured.books.currency,
        note="Debits above 0, credits below; they sum to zero.",
        totals=True,
    )


def _trial(found: Statement) -> Table:
    balances = found.ledger.trial_balance(found.last.last)
    rows = [
        (str(account), currency, amount if amount > 0 else None, -amount if amount < 0 else None)
        for (account, currency), amount in balances.items()
    ]
    return Table(
        "trial",
        "Trial balance",
        columns(
            ("account", "account"),
            ("currency", "currency"),
            ("debit", "debit", "money"),
            ("credit", "credit", "money"),
        ),
        tuple(rows),
        found.measured.books.currency,
        totals=True,
    )


def _programme(found: Statement) -> Table:
    it = found.programme
    assert it is not None
    rows: list[tuple[Value, ...]] = [
        ("GPU-hours given", it.gpu_hours),
        ("projects served", Decimal(it.programme.projects)),
        ("of them now pay", Decimal(it.programme.converted)),
        ("budget", it.budget),
        ("full cost of the hours", it.full_cost),
        ("over budget", it.over_budget),
        ("marginal cost: what idling would have saved", it.marginal_cost),
        ("rent forgone, at the pool's other rents", it.rent_forgone),
        ("full cost of a project", it.cost_per_project),
        ("worth of the paying tenants over their stay", it.worth),
        ("worth less full cost", it.worth - it.full_cost),
    ]
    return Table(
        "programme",
        f"Developer programme, {float(it.months):.1f} months",
        columns(("figure", "figure"), ("value", "value", "balance")),
        tuple(rows),
        found.measured.books.currency,
    )


def _contracts(found: Statement) -> Table:
    rows = [
        (
            contract.id,
            contract.product,
            str(row.month),
            row.billed,
            row.earned,
            row.deferred,
            row.accrued,
        )
        for contract in found.measured.books.contracts
        for row in earned(contract)
    ]
    return Table(
        "contracts",
        "Fixed terms: billed and earned",
        columns(
            ("contract", "contract"),
            ("product", "product"),
            ("month", "month"),
            ("billed", "billed", "money"),
            ("earned", "earned", "money"),
            ("deferred", "deferred", "balance"),
            ("accrued", "accrued", "balance"),
        ),
        tuple(rows),
        found.measured.books.currency,
        note="Earned on a straight line over the days of the term.",
        totals=True,
    )


def acts_report(ledger: Ledger, source: str) -> Report:
    """Return the acts on a ledger's periods as a report."""
    rows = tuple(
        (act.at.isoformat(timespec="seconds"), act.kind.value, str(act.month), act.by, act.reason)
        for act in ledger.acts
    )
    table = Table(
        "acts",
        "Periods closed and reopened",
        columns(
            ("at", "at"), ("kind", "act"), ("month", "month"), ("by", "by"), ("reason", "reason")
        ),
        rows,
        RELATIVE,  # no amounts
    )
    closed = "none" if ledger.closed_to is None else str(ledger.closed_to)
    return Report(
        title="Periods",
        source=source,
        tables=(table,),
        notes=(),
        headline={"entries": f"{len(ledger.entries):,}", "closed up to": closed},
    )
