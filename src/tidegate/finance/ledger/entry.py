"""Entries and their postings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tidegate.errors import FinanceError
from tidegate.finance.ledger.accounts import Account
from tidegate.quantity import Money


@dataclass(frozen=True)
class Posting:
    """One side of an entry.

    Attributes
    ----------
    account : Account
    amount : Money
        Above 0 on the debit side, below 0 on the credit side; in whole smallest units of its currency.
    source : str
        The row that it leads back to: file, line and field, or an invoice's number.
    """

    account: Account
    amount: Money
    source: str


@dataclass(frozen=True)
class Entry:
    """A balanced entry.

    Attributes
    ----------
    key : str
        What it is about, such as ``depreciation/h100-2023/2026-03``; a later entry of the same key corrects it.
    day : date
    text : str
    postings : tuple of Posting
    number : int
        Place in the ledger, from 1; 0 before it is posted.

    Raises
    ------
    FinanceError
        ``TG-FIN-BALANCE`` when the postings do not sum to zero in each currency, when there are fewer than two, or
        when an amount has digits below the smallest unit.
    """

    key: str
    day: date
    text: str
    postings: tuple[Posting, ...]
    number: int = 0

    def __post_init__(self) -> None:
        sums: dict[str, Decimal] = {}
        for posting in self.postings:
            if posting.amount.rounded() != posting.amount:
                raise self._unbalanced(
                    f"{posting.amount.amount} has digits below the smallest unit"
                )
            currency = posting.amount.currency
            sums[currency] = sums.get(currency, Decimal(0)) + posting.amount.amount
        off = {currency: total for currency, total in sums.items() if total}
        if off or len(self.postings) < 2:  # noqa: PLR2004  double entry
            sums_to = ", ".join(f"{total:f} {currency}" for currency, total in off.items())
            raise self._unbalanced(f"its postings sum to {sums_to or 'nothing'}")

    def _unbalanced(self, why: str) -> FinanceError:
        return FinanceError(
            "TG-FIN-BALANCE",
            f"the entry {self.key!r} of {self.day}: {why}.",
            expected="two postings or more that sum to zero in each currency.",
        )

    @property
    def currencies(self) -> frozenset[str]:
        """Currencies of its postings."""
        return frozenset(posting.amount.currency for posting in self.postings)


def entry(
    key: str,
    day: date,
    text: str,
    sides: Iterable[tuple[Account, Decimal]],
    currency: str,
    source: str,
) -> Entry | None:
    """Return an entry in one currency; None when all its amounts round to nothing.

    Parameters
    ----------
    key, day, text
        As :class:`Entry` has them.
    sides : iterable of (Account, Decimal)
        Amounts are rounded one by one; they must sum to zero after that.
    currency : str
    source : str
        What all postings lead back to.
    """
    postings = tuple(
        Posting(account, money, source)
        for account, amount in sides
        if (money := Money(amount, currency).rounded()).amount
    )
    return Entry(key, day, text, postings) if postings else None
