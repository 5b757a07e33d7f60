"""The report in a real browser: drawn, usable by keyboard, readable on a phone and on paper."""

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.watching import axe, watched
from tests.web import results

from tidegate.web import plots
from tidegate.web.report import render

pytestmark = pytest.mark.needs_chromium

TIDE: Final = "#pool-2-tide"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports and a notebook's plot, as files."""
    folder = tmp_path_factory.mktemp("reports")
    for name, result in (
        ("three", results.three_tiers()),
        ("relative", results.relative_prices()),
        ("hostile", results.hostile()),
    ):
        (folder / f"{name}.html").write_text(render(result), "utf-8")
    plot = plots.tide(results.pool_result(days=4))._repr_html_()
    notebook = f'<!DOCTYPE html><html lang="en"><title>Notebook</title><body>{plot}</body></html>'
    (folder / "notebook.html").write_text(notebook, "utf-8")
    return folder


@pytest.fixture
def visit(browser: Browser, folder: Path) -> Iterator[Callable[..., Page]]:
    """Open a report; complaints of the browser and requests elsewhere fail the test at its end."""

    def open_page(name: str = "three", **options: Any) -> Page:
        page = new_page(**options)
        page.goto(f"{folder.as_uri()}/{name}.html")
        return page

    with watched(browser, folder.as_uri()) as new_page:
        yield open_page


def scroll_through(page: Page) -> None:
    """Bring every chart near once, so that it is drawn."""
    for figure in page.locator("figure.chart").all():
        figure.scroll_into_view_if_needed()
        figure.locator("svg path").first.wait_for(state="attached")


def drawing(page: Page, figure: str = TIDE) -> str:
    """The drawing as SVG."""
    return str(page.locator(f"{figure} .drawing svg").evaluate("svg => svg.outerHTML"))


@pytest.mark.parametrize("name", ["three", "relative", "hostile"])
def test_every_chart_is_drawn(visit: Callable[..., Page], name: str):
    page = visit(name)
    scroll_through(page)
    drawn = page.locator("figure.chart[data-drawn=yes]").count()
    assert drawn == page.locator("figure.chart").count() >= 3
    for svg in page.locator(".drawing svg").all():
        assert svg.locator("path").count() > 5


def test_a_hostile_name_runs_nothing(visit: Callable[..., Page]):
    page = visit("hostile")
    scroll_through(page)
    page.hover("#pool-1-tide .drawing", position={"x": 300, "y": 150})
    assert page.title() != "1"
    assert page.locator("img").count() == 0


def test_zoom_by_button_and_wheel_and_back(visit: Callable[..., Page]):
    page = visit()
    scroll_through(page)
    assert shown(page) == (0, 100)
    whole = drawing(page)
    page.click(f"{TIDE} [data-zoom=in]")
    assert shown(page) == (25, 75)
    page.wait_for_function(
        "old => document.querySelector('#pool-2-tide svg').outerHTML !== old", arg=whole
    )
    page.click(f"{TIDE} [data-zoom=later]")
    assert shown(page) == (50, 100)
    page.click(f"{TIDE} [data-zoom=all]")
    assert shown(page) == (0, 100)
    page.hover(f"{TIDE} .drawing", position={"x": 500, "y": 150})
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(200)
    assert shown(page) == (0, 100), "a wheel alone scrolls the page"
    page.locator(f"{TIDE} .drawing").scroll_into_view_if_needed()
    page.hover(f"{TIDE} .drawing", position={"x": 500, "y": 150})
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_timeout(200)
    start, end = shown(page)
    assert 0 < start < end < 100


def shown(page: Page) -> tuple[float, float]:
    """Part of the time that the tide shows, in per cent."""
    start, end = page.evaluate(
        """() => {
          const holder = document.querySelector("#pool-2-tide .drawing");
          const zoom = echarts.getInstanceByDom(holder).getOption().dataZoom[0];
          return [zoom.start, zoom.end];
        }"""
    )
    return start, end


def axis_labels(svg: str) -> list[str]:
    """Texts of a drawing."""
    return re.findall(r"<text[^>]*>([^<]+)<", svg)


def test_the_policy_switch_changes_the_drawing_and_keeps_the_zoom(visit: Callable[..., Page]):
    page = visit()
    scroll_through(page)
    page.click(f"{TIDE} [data-zoom=in]")
    page.wait_for_timeout(200)
    before = drawing(page)
    page.select_option(f"{TIDE} [data-switch]", label="none")
    page.wait_for_timeout(200)
    after = drawing(page)
    assert after != before
    assert axis_labels(after) == axis_labels(before)


def background(page: Page) -> str:
    """Colour of the page."""
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_light_and_dark_by_preference_and_by_button(visit: Callable[..., Page]):
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    assert background(light) != background(dark)
    scroll_through(light)
    chart = drawing(light)
    light.click("#theme")
    assert background(light) == background(dark)
    assert light.inner_text("#theme") == "Light colours"
    light.wait_for_function(
        "old => document.querySelector('#pool-2-tide svg').outerHTML !== old", arg=chart
    )
    light.click("#theme")
    assert background(light) != background(dark)


@pytest.mark.parametrize("name", ["three", "relative", "hostile"])
def test_no_sideways_scrolling_on_a_phone(visit: Callable[..., Page], name: str):
    page = visit(name, width=360)
    scroll_through(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    beyond = page.evaluate(
        """() => [...document.querySelectorAll("h1, h2, h3, p, li, figure, button, select, .scroll")]
        .filter(e => !e.closest(".skip") && e.getBoundingClientRect().right > 361).map(e => e.outerHTML)"""
    )
    assert beyond == []


def test_the_keyboard_reaches_everything_in_order(visit: Callable[..., Page]):
    page = visit()
    scroll_through(page)
    page.evaluate("window.scrollTo(0, 0)")
    wanted = page.evaluate(
        """() => {
          const all = [...document.querySelectorAll("a, button, select, summary, [tabindex='0']")]
            .filter(e => e.checkVisibility());
          all.forEach((e, i) => { e.dataset.place = i; });
          return all.length;
        }"""
    )
    reached = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        place, outline = page.evaluate(
            "[document.activeElement.dataset.place, getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.append(int(place))
        assert outline != "none"
    assert reached == list(range(wanted))


def test_the_skip_link_leads_to_the_report(visit: Callable[..., Page]):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_charts_have_words_and_figures(visit: Callable[..., Page]):
    page = visit()
    scroll_through(page)
    for figure in page.locator("figure.chart").all():
        assert len(figure.locator("[role=img]").get_attribute("aria-label") or "") > 40
        figure.locator("summary").click()
        assert figure.locator("details table tbody tr").count() >= 2


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_no_violation(visit: Callable[..., Page], scheme: str, width: int):
    page = visit(width=width, color_scheme=scheme, bypass_csp=True)
    scroll_through(page)
    for details in page.locator("details").all():
        details.locator("summary").first.click()
    found = axe(page)
    assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found["violations"]] == []
    assert len(found["passes"]) > 15


def test_print_is_light_and_complete(visit: Callable[..., Page]):
    page = visit(color_scheme="dark")
    pdf = page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert pages > 3
    marks = sum(len(stream) for stream in streams(pdf))
    assert marks > 20_000 * pages / 4, "pages are all but blank"
    assert (
        page.locator("figure.chart[data-drawn=yes]").count() == page.locator("figure.chart").count()
    )


def streams(pdf: bytes) -> Iterator[bytes]:
    """Contents of a PDF that are compressed by zlib, unpacked."""
    for found in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            yield zlib.decompress(found[1])
        except zlib.error:
            continue


def test_paper_has_no_controls_and_whole_charts(visit: Callable[..., Page]):
    page = visit(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_timeout(500)
    assert page.locator("#theme").is_hidden()
    assert page.locator("[data-zoom]").first.is_hidden()
    assert background(page) == "rgba(0, 0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(23, 33, 45)"
    assert (
        page.locator("figure.chart[data-drawn=yes]").count() == page.locator("figure.chart").count()
    )


def test_a_notebook_shows_a_plot(visit: Callable[..., Page]):
    page = visit("notebook")
    inside = page.frame_locator("iframe")
    inside.locator("svg path").first.wait_for(state="attached")
    inside.locator("[data-zoom=in]").click()
    assert inside.locator("svg path").count() > 5
