"""What the installation's one secret is used for: keyed hashes, and text that nobody else can read or make.

A purpose has its own key, derived from the secret, so that what was made for one is worth nothing for another.
"""

import base64
import hashlib
import hmac
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

SECRET_BYTES: Final = 32
"""Length of the installation's secret."""


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
