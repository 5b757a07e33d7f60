"""The chart of accounts."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9-]")


class Kind(StrEnum):
    """The five kinds of account, by the names that beancount has for them."""

    ASSETS = "Assets"
    LIABILITIES = "Liabilities"
    EQUITY = "Equity"
    INCOME = "Income"
    EXPENSES = "Expenses"


@dataclass(frozen=True, order=True)
class Account:
    """An account.

    Attributes
    ----------
    kind : Kind
    path : tuple of str
        Names from general to particular, such as ``("Cohorts", "H100-2023", "Cost")``.
    """

    kind: Kind
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ":".join((self.kind.value, *self.path))


def account(kind: Kind, *names: str) -> Account:
    """Return an account; names are written as beancount can read them.

    A character that beancount does not take becomes its number between hyphens, so that two names
    stay two.
    """
    return Account(kind, tuple(_plain(name) for name in names))


def parse_account(text: str) -> Account:
    """Return the account that :class:`Account` writes as this text.

    Raises
    ------
    ValueError
        If its kind is unknown.
    """
    kind, *path = text.split(":")
    return Account(Kind(kind), tuple(path))


def _plain(name: str) -> str:
    text = _NOT_PLAIN.sub(lambda found: f"-{ord(found[0]):x}-", name)
    return text[:1].upper() + text[1:] if text[:1].isalnum() else f"X{text}"


# What every fleet's books have. Cohort and pool accounts are made where they are used (`ledger.journal`).
OWNER: Final = account(Kind.EQUITY, "Owner")
"""What the owner has put in: the other side of purchases."""
RECEIVABLES: Final = account(Kind.ASSETS, "Receivables")
"""What tenants and buyers owe."""
PAYABLES: Final = account(Kind.LIABILITIES, "Payables")
"""What is owed for power, space and operations."""
DEFERRED: Final = account(Kind.LIABILITIES, "Deferred-Revenue")
"""What tenants have paid for GPU-hours still to come."""
ACCRUED: Final = account(Kind.ASSETS, "Accrued-Rent")
"""Rent earned on a straight line and not yet due."""
RETURNED: Final = account(Kind.INCOME, "Refunds-and-Credits")
"""Less rent: promises broken."""
GAINS: Final = account(Kind.INCOME, "Disposals")
"""Gains and losses on what was sold."""
