"""Tables: their formulas say what their figures say, and money is text to the cent in JSON and CSV."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.finance.test_tiers import measured, stressed

from tidegate.finance.giant import giant_map
from tidegate.finance.impairment import impairment_test
from tidegate.finance.report import Kind, Report, Table
from tidegate.finance.report.coverage import coverage_report
from tidegate.finance.report.giant import giant_report
from tidegate.finance.report.impairment import impairment_report
from tidegate.finance.report.schedule import schedule_report
from tidegate.finance.report.table import Value, columns, plain, shown
from tidegate.finance.thresholds import ImpairmentRules

D = Decimal


def reports() -> list[Report]:
    it = measured(own=10_000, idle=17_600)
    test = impairment_test(it, stressed(it), ImpairmentRules())
    return [
        coverage_report(it),
        schedule_report(it.books, it.schedules.values()),
        impairment_report(test, ()),
        giant_report(giant_map()),
    ]


def number(value: Value) -> float:
    return float(value or 0) if not isinstance(value, str) else 0.0


def test_every_live_formula_gives_the_figure_beside_it():
    checked = 0
    for report in reports():
        for table in report.tables:
            keys = [column.key for column in table.columns]
            for column_place, column in enumerate(table.columns):
                if column.formula is None:
                    continue
                for row in (*table.rows, *([table.total_row()] if table.totals else [])):
                    if row[column_place] is None:
                        continue
                    cells = {key: repr(number(v)) for key, v in zip(keys, row, strict=True)}
                    formula = column.formula.format(**cells).replace("^", "**")
                    found = eval(formula, {})
                    wanted = number(row[column_place])
                    assert found == pytest.approx(wanted, rel=1e-6, abs=0.011), (table.id, column)
                    checked += 1
    assert checked > 300


def test_money_is_text_to_the_cent_and_other_figures_are_numbers():
    assert plain(D("1234.565"), Kind.MONEY, "USD") == "1234.56"
    assert plain(D("1234.5"), Kind.MONEY, "JPY") == "1234"
    assert plain(D("0.123456"), Kind.RATE, "USD") == "0.1235"
    assert plain(7, Kind.COUNT, "USD") == 7
    assert plain(None, Kind.MONEY, "USD") is None
    assert shown(0.256, Kind.SHARE) == "25.6 %"
    assert shown(None, Kind.MONEY) == "-"


def test_a_total_sums_what_adds_up_and_nothing_else():
    table = Table(
        "t",
        "T",
        columns(("a", "a"), ("m", "m", "money"), ("r", "r", "ratio"), ("b", "b", "balance")),
        (("x", D(1), D(2), D(3)), ("y", D(4), D(5), D(6))),
        "USD",
        totals=True,
    )
    assert table.total_row() == ("total", D(5), None, None)
    assert table.to_json()["total"] == {"a": "total", "m": "5.00", "r": None, "b": None}
    stated = replace(table, total={"a": "", "r": D("2.5")})
    assert stated.total_row() == ("", D(5), D("2.5"), None)


def test_the_whole_fleet_s_ratios_stand_in_the_last_row():
    it = measured(own=10_000, idle=17_600)
    report, total = coverage_report(it), it.total()
    for name in ("tiers", "pools", "cohorts", "months"):
        last = report.table(name).to_json()["total"]
        assert last["covers_full"] == pytest.approx(float(total.ratio() or 0), abs=1e-4)
        assert last["covers_cash"] > last["covers_full"]
    assert report.table("leasing").to_json()["total"]["roic_with"] is not None


def test_nothing_is_shown_as_less_than_nothing_when_it_rounds_to_nothing():
    assert shown(D("-0.0004"), Kind.RATIO) == "0.00"
    assert shown(-0.2, Kind.MONEY) == "0"
    assert shown(-0.0001, Kind.SHARE) == "0.0 %"
