"""What a cohort is on the books: its parts, what was paid for them, and what has happened to it since."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from tidegate.errors import FinanceError, Place


class Method(StrEnum):
    """How the depreciable amount is spread (IAS 16.62, ASC 360-10-35-4)."""

    STRAIGHT_LINE = "straight-line"
    """The same for each month of life."""
    UNITS_OF_PRODUCTION = "units-of-production"
    """By GPU-hours delivered, over the GPU-hours expected."""
    DECLINING_BALANCE = "declining-balance"
    """A share of the book value at the start of each year of life, and never below the residual."""


@dataclass(frozen=True)
class Part:
    """One component of a cohort that is depreciated on its own (IAS 16.43).

    Attributes
    ----------
    id : str
        ``chips``, ``network``, ``plant`` or a name of one's own.
    cost : Decimal
        Cost with freight and installation, in the cohort's currency.
    residual : Decimal
        What it is expected to bring at the end of its life, less the cost of disposal.
    life_months : Decimal
        Useful life.
    method : Method
        How the depreciable amount is spread.
    expected_gpu_hours : Decimal or None
        Over the whole life; for units of production.
    yearly_rate : Decimal or None
        Share of the book value written off in a year; for declining balance. None doubles the
        straight-line rate.
    """

    id: str
    cost: Decimal
    residual: Decimal
    life_months: Decimal
    method: Method = Method.STRAIGHT_LINE
    expected_gpu_hours: Decimal | None = None
    yearly_rate: Decimal | None = None


@dataclass(frozen=True)
class Spend:
    """A payment for the cohort; before service it is construction in progress.

    Attributes
    ----------
    day : date
    amount : Decimal
    what : str
        Such as ``freight``.
    place : Place
        The row that it comes from.
    """

    day: date
    amount: Decimal
    what: str = "purchase"
    place: Place = Place()  # noqa: RUF009  frozen


@dataclass(frozen=True)
class Revision:
    """A change of estimate, applied prospectively (IAS 8.36, ASC 250-10-45-17).

    Attributes
    ----------
    day : date
        From this day on.
    life_months : Decimal or None
        New useful life, counted from the in-service date; None leaves it.
    residual_share : Decimal or None
        New residual over cost; None leaves it.
    place : Place
        The row that it comes from.
    """

    day: date
    life_months: Decimal | None = None
    residual_share: Decimal | None = None
    place: Place = Place()  # noqa: RUF009  frozen


@dataclass(frozen=True)
class Writedown:
    """An impairment at the end of a day, or, when negative, its reversal.

    Attributes
    ----------
    day : date
    amount : Decimal
        Spread over the parts by their book values.
    place : Place
        The row that it comes from.
    """

    day: date
    amount: Decimal
    place: Place = Place()  # noqa: RUF009  frozen


@dataclass(frozen=True)
class Disposal:
    """A sale or scrapping of some or all GPUs of a cohort, at the end of a day.

    Attributes
    ----------
    day : date
    gpus : int
    proceeds : Decimal
        What the buyer pays; 0 when scrapped.
    costs : Decimal
        What the sale costs.
    place : Place
        The row that it comes from.
    """

    day: date
    gpus: int
    proceeds: Decimal = Decimal(0)
    costs: Decimal = Decimal(0)
    place: Place = Place()  # noqa: RUF009  frozen


@dataclass(frozen=True)
class Asset:
    """A cohort as the books know it.

    Attributes
    ----------
    id : str
        The cohort.
    gpus : int
        GPUs bought.
    currency : str
        ISO 4217 code.
    in_service : date
        First day of service.
    parts : tuple of Part
        At least one.
    spends : tuple of Spend
        Payments, adding up to the cost of the parts; empty when all was paid on the first day of service.
    revisions, writedowns, disposals : tuple
        What happened since, in order of day.
    place : Place
        The row that the cohort comes from.

    Raises
    ------
    FinanceError
        ``TG-FIN-SOLD`` when more GPUs are disposed of than there are, ``TG-FIN-LIFE`` when a life is shorter
        than the age it is given at, ``TG-FIN-ORDER`` when something happens before the cohort is in service,
        ``TG-FIN-SPENT`` when payments and parts do not add up.
    """

    id: str
    gpus: int
    currency: str
    in_service: date
    parts: tuple[Part, ...]
    spends: tuple[Spend, ...] = ()
    revisions: tuple[Revision, ...] = ()
    writedowns: tuple[Writedown, ...] = ()
    disposals: tuple[Disposal, ...] = ()
    place: Place = Place()  # noqa: RUF009  frozen

    def __post_init__(self) -> None:
        self._check_days()
        self._check_sold()
        for revision in self.revisions:
            age = months_between(self.in_service, revision.day)
            if revision.life_months is not None and revision.life_months <= age:
                raise FinanceError(
                    "TG-FIN-LIFE",
                    f"cohort {self.id!r}: a life of {revision.life_months:f} months is given on {revision.day}, "
                    f"at an age of {age:.1f} months.",
                    place=revision.place,
                    expected="a life longer than the age; to end a life now, dispose of the cohort or write it down.",
                )
        spent = sum((spend.amount for spend in self.spends), Decimal(0))
        if self.spends and spent != self.cost:
            raise FinanceError(
                "TG-FIN-SPENT",
                f"cohort {self.id!r}: payments come to {spent:f}, its parts to {self.cost:f}.",
                place=self.place,
                expected="payments that add up to the cost of the parts.",
            )

    @property
    def cost(self) -> Decimal:
        """Cost of all parts."""
        return sum((part.cost for part in self.parts), Decimal(0))

    @property
    def life_months(self) -> Decimal:
        """Useful life of the first part, the chips, as last estimated: what the others serve ends with it."""
        stated = [r.life_months for r in sorted(self.revisions, key=lambda r: r.day)]
        return next((life for life in reversed(stated) if life), self.parts[0].life_months)

    def gpus_on(self, day: date) -> int:
        """GPUs that are left at the end of a day."""
        return self.gpus - sum(sale.gpus for sale in self.disposals if sale.day <= day)

    def _check_days(self) -> None:
        events: tuple[Revision | Writedown | Disposal, ...]
        events = (*self.revisions, *self.writedowns, *self.disposals)
        for event in events:
            if event.day < self.in_service:
                raise FinanceError(
                    "TG-FIN-ORDER",
                    f"cohort {self.id!r}: something happens on {event.day}, before its service on {self.in_service}.",
                    place=event.place,
                    expected="a day from the in-service date on.",
                )
        for spend in self.spends:
            if spend.day > self.in_service:
                raise FinanceError(
                    "TG-FIN-ORDER",
                    f"cohort {self.id!r}: a payment on {spend.day} lies after its service on {self.in_service}.",
                    place=spend.place,
                    expected="a payment up to the in-service date; a later addition is a cohort of its own.",
                )

    def _check_sold(self) -> None:
        left = self.gpus
        for sale in sorted(self.disposals, key=lambda sale: sale.day):
            if sale.gpus > left:
                raise FinanceError(
                    "TG-FIN-SOLD",
                    f"cohort {self.id!r}: {sale.gpus} GPUs are disposed of on {sale.day}, of which {left} are left.",
                    place=sale.place,
                    expected=f"at most {left} GPUs; a cohort is sold once.",
                )
            left -= sale.gpus


def months_between(start: date, day: date) -> Decimal:
    """Return the months from the start of one day to the start of another, parts of a month by days.

    A whole calendar month counts 1 whatever its length, so that a year counts 12.
    """
    months = (day.year - start.year) * 12 + day.month - start.month
    return Decimal(months) + _share(day) - _share(start)


def _share(day: date) -> Decimal:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    days = (following - day.replace(day=1)).days
    return Decimal(day.day - 1) / days
