"""What holds for every route: problems, sizes, headers, idempotency, cursors, ETags, limits."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from tests.api.calling import caller, serving
from tests.api.house import UNLIMITED, House, house, once

from tidegate.api import create_app
from tidegate.api.limits import Limits
from tidegate.api.problems import STATUS, status_of
from tidegate.control.access import Act, Role
from tidegate.control.access_store import AccessStore
from tidegate.control.keyring import Keyring
from tidegate.control.rates import Rate
from tidegate.errors import CODES, AccessError, RequestError, RunError


def test_a_wrong_body_names_every_field_and_repeats_nothing_of_it(home: House):
    with home.caller(Role.OPERATOR) as operator:
        sent = {"nme": "s3cret", "email": "no address"}
        answer = operator.post("/v1/tenants", json=sent, headers=once())
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "TG-API-FIELD"
    assert {fault["field"] for fault in problem["errors"]} == {"name", "nme", "email"}
    assert "s3cret" not in answer.text
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        (b'{"name": ', "application/json", 400, "TG-API-SYNTAX"),
        (b"\xff\xfe{", "application/json", 400, "TG-API-SYNTAX"),
        (b'{"name": "x"}', "text/plain", 415, "TG-API-TYPE"),
        (b"[" * 40_000, "application/json", 400, "TG-API-SYNTAX"),
        (b'{"name": "' + b"x" * 70_000 + b'"}', "application/json", 413, "TG-API-SIZE"),
    ],
)
def test_a_body_that_cannot_be_read(
    home: House, content: bytes, media: str, status: int, code: str
):
    with home.caller(Role.OPERATOR) as operator:
        headers = once() | {"Content-Type": media}
        answer = operator.post("/v1/tenants", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_addresses_and_methods_that_do_not_exist(home: House):
    with home.caller(Role.OPERATOR) as operator:
        nowhere = operator.get("/v1/nowhere")
        wrong = operator.put("/v1/tenants")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "TG-API-NOT-FOUND")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "TG-API-METHOD")
    assert wrong.headers["allow"]


def test_every_answer_carries_the_security_headers(home: House):
    with home.stranger() as stranger:
        for answer in (stranger.get("/v1/openapi.json"), stranger.get("/v1/keys")):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"


def test_a_problem_leads_to_its_meaning(home: House):
    with home.stranger() as stranger:
        problem = stranger.get("/v1/keys").json()
        assert problem["code"] == "TG-ACCESS-MISSING"
        meaning = stranger.get(problem["type"]).json()
    assert meaning == {
        "code": "TG-ACCESS-MISSING",
        "title": CODES["TG-ACCESS-MISSING"],
        "status": 401,
    }


def test_every_code_has_a_status_that_means_an_error():
    assert set(STATUS) <= set(CODES)
    assert all(400 <= status <= 599 for status in STATUS.values())
    assert status_of(RequestError("TG-OPTION", "x")) == 422
    assert status_of(AccessError("TG-ACCESS-AUDIT", "x")) == 403
    assert status_of(RunError("TG-RUN-OUT", "x")) == 500


def test_a_post_needs_an_idempotency_key(home: House):
    with home.caller(Role.OPERATOR) as operator:
        for headers in ({}, {"Idempotency-Key": "with space"}, {"Idempotency-Key": "x" * 256}):
            answer = operator.post("/v1/tenants", json={"name": "x"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "TG-API-IDEMPOTENCY")


def test_a_key_is_made_once_however_often_it_is_asked_for(home: House):
    """Twenty at a time, a hundred times; each gets the one answer, or is told to come again."""
    with home.caller(Role.TENANT, home.anna) as anna:
        before = len(anna.get("/v1/keys?limit=500").json()["items"])
        headers = once()

        def ask(_: int) -> tuple[int, str]:
            answer = anna.post("/v1/keys", json={"name": "once"}, headers=headers)
            return answer.status_code, answer.text if answer.is_success else answer.json()["code"]

        with ThreadPoolExecutor(20) as pool:
            answers = set(pool.map(ask, range(100)))
        answers.discard((409, "TG-API-IDEMPOTENCY-BUSY"))
        assert len(answers) == 1
        assert answers.pop()[0] == 201
        assert len(anna.get("/v1/keys?limit=500").json()["items"]) == before + 1


def test_an_idempotency_key_used_for_something_else_is_refused(home: House):
    headers = once()
    with home.caller(Role.OPERATOR) as operator:
        operator.post("/v1/tenants", json={"name": "first"}, headers=headers)
        answer = operator.post("/v1/tenants", json={"name": "second"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "TG-API-IDEMPOTENCY-REUSED")
        repeat = operator.post("/v1/tenants", json={"name": "first"}, headers=headers)
        assert repeat.headers["idempotent-replayed"] == "true"
    with home.caller(Role.OPERATOR) as other:
        assert other.post("/v1/tenants", json={"name": "x"}, headers=headers).status_code == 201


def test_a_request_that_failed_may_be_made_again_under_its_key(home: House):
    headers = once()
    wish = {"name": "x", "role": "tenant", "tenant_id": "ten_nobody"}
    with home.caller(Role.OPERATOR) as operator:
        assert operator.post("/v1/keys", json=wish, headers=headers).status_code == 404
        wish["tenant_id"] = home.anna.id
        assert operator.post("/v1/keys", json=wish, headers=headers).status_code == 201


def test_a_list_is_gone_through_to_its_end_without_gap_or_repeat(home: House):
    with home.caller(Role.TENANT, home.bert) as bert:
        for n in range(5):
            bert.post("/v1/keys", json={"name": str(n)}, headers=once())
        whole = [key["id"] for key in bert.get("/v1/keys?limit=500").json()["items"]]
        seen: list[str] = []
        cursor = ""
        while True:
            page = bert.get(f"/v1/keys?limit=2{cursor}").json()
            seen += [key["id"] for key in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
    assert seen == whole
    assert len(whole) >= 6


def test_a_cursor_holds_for_its_list_and_its_owner_only(home: House):
    with home.caller(Role.OPERATOR) as operator, home.caller(Role.TENANT, home.anna) as anna:
        cursor = operator.get("/v1/keys?limit=1").json()["next_cursor"]
        assert operator.get(f"/v1/keys?cursor={cursor}").status_code == 200
        flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
        for who, path in (
            (operator, f"/v1/tenants?cursor={cursor}"),
            (anna, f"/v1/keys?cursor={cursor}"),
            (operator, f"/v1/keys?cursor={flipped}"),
            (operator, "/v1/keys?cursor=bm90IG91cnM"),
            (operator, "/v1/keys?cursor="),
        ):
            answer = who.get(path)
            assert (answer.status_code, answer.json()["code"]) == (400, "TG-API-CURSOR"), path


def test_a_change_needs_the_etag_of_what_it_changes(home: House):
    with home.caller(Role.DESK) as desk:
        made = desk.post("/v1/tenants", json={"name": "one"}, headers=once())
        path = made.headers["location"]
        tag = desk.get(path).headers["etag"]
        assert desk.get(path, headers={"If-None-Match": tag}).status_code == 304
        missing = desk.patch(path, json={"name": "two"})
        assert (missing.status_code, missing.json()["code"]) == (428, "TG-API-ETAG-MISSING")
        changed = desk.patch(path, json={"name": "two"}, headers={"If-Match": tag})
        assert changed.json()["name"] == "two"
        late = desk.patch(path, json={"name": "three"}, headers={"If-Match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "TG-API-ETAG")
        again = {"If-Match": changed.headers["etag"]}
        assert desk.patch(path, json={"email": None}, headers=again).json()["name"] == "two"


def test_of_two_changes_at_once_one_gets_through(home: House):
    with home.caller(Role.DESK) as desk:
        made = desk.post("/v1/tenants", json={"name": "race"}, headers=once())
        path = made.headers["location"]
        tag = {"If-Match": desk.get(path).headers["etag"]}
        with ThreadPoolExecutor(8) as pool:
            statuses = list(
                pool.map(
                    lambda n: desk.patch(path, json={"name": f"n{n}"}, headers=tag).status_code,
                    range(8),
                )
            )
    assert sorted(statuses) == [200] + [412] * 7


def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path):
    with (
        house(tmp_path, Limits(Rate(3, 0.1), UNLIMITED)) as small,
        small.caller(Role.OPERATOR) as operator,
        small.caller(Role.OPERATOR) as other,
    ):
        assert [operator.get("/v1/keys").status_code for _ in range(4)] == [200] * 3 + [429]
        answer = operator.get("/v1/keys")
        assert answer.json()["code"] == "TG-API-RATE"
        assert 1 <= int(answer.headers["retry-after"]) <= 10
        assert other.get("/v1/keys").status_code == 200


def test_who_guesses_keys_is_held_up_and_nobody_else(tmp_path: Path):
    with (
        house(tmp_path, Limits(UNLIMITED, Rate(3, 0.01))) as small,
        small.caller(Role.OPERATOR) as operator,
    ):
        guess = {"Authorization": "Bearer tgk_00000000_" + "x" * 43}
        statuses = [operator.get("/v1/keys", headers=guess).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert operator.get("/v1/keys").status_code == 200


def test_a_scope_holds_a_key_to_what_it_is_for(home: House):
    with home.caller(Role.TENANT, home.anna, {Act.KEYS_READ}) as narrow:
        assert narrow.get("/v1/keys").status_code == 200
        answer = narrow.post("/v1/keys", json={"name": "more"}, headers=once())
        assert (answer.status_code, answer.json()["code"]) == (403, "TG-ACCESS-SCOPE")


def test_a_key_is_rotated_and_revoked(home: House):
    with home.caller(Role.TENANT, home.anna) as anna:
        made = anna.post("/v1/keys", json={"name": "old"}, headers=once()).json()
        path = f"/v1/keys/{made['id']}"
        new = anna.post(f"{path}/rotate", json={"grace_s": 0}, headers=once()).json()
        for text, status in ((made["key"], 401), (new["key"], 200)):
            with_key = {"Authorization": f"Bearer {text}"}
            assert anna.get("/v1/keys", headers=with_key).status_code == status
        twice = anna.post(f"{path}/rotate", json={}, headers=once())
        assert (twice.status_code, twice.json()["code"]) == (409, "TG-API-CONFLICT")
        assert anna.delete(f"/v1/keys/{new['id']}").status_code == 204
        assert anna.delete(f"/v1/keys/{new['id']}").status_code == 204
        assert anna.get(f"/v1/keys/{new['id']}").json()["revoked_at"].endswith("Z")
        assert "key" not in anna.get(path).json()


def test_a_database_that_is_gone_is_told_and_nothing_is_given_away(home: House):
    class Gone:
        """A door behind which nobody answers."""

        def reading(self) -> AbstractContextManager[AccessStore]:
            secret = Exception("could not connect to postgresql://tidegate:s3cret@db")
            raise OperationalError("SELECT", {}, secret)

        changing = reading

    gone = Gone()
    keyring = Keyring(gone, home.services.seal)
    app = create_app(replace(home.services, access=gone, keyring=keyring))
    with serving(app) as transport, caller(transport, "tgk_12345678_" + "x" * 43) as client:
        answer = client.get("/v1/keys")
    assert (answer.status_code, answer.json()["code"]) == (503, "TG-STORE-DOWN")
    assert answer.headers["retry-after"]
    assert "s3cret" not in answer.text
