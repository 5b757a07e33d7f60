"""The finance pages and the finance commands say the same, of the same meters and bills."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.web.console.site import Site, Visitor, books, built, finance_on

from tidegate.cli import client
from tidegate.cli.finance.live import live_usage
from tidegate.control.access import Role
from tidegate.control.cashier import Cashier
from tidegate.errors import FinanceError, OptionError
from tidegate.finance.coverage import Coverage, coverage
from tidegate.finance.month import Month
from tidegate.finance.report import Table
from tidegate.finance.report.coverage import coverage_report
from tidegate.finance.report.schedule import schedule_report
from tidegate.finance.report.table import shown
from tidegate.finance.schedule import schedule
from tidegate.finance.sources import Split
from tidegate.finance.standing import standings
from tidegate.finance.thresholds import ImpairmentRules

MARCH = Month(2026, 3)
PAGES = ("/finance", "/finance/books", "/finance/tiers")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A house whose tenants have leased over the end of a month and been billed for it."""
    with built(tmp_path_factory.mktemp("finance")) as small:
        small.lease(small.house.anna, nodes=2)
        small.lease(small.house.bert, nodes=1)
        cashier = Cashier(small.house.services.till)
        cashier.turn()  # in March, from which on there are invoices
        for hours in (1, 2, 12):
            small.house.loop.pass_time(hours * 3600)
            cashier.turn()
        yield small


@pytest.fixture(scope="module")
def finance(site: Site) -> Visitor:
    return site.visitor(Role.FINANCE)


@pytest.fixture(scope="module")
def bert(site: Site) -> Visitor:
    return site.visitor(Role.TENANT, site.house.bert)


@pytest.fixture
def commands(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands ask the house."""
    monkeypatch.setattr(client, "transport", lambda: site.house.transport)
    monkeypatch.setenv(client.URL, "http://house")
    monkeypatch.setenv(client.KEY, site.house.key(Role.OPERATOR))


@pytest.fixture
def commanded(commands: None) -> Coverage:
    """What ``tidegate finance coverage --live --start 2026-03`` reckons with."""
    return coverage(books(), live_usage({"h100": 64}, "USD", MARCH))


@pytest.mark.usefixtures("commands")
def test_a_month_that_has_not_begun_by_the_system_s_clock_is_refused():
    with pytest.raises(OptionError, match="2026-05 has not begun"):
        live_usage({"h100": 64}, "USD", MARCH + 2)


def cells(html: str, heading: str) -> list[list[str]]:
    """Texts of the rows of the table under a heading."""
    part = html.split(f'id="{heading}"', 1)[1].split("</table>", 1)[0]
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in re.findall(r"<tr>.*?</tr>", part, re.DOTALL)
    ]


def printed(table: Table) -> list[list[str]]:
    """A table's figures as the commands print them, by column."""
    rows = [*table.rows, *([table.total_row()] if table.totals and len(table.rows) > 1 else [])]
    return [
        [shown(row[n], column.kind) for row in rows]
        for n, column in enumerate(table.columns)
        if column.kind != "text"
    ]


def test_coverage_is_what_the_command_says(finance: Visitor, commanded: Coverage):
    page = finance.get("/finance").text
    report = coverage_report(commanded)
    assert commanded.total().rent > 0
    for heading in ("pools", "cohorts"):
        found = cells(page, heading)
        figures = [row[1:] for row in found if row[0] not in ("tier", "pool", "cohort")]
        wanted = [
            ["–" if cell == "-" else cell for cell in row] for row in printed(report.table(heading))
        ]
        assert [[c if c.strip() not in ("", "—") else "–" for c in row] for row in figures] == wanted  # fmt: skip
    tiers = cells(finance.get("/finance/tiers").text, "tiers")
    assert tiers[0] == ["tier", "mainstay"]
    assert [row[1:] for row in tiers[1:]] == printed(report.table("tiers"))


def test_what_the_hours_went_into_is_what_the_command_says(finance: Visitor, commanded: Coverage):
    heads, (pool, *figures) = cells(finance.get("/finance").text, "split")
    assert heads == ["pool", "GPU-hours", "own", "leased", "sanitising", "idle", "failed"]
    split = coverage_report(commanded).table("split")
    wanted = [
        [shown(v, c.kind) for v, c in zip(row, split.columns, strict=True)] for row in split.rows
    ]
    assert wanted[0][1:3] == ["h100", "with"]
    assert (pool, [text.replace("\xa0", " ") for text in figures]) == ("h100", wanted[0][3:])
    hours = commanded.total().hours
    assert min(hours.leased, hours.sanitising) > 0
    alone = commanded.total(leasing=False).hours
    assert alone == Split(own=hours.own, failed=hours.failed, idle=alone.idle)
    assert alone.total == pytest.approx(hours.total)


def test_the_chart_s_bars_add_up_to_the_same(finance: Visitor, commanded: Coverage):
    told = finance.http.get("/console/finance/months.json").json()
    assert told["categories"] == ["2026-03", "2026-04"]
    rent, *costs = [sum(line["points"]) for line in told["series"]]
    total = commanded.total()
    assert rent == pytest.approx(float(total.net_rent), abs=0.05)
    assert sum(costs) == pytest.approx(float(total.full_cost), abs=0.1)


def test_the_books_page_is_the_schedule(site: Site, finance: Visitor):
    page = finance.get("/finance/books").text
    kept = books()
    table = schedule_report(kept, [schedule(h.asset) for h in kept.holdings]).table("years")
    heads, *rows = cells(page, "years")
    assert heads[:2] == ["cohort", "year"]
    assert [row[2:] for row in rows] == [list(row) for row in zip(*printed(table), strict=True)]
    april = [schedule(h.asset).row(MARCH + 1).closing for h in kept.holdings]
    assert [row[4] for row in cells(page, "cohorts")[1:]] == [f"{value:,.0f}" for value in april]


def test_headroom_is_what_the_impairment_test_starts_from(finance: Visitor, commanded: Coverage):
    unit = standings(commanded, ImpairmentRules())[0]
    row = cells(finance.get("/finance/tiers").text, "headroom")[1]
    assert row[2:] == [
        shown(value, "balance")  # type: ignore[arg-type]
        for value in (unit.carrying, unit.fair_value, unit.disposal_cost, unit.headroom)
    ]


@pytest.mark.parametrize("path", PAGES)
def test_pages_name_the_commands_for_the_rest(finance: Visitor, path: str):
    assert re.search(r"tidegate finance \w+ fleet\.toml", finance.get(path).text)


@pytest.mark.parametrize("path", [*PAGES, "/finance/months.json"])
def test_a_tenant_finds_no_such_page(bert: Visitor, path: str):
    assert bert.get(path).status_code == 404
    assert "/console/finance" not in bert.get("/portal").text


def test_a_system_that_knows_no_costs_says_what_to_do(site: Site, finance: Visitor):
    app: Any = site.house.transport.inner.app
    kept = app.state.console
    app.state.console = replace(kept, finance=None)
    try:
        for path in PAGES:
            assert "TIDEGATE_BOOKS" in finance.get(path).text
        assert finance.http.get("/console/finance/months.json").json()["series"] == []
    finally:
        app.state.console = kept


def test_what_was_counted_is_kept_for_a_minute(site: Site):
    desk = finance_on(site.house)
    assert desk.now() is desk.now()


def test_without_a_market_rent_there_is_no_headroom():
    bare = replace(books(), holdings=tuple(replace(h, market_rent=None) for h in books().holdings))
    with pytest.raises(FinanceError):
        standings(Coverage(bare, "none", (), {}, ()), ImpairmentRules())
