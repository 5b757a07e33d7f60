"""Ids: what a thing is, then time-ordered random text."""

import secrets
import time
from enum import StrEnum
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no letter that reads as a figure."""

_TIME_CHARS: Final = 9
_RANDOM_CHARS: Final = 16


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
    USER = "usr"
    DELIVERY = "dlv"
    NOTICE = "ntc"
    AUDIT_ENTRY = "aud"


def _base32(value: int, chars: int) -> str:
    text = ""
    for _ in range(chars):
        text = _ALPHABET[value & 31] + text
        value >>= 5
    return text


def new_id(prefix: Prefix) -> str:
    """Return a new id: 45 bits of milliseconds, so that ids sort by age, and 80 random bits."""
    now_ms = time.time_ns() // 1_000_000
    return f"{prefix}_{_base32(now_ms, _TIME_CHARS)}{_base32(secrets.randbits(80), _RANDOM_CHARS)}"
