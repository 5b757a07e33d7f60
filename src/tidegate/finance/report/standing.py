"""Where a fleet stands, as tables."""

from collections.abc import Sequence

from tidegate.finance.report.table import Table, columns
from tidegate.finance.standing import Standing


def standing_tables(units: Sequence[Standing], currency: str) -> tuple[Table, Table]:
    """Return book values against fair values by unit, and the indicators."""
    return _units(units, currency), _indicators(units, currency)


def _units(units: Sequence[Standing], currency: str) -> Table:
    return Table(
        "standing",
        "Book value and what selling now would leave",
        columns(
            ("unit", "unit"),
            ("cohorts", "cohorts"),
            ("carrying", "book value", "balance"),
            ("fair_value", "fair value", "balance"),
            ("disposal_cost", "cost to sell", "balance"),
            ("headroom", "headroom", "balance", "{fair_value}-{disposal_cost}-{carrying}"),
        ),
        tuple(
            (
                unit.unit,
                ", ".join(unit.cohorts),
                unit.carrying,
                unit.fair_value,
                unit.disposal_cost,
                unit.headroom,
            )
            for unit in units
        ),
        currency,
    )


def _indicators(units: Sequence[Standing], currency: str) -> Table:
    return Table(
        "indicators",
        "Indicators",
        columns(("unit", "unit"), ("name", "indicator"), ("sign", "sign"), ("text", "figure")),
        tuple(
            (sign.unit, sign.name, sign.sign.value, sign.text)
            for unit in units
            for sign in unit.indicators
        ),
        currency,
    )
