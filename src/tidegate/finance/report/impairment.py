"""An impairment test as tables."""

from collections.abc import Sequence

from tidegate.finance.impairment import AT_RISK_MONTHS, ImpairmentTest
from tidegate.finance.report.table import Report, Table, columns
from tidegate.finance.revenue import LeaseFlags


def impairment_report(test: ImpairmentTest, flags: Sequence[LeaseFlags]) -> Report:
    """Return an impairment test, and what products look like to an auditor, as a report."""
    currency = test.measured.books.currency
    losses = sum(unit.loss for unit in test.units)
    alerts = [f"{i.unit} {i.name}" for i in test.indicators if i.sign == "alert"]
    return Report(
        title=f"Impairment of {test.measured.books.name}, {test.month}, by {_NAMES[test.rules.standard]}",
        source=f"{test.found.source}; {test.measured.label}",
        tables=(
            _units(test, currency),
            _allocation(test, currency),
            _indicators(test, currency),
            _flags(flags, currency),
        ),
        notes=test.measured.notes,
        headline={
            "losses": f"{losses:,.0f} {currency}",
            "alerts": ", ".join(alerts) or "none",
            "smallest headroom": _smallest(test, currency),
        },
    )


_NAMES = {"ias36": "IAS 36", "asc360": "ASC 360"}


def _smallest(test: ImpairmentTest, currency: str) -> str:
    least = min(test.units, key=lambda unit: unit.headroom)
    return f"{least.headroom:,.0f} {currency} ({least.unit})"


def _units(test: ImpairmentTest, currency: str) -> Table:
    risks = tuple((f"risk_{m}", f"under book in {m} months", "share") for m in AT_RISK_MONTHS)
    rows = []
    for unit in test.units:
        at_risk = (*unit.at_risk, *(None,) * (len(AT_RISK_MONTHS) - len(unit.at_risk)))
        rows.append(
            (
                unit.unit,
                ", ".join(unit.cohorts),
                unit.carrying,
                unit.fair_value,
                unit.disposal_cost,
                unit.value_in_use,
                unit.undiscounted,
                unit.recoverable,
                unit.headroom,
                unit.loss,
                unit.reversal,
                unit.rent_at_zero,
                *at_risk,
            )
        )
    return Table(
        "units",
        "Cash-generating units",
        columns(
            ("unit", "unit"),
            ("cohorts", "cohorts"),
            ("carrying", "carrying amount", "balance"),
            ("fair_value", "fair value", "balance"),
            ("disposal_cost", "costs of disposal", "balance"),
            ("value_in_use", "value in use", "balance"),
            ("undiscounted", "undiscounted", "balance"),
            ("recoverable", "recoverable", "balance"),
            ("headroom", "headroom", "balance", "{recoverable}-{carrying}"),
            ("loss", "loss", "balance"),
            ("reversal", "reversal", "balance"),
            ("rent_at_zero", "headroom gone at rents x", "ratio"),
            *risks,
        ),
        tuple(rows),
        currency,
        note="under book: share of the paths on which used GPUs bring less than the book value by then.",
    )


def _allocation(test: ImpairmentTest, currency: str) -> Table:
    """Return what each cohort bears, and how the books file says so."""
    day = test.month.last
    rows = []
    for unit in test.units:
        for cohort, book, amount in unit.shares():
            kind = "writedown" if amount > 0 else "reversal"
            said = f"{kind} = [{{ day = {day}, amount = {abs(amount):.2f} }}]" if amount else ""
            rows.append((unit.unit, cohort, book, amount, said))
    return Table(
        "allocation",
        "What each cohort bears, by book value",
        columns(
            ("unit", "unit"),
            ("cohort", "cohort"),
            ("book_value", "book value", "money"),
            ("amount", "loss", "money"),
            ("books", "in its [[cohort]] of the books file"),
        ),
        tuple(rows),
        currency,
        note="A loss above 0, a reversal below. Nothing is booked before it stands in the books file.",
        totals=True,
    )


def _indicators(test: ImpairmentTest, currency: str) -> Table:
    return Table(
        "indicators",
        "Indicators",
        columns(("unit", "unit"), ("name", "indicator"), ("sign", "says"), ("text", "figure")),
        tuple((i.unit, i.name, i.sign.value, i.text) for i in test.indicators),
        currency,
    )


def _flags(flags: Sequence[LeaseFlags], currency: str) -> Table:
    return Table(
        "flags",
        "Lease or service: flags, not a verdict",
        columns(
            ("product", "product"),
            ("kind", "kind"),
            ("points_to", "points to"),
            ("identified_asset", "identified asset"),
            ("benefits", "benefits"),
            ("direction", "direction"),
            ("timing", "rent is earned"),
        ),
        tuple(
            (f.product, f.kind, f.points_to, f.identified_asset, f.benefits, f.direction, f.timing)
            for f in flags
        ),
        currency,
        note="IFRS 16.9, B9-B31; ASC 842-10-15.",
    )
