"""Finance's results as tables: one shape for the terminal, JSON, CSV, spreadsheets, the board pack and pages."""

from tidegate.finance.report.table import Column, Kind, Report, Table

__all__ = ["Column", "Kind", "Report", "Table"]
