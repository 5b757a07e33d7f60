"""Every page of the console, by every role: it is there, it is theirs, and it says what is so."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.routing import APIRoute
from tests.web.console.site import Site, Visitor, built

from tidegate.control.access import Role
from tidegate.web.console.site import ROUTERS

PAGES = sorted(
    {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        and "GET" in (route.methods or ())
        and route.path != "/stream"
    }
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with built(tmp_path_factory.mktemp("site")) as small:
        small.lease(small.house.anna, nodes=2)
        yield small


@pytest.fixture(scope="module")
def operator(site: Site) -> Visitor:
    return site.visitor(Role.OPERATOR)


@pytest.fixture(scope="module")
def anna(site: Site) -> Visitor:
    return site.visitor(Role.TENANT, site.house.anna)


@pytest.fixture(scope="module")
def bert(site: Site) -> Visitor:
    return site.visitor(Role.TENANT, site.house.bert)


def filled(site: Site, path: str) -> str:
    """A route's path with things that are there: anna's."""
    views = site.house.services.views
    lease = views.live_leases(site.house.anna_reach)[0]
    decision = views.latest_decision(site.pool)
    node = views.nodes_of(lease.id, site.house.anna_reach)[0]
    names = {
        "pool": site.pool,
        "node": node,
        "lease": lease.id,
        "decision": decision.id if decision else "dec_none",
        "name": "base.css",
        "invoice": "inv_none",
        "note": "crn_none",
    }
    return re.sub(r"\{(\w+)\}", lambda part: names[part[1]], path)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_an_operator_or_says_that_it_is_not_there(
    site: Site, operator: Visitor, path: str
):
    answer = operator.get(filled(site, path))
    is_tenants = path.startswith("/portal") or "inv" in path or "{note}" in path
    assert answer.status_code in ((404, 200) if is_tenants else (200, 303)), answer.text[:300]
    if "text/html" in answer.headers.get("content-type", ""):
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<(script|style)>|\son\w+=|\sstyle=", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_a_tenant_anything_of_another(site: Site, bert: Visitor, path: str):
    answer = bert.get(filled(site, path))
    assert answer.status_code in (200, 303, 403, 404)
    lease = site.house.services.views.live_leases(site.house.anna_reach)[0]
    for secret in (site.house.anna.name, site.house.anna.id, lease.id, lease.order_id):
        told = answer.text.replace(f"/console{filled(site, path)}", "")
        # What he asked for himself may be repeated in the words that there is no such thing.
        told = re.sub(r"There is no [\w ]+ &#39;.*?&#39;", "", told)
        assert secret not in told, path


def test_a_tenant_finds_the_owner_s_pages_closed(site: Site, bert: Visitor):
    for path in ("/overview", f"/pools/{site.pool}/nodes.json", "/audit", "/desk", "/tenants"):
        assert bert.get(path).status_code in (403, 404), path


def test_a_lease_s_page_tells_what_happened(site: Site, anna: Visitor, operator: Visitor):
    lease = site.house.services.views.live_leases(site.house.anna_reach)[0]
    for visitor in (anna, operator):
        page = visitor.get(f"/leases/{lease.id}").text
        assert "Admitted; its nodes are being made ready" in page
    assert "Why" not in anna.get(f"/leases/{lease.id}").text


def test_who_is_not_signed_in_is_led_to_the_door(site: Site):
    from tests.api.calling import caller  # noqa: PLC0415

    stranger = Visitor(caller(site.house.transport, None))
    for path in ("/overview", "/portal", "/stream"):
        answer = stranger.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/signin?next=/console")
    fragment = stranger.get("/overview/now", **{"HX-Request": "true"})
    assert fragment.headers["hx-redirect"].startswith("/signin")


def test_behind_a_prefix_every_link_has_it(site: Site, operator: Visitor):
    inner = site.house.transport.inner
    inner.root_path = "/gpu"
    try:
        page = operator.get("/overview").text
    finally:
        inner.root_path = ""
    links = re.findall(r'(?:href|src|action|hx-get|data-\w+)="(/[^"]*)"', page)
    assert links
    assert all(link.startswith("/gpu/") for link in links), links


def test_a_file_is_kept_for_ever_under_an_address_that_changes_with_it(operator: Visitor):
    page = operator.get("/overview").text
    found = re.search(r'href="/console(/static/base\.css\?v=[0-9a-f]{12})"', page)
    assert found
    answer = operator.get(found[1])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert operator.get("/static/passwd").status_code == 404


def test_what_was_changed_by_hand_is_on_the_first_page_until_it_is_not(
    site: Site, operator: Visitor
):
    text = "QOS tg-h100 has node=1 in place of node=4: left as it is"
    loop = site.house.loop

    def show(drift: str) -> str:
        with loop.turn:
            book = loop.line.book
            book.watch_driver(replace(book.watch, drift=drift))
            loop.line.end_due()  # which writes it, and does not look
        return operator.get("/overview").text

    page = show(text)
    assert f"Somebody changed things by hand in {site.pool}" in page
    assert text in page
    assert text not in show("")


def test_numbers_of_the_first_page_are_those_of_the_pool(site: Site, operator: Visitor):
    page = re.sub(r"\s+", " ", operator.get("/overview/now").text)
    leases = site.house.services.views.live_leases(site.house.everybody)
    gpus = sum(lease.nodes for lease in leases) * 8
    assert f"<strong>{gpus}</strong>" in page
