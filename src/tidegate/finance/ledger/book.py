"""The ledger itself: what has been posted, and which periods are closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from tidegate.errors import FinanceError
from tidegate.finance.ledger.accounts import Account
from tidegate.finance.ledger.entry import Entry, Posting
from tidegate.finance.month import Month
from tidegate.quantity import Money


class ActKind(StrEnum):
    """What can be done to a period."""

    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Act:
    """A period closed or reopened: who did it, when and why.

    Attributes
    ----------
    kind : ActKind
    month : Month
    by : str
    at : datetime
        With a time zone.
    reason : str
    """

    kind: ActKind
    month: Month
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Ledger:
    """Entries in the order of posting, and the acts on its periods.

    A ledger never changes: posting, closing and reopening return another one that holds all of it.

    Attributes
    ----------
    entries : tuple of Entry
    acts : tuple of Act
    """

    entries: tuple[Entry, ...] = ()
    acts: tuple[Act, ...] = ()

    @property
    def closed_to(self) -> Month | None:
        """Last closed month; None when none is closed. All before it are closed too."""
        closed: Month | None = None
        for act in self.acts:
            closed = act.month if act.kind is ActKind.CLOSE else act.month + (-1)
        return closed

    def post(self, entries: Iterable[Entry]) -> "Ledger":
        """Return the ledger with these entries, all or none.

        An entry whose key has been posted before is posted as the difference to what stands under that key,
        and not at all when there is none.

        Raises
        ------
        FinanceError
            ``TG-FIN-CLOSED`` when an entry lies in a closed period.
        """
        closed = self.closed_to
        standing = self._standing()
        added: list[Entry] = []
        number = len(self.entries)
        for new in entries:
            found = _difference(new, standing.get(new.key))
            if found is None:
                continue
            if closed is not None and Month.of(found.day) <= closed:
                raise FinanceError(
                    "TG-FIN-CLOSED",
                    f"the entry {found.key!r} lies on {found.day}; periods are closed up to {closed}.",
                    expected=f"a day after {closed.last}, or a period that has been reopened.",
                )
            number += 1
            added.append(replace(found, number=number))
            sums = standing.setdefault(found.key, {})
            for posting in found.postings:
                place = (posting.account, posting.amount.currency)
                sums[place] = sums.get(place, Decimal(0)) + posting.amount.amount
        return replace(self, entries=(*self.entries, *added))

    def close(self, month: Month, *, by: str, at: datetime, reason: str) -> "Ledger":
        """Return the ledger with a month, and all before it, closed.

        Raises
        ------
        FinanceError
            ``TG-FIN-PERIOD`` when it is closed already, or when nobody or no reason is named.
        """
        closed = self.closed_to
        if closed is not None and month <= closed:
            raise _wrong_period(f"{month} is closed already.", f"a month after {closed}.")
        return self._act(Act(ActKind.CLOSE, month, by, at, reason))

    def reopen(self, month: Month, *, by: str, at: datetime, reason: str) -> "Ledger":
        """Return the ledger with a month, and all after it, open again.

        Raises
        ------
        FinanceError
            ``TG-FIN-PERIOD`` when it is not closed, or when nobody or no reason is named.
        """
        closed = self.closed_to
        if closed is None or month > closed:
            raise _wrong_period(
                f"{month} is not closed.", f"a month up to {closed}." if closed else ""
            )
        return self._act(Act(ActKind.REOPEN, month, by, at, reason))

    def trial_balance(
        self, last: date | None = None, first: date | None = None
    ) -> dict[tuple[Account, str], Decimal]:
        """Return each account's balance by currency; they sum to zero in each.

        Parameters
        ----------
        last, first : date or None
            Count entries of [first, last] only.
        """
        sums: dict[tuple[Account, str], Decimal] = {}
        for posted in self.entries:
            if (last and posted.day > last) or (first and posted.day < first):
                continue
            for posting in posted.postings:
                place = (posting.account, posting.amount.currency)
                sums[place] = sums.get(place, Decimal(0)) + posting.amount.amount
        return dict(sorted(sums.items()))

    def accounts(self) -> Sequence[Account]:
        """Return every account that has a posting."""
        return sorted({p.account for posted in self.entries for p in posted.postings})

    def _standing(self) -> dict[str, dict[tuple[Account, str], Decimal]]:
        found: dict[str, dict[tuple[Account, str], Decimal]] = {}
        for posted in self.entries:
            sums = found.setdefault(posted.key, {})
            for posting in posted.postings:
                place = (posting.account, posting.amount.currency)
                sums[place] = sums.get(place, Decimal(0)) + posting.amount.amount
        return found

    def _act(self, act: Act) -> "Ledger":
        if not (act.by.strip() and act.reason.strip()):
            raise _wrong_period("nobody, or no reason, is named.", "who does it, and why.")
        return replace(self, acts=(*self.acts, act))


def _wrong_period(message: str, expected: str) -> FinanceError:
    return FinanceError("TG-FIN-PERIOD", message, expected=expected or None)


def _difference(new: Entry, standing: dict[tuple[Account, str], Decimal] | None) -> Entry | None:
    """Return what must be posted so that ``new`` stands under its key; None for nothing."""
    if not standing:
        return new
    wanted: dict[tuple[Account, str], Decimal] = {}
    for posting in new.postings:
        place = (posting.account, posting.amount.currency)
        wanted[place] = wanted.get(place, Decimal(0)) + posting.amount.amount
    source = {p.account: p.source for p in new.postings}
    fallback = new.postings[0].source
    postings = tuple(
        Posting(account, Money(off, currency), source.get(account, fallback))
        for account, currency in dict.fromkeys((*standing, *wanted))
        if (
            off := wanted.get((account, currency), Decimal(0))
            - standing.get((account, currency), Decimal(0))
        )
    )
    if not postings:
        return None
    return replace(new, text=f"Correction: {new.text}", postings=postings)
