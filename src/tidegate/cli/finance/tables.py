"""Finance's reports in the terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table as Grid

from tidegate.cli.screen import out
from tidegate.finance.report import Kind, Report, Table
from tidegate.finance.report.table import shown

_WIDEST = 9


def show(report: Report, names: Sequence[str], *, notes: bool) -> None:
    """Print a report: its headline, some of its tables, and what it rests on."""
    out.print(f"[bold]{escape(report.title)}[/]", soft_wrap=True)
    if report.source:
        out.print(escape(report.source), style="dim", soft_wrap=True)
    for name, text in report.headline.items():
        out.print(f"{escape(name)}: [bold]{escape(text)}[/]", soft_wrap=True)
    for table in report.tables:
        if table.id in names and table.rows:
            out.print()
            show_table(table)
    if report.notes and notes:
        out.print()
        for note in report.notes:
            out.print(f"- {escape(note)}", style="dim", soft_wrap=True)
    elif report.notes:
        told = f"It rests on {len(report.notes)} assumptions: --json and --xlsx list them."
        out.print(f"\n{told}", style="dim", soft_wrap=True)


def show_table(table: Table) -> None:
    """Print a table; one with many figures is printed on its side."""
    has_money = any(c.kind in (Kind.MONEY, Kind.BALANCE, Kind.RATE) for c in table.columns)
    unit = f" ({table.currency})" if has_money else ""
    out.print(f"[bold]{escape(table.title)}[/]{unit}", soft_wrap=True)
    labels = sum(column.kind is Kind.TEXT for column in table.columns)
    rows = [*table.rows, *([table.total_row()] if table.totals and len(table.rows) > 1 else [])]
    if len(table.columns) - labels > _WIDEST and len(rows) <= _WIDEST:
        out.print(_sideways(table, rows, labels))
    else:
        out.print(_upright(table, rows))
    if table.note:
        out.print(escape(table.note), style="dim", soft_wrap=True)


def _upright(table: Table, rows: Sequence[Sequence[object]]) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        grid.add_column(
            escape(column.title),
            justify="left" if column.kind is Kind.TEXT else "right",
            no_wrap=column.kind is not Kind.TEXT,
        )
    for row in rows:
        grid.add_row(*(_cell(v, c.kind) for v, c in zip(row, table.columns, strict=True)))
    return grid


def _sideways(table: Table, rows: Sequence[Sequence[object]], labels: int) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(no_wrap=True)
    for _ in rows:
        grid.add_column(justify="right", no_wrap=True)
    for place, column in enumerate(table.columns):
        style = "bold" if place < labels else ""
        grid.add_row(
            escape(column.title), *(_cell(row[place], column.kind) for row in rows), style=style
        )
    return grid


def _cell(value: object, kind: Kind) -> str:
    return escape(shown(value, kind))  # type: ignore[arg-type]
