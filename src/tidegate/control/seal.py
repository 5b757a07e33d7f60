"""What the installation's one secret is used for: keyed hashes, signed and encrypted text.

A purpose has its own key, derived from the secret, so that a signature made for one is worth nothing for another.
"""

import base64
import hashlib
import hmac
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

SECRET_BYTES: Final = 32
"""Length of the installation's secret."""

_MAC_BYTES: Final = 32


class Seal:
    """Keyed hashes and encryption under one secret.

    Parameters
    ----------
    secret : bytes
        At least :data:`SECRET_BYTES` bytes, random, kept out of the database.

    Raises
    ------
    ValueError
        If the secret is too short.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"the secret has {len(secret)} bytes, fewer than {SECRET_BYTES}")
        self._secret = secret
        self._keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "Seal(...)"

    def digest(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 of the data, 32 bytes, under the purpose's key."""
        return hmac.digest(self._key(purpose), data, "sha256")

    def matches(self, purpose: str, data: bytes, digest: bytes) -> bool:
        """Whether a digest is that of the data; the time taken tells nothing."""
        return hmac.compare_digest(self.digest(purpose, data), digest)

    def sign(self, purpose: str, data: bytes) -> str:
        """Text that carries the data in the open, with its signature; safe in a URL."""
        return _to_text(self.digest(purpose, data) + data)

    def unsign(self, purpose: str, text: str) -> bytes | None:
        """Data of a signed text; None when it was not signed here for this purpose."""
        raw = _from_text(text)
        if raw is None or len(raw) < _MAC_BYTES:
            return None
        mac, data = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        return data if self.matches(purpose, data, mac) else None

    def encrypt(self, purpose: str, text: str) -> str:
        """Encrypt text that must be read again, such as the secret of a webhook."""
        return self._fernet(purpose).encrypt(text.encode()).decode()

    def decrypt(self, purpose: str, sealed: str) -> str:
        """Read encrypted text.

        Raises
        ------
        ValueError
            If it was not encrypted under this secret for this purpose.
        """
        try:
            return self._fernet(purpose).decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError("encrypted under another secret, or damaged") from None

    def _key(self, purpose: str) -> bytes:
        # HKDF-Expand (RFC 5869) of one block: the secret is uniformly random, so that nothing need be extracted.
        key = self._keys.get(purpose)
        if key is None:
            key = hmac.digest(
                self._secret, f"tidegate/{purpose}".encode() + b"\x01", hashlib.sha256
            )
            self._keys[purpose] = key
        return key

    def _fernet(self, purpose: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._key(purpose)))


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_text(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # One spelling for one value: what decodes to the same bytes from another text is not ours.
    return raw if _to_text(raw) == text else None
