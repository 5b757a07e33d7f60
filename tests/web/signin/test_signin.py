"""Sign-in by password and through a real OpenID provider on loopback; sessions; forged forms."""

import base64
import hashlib
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from tests.api.calling import caller, serving
from tests.api.house import UNLIMITED, services_on

from tidegate.api import create_app
from tidegate.api.limits import Limits
from tidegate.control.access import SYSTEM, Role
from tidegate.control.passwords import hash_password
from tidegate.control.rates import Limiter, Rate
from tidegate.control.seal import Seal
from tidegate.control.sessions import IDLE_S, LIFETIME_S
from tidegate.control.users import User
from tidegate.store import migrate, open_database
from tidegate.store.access import SqlAccess
from tidegate.web.signin import FORM, Doors, Provider, Visitor, install, router

PASSWORD = "correct horse battery staple"
HASHED = hash_password(PASSWORD)
SEAL = Seal(b"0123456789abcdef" * 2)


class Wall:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.ahead_s = 0

    def __call__(self) -> int:
        return 1_800_000_000 + self.ahead_s


class Site:
    """Pages behind a sign-in, and a browser."""

    def __init__(self, browser: httpx.Client, door: SqlAccess, wall: Wall) -> None:
        self.browser = browser
        self.door = door
        self.wall = wall

    def sign_in(self, email: str, password: str, **more: str) -> httpx.Response:
        page = self.browser.get("/signin")
        form = {"form_token": token_in(page.text), "email": email, "password": password, **more}
        return self.browser.post("/signin", data=form)


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def with_pages(app: FastAPI) -> FastAPI:
    changed: list[str] = []

    @app.get("/desk")
    def desk(visitor: Visitor) -> dict[str, object]:
        return {"id": visitor.actor.id, "token": visitor.form_token, "changed": len(changed)}

    @app.post("/desk", dependencies=[FORM])
    def change(visitor: Visitor) -> dict[str, str]:
        changed.append(visitor.actor.id)
        return {"changed": "yes"}

    return app


@contextmanager
def site(
    folder: Path,
    provider: Provider | None = None,
    attempts: Rate = UNLIMITED,
    base_url: str = "http://tidegate.test",
) -> Iterator[Site]:
    database = open_database(f"sqlite:///{folder / 'tidegate.db'}")
    migrate(database)
    door, wall = SqlAccess(database), Wall()
    with door.changing() as store:
        for user in (
            User("usr_olga", "olga@example.org", "Olga", Role.OPERATOR, None, None, None, 1),
            User(
                "usr_paul",
                "paul@example.org",
                "Paul",
                Role.DESK,
                None,
                hash_password(PASSWORD),
                None,
                1,
            ),
        ):
            store.users.save_user(user)
    app = with_pages(create_app(services_on(database, Limits(UNLIMITED, UNLIMITED))))
    install(app, Doors(SEAL, door, wall, Limiter(attempts, time.monotonic), provider))
    app.include_router(router)
    with serving(app) as transport, caller(transport, None) as browser:
        browser.base_url = httpx.URL(base_url)
        yield Site(browser, door, wall)
    database.close()


def test_who_is_not_signed_in_is_led_to_the_page_and_back(tmp_path: Path):
    with site(tmp_path) as built:
        away = built.browser.get("/desk")
        assert (away.status_code, away.headers["location"]) == (303, "/signin?next=/desk")
        fragment = built.browser.get("/desk", headers={"HX-Request": "true"})
        assert (fragment.status_code, fragment.headers["hx-redirect"]) == (
            401,
            "/signin?next=/desk",
        )
        back = built.sign_in("Paul@Example.org ", PASSWORD, next="/desk")
        assert (back.status_code, back.headers["location"]) == (303, "/desk")
        assert built.browser.get("/desk").json()["id"] == "usr_paul"


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(tmp_path: Path):
    with site(tmp_path) as built:
        answers = [
            built.sign_in("paul@example.org", "wrong password 123"),
            built.sign_in("nobody@example.org", PASSWORD),
            built.sign_in("olga@example.org", PASSWORD),  # has none: signs in elsewhere
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert len({re.sub(r'value="[0-9a-f]{64}"', "", answer.text) for answer in answers}) == 1
        assert built.browser.get("/desk").status_code == 303


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/\tx"],
)
def test_nobody_is_led_elsewhere_after_the_sign_in(tmp_path: Path, elsewhere: str):
    with site(tmp_path) as built:
        assert (
            built.sign_in("paul@example.org", PASSWORD, next=elsewhere).headers["location"] == "/"
        )


def test_a_form_without_its_token_changes_nothing(tmp_path: Path):
    with site(tmp_path) as built:
        built.sign_in("paul@example.org", PASSWORD)
        token = built.browser.get("/desk").json()["token"]
        for sent in ({}, {"form_token": ""}, {"form_token": "0" * 64}):
            answer = built.browser.post("/desk", data=sent)
            assert (answer.status_code, answer.json()["code"]) == (403, "TG-ACCESS-CSRF")
        assert built.browser.get("/desk").json()["changed"] == 0
        assert built.browser.post("/desk", data={"form_token": token}).status_code == 200
        assert built.browser.post("/desk", headers={"X-Form-Token": token}).status_code == 200


def test_the_sign_in_form_of_one_browser_is_of_no_use_in_another(tmp_path: Path):
    """Else an attacker could sign a victim in to the attacker's account."""
    with site(tmp_path) as built:
        token = token_in(built.browser.get("/signin").text)
        built.browser.cookies.clear()
        form = {"form_token": token, "email": "paul@example.org", "password": PASSWORD}
        assert built.browser.post("/signin", data=form).status_code == 403


def test_a_session_ends_when_it_is_ended_unused_or_old(tmp_path: Path):
    with site(tmp_path) as built:
        built.sign_in("paul@example.org", PASSWORD)
        kept = dict(built.browser.cookies)
        token = built.browser.get("/desk").json()["token"]
        assert built.browser.post("/signout", data={"form_token": token}).status_code == 303
        built.browser.cookies.update(kept)
        assert built.browser.get("/desk").status_code == 303, "a copied cookie is worth nothing"
        built.browser.cookies.clear()

        built.sign_in("paul@example.org", PASSWORD)
        built.wall.ahead_s += IDLE_S - 1
        assert built.browser.get("/desk").status_code == 200
        built.wall.ahead_s += IDLE_S - 1
        assert built.browser.get("/desk").status_code == 200, "use keeps it open"
        built.wall.ahead_s += IDLE_S
        assert built.browser.get("/desk").status_code == 303

        built.sign_in("paul@example.org", PASSWORD)
        for _ in range(LIFETIME_S // (IDLE_S - 1) + 1):
            built.wall.ahead_s += IDLE_S - 1
            last = built.browser.get("/desk")
        assert last.status_code == 303, "not for ever"


def test_a_disabled_account_is_out_at_once(tmp_path: Path):
    with site(tmp_path) as built:
        built.sign_in("paul@example.org", PASSWORD)
        with built.door.changing() as store:
            paul = store.users.user_of_email("paul@example.org")
            assert paul
            store.users.save_user(User(**{**vars(paul), "disabled_s": 1}))
        assert built.browser.get("/desk").status_code == 303
        assert built.sign_in("paul@example.org", PASSWORD).status_code == 403


def test_guessing_passwords_is_slowed_down(tmp_path: Path):
    with site(tmp_path, attempts=Rate(3, 0.01)) as built:
        texts = [built.sign_in("paul@example.org", f"wrong password {n}").text for n in range(4)]
        assert "Too many attempts" not in texts[2]
        assert "Too many attempts" in texts[3]
        assert "Too many attempts" in built.sign_in("paul@example.org", PASSWORD).text


def test_cookies_are_kept_from_scripts_other_sites_and_plain_connections(tmp_path: Path):
    with site(tmp_path, base_url="https://tidegate.test") as built:
        answer = built.sign_in("paul@example.org", PASSWORD)
        session = next(
            value for value in answer.headers.get_list("set-cookie") if "tidegate_session=" in value
        )
        assert session.startswith("__Host-tidegate_session=")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(session.split("; "))
        assert answer.headers["strict-transport-security"]


def test_pages_load_nothing_inline_and_nothing_from_elsewhere(tmp_path: Path):
    with site(tmp_path) as built:
        page = built.browser.get("/signin")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "<script" not in page.text
    assert "style" not in page.text


@pytest.fixture
def provider_url() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the provider's own libraries
        import oidc_provider_mock  # noqa: PLC0415

        users = [
            oidc_provider_mock.User(sub=sub, claims={"email": email, "email_verified": verified})
            for sub, email, verified in (
                ("olga", "Olga@example.org", True),
                ("mallory", "olga@example.org", False),
                ("stranger", "s@example.org", True),
            )
        ]
        with oidc_provider_mock.run_server_in_thread(
            require_nonce=True, user_claims=users
        ) as server:
            yield f"http://localhost:{server.server_port}"


def through_provider(built: Site, subject: str) -> httpx.Response:
    """Go to the provider, say who one is there, come back."""
    out = built.browser.get("/signin/provider?next=/desk")
    assert out.status_code == 303
    with httpx.Client() as web:
        answer = web.post(out.headers["location"], data={"sub": subject})
    assert answer.status_code == 302, answer.text
    way_back = urlsplit(answer.headers["location"])
    return built.browser.get(f"{way_back.path}?{way_back.query}")


@pytest.mark.enable_socket
def test_sign_in_through_a_provider(tmp_path: Path, provider_url: str):
    provider = Provider(provider_url, "tidegate", "s3cret")
    with site(tmp_path, provider) as built:
        back = through_provider(built, "olga")
        assert (back.status_code, back.headers["location"]) == (303, "/desk")
        assert built.browser.get("/desk").json()["id"] == "usr_olga"
        with built.door.reading() as store:
            olga = store.users.user_of_email("olga@example.org")
            assert olga
            assert olga.subject == f"{provider_url} olga"
            acts = [item.act for item in store.audit.entries(SYSTEM.reach, None, 9)]
        assert acts == ["session.begin"]


@pytest.mark.enable_socket
@pytest.mark.parametrize("subject", ["mallory", "stranger"])
def test_an_unverified_address_or_an_unknown_account_gets_nobody_in(
    tmp_path: Path, provider_url: str, subject: str
):
    with site(tmp_path, Provider(provider_url, "tidegate", "s3cret")) as built:
        assert through_provider(built, subject).status_code == 403
        assert built.browser.get("/desk").status_code == 303


@pytest.mark.enable_socket
def test_the_way_out_carries_state_nonce_and_pkce(tmp_path: Path, provider_url: str):
    with site(tmp_path, Provider(provider_url, "tidegate", "s3cret")) as built:
        out = built.browser.get("/signin/provider")
        asked = {k: v[0] for k, v in parse_qs(urlsplit(out.headers["location"]).query).items()}
        flow = SEAL.decrypt("tidegate_flow", built.browser.cookies["tidegate_flow"])
    verifier = re.search(r'"verifier": "([^"]+)"', flow)
    assert verifier
    hashed = hashlib.sha256(verifier[1].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 43


@pytest.mark.enable_socket
def test_an_answer_of_another_browser_or_used_twice_is_refused(tmp_path: Path, provider_url: str):
    with site(tmp_path, Provider(provider_url, "tidegate", "s3cret")) as built:
        out = built.browser.get("/signin/provider")
        with httpx.Client() as web:
            answer = web.post(out.headers["location"], data={"sub": "olga"})
        way_back = urlsplit(answer.headers["location"])
        path = f"{way_back.path}?{way_back.query}"
        flow = built.browser.cookies["tidegate_flow"]
        built.browser.cookies.clear()
        assert "not begun in this browser" in built.browser.get(path).text
        built.browser.get("/signin/provider")  # a flow of its own, with another state
        assert built.browser.get(path).status_code == 403
        built.browser.cookies.set("tidegate_flow", flow)
        assert built.browser.get(path).status_code == 303
        built.browser.cookies.set("tidegate_flow", flow)
        assert built.browser.get(path).status_code == 403


@pytest.mark.enable_socket
def test_a_provider_that_is_down_is_told(tmp_path: Path):
    with site(tmp_path, Provider("http://127.0.0.1:9", "tidegate", "s3cret")) as built:
        assert "cannot be reached" in built.browser.get("/signin/provider").text
