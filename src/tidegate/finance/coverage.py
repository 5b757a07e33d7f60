"""Does rent cover the fleet: rent against each cost line, per tier, pool, cohort and month."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from tidegate.errors import FinanceError
from tidegate.finance.books import Books, Holding
from tidegate.finance.cover import Cover
from tidegate.finance.flows import Schedule
from tidegate.finance.hour import HourCost, hour_cost
from tidegate.finance.month import Month
from tidegate.finance.schedule import schedule
from tidegate.finance.sources import UsageMonth, UsageSource

_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class CoverageRow:
    """A cohort in a month.

    Attributes
    ----------
    tier, pool, cohort : str
    month : Month
    cover : Cover
        As leased.
    without : Cover or None
        On the same draws with nothing leased; None when that is not known.
    hour : HourCost
        The cohort's cost of an hour in that month.
    rent_by_product : mapping of str to Decimal
    origin : str
        Where its usage comes from.
    """

    tier: str
    pool: str
    cohort: str
    month: Month
    cover: Cover
    without: Cover | None
    hour: HourCost
    rent_by_product: Mapping[str, Decimal]
    origin: str


@dataclass(frozen=True)
class Coverage:
    """A fleet's coverage.

    Attributes
    ----------
    books : Books
    label : str
        Where usage comes from.
    rows : tuple of CoverageRow
        By pool, cohort and month.
    schedules : mapping of str to Schedule
        By cohort.
    notes : tuple of str
        What was assumed, in sentences.
    """

    books: Books
    label: str
    rows: tuple[CoverageRow, ...]
    schedules: Mapping[str, Schedule]
    notes: tuple[str, ...]

    def total(self, *, leasing: bool = True) -> Cover:
        """Return the whole fleet's cover, with leasing or without it."""
        return _sum(self.rows, leasing=leasing)

    def by(self, *keys: str, leasing: bool = True) -> dict[tuple[str, ...], Cover]:
        """Return covers by some of ``tier``, ``pool``, ``cohort`` and ``month``."""
        groups: dict[tuple[str, ...], list[CoverageRow]] = {}
        for row in self.rows:
            groups.setdefault(tuple(str(getattr(row, key)) for key in keys), []).append(row)
        return {name: _sum(rows, leasing=leasing) for name, rows in groups.items()}


def _sum(rows: Iterable[CoverageRow], *, leasing: bool) -> Cover:
    covers = (row.cover if leasing else row.without or Cover() for row in rows)
    return sum(covers, Cover())


def coverage(books: Books, source: UsageSource, last: Month | None = None) -> Coverage:
    """Return what rent covers.

    Parameters
    ----------
    books : Books
        Cohorts and costs.
    source : UsageSource
        Usage with leasing and without.
    last : Month or None
        Last month of the schedules; None for the end of every life.

    Returns
    -------
    Coverage
        A pool's hours and rent fall to its cohorts by their GPUs, since nodes of a pool are interchangeable.

    Raises
    ------
    FinanceError
        ``TG-FIN-COHORT`` when no pool has a cohort or all were sold before, ``TG-FIN-RATE`` when rents come in
        another currency without a rate.
    """
    if not books.holdings:
        raise FinanceError(
            "TG-FIN-COHORT",
            "no pool of the fleet has a cohort, so that nothing is known of what it cost.",
            place=books.place,
            expected="[[cohort]] tables in the fleet file, named in the pools' cohorts.",
        )

    def exchanged(amount: Decimal) -> Decimal:
        return books.rates.convert(amount, source.currency, f"rent from {source.label}")

    used = source.usage()
    alone = {(u.pool, u.month): u for u in source.usage_without_leasing()}
    hours_made = _delivered(books, used)
    schedules = {h.id: schedule(h.asset, last, hours_made.get(h.id)) for h in books.holdings}
    rows = []
    for month in used:
        for holding, share in _shares(books, month):
            cost = hour_cost(holding, books, schedules[holding.id], month.month)
            value = schedules[holding.id].row(month.month)
            lone = alone.get((month.pool, month.month))
            rows.append(
                CoverageRow(
                    tier=holding.tier.value,
                    pool=month.pool,
                    cohort=holding.id,
                    month=month.month,
                    cover=_cover(holding, month, share, cost, value.closing, exchanged),
                    without=None
                    if lone is None
                    else _cover(holding, lone, share, cost, value.closing, exchanged),
                    hour=cost,
                    rent_by_product={p: exchanged(r) * share for p, r in month.rent.items()},
                    origin=month.origin,
                )
            )
    if not rows:
        raise FinanceError(
            "TG-FIN-COHORT",
            "no GPU of any cohort was there in the measured time: all had been sold.",
            place=books.place,
            expected="sales later than what is measured, or a start before them.",
        )
    notes = [*books.assumptions]
    measured_to = max(row.month for row in rows)
    notes += [
        f"Cohort {h.id} comes into service on {h.asset.in_service}, after the measured time: its hours count, "
        "its depreciation has not begun."
        for h in books.holdings
        if Month.of(h.asset.in_service) > measured_to
    ]
    bare = sorted({u.pool for u in used} - {h.pool.id for h in books.holdings})
    notes += [f"Pool {pool} has no cohort: it is left out." for pool in bare]
    return Coverage(books, source.label, tuple(rows), schedules, tuple(notes))


def _shares(books: Books, used: UsageMonth) -> list[tuple[Holding, Decimal]]:
    """Return each holding of a pool with its share of the pool's GPUs in a month."""
    held = [(h, h.asset.gpus_on(used.month.first)) for h in books.of_pool(used.pool)]
    total = sum(gpus for _, gpus in held)
    return [(h, Decimal(gpus) / total) for h, gpus in held if gpus] if total else []


def _delivered(books: Books, used: Sequence[UsageMonth]) -> dict[str, dict[Month, Decimal]]:
    """Return the busy GPU-hours of each cohort and month, for units of production."""
    found: dict[str, dict[Month, Decimal]] = {}
    for month in used:
        for holding, share in _shares(books, month):
            found.setdefault(holding.id, {})[month.month] = month.hours.busy * share
    return found


def _cover(
    holding: Holding,
    used: UsageMonth,
    share: Decimal,
    cost: HourCost,
    book_value: Decimal,
    exchanged: Callable[[Decimal], Decimal],
) -> Cover:
    hours = used.hours * share
    total = hours.total
    power = hours.busy * cost.power_busy + (hours.idle + hours.failed) * cost.power_idle
    gpus = Decimal(max(holding.asset.gpus_on(used.month.first), 1))
    waiting = used.waiting_gpu_hours * share
    return Cover(
        hours=hours,
        rent=exchanged(used.charged) * share,
        returned=exchanged(used.returned) * share,
        costs=MappingProxyType(
            {
                "power": power,
                "space": cost.space * total,
                "operations": cost.operations * total,
                "spares": cost.spares * total,
                "depreciation": cost.depreciation * total,
                "network": cost.network * total,
                "capital": cost.capital * total,
            }
        ),
        leasing_cost=hours.leased * cost.marginal,
        own_value=hours.own * (holding.market_rent or _ZERO),
        waiting_gpu_hours=waiting,
        waiting_cost=waiting * holding.pool.policy.wait_price,
        value_hours=book_value * total / gpus,
    )
