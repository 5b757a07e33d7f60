"""Finance of the running system, for its own console: the books, and usage from its own database."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import structlog

from tidegate.app.financedesk import SHARED
from tidegate.billing.periods import month_name
from tidegate.control.access import SYSTEM, Reach
from tidegate.control.documents import list_credit_notes, list_invoices
from tidegate.control.money_kept import KeptCreditNote, KeptInvoice
from tidegate.control.money_store import Till
from tidegate.control.usage import pool_use
from tidegate.errors import FinanceError
from tidegate.feeds.booksfile import read_books
from tidegate.finance.books import Books
from tidegate.finance.coverage import Coverage, coverage
from tidegate.finance.month import Month, months_from
from tidegate.finance.schedule import schedule
from tidegate.finance.standing import Standing, standings
from tidegate.plan import Scenario
from tidegate.plan.liveusage import BilledLine, GivenBack, LiveUsage, MeteredHour, PoolSeconds
from tidegate.web.console.finance_desk import FinanceDesk, FinanceView

log = structlog.get_logger(__name__)

KEPT_S: Final = 60.0
"""Real seconds for which what was counted is shown again."""

MONTHS: Final = 12
"""Most months that are counted."""

_PAGE: Final = 500
_EVERYBODY: Final = Reach(None)

Kept = TypeVar("Kept")


class LiveFinance:
    """Finance from the system's own meters and bills; a :class:`FinanceDesk`.

    Parameters
    ----------
    books : Books
    sizes : mapping of str to int
        GPUs of each pool.
    till : Till
    since_s : int
        When the system's time began; nothing is counted from months before.
    fleet : str
        The fleet file.
    """

    def __init__(
        self, books: Books, sizes: dict[str, int], till: Till, since_s: int, fleet: str
    ) -> None:
        self._books = books
        self._sizes = sizes
        self._till = till
        self._since_s = since_s
        self._fleet = fleet
        self._schedules = tuple(schedule(holding.asset) for holding in books.holdings)
        self._lock = threading.Lock()
        self._kept: FinanceView | None = None
        self._counted_at = 0.0

    def now(self) -> FinanceView:
        """Return finance as it is now, or was a minute ago."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._counted_at > KEPT_S:
                self._kept = self._counted()
                self._counted_at = time.monotonic()
            return self._kept

    def usage(self, now_s: int) -> LiveUsage:
        """Return what was metered and billed until a moment, as ``--live`` asks a server for it."""
        until = datetime.fromtimestamp(now_s, UTC)
        begun = Month.of(datetime.fromtimestamp(min(self._since_s, now_s), UTC).date())
        last = Month.of(until.date())
        first = max(begun, last + (1 - MONTHS))
        return LiveUsage(
            self._sizes,
            first,
            until,
            tuple(self._metered(first, last, now_s)),
            tuple(self._watched(first, last, now_s)),
            tuple(self._billed(first)),
            tuple(self._given_back()),
            self._books.currency,
            "this system",
        )

    def _counted(self) -> FinanceView:
        now_s = self._till.now_s()
        usage = self.usage(now_s)
        books = replace(self._books, assumptions=(*self._books.assumptions, *usage.notes(), SHARED))
        measured = coverage(books, usage)
        return FinanceView(
            self._fleet,
            now_s,
            Month.of(usage.until.date()),
            measured,
            self._schedules,
            self._standings(measured),
        )

    def _standings(self, measured: Coverage) -> tuple[Standing, ...]:
        if all(holding.market_rent is None for holding in self._books.holdings):
            return ()
        return standings(measured, self._books.impairment_rules)

    def _metered(self, first: Month, last: Month, now_s: int) -> Iterator[MeteredHour]:
        for month in months_from(first, last):
            from_s, until_s = _second(month), min(_second(month + 1), now_s)
            with self._till.door.reading() as store:
                leases = {
                    lease.lease_id: lease
                    for lease in store.accounts.leases_in(_EVERYBODY, from_s, until_s)
                }
                records = store.meter.sums(list(leases))
            seconds: dict[str, int] = defaultdict(int)
            for record in records:
                held_s = min(record.end_s, until_s) - max(record.start_s, from_s)
                seconds[record.lease_id] += record.gpus * max(0, held_s)
            for lease_id, gpu_seconds in seconds.items():
                lease = leases[lease_id]
                yield MeteredHour(lease.pool, lease.product, lease_id, month, gpu_seconds)

    def _watched(self, first: Month, last: Month, now_s: int) -> Iterator[PoolSeconds]:
        for month in months_from(first, last):
            from_s, until_s = _second(month), min(_second(month + 1), now_s)
            if from_s < until_s:
                for use in pool_use(self._till, SYSTEM, from_s, until_s):
                    yield PoolSeconds(
                        use.pool, month, use.own, use.sanitising, use.failed, use.watched
                    )

    def _billed(self, first: Month) -> Iterator[BilledLine]:
        zone = self._till.rules.zone

        def page(before: str | None) -> list[KeptInvoice]:
            return list_invoices(self._till.door, SYSTEM, before, _PAGE)

        for kept in _all(page, lambda kept: kept.id):
            if kept.invoice.period.end_s <= _second(first):
                continue
            for line in kept.invoice.lines:
                yield BilledLine(
                    kept.invoice.number,
                    line.pool,
                    line.product,
                    line.lease_id,
                    Month.parse(month_name(line.period, zone)),
                    line.gpu_seconds,
                    line.amount,
                )

    def _given_back(self) -> Iterator[GivenBack]:
        def page(before: str | None) -> list[KeptCreditNote]:
            return list_credit_notes(self._till.door, SYSTEM, before, _PAGE)

        for kept in _all(page, lambda kept: kept.id):
            note = kept.note
            month = Month.of(datetime.fromtimestamp(note.issued_s, UTC).date())
            yield GivenBack(note.number, note.lease_id, month, note.net)


def _all(page: Callable[[str | None], list[Kept]], id_of: Callable[[Kept], str]) -> Iterator[Kept]:
    """Return all that is kept, page by page."""
    before: str | None = None
    while found := page(before):
        yield from found
        before = id_of(found[-1])


def _second(month: Month) -> int:
    return int(datetime(month.year, month.number, 1, tzinfo=UTC).timestamp())


def open_finance(
    scenario: Scenario, named: Path | None, till: Till, since_s: int
) -> FinanceDesk | None:
    """Return the finance of a running system; None when nothing is known of what its fleet cost.

    Parameters
    ----------
    scenario : Scenario
        The fleet.
    named : Path or None
        A books file; None takes the one that the fleet file names, and where it names none, cited defaults.
    till : Till
    since_s : int
        When the system's time began.

    Raises
    ------
    InputError
        When a books file is named and cannot be used.
    """
    try:
        books = read_books(scenario, named)
    except FinanceError as error:
        if named or scenario.books:
            raise
        # Nobody asked for finance: the system runs without it.
        log.warning("no finance pages", code=error.code, reason=error.message)
        return None
    if not books.holdings:
        return None
    sizes = {case.pool.id: case.pool.gpus for case in scenario.cases}
    return LiveFinance(books, sizes, till, since_s, scenario.source)
