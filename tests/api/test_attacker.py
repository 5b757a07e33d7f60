"""An attacker tries every route, as read from the application: one that is new fails here until it is listed."""

import json
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.api.calling import caller
from tests.api.house import NOW_S, House, house, once, wall_s

from tidegate.api.resources import ROUTERS
from tidegate.billing import BillTo, Invoice, month_of
from tidegate.control.access import SYSTEM, Role
from tidegate.control.ids import Prefix, new_id
from tidegate.control.notices import Notice
from tidegate.control.seal import Seal

WANT: Final = {"pool_id": "h100", "product": "preemptible", "nodes": 1, "duration_s": 3600}
MONEY: Final = {"amount": "1.00", "currency": "USD"}

OPEN: Final = {("GET", "/v1/problems/{code}")}
"""Routes that anybody may ask."""

NOBODYS: Final = ("pool_id", "node", "run_id", "code")
"""Names in paths of what belongs to no tenant."""

BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("PATCH", "/v1/pools/{pool_id}"): {"leasing": "stopped"},
    ("POST", "/v1/pools/{pool_id}/announced-runs"): {
        "name": "run",
        "start": "2026-05-01T00:00:00Z",
        "end": "2026-05-02T00:00:00Z",
        "gpus": 8,
    },
    ("PUT", "/v1/pools/{pool_id}/quarantine/{node}"): {"reason": "fan"},
    ("POST", "/v1/quotes"): WANT,
    ("POST", "/v1/orders"): WANT,
    ("POST", "/v1/leases/{lease_id}/extend"): {"end_at": "2026-05-01T00:00:00Z"},
    ("POST", "/v1/leases/{lease_id}/shrink"): {"nodes": 1},
    ("POST", "/v1/tenants"): {"name": "x"},
    ("PATCH", "/v1/tenants/{tenant_id}"): {"name": "mine now"},
    ("POST", "/v1/keys"): {"name": "x", "role": "viewer"},
    ("POST", "/v1/keys/{key_id}/rotate"): {"grace_s": 0},
    ("POST", "/v1/users"): {"email": "m@evil.test", "name": "m", "role": "viewer"},
    ("PATCH", "/v1/users/{user_id}"): {"name": "mine now"},
    ("POST", "/v1/webhooks"): {"url": "https://evil.test/"},
    ("PATCH", "/v1/webhooks/{webhook_id}"): {"url": "https://evil.test/"},
    ("POST", "/v1/credit-notes"): {"tenant_id": "ten_x", "net": MONEY, "text": "for me"},
    ("POST", "/v1/prepayments"): {"tenant_id": "ten_x", "amount": MONEY, "reference": "r"},
    ("POST", "/v1/budgets"): {"amount": MONEY},
    ("POST", "/v1/grants"): {
        "tenant_id": "ten_x",
        "project": "p",
        "chip": "H100-SXM",
        "gpu_hours": 1,
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2027-01-01T00:00:00Z",
    },
    ("PUT", "/v1/billing-accounts/{tenant_id}"): {"name": "x", "currency": "USD"},
    ("PUT", "/v1/prices"): {
        "source": "mine",
        "currency": "USD",
        "prices": [
            {"id": "p", "chip": "H100-SXM", "product": "flex", "rate": "0.01", "currency": "USD"}
        ],
    },
}
"""A valid body for every route that takes one."""

BODYLESS: Final = {
    ("POST", "/v1/orders/{order_id}/cancel"),
    ("POST", "/v1/leases/{lease_id}/end"),
    ("POST", "/v1/leases/{lease_id}/checkpoint-done"),
    ("POST", "/v1/notices/{notice_id}/seen"),
    ("POST", "/v1/webhooks/{webhook_id}/rotate"),
    ("POST", "/v1/webhooks/{webhook_id}/test"),
    ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"),
    ("POST", "/v1/invoices/{invoice_id}/paid"),
}
"""Routes that do something and take no body."""

PAYLOADS: Final = (
    "' OR '1'='1",
    "1; DROP TABLE tenant; --",
    "../../../../etc/passwd",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script>",
    "\x00",
    "%00",
    "\r\nSet-Cookie: a=b",
    "ten_" + "x" * 300,
    "𝓣\u202e\ufeff",
    "\ud800",
)


def routes() -> list[tuple[str, str]]:
    """Every method and path below ``/v1``, whether the document shows it or not."""
    return [
        (method, f"/v1{route.path}")
        for router in ROUTERS
        for route in plain_routes(router)
        for method in sorted(route.methods or ())
    ]


def plain_routes(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from plain_routes(route.original_router)


ROUTES: Final = routes()
UNPAGED: Final = {"/v1/me", "/v1/audit/verify", "/v1/prices", "/v1/focus", "/v1/focus/metadata"}
LISTS: Final = sorted(
    path for method, path in ROUTES if method == "GET" and "{" not in path and path not in UNPAGED
)


class Target:
    """A house in which Anna has one of everything, and Bert attacks."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.bert = home.caller(Role.TENANT, home.bert)
        self.ids: dict[str, str] = {"tenant_id": home.anna.id}
        with home.caller(Role.TENANT, home.anna) as anna, home.caller(Role.OPERATOR) as operator:
            self.make(anna, "quote_id", "/v1/quotes", WANT)
            self.make(anna, "order_id", "/v1/orders", WANT)
            self.ids["lease_id"] = anna.get("/v1/leases").json()["items"][0]["id"]
            self.make(anna, "key_id", "/v1/keys", {"name": "annas key"})
            self.make(anna, "webhook_id", "/v1/webhooks", {"url": "https://anna.test/hook"})
            self.make(anna, "delivery_id", f"/v1/webhooks/{self.ids['webhook_id']}/test", None)
            self.make(anna, "budget_id", "/v1/budgets", {"amount": MONEY})
            own = {"tenant_id": home.anna.id}
            user = {"email": "ann@anna.test", "name": "Ann", "role": "tenant"} | own
            self.make(operator, "user_id", "/v1/users", user)
            credit = {"net": MONEY, "text": "for anna"} | own
            self.make(operator, "note_id", "/v1/credit-notes", credit)
            prepaid = {"amount": MONEY, "reference": "annas payment"} | own
            self.make(operator, "prepayment_id", "/v1/prepayments", prepaid)
            grant = BODIES["POST", "/v1/grants"] | own | {"project": "annas project"}
            self.make(operator, "grant_id", "/v1/grants", grant)
        self.ids["notice_id"] = self.notice()
        self.ids["invoice_id"] = self.invoice()

    def make(self, who: httpx.Client, name: str, path: str, body: Any) -> None:
        answer = who.post(path, json=body, headers=once())
        assert answer.status_code == 201, answer.text
        self.ids[name] = answer.json()["id"]

    def notice(self) -> str:
        notice_id = new_id(Prefix.NOTICE)
        with self.home.services.access.changing() as store:
            tenant_id = self.home.anna.id
            told = "annas notice"
            store.notices.save_notice(
                Notice(notice_id, tenant_id, "lease.noticed", "lea_1", told, 1, {}, 1)
            )
        return notice_id

    def invoice(self) -> str:
        invoice_id = new_id(Prefix.INVOICE)
        bill_to = BillTo(self.home.anna.id, "anna", "USD")
        with self.home.services.till.door.changing() as store:
            month = month_of(NOW_S)
            store.bills.add_invoice(
                invoice_id, Invoice("INV-2026-00001", bill_to, month, NOW_S, NOW_S, (), ())
            )
        return invoice_id

    def path(self, template: str) -> str:
        names = {"pool_id": "h100", "node": "h100-001", "run_id": "run_x", "code": "TG-API-FIELD"}
        return template.format_map(names | self.ids)

    @property
    def secrets(self) -> list[str]:
        """What nothing that Bert reads may hold."""
        return [*self.ids.values(), "anna"]

    def ask(self, who: httpx.Client, method: str, template: str, **more: Any) -> httpx.Response:
        headers = once() | {"If-Match": "*"}
        body = BODIES.get((method, template))
        return who.request(method, self.path(template), headers=headers, json=body, **more)


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.needs_postgres, pytest.mark.slow]),
    ],
)
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    with house(tmp_path_factory.mktemp("target"), url=url) as home:
        yield Target(home)


def told(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text[:300]}"


def test_every_route_is_attacked(target: Target):
    with target.home.stranger() as stranger:
        document = stranger.get("/v1/openapi.json").json()["paths"]
    shown = {(method.upper(), path) for path, methods in document.items() for method in methods}
    assert shown == set(ROUTES)
    names = {
        part[1:-1]
        for _, path in ROUTES
        for part in path.split("/")
        if part.startswith("{")
    }  # fmt: skip
    assert names <= {*target.ids, *NOBODYS}, "make one of Anna's for the new name"
    doing = {(method, path) for method, path in ROUTES if method in ("POST", "PUT", "PATCH")}
    assert doing == {*BODIES, *BODYLESS}, "give the new route a valid body, or list it as bodyless"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_key_nobody_gets_in(target: Target, method: str, path: str):
    strangers = [
        target.home.stranger(),
        caller(target.home.transport, "tgk_00000000_" + "A" * 43),
        caller(target.home.transport, ""),
    ]
    for stranger in strangers:
        answer = target.ask(stranger, method, path)
        if (method, path) in OPEN:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 401, told(answer)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "anna" not in answer.text


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r[0] != "GET"])
def test_who_may_only_look_changes_nothing(target: Target, method: str, path: str):
    for viewer in (
        target.home.caller(Role.VIEWER, target.home.anna),
        target.home.caller(Role.VIEWER),
    ):
        answer = target.ask(viewer, method, path)
        assert answer.status_code == 403, told(answer)
        assert answer.json()["code"] == "TG-ACCESS-RIGHT"


@pytest.mark.parametrize(
    ("method", "path"),
    [r for r in ROUTES if any(f"{name}}}" in r[1] for name in ("_id", "{code")) and r not in OPEN],
)
def test_anothers_things_do_not_exist(target: Target, method: str, path: str):
    if not any(f"{{{name}}}" in path for name in target.ids):
        assert target.ask(target.bert, method, path).status_code in (200, 403, 404)
        return
    answer = target.ask(target.bert, method, path)
    # What only the owner's people do is refused before anything is looked up.
    assert answer.status_code in (403, 404), told(answer)
    if answer.status_code == 404:
        nothing = target.bert.request(
            method,
            path.format_map({name: value[:4] + "0" * 25 for name, value in target.ids.items()}),
            headers=once() | {"If-Match": "*"},
            json=BODIES.get((method, path)),
        )
        assert nothing.json()["code"] == answer.json()["code"], (
            "told apart from what does not exist"
        )
    assert "anna" not in answer.text


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET"])
def test_nothing_that_is_read_holds_anything_of_another(target: Target, path: str):
    answer = target.ask(target.bert, "GET", path)
    if answer.is_success:
        assert [secret for secret in target.secrets if secret in answer.text] == []
    if "{" not in path:
        for filters in ({"tenant_id": target.home.anna.id}, {"subject": target.ids["lease_id"]}):
            answer = target.bert.get(path, params=filters)
            assert not answer.is_success or answer.json().get("items", []) == [] or not any(
                secret in answer.text for secret in target.secrets
            )  # fmt: skip


@pytest.mark.parametrize(("method", "path"), list(BODIES))
def test_fields_that_are_not_known_are_refused(target: Target, method: str, path: str):
    """Mass assignment."""
    with target.home.caller(Role.OPERATOR) as operator:
        for name, value in (
            ("id", "x"),
            ("digest", "x"),
            ("price", "0"),
            ("state", "admitted"),
            ("is_admin", True),
            ("created_at", "2020-01-01T00:00:00Z"),
            ("__class__", {}),
        ):
            body = BODIES[method, path] | {name: value}
            answer = operator.request(
                method, target.path(path), headers=once() | {"If-Match": "*"}, json=body
            )
            assert (answer.status_code, answer.json()["code"]) == (422, "TG-API-FIELD")
            assert any(fault["field"].startswith(name) for fault in answer.json()["errors"])


@pytest.mark.parametrize(
    "path", ["/v1/quotes", "/v1/orders", "/v1/keys", "/v1/webhooks", "/v1/budgets"]
)
def test_nobody_acts_in_anothers_name(target: Target, path: str):
    body = BODIES["POST", path] | {"tenant_id": target.home.anna.id}
    answer = target.bert.post(path, json=body, headers=once())
    assert answer.status_code in (403, 404), told(answer)
    with target.home.caller(Role.TENANT, target.home.anna) as anna:
        assert "evil" not in anna.get(path).text


def test_nobody_makes_more_of_himself(target: Target):
    for body in (
        {"name": "x", "role": "operator"},
        {"name": "x", "role": "desk"},
        {"name": "x", "role": "viewer", "tenant_id": target.home.anna.id},
        {"name": "x", "scopes": ["audit:read"]},
        {"name": "x", "scopes": ["tenants:write"]},
    ):
        answer = target.bert.post("/v1/keys", json=body, headers=once())
        assert answer.status_code in (403, 404, 422), told(answer)
    quote = {"quote_id": target.ids["quote_id"]}
    answer = target.bert.post("/v1/orders", json=quote, headers=once())
    assert answer.status_code == 404, told(answer)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_injected_text_breaks_nothing(target: Target, method: str, path: str):
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    with target.home.caller(Role.OPERATOR) as operator:
        for payload in PAYLOADS:
            encoded = payload.encode("utf-8", "surrogatepass")
            quoted = "".join(f"%{byte:02X}" for byte in encoded)
            spoiled = path.format_map(dict.fromkeys(names, quoted)) if names else path
            query = f"?cursor={quoted}&kind={quoted}&subject={quoted}&limit={quoted}"
            sent = {
                name: payload if isinstance(value, str) else value
                for name, value in BODIES.get((method, path), {}).items()
            }
            if sent and payload == "\x00":
                told_of = operator.request(
                    method, spoiled.replace("%00", "x"), headers=once(), json=sent
                )
                assert told_of.status_code in (404, 409, 422, 428), told(told_of)
            content = json.dumps(sent).encode() if sent else None
            headers = once() | {"If-Match": "*", "Content-Type": "application/json"}
            for address in (f"{spoiled}{query}", spoiled):
                answer = operator.request(method, address, headers=headers, content=content)
                assert answer.status_code < 500, f"{payload!r}: {told(answer)}"
                assert "Traceback" not in answer.text
                assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [*BODIES, *sorted(BODYLESS)])
def test_bodies_that_are_too_large_or_too_deep_are_refused(target: Target, method: str, path: str):
    headers = once() | {"Content-Type": "application/json", "If-Match": "*"}
    address = target.path(path)
    large = target.bert.request(method, address, headers=headers, content=b'"' + b"x" * 70_000)
    assert (large.status_code, large.json()["code"]) == (413, "TG-API-SIZE")
    if (method, path) in BODIES:
        deep = target.bert.request(method, address, headers=headers, content=b'{"a":' * 9_000)
        assert deep.status_code in (400, 422), told(deep)


@pytest.mark.parametrize("path", LISTS)
def test_forged_cursors_are_refused(target: Target, path: str):
    other = Seal(b"another installation's secret!!!")
    for forged in ("x", "MTIz", other.encrypt("cursor", '[["/v1/keys",[],null],""]'), "A" * 900):
        answer = target.bert.get(path, params={"cursor": forged})
        if answer.status_code == 403:
            return
        assert (answer.status_code, answer.json()["code"]) == (400, "TG-API-CURSOR"), told(answer)
    for limit in ("0", "-1", "501", "1e9", "NaN", "9" * 40):
        assert target.bert.get(path, params={"limit": limit}).status_code == 422
    assert target.bert.get(path, params={"unknown": "1"}).status_code == 422


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "POST"])
def test_every_post_is_meant_once(target: Target, path: str):
    body = BODIES.get(("POST", path))
    answer = target.bert.post(target.path(path), json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "TG-API-IDEMPOTENCY")


def test_an_idempotency_key_of_another_tells_nothing(target: Target):
    headers = once()
    with target.home.caller(Role.TENANT, target.home.anna) as anna:
        hers = anna.post("/v1/keys", json={"name": "annas second"}, headers=headers)
        assert hers.status_code == 201
    his = target.bert.post("/v1/keys", json={"name": "annas second"}, headers=headers)
    assert his.status_code == 201
    assert his.json()["id"] != hers.json()["id"]
    assert "idempotent-replayed" not in his.headers


def test_a_revoked_key_and_one_whose_role_was_narrowed_are_out_at_once(target: Target):
    text = target.home.key(Role.TENANT, target.home.bert)
    with caller(target.home.transport, text) as client:
        key_id = client.get("/v1/me").json()["id"]
        assert target.bert.delete(f"/v1/keys/{key_id}").status_code == 204
        assert client.get("/v1/me").status_code == 401


def test_what_is_kept_gives_no_secret_away(target: Target):
    """Whoever reads the database has neither keys nor passwords nor the webhooks' secrets."""
    with target.home.services.access.reading() as store:
        endpoint = store.hooks.endpoint(target.ids["webhook_id"], SYSTEM.reach)
        user = store.users.user(target.ids["user_id"], SYSTEM.reach)
    assert endpoint
    assert "whsec" not in endpoint.secret
    assert user
    assert wall_s() > 0
