"""Acts of operators and tenants: the effect is shown first, the deed is done once, wrong words are answered."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.console.site import Site, Visitor, built

from tidegate.control.access import Role
from tidegate.control.steering import Leasing
from tidegate.lease.states import LeaseState


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with built(tmp_path) as small:
        yield small


@pytest.fixture
def operator(site: Site) -> Visitor:
    return site.visitor(Role.OPERATOR)


@pytest.fixture
def anna(site: Site) -> Visitor:
    return site.visitor(Role.TENANT, site.house.anna)


def test_stopping_shows_what_it_costs_then_stops_and_opens_again(site: Site, operator: Visitor):
    site.lease(site.house.anna, nodes=2)
    pool = f"/pools/{site.pool}"
    gentle = operator.get(f"{pool}/stop?preview=1&how=draining").text
    assert "nothing is broken" in gentle
    harsh = operator.get(f"{pool}/stop?preview=1&how=stopped").text
    assert "1 leases with 2 nodes get notice now" in harsh
    assert "0 firm promises break" in harsh
    assert site.steering().leasing is Leasing.OPEN
    done = operator.post(f"{pool}/stop", how="draining")
    assert done.headers["location"] == f"/console{pool}?said=draining"
    assert site.steering().leasing is Leasing.DRAINING
    assert "Leasing is stopped" in operator.get(f"{pool}/now").text
    operator.post(f"{pool}/resume")
    assert site.steering().leasing is Leasing.OPEN


def test_another_risk_shows_the_quota_that_it_makes(site: Site, operator: Visitor):
    pool = f"/pools/{site.pool}"
    shown = operator.get(f"{pool}/risk?preview=1&risk=40").text
    assert re.search(r"quota \d+ nodes instead of \d+|stays what it is", shown)
    assert operator.post(f"{pool}/risk", risk="40").status_code == 303
    assert site.steering().risk == 0.4
    wrong = operator.post(f"{pool}/risk", risk="-3")
    assert wrong.status_code == 422
    assert "a number above 0 and below 1" in wrong.text


def test_a_run_is_announced_and_withdrawn(site: Site, operator: Visitor):
    pool = f"/pools/{site.pool}"
    run = {"name": "llm <7>", "from": "2099-01-01T08:00", "to": "2099-01-03T08:00", "gpus": "16"}
    assert operator.post(f"{pool}/announce", **run, sure="likely").status_code == 303
    (kept,) = site.steering().announced
    assert (kept.gpus, kept.is_firm) == (16, False)
    page = operator.get(pool).text
    assert "llm &lt;7&gt;" in page
    operator.post(f"{pool}/announced/{kept.id}")
    assert site.steering().announced == ()
    wrong = operator.post(f"{pool}/announce", **(run | {"gpus": "none"}))
    assert wrong.status_code == 422
    assert 'value="llm &lt;7&gt;"' in wrong.text


def test_a_node_goes_into_quarantine_and_out(site: Site, operator: Visitor):
    node = site.house.services.views.holdings(site.pool)[0].node
    address = f"/pools/{site.pool}/nodes/{node}"
    assert operator.post(f"{address}/quarantine", reason="").status_code == 422
    assert operator.post(f"{address}/quarantine", reason="fan 3").status_code == 303
    assert "fan 3" in operator.get("/overview/now").text
    states = operator.get(f"/pools/{site.pool}/nodes.json").json()["states"]
    assert states.count("Q") == 1
    operator.post(f"{address}/release")
    assert not site.steering().quarantined


def test_a_form_without_its_token_does_nothing(site: Site, operator: Visitor):
    answer = operator.http.post(f"/console/pools/{site.pool}/stop", data={"how": "stopped"})
    assert answer.status_code == 403
    assert "TG-ACCESS-CSRF" in answer.text
    assert site.steering().leasing is Leasing.OPEN


def test_only_an_operator_is_offered_and_may_do_the_acts(site: Site):
    desk = site.visitor(Role.DESK)
    assert "Stop leasing" not in desk.get(f"/pools/{site.pool}").text
    assert desk.get(f"/pools/{site.pool}/stop").status_code == 403
    assert desk.post(f"/pools/{site.pool}/stop", how="stopped").status_code == 403


def bought(anna: Visitor, site: Site, product: str = "preemptible") -> str:
    """From the chooser to the address of the lease."""
    chooser = anna.get("/portal/new").text
    assert f'value="{site.pool}/{product}"' in chooser
    priced = anna.post("/portal/quote", offer=f"{site.pool}/{product}", nodes="2", hours="5")
    assert "per GPU-hour" in priced.text
    fields = dict(re.findall(r'name="(quote|key)" value="([^"]+)"', priced.text))
    first = anna.post("/portal/order", **fields)
    again = anna.post("/portal/order", **fields)
    assert first.status_code == 303, first.text
    assert again.headers["location"] == first.headers["location"], "one press is one order"
    return first.headers["location"].removeprefix("/console").partition("?")[0]


def test_three_clicks_from_the_portal_to_a_lease_and_back(site: Site, anna: Visitor):
    address = bought(anna, site)
    assert "USD" in anna.get(address).text
    assert len(site.house.services.views.live_leases(site.house.everybody)) == 1
    site.house.loop.pass_time(900)
    assert anna.post(f"{address}/shrink", keep="1").status_code == 303
    longer = anna.get(f"{address}/extend?preview=1&hours=3").text
    assert "not firm" in longer
    assert anna.post(f"{address}/extend", hours="3").status_code == 303
    assert anna.post(f"{address}/extend", hours="-1").status_code == 422
    lease = site.house.services.views.live_leases(site.house.everybody)[0]
    assert (lease.nodes, lease.end_s - lease.start_s) == (1, 8 * 3600)
    assert "no longer pay" in anna.get(f"{address}/end").text
    assert anna.post(f"{address}/end").status_code == 303
    ended = site.house.services.views.lease(lease.id, site.house.everybody)
    assert ended is not None
    assert ended.state is LeaseState.ENDED


def test_another_s_lease_cannot_be_touched(site: Site, anna: Visitor):
    address = bought(anna, site)
    bert = site.visitor(Role.TENANT, site.house.bert)
    for act in ("end", "shrink", "extend", "checkpointed"):
        assert bert.post(f"{address}/{act}", keep="1", hours="1").status_code == 404
    assert len(site.house.services.views.live_leases(site.house.everybody)) == 1


def test_what_does_not_fit_is_refused_with_a_way_on(site: Site, anna: Visitor):
    answer = anna.post("/portal/quote", offer=f"{site.pool}/preemptible", nodes="0", hours="x")
    assert answer.status_code == 422
    assert answer.text.count('class="wrong"') == 2
    assert anna.post("/portal/quote", offer="nowhere/x", nodes="1", hours="1").status_code == 422
    full = anna.post("/portal/quote", offer=f"{site.pool}/week", nodes="8", hours="168")
    fields = dict(re.findall(r'name="(quote|key)" value="([^"]+)"', full.text))
    refused = anna.post("/portal/order", **fields)
    assert refused.status_code == 409
    assert "Fewer nodes" in refused.text


def test_keys_and_webhooks_show_their_secrets_once(site: Site, anna: Visitor):
    made = anna.post("/keys", name="training script")
    secret = re.search(r'<pre id="secret" tabindex="0">(tgk_[^<]+)</pre>', made.text)
    assert secret
    again = anna.get("/keys").text
    assert secret[1] not in again
    key = re.search(r"/console(/keys/key_\w+/revoke)", again)
    assert key
    assert anna.post(key[1]).status_code == 303
    assert "revoked" in anna.get("/keys").text
    hook = anna.post("/webhooks", url="https://hooks.test/a")
    assert 'id="secret"' in hook.text
    assert anna.post("/webhooks", url="https://inside.test/").status_code == 422
    address = re.search(r"/console(/webhooks/whk_\w+)/test", hook.text)
    assert address
    assert anna.post(f"{address[1]}/test").status_code == 303
    assert "waiting to be sent" in anna.get("/webhooks").text
    assert anna.post(f"{address[1]}/remove").status_code == 303


def test_a_budget_is_set_in_place_of_the_old_one(anna: Visitor):
    assert anna.post("/usage/budget", amount="-1").status_code == 422
    anna.post("/usage/budget", amount="500")
    anna.post("/usage/budget", amount="900.50")
    page = anna.get("/usage").text
    assert "900.50" in page
    assert "USD\u00a0500" not in page


def test_another_price_is_played_on_what_was_asked_for(site: Site):
    desk = site.visitor(Role.DESK)
    empty = desk.get(f"/prices/preview?pool={site.pool}&product=flex&rate=9")
    assert "nothing to play" in empty.text
    assert (
        "A price of 0 or more"
        in desk.get(f"/prices/preview?pool={site.pool}&product=flex&rate=x").text
    )


def test_the_language_is_chosen_and_kept(site: Site, operator: Visitor):
    operator.post("/language", language="zh_Hant", next="/console/overview")
    page = operator.get("/overview").text
    assert '<html lang="zh-Hant">' in page
    evil = operator.post("/language", language="en", next="//evil.example/")
    assert evil.headers["location"] == "/console/"
