"""The ledger: double entry, append-only, in any number of currencies, each posting with its way back."""

from tidegate.finance.ledger.accounts import Account, Kind, account
from tidegate.finance.ledger.book import Act, ActKind, Ledger
from tidegate.finance.ledger.entry import Entry, Posting, entry

__all__ = [
    "Account",
    "Act",
    "ActKind",
    "Entry",
    "Kind",
    "Ledger",
    "Posting",
    "account",
    "entry",
]
