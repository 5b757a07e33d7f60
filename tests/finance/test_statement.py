"""The statement says what the ledger says, and the programme is counted."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.finance.fleets import Given, books_of, used

from tidegate.finance.coverage import coverage
from tidegate.finance.month import Month
from tidegate.finance.programme import Programme
from tidegate.finance.report.statement import statement_report
from tidegate.finance.sources import UsageMonth
from tidegate.finance.statement import Statement, statement
from tidegate.lease import ProductKind

D = Decimal
JUNE = Month(2025, 6)


def stated(**more: object) -> Statement:
    books = replace(books_of(("a", "H100-SXM", 8, D(35_064)), market_rent=D(3)), **more)  # type: ignore[arg-type]
    month = used("pool-a", JUNE, own=2880, leased=1440, idle=1440, rent="2880", back="80")
    month = replace(month, leased={"flex": D(1000), "grant": D(440)}, rent={"flex": D(2880)})
    months: tuple[UsageMonth, ...] = (month,)
    kinds = {"flex": ProductKind.FLEX, "grant": ProductKind.GRANT}
    return statement(coverage(books, Given(months)), months, kinds)


def test_the_result_is_that_of_the_month():
    found = stated()
    depreciation = D("730.5") * 8
    power = 4320 * D("0.1") + 1440 * D("0.05")
    assert found.result == 2880 - 80 - depreciation - power
    assert sum(found.balance.values()) + found.carried == 0


def test_the_programme_is_counted():
    found = stated(
        programme=Programme(
            D(500), projects=4, converted=1, tenant_margin=D(100), tenant_months=D(12)
        )
    ).programme
    assert found is not None
    assert found.gpu_hours == 440
    hour = D("730.5") / 720 + D("0.1")
    assert found.full_cost == pytest.approx(440 * hour)
    assert found.marginal_cost == 440 * D("0.05")
    assert found.rent_forgone == 440 * D(2800) / 1000
    assert found.worth == 1200
    assert found.programme.conversion == D("0.25")
    # 5,760 hours of 8 GPUs are 0.986 months.
    assert found.budget == pytest.approx(500 * D(5760) / (8 * D("730.5")))
    assert found.over_budget == found.full_cost - found.budget


def test_the_report_balances():
    report = statement_report(stated())
    assert report.headline["entries"].endswith("balance to 0.00")
    total = report.table("balance").total_row()
    assert total[2] == 0
    debit, credit = report.table("trial").total_row()[2:]
    assert debit == credit
