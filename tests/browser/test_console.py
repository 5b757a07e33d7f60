"""The console in a real browser, before the running system: the journeys of operator, desk and tenant."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.watching import axe, watched
from tests.postgres import Postgres

expect.set_options(timeout=20_000)  # the demonstration runs beside other tests

pytestmark = [pytest.mark.needs_chromium, pytest.mark.allow_hosts(["127.0.0.1"])]

OWNER: Final = (
    "overview",
    "pools/h100",
    "leases",
    "desk",
    "prices",
    "tenants",
    "invoices",
    "audit",
    "finance",
    "finance/books",
    "finance/tiers",
)
TENANT: Final = (
    "portal",
    "portal/new",
    "portal/notice-help",
    "usage",
    "invoices",
    "keys",
    "webhooks",
)


@contextmanager
def demonstration(folder: Path, **settings: str) -> Iterator[str]:
    """The running system with its demonstration, as a process of its own."""
    start = "from tidegate.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--demo", "--port", "0"]
    environment = {**os.environ, "TIDEGATE_LOG_LEVEL": "warning", "COLUMNS": "200", **settings}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--data-dir", str(folder / "data")],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
        try:
            yield listens_on(process, folder / "log")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            if process.stdout:
                process.stdout.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the demonstration on SQLite."""
    with demonstration(tmp_path_factory.mktemp("demo")) as found:
        yield found


def listens_on(process: subprocess.Popen[str], log: Path) -> str:
    """Wait until the process says where it listens."""
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"listens on (http://127\.0\.0\.1:\d+)", line)
        if found:
            return found[1]
    raise AssertionError(log.read_text())


def enter(page: Page, address: str, who: str) -> Page:
    """Sign in as somebody of the demonstration."""
    page.goto(address)
    page.get_by_role("button", name=who, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Sign somebody in; complaints of the browser and requests elsewhere fail the test at its end."""
    but = "the server responded with a status of 4"
    with watched(browser, address, but) as new_page:
        yield lambda who, **options: enter(new_page(**options), address, who)


def faults(page: Page) -> list[str]:
    """What axe finds, a line each."""
    return [
        f"{page.url} {rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in axe(page)["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)], ids=str
)
@pytest.mark.parametrize(("who", "places"), [("Operator", OWNER), ("Fjord Robotics", TENANT)])
def test_every_page_is_accessible_and_fits(
    visit: Callable[..., Page],
    address: str,
    who: str,
    places: tuple[str, ...],
    scheme: str,
    width: int,
):
    page = visit(who, width=width, color_scheme=scheme)
    for place in places:
        page.goto(f"{address}/console/{place}")
        for chart in page.locator("[data-chart], [data-nodes]").all():
            expect(chart).to_have_attribute("data-drawn", "yes", timeout=20_000)
        assert faults(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{place} is {wide} px wide"


def stop_and_open(page: Page, address: str) -> None:
    """Drain a pool and lease again, as an operator from the first page."""
    page.get_by_role("link", name="Open a100").click()
    page.get_by_role("button", name="Stop leasing …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("nothing is broken")
    dialog.get_by_text("Stop now").click()
    expect(dialog.locator("#effect")).to_contain_text("get notice now")
    dialog.get_by_text("Drain gently").click()
    expect(dialog.locator("#effect")).to_contain_text("nothing is broken")
    dialog.get_by_role("button", name="Stop leasing").click()
    expect(page.locator("#toast")).to_contain_text("Leasing is stopped")
    page.get_by_role("button", name="Lease again …").click()
    page.get_by_role("dialog").get_by_role("button", name="Lease again").click()
    expect(page.get_by_role("button", name="Stop leasing …")).to_be_visible()
    page.goto(f"{address}/console/audit")
    expect(page.locator("tbody tr").first).to_contain_text("pool.leasing-open")


def test_an_operator_sees_the_tide_move_and_stops_a_pool(visit: Callable[..., Page], address: str):
    page = visit("Operator")
    expect(page.locator("#live")).to_have_text("Live", timeout=15_000)
    leased = page.locator(".cards strong").first
    before = leased.inner_text()
    # Tenants order all the time: the number changes without anybody touching the page.
    expect(leased).not_to_have_text(before, timeout=60_000)

    stop_and_open(page, address)


def test_the_map_of_nodes_is_read_by_keyboard(visit: Callable[..., Page], address: str):
    page = visit("Operator")
    page.goto(f"{address}/console/pools/h100")
    expect(page.locator("[data-nodes]")).to_have_attribute("data-drawn", "yes")
    page.locator("canvas[tabindex]").focus()
    page.keyboard.press("End")
    last = page.locator(".nodes output").inner_text()
    page.keyboard.press("Home")
    expect(page.locator(".nodes output")).not_to_have_text(last)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("State")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_from_a_refusal_the_desk_finds_the_reason(visit: Callable[..., Page]):
    page = visit("Desk")
    expect(page).to_have_url(re.compile("/console/desk$"))
    reason = page.locator("#now").get_by_role("link", name="Why").first
    expect(reason).to_be_visible(timeout=90_000)
    reason.click()
    expect(page.get_by_role("heading", name="What was decided")).to_be_visible()
    expect(page.locator("caption")).to_contain_text("The quota curve at that moment")


def lease_and_give_back(page: Page, address: str) -> None:
    """From the portal to a running lease, and out of it."""
    deadline = 12
    for _attempt in range(deadline):  # others take nodes too: a full pool is tried again
        page.goto(f"{address}/console/portal")
        page.get_by_role("link", name="Lease GPUs").first.click()
        page.get_by_role("button", name="See the price").click()
        expect(page.get_by_text("How firm")).to_be_visible()
        page.get_by_role("button", name=re.compile("^Order for USD")).click()
        page.wait_for_load_state()
        if "/leases/" in page.url:
            break
        expect(page.get_by_role("alert")).to_contain_text(re.compile(r"\w"))
        page.wait_for_timeout(1000)
    expect(page.locator("#toast")).to_contain_text("It is yours")
    page.get_by_role("button", name="End now …").click()
    page.get_by_role("dialog").get_by_role("button", name="End it now").click()
    expect(page.locator("#toast")).to_contain_text("The lease has ended")


def test_a_tenant_leases_in_three_clicks_and_gives_back(visit: Callable[..., Page], address: str):
    lease_and_give_back(visit("Fjord Robotics"), address)


@pytest.mark.needs_postgres
def test_the_same_on_postgresql(browser: Browser, postgres: Postgres, tmp_path: Path):
    with demonstration(tmp_path, TIDEGATE_DATABASE_URL=postgres.new_database()) as address:
        page = enter(browser.new_context().new_page(), address, "Fjord Robotics")
        lease_and_give_back(page, address)
        page.context.close()
        page = enter(browser.new_context().new_page(), address, "Operator")
        stop_and_open(page, address)
        page.context.close()
        page = enter(browser.new_context().new_page(), address, "Desk")
        expect(page.get_by_role("heading", name="Latest orders")).to_be_visible()
        page.context.close()


def test_in_chinese_and_dark_as_the_reader_wishes(visit: Callable[..., Page]):
    page = visit("Operator")
    page.get_by_label("Language").select_option("zh_Hant")
    expect(page.get_by_role("heading", level=1)).to_have_text("潮汐")
    page.get_by_role("button", name="深色").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert faults(page) == []


def test_a_page_that_hears_nothing_says_so_and_recovers(visit: Callable[..., Page]):
    page = visit("Operator")
    light = page.locator("#live")
    expect(light).to_have_text("Live", timeout=15_000)
    page.clock.install()
    page.reload()
    expect(light).to_have_text("Live", timeout=15_000)
    page.context.set_offline(True)
    page.clock.fast_forward(60_000)
    expect(light).to_have_attribute("data-state", re.compile("stale|lost"))
    page.clock.fast_forward(30_000)
    expect(light).to_have_attribute("data-state", "stale")
    page.context.set_offline(False)
    page.clock.run_for(40_000)
    expect(light).to_have_text("Live", timeout=20_000)
