"""Depreciation schedules as tables."""

from collections.abc import Iterable

from tidegate.finance.books import Books
from tidegate.finance.flows import Row, Schedule
from tidegate.finance.month import Month
from tidegate.finance.report.table import Report, Table, Value, columns

_COLUMNS = columns(
    ("cohort", "cohort"),
    ("part", "part"),
    ("month", "month"),
    ("gpus", "GPUs", "count"),
    ("in_progress", "in progress", "balance"),
    ("opening", "opening", "balance"),
    ("additions", "additions", "money"),
    ("depreciation", "depreciation", "money"),
    ("impairment", "impairment", "money"),
    ("reversal", "reversal", "money"),
    ("disposed", "disposed", "money"),
    (
        "closing",
        "closing",
        "balance",
        "{opening}+{additions}-{depreciation}-{impairment}+{reversal}-{disposed}",
    ),
    ("gain", "gain on sale", "money"),
)


def schedule_report(
    books: Books,
    schedules: Iterable[Schedule],
    first: Month | None = None,
    last: Month | None = None,
) -> Report:
    """Return schedules as a report: a year-by-year table, then every month and part.

    Parameters
    ----------
    books : Books
    schedules : iterable of Schedule
    first, last : Month or None
        Months to show; None for all.
    """
    years: list[tuple[Value, ...]] = []
    months: list[tuple[Value, ...]] = []
    for schedule in schedules:
        rows = [
            row
            for row in schedule.rows
            if (first is None or row.month >= first) and (last is None or row.month <= last)
        ]
        name = schedule.asset.id
        for year in sorted({row.month.year for row in rows}):
            mine = [row for row in rows if row.month.year == year]
            years.append(_year(name, str(year), mine))
        for part, all_rows in schedule.parts.items():
            shown = {row.month for row in rows}
            months += [_month(name, part, row) for row in all_rows if row.month in shown]
    return Report(
        title=f"Depreciation of {books.name}",
        source=str(books.place),
        tables=(
            Table("years", "By year", _COLUMNS, tuple(years), books.currency, totals=False),
            Table("months", "By part and month", _COLUMNS, tuple(months), books.currency),
        ),
        notes=books.assumptions,
        headline={},
    )


def _month(name: str, part: str, row: Row) -> tuple[Value, ...]:
    flows = row.flows
    return (
        name,
        part,
        str(row.month),
        row.gpus,
        row.in_progress,
        row.opening,
        flows.additions,
        flows.depreciation,
        flows.impairment,
        flows.reversal,
        flows.disposed_cost - flows.disposed_depreciation,
        row.closing,
        flows.gain,
    )


def _year(name: str, year: str, rows: list[Row]) -> tuple[Value, ...]:
    return (
        name,
        "all",
        year,
        rows[-1].gpus,
        rows[-1].in_progress,
        rows[0].opening,
        sum(row.flows.additions for row in rows),
        sum(row.flows.depreciation for row in rows),
        sum(row.flows.impairment for row in rows),
        sum(row.flows.reversal for row in rows),
        sum(row.flows.disposed_cost - row.flows.disposed_depreciation for row in rows),
        rows[-1].closing,
        sum(row.flows.gain for row in rows),
    )
