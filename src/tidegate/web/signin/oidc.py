"""Sign-in through an OpenID provider: authorization code flow with PKCE (RFC 7636), state and nonce."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tidegate.control.users import Identity
from tidegate.errors import AccessError

_ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
_DEADLINE_S: Final = 5.0
_KEPT_S: Final = 600.0
_LEEWAY_S: Final = 60


@dataclass(frozen=True)
class Flow:
    """What a browser carries, encrypted, from the way out to the way back.

    Attributes
    ----------
    state, nonce, verifier : str
        Random.
    back : str
        Path that the browser is led to in the end.
    """

    state: str
    nonce: str
    verifier: str
    back: str

    def to_text(self) -> str:
        """Text of it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Flow":
        """Read it."""
        return cls(**json.loads(text))


class Provider:
    """An OpenID provider.

    Parameters
    ----------
    issuer : str
        Its address, exactly as it calls itself.
    client_id, client_secret : str
        As it knows this installation.
    transport : httpx.BaseTransport or None
        How it is reached; None for the network.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._http = httpx.Client(timeout=_DEADLINE_S, transport=transport, follow_redirects=False)
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def way_out(self, redirect_uri: str, back: str) -> tuple[str, Flow]:
        """Return the address to which the browser is led, and what it is to carry.

        Raises
        ------
        AccessError
            ``TG-ACCESS-PROVIDER``.
        """
        flow = Flow(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), back
        )
        url, _ = self._oauth(redirect_uri).create_authorization_url(
            self._metadata("authorization_endpoint"),
            state=flow.state,
            nonce=flow.nonce,
            code_verifier=flow.verifier,
        )
        return str(url), flow

    def way_back(self, redirect_uri: str, answer_url: str, flow: Flow) -> Identity:
        """Return for whom the provider vouches.

        Parameters
        ----------
        answer_url : str
            The address to which the provider led the browser, with its query.

        Raises
        ------
        AccessError
            ``TG-ACCESS-SIGN-IN`` when the provider says no; ``TG-ACCESS-PROVIDER`` when it cannot be reached or
            what it says cannot be trusted.
        """
        try:
            answer = parse_authorization_code_response(answer_url, state=flow.state)
            token = self._oauth(redirect_uri).fetch_token(
                self._metadata("token_endpoint"),
                code=answer["code"],
                grant_type="authorization_code",
                code_verifier=flow.verifier,
            )
            claims = self._claims(token, flow.nonce)
            more = self._userinfo(token, claims) if "email" not in claims else {}
        except (AuthlibBaseError, KeyError) as error:
            raise AccessError("TG-ACCESS-SIGN-IN", "The provider did not sign you in.") from error
        except (httpx.HTTPError, JoseError, ValueError) as error:
            raise _untrusted() from error
        known = {**more, **claims}
        email = known.get("email")
        vouched = isinstance(email, str) and known.get("email_verified") is True
        return Identity(
            self.issuer,
            str(claims["sub"]),
            str(email).lower() if vouched else None,
            str(known.get("name") or email or claims["sub"]),
        )

    def _oauth(self, redirect_uri: str) -> Any:
        return _Client(
            self._http,
            client_id=self._client_id,
            client_secret=self._client_secret,
            redirect_uri=redirect_uri,
            scope="openid email profile",
            code_challenge_method="S256",
        )

    def _metadata(self, name: str) -> str:
        document = self._fetch(f"{self.issuer}/.well-known/openid-configuration")
        if document.get("issuer") != self.issuer or not isinstance(document.get(name), str):
            raise _untrusted()
        return cast("str", document[name])

    def _claims(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        keys = KeySet.import_key_set(cast("Any", self._fetch(self._metadata("jwks_uri"))))
        claims = jwt.decode(str(token["id_token"]), keys, algorithms=_ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        return claims

    def _userinfo(self, token: Mapping[str, Any], claims: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._http.get(
            self._metadata("userinfo_endpoint"),
            headers={"Authorization": f"Bearer {token['access_token']}"},
        )
        answer.raise_for_status()
        told: Mapping[str, Any] = answer.json()
        if told.get("sub") != claims["sub"]:
            raise _untrusted()
        return told

    def _fetch(self, url: str) -> Mapping[str, Any]:
        at, document = self._known.get(url, (0.0, {}))
        if not document or time.monotonic() - at > _KEPT_S:
            try:
                answer = self._http.get(url)
                answer.raise_for_status()
                document = dict(answer.json())
            except (httpx.HTTPError, TypeError, ValueError) as error:
                raise _untrusted() from error
            self._known[url] = (time.monotonic(), document)
        return document


class _Client(OAuth2Client):  # type: ignore[misc]  # the library ships no types
    """Authlib's protocol, spoken through httpx."""

    def _fetch_token(self, url: str, body: str, headers: Any, auth: Any, method: str) -> Any:
        url, headers, body = auth.prepare(method, url, dict(headers), body)
        answer = self.session.request(method, url, headers=headers, content=body)
        return self.parse_response_token(answer)


def _untrusted() -> AccessError:
    return AccessError(
        "TG-ACCESS-PROVIDER", "The sign-in provider cannot be reached, or not be trusted."
    )
