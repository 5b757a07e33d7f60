"""Pools, products, prices, events, usage, invoices and credit notes, as each role sees them."""

from decimal import Decimal

from tests.api.house import House, once

from tidegate.control.access import Role
from tidegate.lease.events import Event


def test_a_tenant_sees_what_it_can_lease_and_not_how_much_there_is(home: House):
    with home.caller(Role.TENANT, home.anna) as anna, home.caller(Role.OPERATOR) as operator:
        seen = anna.get("/v1/pools").json()["items"]
        assert [pool["id"] for pool in seen] == ["h100"]
        assert seen[0]["nodes"] is None
        assert anna.get("/v1/pools/gb200").status_code == 404
        every = operator.get("/v1/pools").json()["items"]
        assert [(pool["id"], pool["nodes"]) for pool in every] == [("gb200", 4), ("h100", 8)]
        assert every[0]["products"] == []


def test_products_say_what_they_are_in_words(home: House):
    with home.caller(Role.TENANT, home.anna) as anna:
        products = {each["id"]: each for each in anna.get("/v1/products").json()["items"]}
    assert (
        products["flex"]["in_words"] == "Yours for 6 hours, then taken back with 10 minutes notice."
    )
    assert (
        products["preemptible"]["in_words"]
        == "May be taken back with 2 minutes notice at any time."
    )
    assert isinstance(products["flex"]["list_price"], str)
    assert Decimal(products["flex"]["list_price"]) > 0


def test_each_sees_its_own_events_in_pages_that_tell_nothing_of_others(home: House):
    with home.services.access.changing() as store:
        store.events.add(
            [
                Event(1_800_000_000 + n, "system:loop", "lease.running", f"lea_{n}", {}, tenant.id)
                for n, tenant in enumerate([home.anna, home.bert, home.anna, home.bert, home.anna])
            ]
        )
    with home.caller(Role.TENANT, home.anna) as anna:
        page = anna.get("/v1/events?limit=2").json()
        rest = anna.get(f"/v1/events?limit=2&cursor={page['next_cursor']}").json()
        assert [e["subject"] for e in page["items"] + rest["items"]] == ["lea_4", "lea_2", "lea_0"]
        assert rest["next_cursor"] is None
        assert "seq" not in page["items"][0]
        assert page["items"][0]["at"] == "2027-01-15T08:00:04Z"
        assert anna.get("/v1/events?subject=lea_1").json()["items"] == []
    with home.caller(Role.OPERATOR) as operator:
        assert len(operator.get("/v1/events?kind=lease.running").json()["items"]) == 5


def test_me(home: House):
    with home.caller(Role.VIEWER, home.anna) as viewer:
        told = viewer.get("/v1/me").json()
    assert (told["role"], told["tenant_id"]) == ("viewer", home.anna.id)
    assert all(right.endswith(":read") for right in told["rights"])


def test_an_operator_steers_a_pool_and_it_is_in_the_audit_log(home: House):
    with home.caller(Role.OPERATOR) as operator, home.caller(Role.DESK) as desk:
        path = "/v1/pools/h100"
        assert desk.get(f"{path}/steering").status_code == 403
        tag = operator.get(f"{path}/steering").headers["etag"]
        assert operator.patch(path, json={"risk": 0.1}).status_code == 428
        changed = operator.patch(path, json={"risk": 0.1}, headers={"If-Match": tag})
        assert changed.json()["risk"] == 0.1
        stale = operator.patch(path, json={"leasing": "draining"}, headers={"If-Match": tag})
        assert (stale.status_code, stale.json()["code"]) == (412, "TG-API-ETAG")
        tag = changed.headers["etag"]
        for wrong in ({}, {"risk": 2}, {"risk": 0.1, "leasing": "open"}, {"leasing": None}):
            answer = operator.patch(path, json=wrong, headers={"If-Match": tag})
            assert (answer.status_code, answer.json()["code"]) == (422, "TG-API-FIELD"), wrong
        again = operator.patch(path, json={"risk": None}, headers={"If-Match": tag})
        assert again.json()["risk"] is None
        node = f"{path}/quarantine/h100-001"
        assert (
            operator.put(node, json={"reason": "fan"}).json()["quarantined"][0]["reason"] == "fan"
        )
        assert operator.put(node, json={"reason": "fan"}).status_code == 409
        assert operator.delete(node).status_code == 204
        run = {"name": "pretrain", "start": "2026-04-01T00:00:00Z", "end": "2026-04-09T00:00:00Z"}
        made = operator.post(f"{path}/announced-runs", json=run | {"gpus": 16}, headers=once())
        run_id = made.json()["announced"][0]["id"]
        assert operator.delete(f"{path}/announced-runs/{run_id}").status_code == 204
        assert operator.get(f"{path}/steering").json()["announced"] == []
        acts = [deed["act"] for deed in operator.get("/v1/audit?limit=6").json()["items"]]
        assert acts == [
            "pool.run-withdrawn",
            "pool.run-announced",
            "pool.node-released",
            "pool.node-quarantined",
            "pool.risk-set",
            "pool.risk-set",
        ]


def test_the_owner_reads_what_may_be_promised_and_no_tenant_does(home: House):
    with home.caller(Role.DESK) as desk, home.caller(Role.TENANT, home.anna) as anna:
        quota = desk.get("/v1/pools/h100/quota").json()
        assert anna.get("/v1/pools/h100/quota").status_code == 403
        assert desk.get("/v1/pools/nowhere/quota").status_code == 404
        frontier = desk.get("/v1/pools/gb200/quota").json()
    assert quota["idle"] == 8
    floors = {each["product"]: each for each in quota["products"]}
    assert Decimal(floors["preemptible"]["bid_price"]) == 0  # it promises nothing
    for each in floors.values():
        bid, parts = Decimal(each["bid_price"]), (each["of_breaks"], each["of_displaced"])
        assert sum(Decimal(part) for part in parts) == bid < Decimal(each["list_price"])
        assert Decimal(each["floor"]) == max(bid, Decimal(each["cash_cost"]))
    assert Decimal(floors["flex"]["of_breaks"]) > 0
    horizons = [each["horizon_s"] for each in quota["horizons"]]
    assert horizons == sorted(horizons)
    assert len(horizons) > 5
    lefts = [each["left"] for each in quota["horizons"]]
    assert lefts == sorted(lefts, reverse=True), (
        "what may be promised longer may be promised shorter"
    )
    assert all(
        each["left"] <= max(0, each["quota"] - each["promised"]) for each in quota["horizons"]
    )
    assert all(each["left"] == 0 for each in frontier["horizons"])
