"""Webhooks sent over HTTP."""

import ssl
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

import certifi
import httpcore

from tidegate.control.webhooks import Outcome, wrong_address
from tidegate.post.guarded import Allowed, ForbiddenAddressError, GuardedBackend

_DEADLINE_S: Final = 10.0
_LONGEST_URL: Final = 2_000
_OK: Final = range(200, 300)


class HttpSender:
    """Posts to receivers: no redirect is followed, no proxy asked, nothing inside the network called.

    Parameters
    ----------
    networks : iterable of str
        Networks that may be called though they are not public.
    allow_http : bool
        Whether a receiver may do without TLS.
    trust : ssl.SSLContext or None
        Which certificates are believed; None for the public ones.
    """

    def __init__(
        self,
        networks: Iterable[str] = (),
        *,
        allow_http: bool = False,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = Allowed(networks)
        self._schemes = ("https", "http") if allow_http else ("https",)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or ssl.create_default_context(cafile=certifi.where()),
            max_connections=32,
            max_keepalive_connections=8,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(self._allowed),
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def check_url(self, url: str) -> None:
        """Refuse an address that cannot or must not be called.

        Raises
        ------
        RequestError
            ``TG-HOOK-URL``.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise wrong_address("cannot be read") from None
        if parts.scheme not in self._schemes:
            raise wrong_address(f"has the scheme {parts.scheme[:20]!r}")
        if not host:
            raise wrong_address("names no host")
        if parts.username is not None or parts.password is not None:
            raise wrong_address("holds a user or password")
        if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
            raise wrong_address("is too long, or holds what no address holds")
        try:
            self._allowed.resolve(host, port or 443)
        except ForbiddenAddressError:
            raise wrong_address("leads into the network") from None
        except (OSError, UnicodeError):
            raise wrong_address("names a host that is not known") from None

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post to a receiver."""
        every: list[tuple[bytes | str, bytes | str]] = [
            ("host", urlsplit(url).netloc),
            ("content-length", str(len(body))),
            *headers.items(),
        ]
        try:
            with self._pool.stream(
                "POST",
                url,
                headers=every,
                content=body,
                extensions={
                    "timeout": dict.fromkeys(("connect", "read", "write", "pool"), _DEADLINE_S)
                },
            ) as answer:
                status = answer.status
                # The body is not read: a receiver could make it endless.
        except ForbiddenAddressError:
            return Outcome(None, "[TG-HOOK-URL] The address leads into the network.")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Outcome(None, f"[TG-HOOK-UNREACHABLE] {type(error).__name__}: {error}"[:500])
        except (OSError, ValueError) as error:
            return Outcome(None, f"[TG-HOOK-UNREACHABLE] {type(error).__name__}"[:500])
        if status in _OK:
            return Outcome(status)
        return Outcome(status, f"[TG-HOOK-REFUSED] The receiver answered {status}.")
