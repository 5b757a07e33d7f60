"""The commands that ask a running system, from the first key to a lease and its end."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.api.house import House, house
from tests.cli.calling import Shell

from tidegate.control.access import Role
from tidegate.control.users import sign_in_by_password
from tidegate.errors import AccessError
from tidegate.store import open_database


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as built:
        yield built


@pytest.fixture
def asks(home: House, tidegate: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell of an operator; ``as_anna`` makes it a tenant's."""
    monkeypatch.setattr("tidegate.cli.client.transport", lambda: home.transport)
    monkeypatch.setenv("TIDEGATE_URL", "http://tidegate.test")
    monkeypatch.setenv("TIDEGATE_API_KEY", home.key(Role.OPERATOR))
    return tidegate


@pytest.fixture
def as_anna(asks: Shell, home: House, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("TIDEGATE_API_KEY", home.key(Role.TENANT, home.anna))
    return asks


def test_from_a_price_to_a_lease_and_its_end(as_anna: Shell):
    assert "h100" in as_anna("pools").out
    assert "Yours for 6 hours" in as_anna("products").out
    want = ("--pool", "h100", "--product", "preemptible", "--nodes", "1", "--for", "4h")
    quote = as_anna("quote", *want, "--json").json
    order = as_anna("order", "--quote", quote["id"], "--json")
    assert order.code == 0, order.err
    lease_id = order.json["lease_id"]
    assert lease_id in as_anna("leases").out
    assert as_anna("leases", "show", lease_id, "--json").json["nodes"] == 1
    assert as_anna("leases", "notice", lease_id, "--json").json["action"] == "none"
    assert as_anna("orders", "--json").json[0]["id"] == order.json["id"]
    events = as_anna("events", "--subject", lease_id, "--json").json
    assert [event["kind"] for event in events] == ["lease.starting"]
    extended = as_anna("leases", "extend", lease_id, "--until", "2026-05-01", "--json")
    assert extended.json["end_at"] == "2026-05-01T00:00:00Z"
    assert as_anna("leases", "end", lease_id, "--json").json["state"] == "ended"
    assert as_anna("leases").out.strip() == "no leases"
    assert lease_id in as_anna("leases", "--all").out


def test_an_order_sent_twice_under_one_key_is_one_order_and_a_refusal_exits_with_1(
    home: House, as_anna: Shell
):
    home.loop.pass_time(900)
    want = ("--pool", "h100", "--product", "preemptible", "--nodes", "8", "--key", "deploy-17")
    first, again = (as_anna("order", *want, "--json").json for _ in range(2))
    assert first["id"] == again["id"]
    refused = as_anna("order", "--pool", "h100", "--product", "preemptible", "--nodes", "1")
    assert refused.code == 1
    assert "no-room" in refused.out
    as_anna("leases", "end", first["lease_id"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("order", "--pool", "h100"), 2, "[TG-OPTION] --product: is missing."),
        (("quote", "--pool", "x", "--product", "y", "--nodes", "1"), 2, "[TG-LIVE-POOL]"),
        (
            ("quote", "--pool", "h100", "--product", "flex", "--nodes", "1", "--for", "soon"),
            2,
            "[TG-OPTION] --for",
        ),
        (("leases", "show", "lea_nothing"), 2, "[TG-API-NOT-FOUND]"),
        (("webhooks", "create", "https://inside.test/"), 2, "[TG-HOOK-URL] url"),
        (("audit",), 1, "[TG-ACCESS-RIGHT]"),
        (("tenants", "create", "--name", "x"), 1, "[TG-ACCESS-RIGHT]"),
    ],
    ids=str,
)
def test_what_goes_wrong_is_one_line_with_its_code(
    as_anna: Shell, words: tuple[str, ...], code: int, told: str
):
    called = as_anna(*words)
    assert called.code == code
    assert told in called.err
    assert called.err.count("\n") == 1


def test_tenants_keys_and_webhooks(asks: Shell, monkeypatch: pytest.MonkeyPatch):
    tenant = asks(
        "tenants", "create", "--name", "Acme", "--email", "ops@acme.example", "--json"
    ).json
    assert asks("tenants", "suspend", tenant["id"], "--json").json["suspended_at"]
    assert asks("tenants", "resume", tenant["id"], "--json").json["suspended_at"] is None
    made = asks("keys", "create", "--name", "acme", "--tenant", tenant["id"], "--json")
    assert made.json["key"].startswith("tgk_")
    assert "once" in made.err
    assert made.json["key"] not in asks("keys").out
    rotated = asks("keys", "rotate", made.json["id"], "--grace", "1h", "--json").json
    monkeypatch.setenv("TIDEGATE_API_KEY", rotated["key"])
    hook = asks(
        "webhooks", "create", "https://hooks.acme.example/", "--kind", "lease.*", "--json"
    ).json
    assert hook["secret"].startswith("whsec_")
    assert asks("webhooks", "test", hook["id"], "--json").json["state"] == "waiting"
    deliveries = asks("webhooks", "deliveries", hook["id"], "--json").json
    assert [each["kind"] for each in deliveries] == ["webhook.test"]
    replayed = asks("webhooks", "replay", hook["id"], deliveries[0]["id"], "--json").json
    assert replayed["id"] == deliveries[0]["id"]
    assert asks("webhooks", "rotate", hook["id"], "--json").json["secret"] != hook["secret"]
    assert asks("webhooks", "remove", hook["id"]).code == 0
    assert asks("webhooks").out.strip() == "no webhooks"
    assert asks("keys", "revoke", rotated["id"]).code == 0
    assert asks("keys").err.startswith("error [TG-ACCESS-KEY]")


def typed(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Have a line come from standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{line}\n"))


def test_people_who_sign_in(home: House, asks: Shell, monkeypatch: pytest.MonkeyPatch):
    def signs_in(password: str) -> bool:
        with home.services.access.reading() as store:
            try:
                sign_in_by_password(store.users, "olga@example.org", password)
            except AccessError:
                return False
        return True

    typed(monkeypatch, "a long enough password")
    made = asks(
        *("users", "add", "--email", "Olga@example.org", "--name", "Olga"),
        *("--role", "desk", "--password", "--json"),
    )
    assert (made.json["role"], made.json["has_password"]) == ("desk", True)
    assert "a long enough password" not in made.out + made.err
    assert signs_in("a long enough password")
    assert asks("users", "role", "olga@example.org", "finance", "--json").json["role"] == "finance"
    typed(monkeypatch, "another, longer password")
    assert asks("users", "password", made.json["id"]).code == 0
    assert signs_in("another, longer password")
    assert not signs_in("a long enough password")
    assert asks("users", "disable", "olga@example.org", "--json").json["disabled_at"]
    assert not signs_in("another, longer password")
    assert "olga@example.org" in asks("users").out
    assert asks("users", "enable", "olga@example.org", "--json").json["disabled_at"] is None
    assert asks("audit", "--limit", "500").out.count("users.change") == 4
    nobody = asks("users", "disable", "nobody@example.org")
    assert (nobody.code, "[TG-OPTION] USER" in nobody.err) == (2, True)
    typed(monkeypatch, "short")
    short = asks("users", "password", "olga@example.org")
    assert short.code == 2
    assert "[TG-API-FIELD] password" in short.err


def test_the_audit_log_is_listed_and_holds(asks: Shell):
    assert "tenants.create" in asks("audit", "--limit", "500").out
    assert asks("audit", "verify", "--json").json["intact"] is True


def test_the_first_key_and_the_check_of_the_log_need_no_server(
    tidegate: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("TIDEGATE_DATA_DIR", raising=False)
    made = tidegate("keys", "operator", "--data-dir", tmp_path, "--json")
    assert made.code == 0, made.err
    assert made.json["key"].startswith("tgk_")
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    seal_now(tmp_path)
    whole = tidegate("audit", "verify", "--data-dir", tmp_path, "--json")
    assert (whole.code, whole.json["sealed"]) == (0, 1)
    database = open_database(f"sqlite:///{tmp_path / 'tidegate.db'}")
    with database.transaction() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_entry_no_update"))
        connection.execute(sa.text("UPDATE audit_entry SET actor_id = 'somebody else'"))
    database.close()
    broken = tidegate("audit", "verify", "--data-dir", tmp_path)
    assert broken.code == 1
    assert "[TG-ACCESS-AUDIT]" in broken.err
    assert "is not what was sealed" in broken.err


def seal_now(folder: Path) -> None:
    """What the courier does once a second."""
    from tidegate.app.doors import open_seal  # noqa: PLC0415
    from tidegate.control.audit import seal_entries  # noqa: PLC0415
    from tidegate.settings import read_settings  # noqa: PLC0415
    from tidegate.store.access import SqlAccess  # noqa: PLC0415

    settings = read_settings({}, data_dir=folder)
    database = open_database(settings.database)
    with SqlAccess(database).changing() as store:
        assert seal_entries(open_seal(settings), store.audit) == 1
    database.close()
