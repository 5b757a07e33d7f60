"""Usage, invoices and prices from the command line, against a running system in this process."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.api.test_money import Desk, billed_march
from tests.billing.focusrules import broken_rules
from tests.cli.calling import Shell

from tidegate.cli import client
from tidegate.control import key_acts
from tidegate.control.access import SYSTEM, Role
from tidegate.control.keys import KeyWish
from tidegate.feeds.pricefile import read_price_book

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with billed_march(tmp_path_factory.mktemp("money")) as built:
        yield built


def key(desk: Desk, role: Role, tenant_id: str | None = None) -> str:
    wish = KeyWish("test", role, tenant_id, None)
    made = key_acts.create_key(desk.services.access, desk.services.seal, SYSTEM, wish, 0)
    return made.text


@pytest.fixture
def asked(desk: Desk, tidegate: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(client, "transport", lambda: desk.transport)
    monkeypatch.setenv("TIDEGATE_API_KEY", key(desk, Role.FINANCE))
    return tidegate


MARCH = ("--from", "2026-03-01", "--until", "2026-04-01")


def test_usage_by_lease(asked: Shell):
    called = asked("usage", *MARCH)
    assert called.code == 0, called.err
    assert [line.split() for line in called.out.splitlines() if "lea_" in line] == [
        ["ten_1", "mainstay", "flex", "lea_1", "16.000"],
        ["ten_1", "mainstay", "flex", "lea_2", "8.000"],
        ["ten_2", "mainstay", "flex", "lea_3", "8.000"],
    ]
    assert called.out.splitlines()[-1] == "32.000 GPU-hours"


def test_usage_by_hour_and_tenant(asked: Shell):
    called = asked("usage", *MARCH, "--by", "hour", "--tenant", "ten_2")
    assert "2026-03-31T23:00" in called.out
    assert called.out.splitlines()[-1] == "8.000 GPU-hours"
    rows = asked("usage", *MARCH, "--json").json
    assert sum(row["gpu_seconds"] for row in rows) == 32 * 3600


def test_invoices(asked: Shell, tmp_path: Path):
    listed = asked("invoice", "list").out
    assert "INV-2026-000001" in listed
    assert "60.00 USD" in listed
    shown = asked("invoice", "show", "INV-2026-000001").out
    for text in ("H100-SXM flex", "32.00", "VAT on 48.00", "-26.00", "34.00 USD"):
        assert text in shown
    path = tmp_path / "invoice.pdf"
    assert asked("invoice", "save", "INV-2026-000001", "--out", path).code == 0
    assert path.read_bytes().startswith(b"%PDF-")
    table = tmp_path / "invoice.csv"
    asked("invoice", "save", "INV-2026-000001", "--format", "csv", "--out", table)
    assert len(table.read_text("utf-8").splitlines()) == 3
    assert asked("invoice", "show", "INV-2026-000001", "--json").json["amount_due"] == "34.00"
    assert "break" in asked("invoice", "credits").out


def test_an_invoice_is_paid(asked: Shell):
    assert "INV-2026-000002 was paid at 2026-04-01T02:00:00Z." in (
        asked("invoice", "paid", "INV-2026-000002").out
    )
    assert "paid" in asked("invoice", "list").out


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_focus(asked: Shell, tmp_path: Path, version: str):
    path = tmp_path / "focus.csv"
    asked("invoice", "focus", "2026-03", "--focus-version", version, "--out", path)
    reader = csv.DictReader(io.StringIO(path.read_text("utf-8")))
    rows = list(reader)
    assert broken_rules(version, list(reader.fieldnames or ()), rows) == []
    assert len(rows) == 6
    assert f'"FocusVersion": "{version}"' in (tmp_path / "focus.metadata.json").read_text("utf-8")


def test_prices(asked: Shell):
    assert "H100-SXM" in asked("prices", "show").out
    checked = asked("prices", "check", EXAMPLES / "prices.toml")
    assert (checked.code, "12 prices of 9 products" in checked.out) == (0, True)


def test_a_price_book_is_put_into_force(asked: Shell, desk: Desk):
    called = asked("prices", "adopt", EXAMPLES / "prices.toml")
    assert (called.code, "12 prices are in force" in called.out) == (0, True), called.err
    assert "night 22:00-06:00 0.9600 (Europe/Oslo)" in asked("prices", "show").out
    (event,) = desk.money.events("prices.changed")
    assert event.data["source"] == "prices.toml"
    assert event.actor.startswith("key_")
    with desk.money.door.reading() as store:
        assert store.plans.price_book() == read_price_book(EXAMPLES / "prices.toml")


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("invoice", "show", "INV-1999-000001"), "TG-API-NOT-FOUND", 2),
        (("invoice", "show", "inv_0"), "TG-API-NOT-FOUND", 2),
        (("usage", "--from", "yesterday"), "TG-OPTION", 2),
        (("usage", "--from", "2026-04-01", "--until", "2026-03-01"), "TG-API-FIELD", 2),
        (("invoice", "focus", "March"), "TG-API-FIELD", 2),
        (("prices", "check", "nowhere.toml"), "TG-PRICE-MISSING", 2),
    ],
)
def test_what_cannot_be_is_told(asked: Shell, words: tuple[str, ...], code: str, exit_code: int):
    called = asked(*words)
    assert called.code == exit_code
    assert f"[{code}]" in called.err
    assert called.out == ""


def test_who_may_not(asked: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEGATE_API_KEY", key(desk, Role.TENANT, "ten_1"))
    called = asked("invoice", "paid", "INV-2026-000001")
    assert (called.code, "[TG-ACCESS-RIGHT]" in called.err) == (1, True)
    monkeypatch.setenv("TIDEGATE_API_KEY", "tg_nonsense")
    called = asked("usage")
    assert (called.code, "[TG-ACCESS-KEY]" in called.err) == (1, True)
    monkeypatch.delenv("TIDEGATE_API_KEY")
    called = asked("usage")
    assert (called.code, "[TG-ACCESS-MISSING]" in called.err) == (1, True)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(200, text="<html>"), "TG-API-ANSWER"),
        (httpx.Response(200, json=[1]), "TG-API-ANSWER"),
        (httpx.Response(502, text="bad gateway"), "TG-API-ANSWER"),
        (httpx.ConnectError("refused"), "TG-API-UNREACHABLE"),
    ],
)
def test_a_server_that_is_none(
    tidegate: Shell,
    monkeypatch: pytest.MonkeyPatch,
    answer: httpx.Response | httpx.HTTPError,
    code: str,
):
    def serve(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    monkeypatch.setattr(client, "transport", lambda: httpx.MockTransport(serve))
    called = tidegate("invoice", "list")
    assert (called.code, f"[{code}]" in called.err) == (1, True)


@pytest.mark.parametrize("url", ["nonsense", "http://host:port", "ftp://host"])
def test_an_address_that_is_none(tidegate: Shell, monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("TIDEGATE_URL", url)
    called = tidegate("usage")
    assert (called.code, "[TG-API-UNREACHABLE]" in called.err) == (1, True)


FLEET = """
name = "served"
currency = "USD"

[[site]]
id = "north"

[[cohort]]
id = "h"
chip = "H100-SXM"
count = 32
price = 30000
in_service = 2025-01-01
life_years = 5

[[pool]]
id = "mainstay"
site = "north"
chip = "H100-SXM"
nodes = 4
gpus_per_node = 8
tier = "mainstay"
cohorts = ["h"]

[pool.log]
path = "none.csv"
"""


def test_finance_covers_what_was_metered_and_billed(asked: Shell, tmp_path: Path):
    path = tmp_path / "fleet.toml"
    path.write_text(FLEET, "utf-8")
    words = ("finance", "coverage", path, "--live", "--start", "2026-03", "--json")
    called = asked(*words)
    assert called.code == 0, called.err
    invoices = asked("invoice", "list", "--json").json
    net = sum(float(invoice["net"]["amount"]) for invoice in invoices)
    tables = called.json["tables"]
    assert float(tables["tiers"]["rows"][0]["rent"]) == pytest.approx(net)
    march = tables["months"]["rows"][0]
    assert (march["month"], march["gpu_hours"]) == ("2026-03", 32 * 744)
    assert any("32 GPU-hours were metered, 32 of them" in note for note in called.json["notes"])
    both = asked(*words, "--from", tmp_path)
    assert (both.code, "--from or --live" in both.err) == (2, True)
