"""Finance's pages: coverage as it is metered, what stands on the books, tiers and headroom.

They show tables of :mod:`tidegate.finance.report`, as the commands do; what takes a play of the future is left to the
commands, which the pages name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from tidegate.control.access import Act
from tidegate.finance.coverage import Coverage
from tidegate.finance.report import Kind, Table
from tidegate.finance.report.coverage import coverage_report
from tidegate.finance.report.schedule import schedule_report
from tidegate.finance.report.standing import standing_tables
from tidegate.finance.report.table import Value
from tidegate.web.console.finance_desk import FinanceView
from tidegate.web.console.finance_words import CELLS, COLUMNS
from tidegate.web.console.frame import Frame
from tidegate.web.console.gate import owner_only
from tidegate.web.console.services import Console, Given
from tidegate.web.console.texts import TIERS
from tidegate.web.signin import Visitor

router: Final = APIRouter()

_STACKS: Final = (
    ("product-2", ("power", "space", "operations", "spares")),
    ("product-3", ("depreciation", "network")),
    ("product-4", ("capital",)),
)
_DIGITS: Final = {Kind.RATIO: 2, Kind.RATE: 2, Kind.NUMBER: 2}


def _(text: str) -> str:
    return text


_NAMES: Final = (
    _("net rent"),
    _("cash cost"),
    _("depreciation and network"),
    _("cost of capital"),
)
"""Of the chart's bars: rent, then the stacks of cost."""


@router.get("/finance", name="console:finance")
def coverage_page(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show what rent covers, by pool and cohort."""
    frame, view = _begin(request, visitor, console, "finance")
    if view is None:
        return frame.page("finance-none")
    report = coverage_report(view.measured)
    total = view.measured.total()
    return frame.page(
        "finance",
        **_common(view),
        cards={
            "net_rent": total.net_rent,
            "full_cost": total.full_cost,
            "covers_full": _number(frame, total.ratio(), Kind.RATIO),
            "margin": total.margin,
        },
        tables=[table_values(frame, report.table(name), turned=True) for name in ("pools", "cohorts")],
        split=table_values(frame, _as_it_was(report.table("split")), ("tier", "leasing")),
        legend_keys=[(hue, frame.texts.say(name), "") for hue, name in zip(_hues(), _NAMES, strict=True)],
        notes=view.measured.notes,
    )  # fmt: skip


@router.get("/finance/months.json", name="console:finance-months")
def months(request: Request, visitor: Visitor, console: Given) -> Mapping[str, Any]:
    """Return rent and cost by month, for the chart."""
    frame, view = _begin(request, visitor, console, "finance")
    if view is None:
        return {"x": "category", "categories": [], "unit": "", "series": []}
    names, rows = _by_month(view.measured)
    series = [
        {"name": frame.texts.say(name), "colour": hue, "bars": True, "points": points}
        | ({} if place == 0 else {"stack": "cost"})
        for place, (name, hue, points) in enumerate(zip(_NAMES, _hues(), rows, strict=True))
    ]
    currency = view.measured.books.currency
    return {"x": "category", "categories": names, "unit": currency, "series": series}


@router.get("/finance/books", name="console:finance-books")
def books_page(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show what each cohort is worth on the books, year by year."""
    frame, view = _begin(request, visitor, console, "finance-books")
    if view is None:
        return frame.page("finance-none")
    books = view.measured.books
    now = [each.row(view.month) for each in view.schedules]
    return frame.page(
        "finance-books",
        **_common(view),
        cards={
            "cost": sum((each.asset.cost for each in view.schedules), Decimal(0)),
            "closing": sum((row.closing for row in now), Decimal(0)),
            "depreciation": sum((row.flows.depreciation for row in now), Decimal(0)),
        },
        cohorts=[
            {
                "cohort": each.asset.id,
                "gpus": row.gpus,
                "cost": each.asset.cost,
                "depreciation": row.flows.depreciation,
                "closing": row.closing,
                "share": float(row.closing / each.asset.cost) if each.asset.cost else None,
            }
            for each, row in zip(view.schedules, now, strict=True)
        ],
        years=table_values(frame, schedule_report(books, view.schedules).table("years"), ("part",)),
        notes=books.assumptions,
    )


@router.get("/finance/tiers", name="console:finance-tiers")
def tiers_page(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show coverage by tier, and book value against what selling now would leave."""
    frame, view = _begin(request, visitor, console, "finance-tiers")
    if view is None:
        return frame.page("finance-none")
    measured = view.measured
    units, signs = standing_tables(view.standings, measured.books.currency)
    return frame.page(
        "finance-tiers",
        **_common(view),
        tiers=table_values(frame, coverage_report(measured).table("tiers"), turned=True),
        units=table_values(frame, units),
        signs=table_values(frame, signs),
    )


def _begin(
    request: Request, visitor: Visitor, console: Console, here: str
) -> tuple[Frame, FinanceView | None]:
    """Let the owner's people on, and look."""
    owner_only(visitor.actor, Act.INVOICES_READ)
    view = None if console.finance is None else console.finance.now()
    return Frame(request, visitor, here), view


def _common(view: FinanceView) -> dict[str, Any]:
    return {
        "fleet": view.fleet,
        "first": str(view.first),
        "month": str(view.month),
        "at_s": view.at_s,
        "currency": view.measured.books.currency,
    }


def _as_it_was(split: Table) -> Table:
    """Return what the hours went into, without the rows of a system that leases nothing."""
    place = [column.key for column in split.columns].index("leasing")
    return replace(split, rows=tuple(row for row in split.rows if row[place] == "with"))


def _hues() -> tuple[str, ...]:
    return ("product-1", *(hue for hue, _lines in _STACKS))


def _by_month(measured: Coverage) -> tuple[list[str], list[list[float]]]:
    """Return months, and for each bar its height in every one."""
    found = {month: cover for (month,), cover in sorted(measured.by("month").items())}
    rent = [round(float(cover.net_rent), 2) for cover in found.values()]
    stacks = [
        [round(float(sum(cover.costs[line] for line in lines)), 2) for cover in found.values()]
        for _hue, lines in _STACKS
    ]
    return list(found), [rent, *stacks]


def table_values(
    frame: Frame, table: Table, without: Sequence[str] = (), *, turned: bool = False
) -> dict[str, Any]:
    """Return a table of finance as a template draws it.

    Parameters
    ----------
    frame : Frame
    table : Table
    without : sequence of str
        Keys of columns that are left out.
    turned : bool
        Whether columns are drawn as rows: many figures of few things read better that way.
    """
    shown = [n for n, column in enumerate(table.columns) if column.key not in without]
    rows = [*table.rows, *([table.total_row()] if table.totals and len(table.rows) > 1 else [])]
    heads = [frame.texts.say(COLUMNS[table.columns[n].key]) for n in shown]
    are_texts = [table.columns[n].kind is Kind.TEXT for n in shown]
    body = [[_cell(frame, row[n], table.columns[n].kind) for n in shown] for row in rows]
    if turned:
        labels = sum(are_texts)
        return {
            "id": table.id,
            "heads": list(zip(heads[:labels], _turned(body, labels)[:labels], strict=True)),
            "rows": list(zip(heads, _turned(body, len(shown)), strict=True))[labels:],
        }
    return {
        "id": table.id,
        "heads": list(zip(heads, are_texts, strict=True)),
        "rows": [list(zip(row, are_texts, strict=True)) for row in body],
    }


def _turned(body: Iterable[Sequence[str]], columns: int) -> list[list[str]]:
    rows = list(body)
    return [[row[n] for row in rows] for n in range(columns)]


def _cell(frame: Frame, value: Value, kind: Kind) -> str:
    if isinstance(value, str):
        word = TIERS.get(value) or CELLS.get(value)
        return value if word is None else frame.texts.say(word)
    if kind is Kind.TEXT:
        return ""
    return _number(frame, value, kind)


def _number(frame: Frame, value: float | Decimal | None, kind: Kind) -> str:
    """Return a figure with as many digits as the commands print."""
    if kind is Kind.SHARE:
        return frame.figures.percent(None if value is None else float(value))
    return frame.figures.number(value, _DIGITS.get(kind, 0))
