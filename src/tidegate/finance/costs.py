"""What running a GPU costs: parameters with their sources, and tariffs by the hour of the week."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from tidegate.errors import FinanceError, Place

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = 24
DEFAULTS_CURRENCY: Final = "USD"


@dataclass(frozen=True)
class Parameter:
    """A figure that costs rest on.

    Attributes
    ----------
    key : str
        Its name, as in a books file.
    value : Decimal
    unit : str
    low, high : Decimal
        What it is varied between.
    is_money : bool
        Whether it is an amount of money; otherwise a ratio.
    source : str
        Where it comes from.
    date : str
        When that was seen; empty for an assumption.
    secondary : bool
        Whether the source reports what others have published.
    note : str
    """

    key: str
    value: Decimal
    unit: str
    low: Decimal
    high: Decimal
    is_money: bool
    source: str
    date: str
    secondary: bool
    note: str


@cache
def default_parameters() -> Mapping[str, Parameter]:
    """Return every cost parameter with its default, in US dollars, by key."""
    text = files("tidegate.finance").joinpath("data", "costs.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        found[row["key"]] = Parameter(
            key=row["key"],
            value=Decimal(row["value"]),
            unit=row["unit"],
            low=Decimal(row["low"]),
            high=Decimal(row["high"]),
            is_money=row["money"] == "yes",
            source=row["source"],
            date=row["date"],
            secondary=row["secondary"] == "yes",
            note=row["note"],
        )
    return MappingProxyType(found)


@dataclass(frozen=True)
class Rates:
    """What one unit of a foreign currency is in the fleet's.

    Attributes
    ----------
    currency : str
        The fleet's.
    of : mapping of str to Decimal
    place : Place
        Where they are written.
    """

    currency: str
    of: Mapping[str, Decimal]
    place: Place = Place()  # noqa: RUF009  frozen

    def convert(self, amount: Decimal, currency: str, what: str) -> Decimal:
        """Return an amount in the fleet's currency.

        Raises
        ------
        FinanceError
            ``TG-FIN-RATE`` when there is no rate.
        """
        if currency == self.currency:
            return amount
        if currency not in self.of:
            raise FinanceError(
                "TG-FIN-RATE",
                f"{what} is in {currency}, the fleet's prices are in {self.currency}, and no rate is given.",
                place=self.place,
                expected=f"[rates] {currency} = what one {currency} is in {self.currency}.",
            )
        return amount * self.of[currency]


@dataclass(frozen=True)
class CostBook:
    """The cost parameters of a fleet, in its currency.

    Attributes
    ----------
    parameters : mapping of str to Parameter
        Every key of :func:`default_parameters`.
    """

    parameters: Mapping[str, Parameter]

    def __getitem__(self, key: str) -> Decimal:
        return self.parameters[key].value

    def with_values(self, values: Mapping[str, Decimal]) -> "CostBook":
        """Return the book with other values, as a sensitivity study varies them."""
        changed = {key: replace(self.parameters[key], value=v) for key, v in values.items()}
        return CostBook({**self.parameters, **changed})


def cost_book(
    stated: Mapping[str, Decimal], rates: Rates, file: str, needed: Iterable[str] | None = None
) -> CostBook:
    """Return a cost book: what is stated, and the cited defaults for the rest.

    Parameters
    ----------
    stated : mapping of str to Decimal
        Values in the fleet's currency.
    rates : Rates
        To bring defaults in US dollars into the fleet's currency.
    file : str
        Where ``stated`` comes from.
    needed : iterable of str, optional
        Keys whose default must be convertible; all of them when not given. Another default that cannot be
        converted becomes 0, as its place is taken by something else (a tariff).

    Raises
    ------
    FinanceError
        ``TG-FIN-RATE`` when a default is needed and cannot be converted.
    """
    must = set(default_parameters() if needed is None else needed)
    found = {}
    for key, default in default_parameters().items():
        if key in stated:
            value = stated[key]
            found[key] = replace(
                default,
                value=value,
                low=min(default.low, value) if not default.is_money else value * Decimal("0.75"),
                high=max(default.high, value) if not default.is_money else value * Decimal("1.25"),
                source=file,
                secondary=False,
                note="",
            )
        elif default.is_money and (key in must or DEFAULTS_CURRENCY in rates.of):
            value, low, high = (
                rates.convert(amount, DEFAULTS_CURRENCY, f"the default of {key}")
                for amount in (default.value, default.low, default.high)
            )
            found[key] = replace(default, value=value, low=low, high=high)
        elif default.is_money and rates.currency != DEFAULTS_CURRENCY:
            found[key] = replace(default, value=Decimal(0), low=Decimal(0), high=Decimal(0))
        else:
            found[key] = default
    return CostBook(MappingProxyType(found))


@dataclass(frozen=True)
class Band:
    """Hours of the week with one price.

    Attributes
    ----------
    days : tuple of int
        0 for Monday.
    from_hour, to_hour : int
        Hours [from, to) of each of these days, 0 to 24.
    price : Decimal
        Of a kWh.
    """

    days: tuple[int, ...]
    from_hour: int
    to_hour: int
    price: Decimal


@dataclass(frozen=True)
class Tariff:
    """What power costs at a site, by the hour of the week.

    Attributes
    ----------
    site : str
    bands : tuple of Band
        Every hour of the week in exactly one.
    place : Place
        Where it is written.

    Raises
    ------
    FinanceError
        ``TG-FIN-TARIFF`` when an hour has no price or two.
    """

    site: str
    bands: tuple[Band, ...]
    place: Place = Place()  # noqa: RUF009  frozen

    def __post_init__(self) -> None:
        for day, name in enumerate(WEEKDAYS):
            for hour in range(_HOURS):
                prices = self._bands_at(day, hour)
                if len(prices) != 1:
                    raise FinanceError(
                        "TG-FIN-TARIFF",
                        f"the tariff of site {self.site!r} has {len(prices) or 'no'} "
                        f"price{'s' * (len(prices) > 1)} for {name} {hour:02d}:00.",
                        place=self.place,
                        expected="bands that cover every hour of the week exactly once.",
                    )

    def _bands_at(self, day: int, hour: int) -> list[Band]:
        return [b for b in self.bands if day in b.days and b.from_hour <= hour < b.to_hour]

    def mean_price(self, load: tuple[Decimal, ...] | None = None) -> Decimal:
        """Return the price of a kWh, averaged over the week.

        Parameters
        ----------
        load : tuple of 24 Decimal, optional
            Relative load at each hour of the day; the same at every hour when not given.
        """
        weights = load or (Decimal(1),) * _HOURS
        paid = sum(
            (
                weights[hour] * self._bands_at(day, hour)[0].price
                for day in range(len(WEEKDAYS))
                for hour in range(_HOURS)
            ),
            Decimal(0),
        )
        return paid / (len(WEEKDAYS) * sum(weights, Decimal(0)))


def flat_tariff(site: str, price: Decimal) -> Tariff:
    """Return a tariff with one price."""
    return Tariff(site, (Band(tuple(range(len(WEEKDAYS))), 0, _HOURS, price),))
