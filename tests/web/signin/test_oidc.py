"""A provider's answer is believed only when everything in it is right."""

import base64
import json
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tidegate.errors import AccessError
from tidegate.web.signin.oidc import Provider

ISSUER = "https://id.example.org"
BACK = "https://tidegate.test/signin/callback"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})


class Answers:
    """A provider that answers as the test wants."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "userinfo_endpoint": f"{ISSUER}/me",
        }
        self.key = KEY
        self.claims: dict[str, Any] = {}
        self.token: str | None = None
        self.asked: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            self.asked = dict(httpx.QueryParams(request.content.decode()).items())
            token = self.token or jwt.encode({"alg": "RS256", "kid": "one"}, self.claims, self.key)
            told: Any = {"access_token": "a", "token_type": "Bearer", "id_token": token}
        elif request.url.path == "/keys":
            told = KeySet([KEY]).as_dict(private=False)
        elif request.url.path == "/me":
            told = {"sub": "olga", "email": "OLGA@example.org", "email_verified": True}
        else:
            told = self.metadata
        return httpx.Response(200, json=told)


@pytest.fixture
def answers() -> Answers:
    return Answers()


def sign_in(answers: Answers, **claims: Any) -> Any:
    provider = Provider(ISSUER, "tidegate", "s3cret", httpx.MockTransport(answers))
    _, flow = provider.way_out(BACK, "/")
    right = {
        "iss": ISSUER,
        "aud": "tidegate",
        "sub": "olga",
        "nonce": flow.nonce,
        "exp": int(time.time()) + 300,
    }
    answers.claims = {name: value for name, value in (right | claims).items() if value is not None}
    return provider.way_back(BACK, f"{BACK}?code=abc&state={flow.state}", flow), flow


def test_a_right_answer_is_believed(answers: Answers):
    identity, flow = sign_in(answers)
    assert (identity.key, identity.email) == (f"{ISSUER} olga", "olga@example.org")
    assert answers.asked["code_verifier"] == flow.verifier
    assert answers.asked["redirect_uri"] == BACK


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.test"},
        {"aud": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"sub": "another"},  # not the one of the user information
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_is_not_believed(answers: Answers, wrong: dict[str, Any]):
    with pytest.raises(AccessError, match="TG-ACCESS-PROVIDER"):
        sign_in(answers, **wrong)


def test_a_signature_by_another_key_or_by_none_is_not_believed(answers: Answers):
    answers.key = OTHER
    with pytest.raises(AccessError, match="TG-ACCESS-PROVIDER"):
        sign_in(answers)
    parts = [{"alg": "none"}, {"iss": ISSUER, "aud": "tidegate", "sub": "olga"}]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    answers.token = b".".join([*encoded, b""]).decode()
    with pytest.raises(AccessError, match="TG-ACCESS-PROVIDER"):
        sign_in(answers)


def test_metadata_of_another_issuer_is_not_believed(answers: Answers):
    answers.metadata["issuer"] = "https://evil.test"
    with pytest.raises(AccessError, match="TG-ACCESS-PROVIDER"):
        sign_in(answers)


def test_an_answer_with_another_state_is_refused(answers: Answers):
    provider = Provider(ISSUER, "tidegate", "s3cret", httpx.MockTransport(answers))
    _, flow = provider.way_out(BACK, "/")
    with pytest.raises(AccessError, match="TG-ACCESS-SIGN-IN"):
        provider.way_back(BACK, f"{BACK}?code=abc&state=forged", flow)
    with pytest.raises(AccessError, match="TG-ACCESS-SIGN-IN"):
        provider.way_back(BACK, f"{BACK}?error=access_denied&state={flow.state}", flow)
