"""From a books file's table of a cohort, or from none, to what it cost and draws."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from tidegate.errors import FinanceError, Place
from tidegate.feeds.booksfile.tables import BooksTable, CohortBooksTable, PartTable
from tidegate.feeds.fleetfile.lines import KeyPath
from tidegate.feeds.fleetfile.problems import Problems
from tidegate.finance.asset import Asset, Disposal, Method, Part, Revision, Spend, Writedown
from tidegate.finance.books import Holding
from tidegate.finance.costs import DEFAULTS_CURRENCY, Rates
from tidegate.fleet import Cohort, Pool, reference_rent

CHIPS: Final = "chips"
_YEAR: Final = 12


def converter(rates: Rates, currency: str | None, what: str) -> Callable[[Decimal], Decimal]:
    """Return what brings amounts into the books' currency; they are in it already when none is named."""
    other = currency or rates.currency
    return lambda amount: rates.convert(amount, other, what)


class HoldingReader:
    """Makes holdings of cohorts.

    Parameters
    ----------
    table : BooksTable
        The whole file.
    problems : Problems
        Knows places in it.
    rates : Rates
        Into the books' currency.
    has_file : bool

    Attributes
    ----------
    said : list of str
        Defaults filled in, in sentences.
    """

    def __init__(
        self, table: BooksTable, problems: Problems, rates: Rates, *, has_file: bool
    ) -> None:
        self._table = table
        self._problems = problems
        self._rates = rates
        self._has_file = has_file
        self.said: list[str] = []

    def holding(self, cohort: Cohort, pool: Pool) -> Holding:
        """Return a cohort of a pool with its costs.

        Raises
        ------
        FinanceError
            ``TG-FIN-KEY`` when something is needed that nobody states; ``TG-FIN-RATE`` for a currency without a rate.
        """
        place = next((n for n, t in enumerate(self._table.cohort) if t.id == cohort.id), None)
        table = CohortBooksTable(id=cohort.id) if place is None else self._table.cohort[place]
        path: KeyPath = () if place is None else ("cohort", place)
        if place is None and self._has_file:
            self.said.append(
                f"Cohort {cohort.id}: straight line to nothing over {cohort.life_years:f} years, "
                "without freight and installation (the books say nothing)."
            )
        return Holding(
            cohort=cohort,
            pool=pool,
            asset=self._asset(cohort, table, path),
            power_w=self._power(cohort, table, path),
            market_rent=self._market_rent(cohort, table),
            warranty_until=table.warranty_until,
        )

    def _power(self, cohort: Cohort, table: CohortBooksTable, path: KeyPath) -> Decimal:
        if table.power_w is not None:
            return table.power_w
        if cohort.chip.tdp_w is None:
            raise FinanceError(
                "TG-FIN-KEY",
                f"cohort {cohort.id!r}: no public source gives the design power of {cohort.chip.id}.",
                place=self._problems.place((*path, "power_w")),
                expected=f"a [[cohort]] with id = {cohort.id!r} and power_w in the books file.",
            )
        return Decimal(repr(cohort.chip.tdp_w))

    def _market_rent(self, cohort: Cohort, table: CohortBooksTable) -> Decimal | None:
        if table.market_rent is not None:
            convert = converter(
                self._rates, table.currency, f"the market rent of cohort {cohort.id!r}"
            )
            return convert(table.market_rent)
        rent = reference_rent(cohort.chip.id)
        convertible = (
            self._rates.currency == DEFAULTS_CURRENCY or DEFAULTS_CURRENCY in self._rates.of
        )
        if rent is None or not convertible:
            self.said.append(
                f"Cohort {cohort.id}: no market rent is known; own use counts nothing."
            )
            return None
        return self._rates.convert(rent.usd_per_gpu_h, DEFAULTS_CURRENCY, "the reference rent")

    def _asset(self, cohort: Cohort, table: CohortBooksTable, path: KeyPath) -> Asset:
        convert = converter(self._rates, table.currency, f"cohort {cohort.id!r}")
        cost = (
            cohort.unit_price * cohort.gpus + convert(table.freight) + convert(table.installation)
        )
        chips = Part(
            CHIPS,
            cost,
            cost * table.residual,
            cohort.life_years * _YEAR,
            table.method,
            table.expected_gpu_hours,
            table.yearly_rate,
        )
        parts = [_part(part, convert(part.cost)) for part in table.part]
        for place, part in enumerate((chips, *parts)):
            if part.method is Method.UNITS_OF_PRODUCTION and part.expected_gpu_hours is None:
                where = (*path, "part", place - 1) if place else path
                raise FinanceError(
                    "TG-FIN-KEY",
                    f"cohort {cohort.id!r}: units of production need the GPU-hours of a life.",
                    place=self._problems.place((*where, "expected_gpu_hours")),
                    expected="expected_gpu_hours, above 0.",
                )

        def at(kind: str, place: int) -> Place:
            return self._problems.place((*path, kind, place))

        writedowns = [
            Writedown(w.day, convert(w.amount), at("writedown", n))
            for n, w in enumerate(table.writedown)
        ] + [
            Writedown(w.day, -convert(w.amount), at("reversal", n))
            for n, w in enumerate(table.reversal)
        ]
        return Asset(
            id=cohort.id,
            gpus=cohort.gpus,
            currency=self._rates.currency,
            in_service=cohort.in_service,
            parts=(chips, *parts),
            spends=tuple(
                Spend(p.day, convert(p.amount), p.what, at("payment", n))
                for n, p in enumerate(table.payment)
            ),
            revisions=tuple(
                Revision(
                    r.day,
                    None if r.life_years is None else r.life_years * _YEAR,
                    r.residual,
                    at("revision", n),
                )
                for n, r in enumerate(table.revision)
            ),
            writedowns=tuple(sorted(writedowns, key=lambda w: w.day)),
            disposals=tuple(
                Disposal(s.day, s.gpus, convert(s.proceeds), convert(s.costs), at("sale", n))
                for n, s in enumerate(table.sale)
            ),
            place=self._problems.place(path),
        )


def _part(table: PartTable, cost: Decimal) -> Part:
    return Part(
        table.id,
        cost,
        cost * table.residual,
        table.life_years * _YEAR,
        table.method,
        table.expected_gpu_hours,
        table.yearly_rate,
    )
