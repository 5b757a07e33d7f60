"""The running system as finance's source of usage: its meters, invoices and credit notes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tidegate.errors import FinanceError
from tidegate.finance.month import Month, months_from
from tidegate.finance.sources import Split, UsageMonth
from tidegate.quantity import Money

_H: Final = 3600
_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class MeteredHour:
    """GPU-seconds of a lease in an hour, or in any other part of a month.

    Attributes
    ----------
    pool, product, lease : str
    month : Month
    gpu_seconds : int
    """

    pool: str
    product: str
    lease: str
    month: Month
    gpu_seconds: int


@dataclass(frozen=True)
class PoolSeconds:
    """What the nodes of a pool were in a month, in GPU-seconds; tenants' are metered lease by lease.

    Attributes
    ----------
    pool : str
    month : Month
    own, sanitising, failed : int
        Held by the owner's jobs, between two holders, broken.
    watched : int
        All of which it is known what they were.
    """

    pool: str
    month: Month
    own: int
    sanitising: int
    failed: int
    watched: int


@dataclass(frozen=True)
class BilledLine:
    """A line of an invoice.

    Attributes
    ----------
    invoice : str
        Its number.
    pool, product, lease : str
    month : Month
        In which it was used.
    gpu_seconds : int
    amount : Money
        Net.
    """

    invoice: str
    pool: str
    product: str
    lease: str
    month: Month
    gpu_seconds: int
    amount: Money


@dataclass(frozen=True)
class GivenBack:
    """A credit note.

    Attributes
    ----------
    number : str
    lease : str or None
        The lease that it is for; None for goodwill.
    month : Month
        In which it was issued.
    net : Money
    """

    number: str
    lease: str | None
    month: Month
    net: Money


@dataclass(frozen=True)
class LiveUsage:
    """What was metered and billed; implements :class:`tidegate.finance.sources.UsageSource`.

    Attributes
    ----------
    sizes : mapping of str to int
        GPUs of each pool.
    first : Month
        From its beginning on.
    until : datetime
        Where it ends, with a time zone.
    hours : tuple of MeteredHour
    pools : tuple of PoolSeconds
    lines : tuple of BilledLine
    credit_notes : tuple of GivenBack
    fleet_currency : str
        Taken when nothing has been billed.
    source : str
        The server.
    """

    sizes: Mapping[str, int]
    first: Month
    until: datetime
    hours: tuple[MeteredHour, ...]
    pools: tuple[PoolSeconds, ...]
    lines: tuple[BilledLine, ...]
    credit_notes: tuple[GivenBack, ...]
    fleet_currency: str
    source: str

    @property
    def label(self) -> str:
        """What it is."""
        return f"meters and invoices of {self.source}, {self.first} to {self.until:%Y-%m-%d %H:%M}"

    @property
    def currency(self) -> str:
        """ISO 4217 code of what was billed.

        Raises
        ------
        FinanceError
            ``TG-FIN-RATE`` when tenants are billed in more than one currency: there is no rate between them.
        """
        found = {line.amount.currency for line in self.lines}
        found |= {note.net.currency for note in self.credit_notes}
        if len(found) > 1:
            raise FinanceError(
                "TG-FIN-RATE",
                f"tenants are billed in {', '.join(sorted(found))}.",
                expected="one currency of all invoices.",
            )
        return next(iter(found), self.fleet_currency)

    def usage(self) -> Sequence[UsageMonth]:
        """Return what each pool's hours went into and what was billed, month by month."""
        leased: dict[tuple[str, Month], dict[str, Decimal]] = defaultdict(dict)
        for hour in self.hours:
            by_product = leased[hour.pool, hour.month]
            more = Decimal(hour.gpu_seconds) / _H
            by_product[hour.product] = by_product.get(hour.product, _ZERO) + more
        rent: dict[tuple[str, Month], dict[str, Decimal]] = defaultdict(dict)
        numbers: dict[tuple[str, Month], set[str]] = defaultdict(set)
        for line in self._within(self.lines):
            of_month = rent[line.pool, line.month]
            amount = line.amount.amount
            of_month[line.product] = of_month.get(line.product, _ZERO) + amount
            numbers[line.pool, line.month].add(line.invoice)
        returned = self._returned()
        seen = {(pool.pool, pool.month): pool for pool in self.pools}
        found = []
        for pool in self.sizes:
            for month in self._months():
                place = (pool, month)
                hours = leased.get(place, {})
                held = sum(hours.values(), _ZERO)
                told = ", ".join(sorted(numbers.get(place, ()))) or "not invoiced"
                found.append(
                    UsageMonth(
                        pool=pool,
                        month=month,
                        hours=_split(seen.get(place), held, self._capacity(pool, month)),
                        leased=hours,
                        rent=rent.get(place, {}),
                        returned=returned.get(place, _ZERO),
                        origin=f"{self.source}: pool {pool}, {month}: {told}",
                    )
                )
        return found

    def usage_without_leasing(self) -> Sequence[UsageMonth]:
        """Return the same with nothing leased: what tenants held or nodes were sanitised for is idle."""
        return [
            UsageMonth(
                month.pool,
                month.month,
                Split(
                    own=month.hours.own,
                    failed=month.hours.failed,
                    idle=month.hours.leased + month.hours.sanitising + month.hours.idle,
                ),
                origin=self.source,
            )
            for month in self.usage()
        ]

    def notes(self) -> tuple[str, ...]:
        """Return what a reader must know."""
        metered = sum(hour.gpu_seconds for hour in self.hours)
        billed = sum(line.gpu_seconds for line in self._within(self.lines))
        watched = sum(
            (
                min(Decimal(pool.watched) / _H, self._capacity(pool.pool, pool.month))
                for pool in self.pools
                if pool.pool in self.sizes
            ),
            _ZERO,
        )
        whole = sum(
            (self._capacity(pool, month) for pool in self.sizes for month in self._months()), _ZERO
        )
        return (
            "Own, sanitising and failed hours are those of whole nodes, as the system has watched them: "
            f"{watched:,.0f} of {whole:,.0f} GPU-hours. What was not watched counts as idle.",
            "What leasing made own jobs wait is not priced: a running system cannot know when they would have begun.",
            f"{metered / _H:,.0f} GPU-hours were metered, {billed / _H:,.0f} of them are invoiced; the others bring "
            "no rent yet.",
            "A credit note falls to the pool of its lease, in the month of its issue; goodwill to all by their rent.",
        )

    def _months(self) -> list[Month]:
        return list(months_from(self.first, Month.of(self.until.date())))

    def _within(self, lines: Iterable[BilledLine]) -> list[BilledLine]:
        months = set(self._months())
        return [line for line in lines if line.month in months and line.pool in self.sizes]

    def _capacity(self, pool: str, month: Month) -> Decimal:
        begin = datetime(month.year, month.number, 1, tzinfo=UTC)
        end = min(datetime(month.end.year, month.end.month, 1, tzinfo=UTC), self.until)
        seconds = max(0, int((end - begin).total_seconds()))
        return Decimal(self.sizes[pool]) * seconds / _H

    def _returned(self) -> dict[tuple[str, Month], Decimal]:
        pools = {line.lease: line.pool for line in self.lines}
        pools |= {hour.lease: hour.pool for hour in self.hours}
        lines = self._within(self.lines)
        whole = sum((line.amount.amount for line in lines), _ZERO)
        found: dict[tuple[str, Month], Decimal] = defaultdict(Decimal)
        months = set(self._months())
        for note in self.credit_notes:
            if note.month not in months:
                continue
            pool = pools.get(note.lease or "")
            if pool is not None:
                found[pool, note.month] += note.net.amount
                continue
            for line in lines:
                share = line.amount.amount / whole if whole else _ZERO
                found[line.pool, note.month] += note.net.amount * share
        return found


def _split(seen: PoolSeconds | None, leased: Decimal, total: Decimal) -> Split:
    """Return GPU-hours by holder: leased as metered, the others as watched, idle what remains."""
    if seen is None:
        return Split(leased=leased, idle=max(_ZERO, total - leased))
    own, sanitising, failed = (
        Decimal(value) / _H for value in (seen.own, seen.sanitising, seen.failed)
    )
    # A fleet file that says fewer GPUs than the system watches, or a late correction of the meter.
    over = own + sanitising + failed + leased - total
    own = max(_ZERO, own - max(_ZERO, over))
    idle = max(_ZERO, total - own - sanitising - failed - leased)
    return Split(own=own, leased=leased, sanitising=sanitising, idle=idle, failed=failed)
