"""From a price to a lease and its end, over HTTP, with a loop that judges."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.api.house import House, once

from tidegate.control.access import Act, Role
from tidegate.lease.states import LeaseState

WANT = {"pool_id": "h100", "product": "preemptible", "nodes": 1, "duration_s": 4 * 3600}


@pytest.fixture
def anna(home: House) -> Iterator[httpx.Client]:
    with home.caller(Role.TENANT, home.anna) as client:
        yield client
        for lease in client.get("/v1/leases?live=true").json()["items"]:
            client.post(f"/v1/leases/{lease['id']}/end", headers=once())
        home.loop.pass_time(900)


def admitted(client: httpx.Client, **more: Any) -> str:
    answer = client.post("/v1/orders", json=WANT | more, headers=once())
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "admitted"
    lease_id: str = answer.json()["lease_id"]
    return lease_id


def test_a_quote_is_ordered_and_becomes_a_lease(anna: httpx.Client):
    quote = anna.post("/v1/quotes", json=WANT, headers=once())
    assert quote.status_code == 201, quote.text
    told = quote.json()
    assert told["gpus"] == 8
    assert Decimal(told["estimate"]) == round(Decimal(told["price"]) * 32, 2)
    order = anna.post("/v1/orders", json={"quote_id": told["id"]}, headers=once())
    assert order.status_code == 201, order.text
    assert order.json()["price"] == told["price"]
    assert anna.get(f"/v1/quotes/{told['id']}").json()["state"] == "taken"
    lease = anna.get(f"/v1/leases/{order.json()['lease_id']}")
    assert lease.json()["order_id"] == order.json()["id"]
    assert len(lease.json()["node_names"]) == 1
    again = anna.post("/v1/orders", json={"quote_id": told["id"]}, headers=once())
    assert (again.status_code, again.json()["code"]) == (409, "TG-LIVE-QUOTE")


def test_an_order_placed_a_thousand_times_is_one_order(home: House, anna: httpx.Client):
    headers = once()
    before = {order["id"] for order in anna.get("/v1/orders?limit=500").json()["items"]}

    def place(_: int) -> str:
        answer = anna.post("/v1/orders", json=WANT, headers=headers)
        assert answer.status_code in (201, 202), answer.text
        order_id: str = answer.json()["id"]
        return order_id

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(place, range(1_000)))
    assert len(ids) == 1
    after = {order["id"] for order in anna.get("/v1/orders?limit=500").json()["items"]}
    assert after - before == ids
    leases = anna.get("/v1/leases?live=true").json()["items"]
    assert [lease["order_id"] for lease in leases] == list(ids)
    other = anna.post("/v1/orders", json=WANT | {"nodes": 2}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "TG-API-IDEMPOTENCY-REUSED")


def test_orders_at_once_never_get_more_than_there_is(home: House, anna: httpx.Client):
    def place(_: int) -> tuple[int, str | None]:
        answer = anna.post("/v1/orders", json=WANT | {"nodes": 3}, headers=once())
        return answer.status_code, answer.json()["reason"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(place, range(8)))
    assert sum(status == 201 for status, _ in answers) == 2, answers
    assert all(reason for status, reason in answers if status == 200)
    assert sum(lease.nodes for lease in home.loop.line.book.leases.values()) == 6


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"pool_id": "nowhere"}, "TG-LIVE-POOL"),
        ({"pool_id": "gb200"}, "TG-LIVE-FRONTIER"),
        ({"product": "gold"}, "TG-LIVE-PRODUCT"),
        ({"nodes": 9}, "TG-LIVE-SIZE"),
        ({"nodes": 0}, "TG-API-FIELD"),
        ({"nodes": -1}, "TG-API-FIELD"),
        ({"nodes": 1.5}, "TG-API-FIELD"),
        ({"nodes": 10**30}, "TG-API-FIELD"),
        ({"duration_s": 1}, "TG-API-FIELD"),
        ({"quote_id": "quo_x"}, "TG-API-FIELD"),
        ({"price": "0"}, "TG-API-FIELD"),
        ({"state": "admitted"}, "TG-API-FIELD"),
    ],
    ids=str,
)
def test_what_cannot_be_ordered_is_refused_with_its_reason(
    anna: httpx.Client, wrong: dict[str, Any], code: str
):
    answer = anna.post("/v1/orders", json=WANT | wrong, headers=once())
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_suspended_tenant_buys_nothing_and_keeps_what_it_has(home: House, anna: httpx.Client):
    lease_id = admitted(anna)
    path = f"/v1/tenants/{home.anna.id}"
    with home.caller(Role.DESK) as desk:
        for suspended, status in ((True, 409), (False, 201)):
            tag = {"If-Match": desk.get(path).headers["etag"]}
            desk.patch(path, json={"suspended": suspended}, headers=tag)
            answer = anna.post("/v1/orders", json=WANT, headers=once())
            assert answer.status_code == status
    assert anna.get(f"/v1/leases/{lease_id}").json()["ended_at"] is None


def test_a_lease_is_made_longer_smaller_and_given_back(home: House, anna: httpx.Client):
    lease_id = admitted(anna, nodes=3)
    home.loop.pass_time(600)
    path = f"/v1/leases/{lease_id}"
    assert anna.get(path).json()["state"] == "running"
    longer = anna.post(f"{path}/extend", json={"end_at": "2026-04-02T00:00:00Z"}, headers=once())
    assert longer.json()["end_at"] == "2026-04-02T00:00:00Z", longer.text
    sooner = anna.post(f"{path}/extend", json={"end_at": "2026-04-01T23:00:00Z"}, headers=once())
    assert (sooner.status_code, sooner.json()["code"]) == (409, "TG-LIVE-STATE")
    far = anna.post(f"{path}/extend", json={"end_at": "2031-01-01T00:00:00Z"}, headers=once())
    assert (far.status_code, far.json()["code"]) == (422, "TG-LIVE-SIZE")
    smaller = anna.post(f"{path}/shrink", json={"nodes": 1}, headers=once())
    assert smaller.json()["nodes"] == 1
    assert len(anna.get(path).json()["node_names"]) == 1
    none = anna.post(f"{path}/shrink", json={"nodes": 1}, headers=once())
    assert (none.status_code, none.json()["code"]) == (409, "TG-LIVE-STATE")
    ended = anna.post(f"{path}/end", headers=once())
    assert (ended.json()["state"], ended.json()["reason"]) == ("ended", "given-back")
    assert anna.post(f"{path}/end", headers=once()).status_code == 200
    late = anna.post(f"{path}/shrink", json={"nodes": 1}, headers=once())
    assert (late.status_code, late.json()["code"]) == (409, "TG-LIVE-STATE")


def test_an_order_waits_for_room_and_may_be_cancelled(home: House, anna: httpx.Client):
    admitted(anna, nodes=8)
    waiting = anna.post("/v1/orders", json=WANT | {"queue_s": 3600}, headers=once())
    assert (waiting.status_code, waiting.json()["state"]) == (202, "waitlisted"), waiting.text
    path = f"/v1/orders/{waiting.json()['id']}"
    assert anna.post(f"{path}/cancel", headers=once()).json()["state"] == "cancelled"
    twice = anna.post(f"{path}/cancel", headers=once())
    assert (twice.status_code, twice.json()["code"]) == (409, "TG-LIVE-STATE")


def test_a_workload_reads_its_notice_saves_its_work_and_gives_the_nodes_back(
    home: House, anna: httpx.Client
):
    lease_id = admitted(anna)
    home.loop.pass_time(600)
    scopes = {Act.NOTICES_READ, Act.NOTICES_WRITE}
    with home.caller(Role.TENANT, home.anna, scopes) as workload:
        path = f"/v1/leases/{lease_id}"
        assert workload.get(f"{path}/notice").json() == {
            "action": "none",
            "at": None,
            "seconds_left": None,
        }
        assert workload.get(path).status_code == 403, "its key is for notices alone"
        early = workload.post(f"{path}/checkpoint-done", headers=once())
        assert (early.status_code, early.json()["code"]) == (409, "TG-LIVE-STATE")
        with home.loop.turn:
            book = home.loop.line.book
            lease = book.leases[lease_id]
            take_s = home.loop.clock.time_s + 120
            book.move_lease(lease, LeaseState.NOTICED, home.loop.clock.time_s, take_s=take_s)
            home.loop.step()
        notice = workload.get(f"{path}/notice").json()
        assert (notice["action"], notice["seconds_left"]) == ("recall", 120)
        done = workload.post(f"{path}/checkpoint-done", headers=once())
        assert (done.json()["state"], done.json()["reason"]) == ("ended", "given-back")
        assert workload.get(f"{path}/notice").json()["action"] == "gone"


def test_a_quote_expires_and_can_be_withdrawn(home: House, anna: httpx.Client):
    first, second = (anna.post("/v1/quotes", json=WANT, headers=once()).json() for _ in range(2))
    assert anna.delete(f"/v1/quotes/{first['id']}").status_code == 204
    assert anna.delete(f"/v1/quotes/{first['id']}").json()["code"] == "TG-LIVE-STATE"
    home.loop.pass_time(900)
    assert anna.get(f"/v1/quotes/{second['id']}").json()["state"] == "expired"
    late = anna.post("/v1/orders", json={"quote_id": second["id"]}, headers=once())
    assert (late.status_code, late.json()["code"]) == (409, "TG-LIVE-QUOTE")


def test_events_tell_the_life_of_a_lease(anna: httpx.Client):
    lease_id = admitted(anna)
    events = anna.get(f"/v1/events?subject={lease_id}").json()["items"]
    assert [event["kind"] for event in events] == ["lease.starting"]
