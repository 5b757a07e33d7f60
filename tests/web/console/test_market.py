"""The market's page: played once in the background, fans over what was seen, sliders that answer at once."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.console.site import Site, Visitor, built
from tests.web.market import story

from tidegate.app.marketdesk import PlayedOnce
from tidegate.control.access import Role
from tidegate.errors import OptionError
from tidegate.market.claims import claims
from tidegate.plan.marketstory import MarketStory


class Played:
    """A market that was played before."""

    def story(self) -> MarketStory:
        return story()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with built(tmp_path_factory.mktemp("site"), Played()) as small:
        yield small


@pytest.fixture(scope="module")
def operator(site: Site) -> Visitor:
    return site.visitor(Role.OPERATOR)


def test_the_page_has_fans_claims_and_sliders(operator: Visitor):
    page = operator.get("/market").text
    for name in story().let:
        assert f"rents.json?generation={name}" in page
    assert page.count('type="range"') == len(story().surface.axes)
    for claim in claims():
        assert f"{claim.number}. " in page
    assert "contradicted" in page


def test_it_speaks_the_reader_s_language(operator: Visitor):
    page = operator.get("/market", **{"Accept-Language": "zh-TW"}).text
    assert "集中度上升" in page
    assert "Concentration rises" not in page


def test_the_fan_lies_over_what_was_seen(operator: Visitor):
    told = operator.get("/market/rents.json?generation=H100-SXM").json()
    lines = {line["name"]: line["points"] for line in told["series"]}
    seen = [it.usd_per_gpu_h for it in story().seen if it.generation == "H100-SXM"]
    assert [v for v in lines["seen"] if v is not None] == seen
    assert {len(points) for points in lines.values()} == {len(told["categories"])}
    bottom, gap = lines["from-0"][-1], lines["to-0"][-1]
    assert bottom + gap == pytest.approx(lines["95 of 100 futures below"][-1], abs=0.002)
    assert operator.get("/market/rents.json?generation=abacus").status_code == 404


def test_sliders_answer_in_under_a_second(operator: Visitor):
    began = time.perf_counter()
    answer = operator.get("/market/answer?demand=60", **{"HX-Request": "true"})
    assert time.perf_counter() - began < 1
    assert "less than where the sliders began" in answer.text
    assert "60 %" in answer.text
    assert "as where the sliders began" in operator.get("/market?demand=nan&entry=").text


def test_a_tenant_finds_no_market(site: Site):
    anna = site.visitor(Role.TENANT, site.house.anna)
    for path in ("/market", "/market/now", "/market/answer", "/market/rents.json"):
        assert anna.get(path).status_code == 404, path
    assert "/market" not in anna.get("/portal").text


def until_played() -> None:
    """Wait for the plays that have begun."""
    for thread in threading.enumerate():
        if thread.name == "market":
            thread.join(30)


def test_it_is_played_once_and_the_page_says_so_meanwhile():
    go, plays = threading.Event(), []

    def play() -> MarketStory:
        plays.append(1)
        assert go.wait(30)
        return story()

    desk = PlayedOnce(play)
    assert desk.story() is None
    assert desk.story() is None
    go.set()
    until_played()
    assert desk.story() is story()
    assert plays == [1]


def test_what_keeps_it_from_being_played_is_told_once_and_tried_again():
    def play() -> MarketStory:
        raise OptionError("TG-OPTION", "No market today.")

    desk = PlayedOnce(play)
    assert desk.story() is None
    until_played()
    with pytest.raises(OptionError, match="No market today"):
        desk.story()
    assert desk.story() is None
    until_played()


def test_a_page_in_waiting_asks_again_by_itself(tmp_path: Path):
    class Waiting:
        def story(self) -> None:
            return None

    with built(tmp_path, Waiting()) as small:
        operator = small.visitor(Role.OPERATOR)
        assert "being played" in operator.get("/market").text
        assert operator.get("/market/now", **{"HX-Request": "true"}).status_code == 204
        assert operator.get("/market/rents.json").json()["series"] == []
