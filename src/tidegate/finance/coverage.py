"""Does rent cover the fleet: rent against each cost line, per tier, pool, cohort and month."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from tidegate.errors import FinanceError
from tidegate.finance.books import Books, Holding
from tidegate.finance.flows import Schedule
from tidegate.finance.hour import HOURS_A_YEAR, HourCost, hour_cost
from tidegate.finance.month import Month
from tidegate.finance.schedule import schedule
from tidegate.finance.sources import Split, UsageMonth, UsageSource

_ZERO: Final = Decimal(0)

LINES: Final = ("power", "space", "operations", "spares", "depreciation", "network", "capital")
"""Cost lines in the order of statements: cash first."""
CASH_LINES: Final = ("power", "space", "operations", "spares")


def _no_costs() -> Mapping[str, Decimal]:
    return MappingProxyType(dict.fromkeys(LINES, _ZERO))


@dataclass(frozen=True)
class Cover:
    """Rent and costs of some GPU-hours; covers add up.

    Attributes
    ----------
    hours : Split
    rent : Decimal
        Charged.
    returned : Decimal
        Refunds and credits.
    costs : mapping of str to Decimal
        By :data:`LINES`.
    leasing_cost : Decimal
        Of the costs, what is there only because of leasing: power beyond idling of leased hours.
    own_value : Decimal
        The owner's own hours at the market's rent; 0 where no rent is known.
    waiting_gpu_hours : Decimal
        What leasing made own jobs wait.
    waiting_cost : Decimal
        The same at the pool's stated price.
    value_hours : Decimal
        Book value times calendar hours, for the return on it.
    """

    hours: Split = Split()  # noqa: RUF009  frozen
    rent: Decimal = _ZERO
    returned: Decimal = _ZERO
    costs: Mapping[str, Decimal] = field(default_factory=_no_costs)
    leasing_cost: Decimal = _ZERO
    own_value: Decimal = _ZERO
    waiting_gpu_hours: Decimal = _ZERO
    waiting_cost: Decimal = _ZERO
    value_hours: Decimal = _ZERO

    def __add__(self, other: "Cover") -> "Cover":
        return Cover(
            self.hours + other.hours,
            self.rent + other.rent,
            self.returned + other.returned,
            MappingProxyType({line: self.costs[line] + other.costs[line] for line in LINES}),
            self.leasing_cost + other.leasing_cost,
            self.own_value + other.own_value,
            self.waiting_gpu_hours + other.waiting_gpu_hours,
            self.waiting_cost + other.waiting_cost,
            self.value_hours + other.value_hours,
        )

    @property
    def net_rent(self) -> Decimal:
        """Rent less refunds and credits."""
        return self.rent - self.returned

    @property
    def cash_cost(self) -> Decimal:
        """Power, space, operations and spares."""
        return sum((self.costs[line] for line in CASH_LINES), _ZERO)

    @property
    def full_cost(self) -> Decimal:
        """All lines."""
        return sum(self.costs.values(), _ZERO)

    @property
    def margin(self) -> Decimal:
        """What leasing leaves: net rent less the costs and the waiting that it causes."""
        return self.net_rent - self.leasing_cost - self.waiting_cost

    @property
    def result(self) -> Decimal:
        """Net rent less all costs."""
        return self.net_rent - self.full_cost

    @property
    def operating_result(self) -> Decimal:
        """Net rent and own use at the market's rent, less all costs but that of capital."""
        return self.net_rent + self.own_value - self.full_cost + self.costs["capital"]

    def ratio(self, *lines: str) -> Decimal | None:
        """Return net rent over the sum of cost lines, all of them by default; None when they are 0."""
        cost = sum((self.costs[line] for line in lines or LINES), _ZERO)
        return self.net_rent / cost if cost else None

    @property
    def roic(self) -> Decimal | None:
        """Operating result a year over mean book value; None without book value."""
        if not self.value_hours:
            return None
        return self.operating_result / (self.value_hours / HOURS_A_YEAR)

    @property
    def rent_per_leased_hour(self) -> Decimal | None:
        """Net rent of a leased GPU-hour; None when nothing was leased."""
        return self.net_rent / self.hours.leased if self.hours.leased else None


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
