"""Prices, usage and bills over HTTP: what each may see, and the shapes that others build on."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.calling import AppTransport, caller, serving
from tests.api.house import BOOK, UNLIMITED, once, services_on, wall_s
from tests.billing.focusrules import broken_rules
from tests.billing.making import APRIL, MARCH, H
from tests.control.moneyhouse import RULES, MoneyHouse, money_house

from tidegate.api import Services, create_app
from tidegate.api.limits import Limits
from tidegate.control import key_acts
from tidegate.control.access import SYSTEM, Role
from tidegate.control.invoicing import credit_breaks, invoice_months
from tidegate.control.keys import KeyWish
from tidegate.control.money_store import Till

NOW_S = APRIL + 2 * H


@dataclass
class Desk:
    """A house in which March has been billed: a lease of two hours, and one that was broken after one."""

    money: MoneyHouse
    services: Services
    transport: AppTransport

    def caller(self, role: Role, tenant_id: str | None = None) -> httpx.Client:
        wish = KeyWish("test", role, tenant_id, None)
        key = key_acts.create_key(self.services.access, self.services.seal, SYSTEM, wish, wall_s())
        return caller(self.transport, key.text)


@contextmanager
def billed_march(folder: Path) -> Iterator[Desk]:
    """Build one."""
    money = money_house(folder)
    money.tenant("ten_1")
    money.tenant("ten_2")
    till = Till(money.door, RULES, BOOK, lambda: NOW_S)
    services = services_on(money.database, Limits(UNLIMITED, UNLIMITED), till)
    invoice_months(money.door, RULES, MARCH)
    money.end(money.lease(APRIL - 2 * H, ("n1",)), APRIL)
    money.end(money.lease(APRIL - 2 * H, ("n2",)), APRIL - H, "broken")
    money.end(money.lease(APRIL - H, ("n3",), tenant_id="ten_2"), APRIL)
    credit_breaks(money.door, RULES, APRIL)
    invoice_months(money.door, RULES, APRIL + H)
    with serving(create_app(services)) as transport:
        yield Desk(money, services, transport)
    money.database.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with billed_march(tmp_path_factory.mktemp("money")) as built:
        yield built


@pytest.fixture
def finance(desk: Desk) -> httpx.Client:
    return desk.caller(Role.FINANCE)


@pytest.fixture
def tenant(desk: Desk) -> httpx.Client:
    return desk.caller(Role.TENANT, "ten_1")


@pytest.fixture
def other(desk: Desk) -> httpx.Client:
    return desk.caller(Role.TENANT, "ten_2")


def items(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


SPAN = {"from": "2026-03-31T00:00:00Z", "until": "2026-04-01T00:00:00Z"}


def test_usage_by_hour(tenant: httpx.Client, finance: httpx.Client):
    own = items(tenant.get("/v1/usage", params=SPAN))
    assert [(u["lease_id"], u["start"], u["gpu_seconds"]) for u in own] == [
        ("lea_1", "2026-03-31T22:00:00Z", 8 * H),
        ("lea_2", "2026-03-31T22:00:00Z", 8 * H),
        ("lea_1", "2026-03-31T23:00:00Z", 8 * H),
    ]
    assert {u["tenant_id"] for u in items(finance.get("/v1/usage", params=SPAN))} == {
        "ten_1",
        "ten_2",
    }


def test_usage_comes_in_pages(finance: httpx.Client):
    page = finance.get("/v1/usage", params=SPAN | {"limit": 3}).json()
    rest = finance.get(
        "/v1/usage", params=SPAN | {"limit": 3, "cursor": page["next_cursor"]}
    ).json()
    assert [u["lease_id"] for u in page["items"] + rest["items"]] == [
        "lea_1",
        "lea_2",
        "lea_1",
        "lea_3",
    ]
    assert rest["next_cursor"] is None


def test_usage_is_of_this_month_or_of_a_time_that_can_be(tenant: httpx.Client):
    april = tenant.get("/v1/usage")
    assert items(april) == []
    whole = items(tenant.get("/v1/usage", params={"until": SPAN["until"]}))
    assert len(whole) == 3
    turned = {"from": SPAN["until"], "until": SPAN["from"]}
    assert tenant.get("/v1/usage", params=turned).json()["code"] == "TG-API-FIELD"
    theirs = tenant.get("/v1/usage", params=SPAN | {"tenant_id": "ten_2"})
    assert theirs.status_code == 404


def test_what_the_nodes_of_a_pool_were_is_for_the_owner_s_people(
    desk: Desk, finance: httpx.Client, tenant: httpx.Client
):
    (found,) = items(finance.get("/v1/usage/pools", params=SPAN))
    leased = sum(u["gpu_seconds"] for u in items(finance.get("/v1/usage", params=SPAN)))
    assert (found["pool"], found["leased"]) == ("mainstay", leased)
    # lea_2 ended at 23:00, its node is sanitised since; nobody watched the rest of the day.
    assert found["sanitising"] == 8 * H
    assert (found["own"], found["idle"], found["failed"]) == (0, 0, 0)
    assert found["start"] == SPAN["from"]
    assert tenant.get("/v1/usage/pools", params=SPAN).json()["code"] == "TG-ACCESS-RIGHT"
    theirs = desk.caller(Role.VIEWER, "ten_1").get("/v1/usage/pools", params=SPAN)
    assert theirs.status_code == 403
    turned = {"from": SPAN["until"], "until": SPAN["from"]}
    assert finance.get("/v1/usage/pools", params=turned).json()["code"] == "TG-API-FIELD"


def test_an_invoice(tenant: httpx.Client, other: httpx.Client):
    (listed,) = items(tenant.get("/v1/invoices"))
    assert listed["month"] == "2026-03"
    assert (listed["number"], listed["total"]) == (
        "INV-2026-000001",
        {"amount": "60.00", "currency": "USD"},
    )
    invoice = tenant.get(f"/v1/invoices/{listed['id']}").json()
    assert [invoice[k] for k in ("net", "tax", "total", "payable", "amount_due")] == [
        "48.00",
        "12.00",
        "60.00",
        "34.00",
        "34.00",
    ]
    assert (invoice["period_start"], invoice["tenant_name"]) == (
        "2026-03-01T00:00:00Z",
        "Tenant ten_1",
    )
    (line, _) = invoice["lines"]
    assert (line["lease_id"], line["rate"], line["gpu_seconds"], line["amount"]) == (
        "lea_1",
        "2.00",
        57600,
        "32.00",
    )
    assert invoice["taxes"] == [
        {"tax_id": "vat", "name": "VAT", "rate": "0.25", "net": "48.00", "amount": "12.00"}
    ]
    assert invoice["applied"][0]["amount"] == "26.00"
    assert other.get(f"/v1/invoices/{listed['id']}").status_code == 404


def test_an_invoice_is_paid_by_finance_once(finance: httpx.Client, other: httpx.Client):
    invoice = next(i for i in items(finance.get("/v1/invoices")) if i["tenant_id"] == "ten_2")
    path = f"/v1/invoices/{invoice['id']}/paid"
    assert other.post(path, headers=once()).status_code == 403
    assert finance.post(path, headers=once()).json()["paid_at"] == "2026-04-01T02:00:00Z"
    assert finance.post(path, headers=once()).status_code == 200


def test_the_credit_of_a_break(tenant: httpx.Client, other: httpx.Client, desk: Desk):
    (note,) = items(tenant.get("/v1/credit-notes"))
    (proof,) = desk.money.events("lease.broken")
    assert (note["reason"], note["lease_id"], note["event"]) == ("break", "lea_2", proof.seq)
    assert (note["total"]["amount"], note["left"]["amount"]) == ("26.00", "0.00")
    assert [(line["text"], line["amount"]) for line in note["lines"]] == [
        ("refund", "16.00"),
        ("credit", "4.80"),
    ]
    assert tenant.get(f"/v1/credit-notes/{note['id']}").json() == note
    assert other.get(f"/v1/credit-notes/{note['id']}").status_code == 404
    assert items(other.get("/v1/credit-notes")) == []


def test_goodwill_and_prepayments_are_given_by_finance(finance: httpx.Client, tenant: httpx.Client):
    wish = {
        "tenant_id": "ten_2",
        "net": {"amount": "10.00", "currency": "USD"},
        "text": "slow fabric",
    }
    assert tenant.post("/v1/credit-notes", json=wish, headers=once()).status_code == 403
    made = finance.post("/v1/credit-notes", json=wish, headers=once())
    assert (made.status_code, made.json()["total"]["amount"]) == (201, "12.50")
    fine = wish | {"net": {"amount": "0.005", "currency": "USD"}}
    answer = finance.post("/v1/credit-notes", json=fine, headers=once())
    assert (answer.status_code, answer.json()["code"]) == (422, "TG-BILL-AMOUNT")
    payment = {
        "tenant_id": "ten_2",
        "amount": {"amount": "100", "currency": "USD"},
        "reference": "bank 17",
    }
    assert finance.post("/v1/prepayments", json=payment, headers=once()).status_code == 201
    assert finance.post("/v1/prepayments", json=payment, headers=once()).status_code == 409
    nobody = payment | {"tenant_id": "ten_9", "reference": "bank 18"}
    assert finance.post("/v1/prepayments", json=nobody, headers=once()).status_code == 404
    assert items(tenant.get("/v1/prepayments")) == []


def test_budgets(tenant: httpx.Client, other: httpx.Client):
    wish = {"amount": {"amount": "500", "currency": "USD"}, "shares": ["0.9"]}
    made = tenant.post("/v1/budgets", json=wish, headers=once()).json()
    assert (made["tenant_id"], made["shares"]) == ("ten_1", ["0.9"])
    assert items(tenant.get("/v1/budgets")) == [made]
    assert other.delete(f"/v1/budgets/{made['id']}").status_code == 404
    assert tenant.delete(f"/v1/budgets/{made['id']}").status_code == 204
    nothing = {"amount": {"amount": "0", "currency": "USD"}}
    assert tenant.post("/v1/budgets", json=nothing, headers=once()).status_code == 422


def test_prices(tenant: httpx.Client):
    prices = tenant.get("/v1/prices").json()
    flex = next(price for price in prices["prices"] if price["product"] == "flex")
    assert (flex["chip"], flex["currency"], flex["bands"]) == ("H100-SXM", "USD", [])


PRICE = {"id": "p", "chip": "H100-SXM", "product": "flex", "rate": "2.65", "currency": "USD"}


@pytest.mark.parametrize(
    ("prices", "field"),
    [
        ([], "prices"),
        ([PRICE, PRICE], "prices"),
        ([PRICE, PRICE | {"id": "q"}], "prices"),
        ([PRICE | {"chip": "H101"}], "prices.0.chip"),
        ([PRICE | {"rate": "-1"}], "prices.0.rate"),
        ([PRICE | {"currency": "EUR"}], "prices.0.currency"),
        ([PRICE | {"zone": "Europe/Atlantis"}], "prices.0"),
        (
            [PRICE | {"bands": [{"name": "n", "start": "01:00", "end": "01:00", "factor": "1"}]}],
            "prices.0",
        ),
    ],
)
def test_a_price_book_that_cannot_be_is_refused(
    finance: httpx.Client, prices: list[dict[str, Any]], field: str
):
    before = finance.get("/v1/prices").json()
    wish = {"source": "test", "currency": "USD", "prices": prices}
    answer = finance.put("/v1/prices", json=wish, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert finance.get("/v1/prices").json() == before


def test_a_price_book_is_for_the_owners_people(desk: Desk, tenant: httpx.Client):
    wish = {"source": "test", "currency": "USD", "prices": [PRICE]}
    assert tenant.put("/v1/prices", json=wish, headers={"If-Match": "*"}).status_code == 403
    seller = desk.caller(Role.DESK)
    assert seller.put("/v1/prices", json=wish).status_code == 428
    tag = seller.get("/v1/prices").headers["etag"]
    assert seller.put("/v1/prices", json=wish, headers={"If-Match": tag}).status_code == 200
    assert seller.put("/v1/prices", json=wish, headers={"If-Match": tag}).status_code == 412
    (price,) = tenant.get("/v1/prices").json()["prices"]
    assert price["rate"] == "2.65"


def test_grants(desk: Desk, tenant: httpx.Client):
    operator = desk.caller(Role.OPERATOR)
    wish = {
        "tenant_id": "ten_1",
        "project": "github.com/acme/solver",
        "chip": "A100-80-SXM",
        "gpu_hours": 1000,
        "valid_from": "2026-03-01T00:00:00Z",
        "valid_until": "2026-09-01T00:00:00Z",
    }
    assert tenant.post("/v1/grants", json=wish, headers=once()).status_code == 403
    made = operator.post("/v1/grants", json=wish, headers=once()).json()
    assert operator.post("/v1/grants", json=wish, headers=once()).status_code == 409
    report = tenant.get(f"/v1/grants/{made['id']}").json()
    assert (report["gpu_seconds"], report["left_gpu_seconds"]) == (0, 1000 * H)
    assert items(tenant.get("/v1/grants")) == [made]
    wrong = wish | {"chip": "A101"}
    assert operator.post("/v1/grants", json=wrong, headers=once()).status_code == 422


def test_a_billing_account(finance: httpx.Client, tenant: httpx.Client):
    path = "/v1/billing-accounts/ten_1"
    read = finance.get(path)
    assert read.json()["currency"] == "USD"
    wish = {"name": "Acme AI AS", "currency": "EUR", "address": ["Oslo"], "country": "NO"}
    assert finance.put(path, json=wish).status_code == 428
    stale = finance.put(path, json=wish, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    saved = finance.put(path, json=wish, headers={"If-Match": read.headers["etag"]})
    assert saved.json() == tenant.get(path).json() | wish
    assert tenant.put(path, json=wish, headers={"If-Match": "*"}).status_code == 403
    assert tenant.get("/v1/billing-accounts/ten_2").status_code == 404
    assert finance.get("/v1/billing-accounts/ten_9").status_code == 404
    bad = wish | {"currency": "EUX"}
    assert finance.put(path, json=bad, headers={"If-Match": "*"}).status_code == 422


def test_documents_as_files(tenant: httpx.Client, other: httpx.Client):
    (invoice,) = items(tenant.get("/v1/invoices"))
    pdf = tenant.get(f"/v1/invoices/{invoice['id']}/pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["content-disposition"] == 'attachment; filename="INV-2026-000001.pdf"'
    assert other.get(f"/v1/invoices/{invoice['id']}/pdf").status_code == 404
    table = tenant.get(f"/v1/invoices/{invoice['id']}/csv").text.splitlines()
    assert table[1].startswith("INV-2026-000001,ten_1,2026-03,usage,lea_1,mainstay,north,H100-SXM,")
    assert table[1].endswith(",57600,16.000000,2.00,2.00,32.00,USD")
    (note,) = items(tenant.get("/v1/credit-notes"))
    assert tenant.get(f"/v1/credit-notes/{note['id']}/pdf").content.startswith(b"%PDF-")


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_a_month_in_focus(tenant: httpx.Client, finance: httpx.Client, version: str):
    asked = {"month": "2026-03", "version": version}
    answer = tenant.get("/v1/focus", params=asked)
    reader = csv.DictReader(io.StringIO(answer.text))
    rows = list(reader)
    assert broken_rules(version, list(reader.fieldnames or ()), rows) == []
    assert {row["BillingAccountId"] for row in rows} == {"ten_1"}
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal("34.00")
    everybody = csv.DictReader(io.StringIO(finance.get("/v1/focus", params=asked).text))
    assert {row["BillingAccountId"] for row in everybody} == {"ten_1", "ten_2"}
    told = finance.get("/v1/focus/metadata", params={"version": version}).json()
    assert told["Schema"]["FocusVersion"] == version
    assert tenant.get("/v1/focus", params=asked | {"month": "2026-13"}).status_code == 422
