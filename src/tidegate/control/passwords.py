"""Passwords: argon2id, with the parameters of the library's recommendation (RFC 9106, low memory)."""

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tidegate.errors import Place, RequestError

SHORTEST: Final = 12
"""Fewest characters of a password."""
LONGEST: Final = 256
"""Most characters: a longer one would only cost time."""

_HASHER: Final = PasswordHasher()


def hash_password(password: str) -> str:
    """Hash of a new password.

    Raises
    ------
    RequestError
        ``TG-API-FIELD`` when it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise RequestError(
            "TG-API-FIELD",
            f"has {len(password)} characters.",
            place=Place(field="password"),
            expected=f"{SHORTEST} to {LONGEST} characters.",
        )
    return _HASHER.hash(password)


def check_password(hashed: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed; for nobody's (None) it takes as long, and is not."""
    try:
        _HASHER.verify(hashed or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None


def is_outdated(hashed: str) -> bool:
    """Whether a hash was made with weaker parameters than are used now."""
    return _HASHER.check_needs_rehash(hashed)


_hash_of_nobody: list[str] = []


def _nobody() -> str:
    if not _hash_of_nobody:
        _hash_of_nobody.append(_HASHER.hash("nobody has this password"))
    return _hash_of_nobody[0]
