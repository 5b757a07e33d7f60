"""The market's report: whole, self-contained, and its sliders say what the plays said."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from tests.web.market import story

from tidegate.market.claims import claims
from tidegate.plan.surface import AXES, OTHERS, YEARS
from tidegate.web.marketreport import render_market


@cache
def page() -> str:
    return render_market(story())


def held(identifier: str) -> Any:
    """JSON that the page carries."""
    found = re.search(
        rf'<script type="application/json" id="{identifier}">(.*?)</script>', page(), re.S
    )
    assert found
    return json.loads(found[1])


def test_the_page_loads_nothing():
    plain = re.sub(r"<script.*?</script>", "", page(), flags=re.S)
    assert re.findall(r'(?:src|href)="(?!#)([^"]*)"', plain) == []
    assert "default-src &#39;none&#39;" in page()


def test_every_chart_and_claim_is_there():
    charts = held("charts")
    for name in (
        "rent-H100-SXM",
        "supply",
        "let",
        "resale",
        "firms",
        "hhi",
        "allotment",
        "claims-map",
    ):
        assert name in charts
        assert f'id="{name}"' in page()
    for claim in claims():
        assert f"{claim.number}. " in page()
    assert "contradicted" in page()


def test_the_fan_lies_over_what_was_seen():
    series = held("charts")["rent-H100-SXM"]["option"]["series"]
    seen = next(s for s in series if s.get("name") == "seen")["data"]
    assert [v for v in seen if v is not None] == [4.84, 2.73, 3.79]


def test_the_grid_has_every_point():
    grid = held("surface")
    count = 1
    for axis in AXES:
        count *= len(axis.points)
        assert axis.points[0] <= axis.start <= axis.points[-1]
    assert len(grid["values"]) == count
    width = len(grid["generations"]) + len(OTHERS)
    assert all(len(point) == len(YEARS) for point in grid["values"])
    assert all(len(row) == width for point in grid["values"] for row in point)


def test_more_supply_lowers_rents_and_less_demand_too():
    grid = held("surface")
    h100 = grid["generations"].index("H100-SXM")

    def rent(entry: int, demand: int) -> float:
        place = ((entry * 3 + 0) * 3 + demand) * 2
        return float(grid["values"][place][1][h100])

    assert rent(0, 1) > rent(3, 1)
    assert rent(0, 0) < rent(0, 1) < rent(0, 2)


@pytest.mark.needs_chromium
def test_sliders_answer_at_once(chromium: str, tmp_path: Path):
    path = tmp_path / "market.html"
    path.write_text(page(), "utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        faults: list[str] = []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        tab.goto(path.as_uri())
        assert tab.locator("#sliders input").count() == len(AXES)
        before = tab.locator("#surface-table tbody tr").nth(1).inner_text()
        took = tab.evaluate(
            """() => {
              const slider = document.getElementById("slider-demand");
              const began = performance.now();
              slider.value = 60;
              slider.dispatchEvent(new Event("input"));
              return performance.now() - began;
            }"""
        )
        assert took < 1000
        assert tab.locator("#surface-table tbody tr").nth(1).inner_text() != before
        assert "less than where the sliders began" in tab.locator("#answer").inner_text()
        tab.locator("#claims-map").scroll_into_view_if_needed()
        tab.wait_for_selector("#claims-map[data-drawn]")
        browser.close()
        assert faults == []
