"""Ids: what a thing is, then time-ordered random text."""

import secrets
import threading
import time
from enum import StrEnum
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no letter that reads as a figure."""

_RANDOM_BITS: Final = 80
_STEP_BITS: Final = 60
_CHARS: Final = 25


class Prefix(StrEnum):
    """The kinds of things that have ids."""

    QUOTE = "quo"
    ORDER = "ord"
    LEASE = "lea"
    INVOICE = "inv"
    CREDIT_NOTE = "crn"
    TENANT = "ten"
    KEY = "key"
    WEBHOOK = "whk"
    EVENT = "evt"
    DECISION = "dec"
    COMMAND = "cmd"
    PREPAYMENT = "pre"
    BUDGET = "bud"
    GRANT = "gra"
    USER = "usr"
    RUN = "run"
    DELIVERY = "dlv"
    WISH = "wsh"
    NOTICE = "ntc"
    AUDIT_ENTRY = "aud"


def _base32(value: int, chars: int) -> str:
    text = ""
    for _ in range(chars):
        text = _ALPHABET[value & 31] + text
        value >>= 5
    return text


_lock = threading.Lock()
_last = 0


def new_id(prefix: Prefix) -> str:
    """Return a new id: 45 bits of milliseconds and 80 random bits.

    Ids sort by age; those that one process makes do so within a millisecond, too.
    """
    global _last  # noqa: PLW0603  the one thing that ids of a process share
    with _lock:
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        # Within the same millisecond, a step too large to be guessed and too small to overflow.
        is_new = fresh >> _RANDOM_BITS > _last >> _RANDOM_BITS
        _last = fresh if is_new else _last + 1 + secrets.randbits(_STEP_BITS)
        return f"{prefix}_{_base32(_last, _CHARS)}"
