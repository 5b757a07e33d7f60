"""Finance's reports as files: CSV, and spreadsheets whose sums a reader can check."""

import csv
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell

from tidegate.errors import Place, RunError
from tidegate.finance.report import Column, Kind, Report, Table
from tidegate.finance.report.table import Value, plain

_FORMATS: Final = {
    Kind.TEXT: "@",
    Kind.COUNT: "#,##0",
    Kind.MONEY: "#,##0.00",
    Kind.BALANCE: "#,##0.00",
    Kind.RATE: "0.0000",
    Kind.HOURS: "#,##0.0",
    Kind.SHARE: "0.0%",
    Kind.RATIO: "0.000",
    Kind.NUMBER: "#,##0.00",
}
_HEADER_ROW: Final = 3
_NAME_LENGTH: Final = 31
_WIDTH: Final = 15


def _cannot_write(path: Path, error: Exception) -> RunError:
    return RunError("TG-RUN-OUT", f"The result cannot be written: {error}.", place=Place(str(path)))


def write_csv(report: Report, folder: Path) -> list[Path]:
    """Write each table of a report into a folder, which is made if need be.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when something cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in report.tables:
            path = folder / f"{table.id}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([column.key for column in table.columns])
                for row in table.rows:
                    writer.writerow(
                        plain(value, column.kind, table.currency)
                        for value, column in zip(row, table.columns, strict=True)
                    )
            written.append(path)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    return written


def write_xlsx(report: Report, path: Path) -> Path:
    """Write a report as a spreadsheet: a sheet per table, live formulas where a reader would check.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In memory: xlsxwriter leaves no temporary file behind when the disk is full.
        with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
            formats = {kind: book.add_format({"num_format": f}) for kind, f in _FORMATS.items()}
            bold = book.add_format({"bold": True})
            sheet = book.add_worksheet("about")
            sheet.set_column(0, 0, 30)
            lines = [("report", report.title), ("source", report.source), *report.headline.items()]
            lines += [("assumption", note) for note in report.notes]
            for place, (name, text) in enumerate(lines):
                sheet.write_string(place, 0, name, bold)
                sheet.write_string(place, 1, text)
            for table in report.tables:
                _sheet(book.add_worksheet(table.id[:_NAME_LENGTH]), table, formats, bold)
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise _cannot_write(path, error) from error
    return path


def _sheet(
    sheet: xlsxwriter.worksheet.Worksheet, table: Table, formats: dict[Kind, Format], bold: Format
) -> None:
    sheet.write_string(0, 0, f"{table.title} ({table.currency})", bold)
    sheet.write_string(1, 0, table.note)
    places = {column.key: place for place, column in enumerate(table.columns)}
    sheet.freeze_panes(_HEADER_ROW + 1, 1)
    sheet.set_column(0, len(table.columns) - 1, _WIDTH)
    for place, column in enumerate(table.columns):
        sheet.write_string(_HEADER_ROW, place, column.title, bold)
    for number, row in enumerate(table.rows, start=_HEADER_ROW + 1):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            if value is None:
                continue
            if column.formula is None:
                _value(sheet, number, place, value, formats[column.kind])
            else:
                _formula(sheet, number, place, column, value, places, formats[column.kind])
    if table.totals and table.rows:
        _totals(sheet, table, places, formats)


def _value(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, place: int, value: Value, form: Format
) -> None:
    if isinstance(value, str):
        sheet.write_string(row, place, value, form)
    else:
        sheet.write_number(row, place, float(value or 0), form)


def _formula(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    place: int,
    column: Column,
    value: Value,
    places: dict[str, int],
    form: Format,
) -> None:
    cells = {key: xl_rowcol_to_cell(row, at) for key, at in places.items()}
    text = (column.formula or "").format(**cells)
    sheet.write_formula(row, place, f"={text}", form, float(value or 0))


def _totals(
    sheet: xlsxwriter.worksheet.Worksheet,
    table: Table,
    places: dict[str, int],
    formats: dict[Kind, Format],
) -> None:
    first, last = _HEADER_ROW + 1, _HEADER_ROW + len(table.rows)
    for place, (column, value) in enumerate(zip(table.columns, table.total_row(), strict=True)):
        form = formats[column.kind]
        if value is None:
            continue
        if isinstance(value, str):
            sheet.write_string(last + 1, place, value)
        elif column.key not in table.total:
            span = f"{xl_rowcol_to_cell(first, place)}:{xl_rowcol_to_cell(last, place)}"
            sheet.write_formula(last + 1, place, f"=SUM({span})", form, float(value))
        elif column.formula is not None:
            _formula(sheet, last + 1, place, column, value, places, form)
        else:
            _value(sheet, last + 1, place, value, form)


def write_text(text: str, path: Path) -> Path:
    """Write a text, such as a memo or a ledger.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    return write_bytes(text.encode("utf-8"), path)


def write_bytes(content: bytes, path: Path) -> Path:
    """Write a file, such as a PDF.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise _cannot_write(path, error) from error
    return path
