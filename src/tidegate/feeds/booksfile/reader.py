"""From a books file, or from none, to a fleet's books."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from tidegate.errors import BooksFileError, FinanceError, Place
from tidegate.feeds.booksfile.holdings import HoldingReader, converter
from tidegate.feeds.booksfile.tables import BooksTable, TiersTable
from tidegate.feeds.fleetfile.document import read_tables
from tidegate.feeds.fleetfile.lines import KeyPath
from tidegate.feeds.fleetfile.problems import FileKind, Problems, one_of
from tidegate.finance.books import Books
from tidegate.finance.contract import Bill, Contract
from tidegate.finance.costs import (
    Band,
    CostBook,
    Rates,
    Tariff,
    cost_book,
    default_parameters,
    flat_tariff,
)
from tidegate.finance.programme import Programme
from tidegate.finance.thresholds import ImpairmentRules, SaleMarket, TierRules
from tidegate.plan.scenario import Scenario

BOOKS: Final = FileKind("TG-FIN", BooksFileError)


def read_books(scenario: Scenario, path: str | Path | None = None) -> Books:
    """Read a fleet's books.

    Parameters
    ----------
    scenario : Scenario
        The fleet.
    path : str, Path or None
        A TOML file, as described in ``docs/reference/books-file.md``; None takes the one that the fleet file
        names, and where it names none, cited defaults for everything.

    Returns
    -------
    Books
        Every default filled in is a sentence of its ``assumptions``.

    Raises
    ------
    BooksFileError
        If the file cannot be used: all that is wrong with keys, values and names is told at once.
    FinanceError
        If what it says cannot be booked: ``TG-FIN-SOLD``, ``TG-FIN-LIFE``, ``TG-FIN-RATE``,
        ``TG-FIN-TARIFF`` and others.
    """
    found = path or scenario.books
    if found is None:
        table = BooksTable()
        problems = Problems(scenario.source, {}, {}, BOOKS)
    else:
        table, problems = read_tables(found, BooksTable, BOOKS)
    return _Reader(scenario, table, problems, found is not None).books()


class _Reader:
    def __init__(
        self,
        scenario: Scenario,
        table: BooksTable,
        problems: Problems,
        has_file: bool,  # noqa: FBT001
    ) -> None:
        self._scenario = scenario
        self._table = table
        self._problems = problems
        self._has_file = has_file
        self._rates = Rates(scenario.currency, table.rates, self._place(("rates",)))
        self._said: list[str] = []

    def books(self) -> Books:
        self._check_names()
        self._problems.raise_if_any()
        costs = self._costs()
        tariffs = self._tariffs(costs)
        cohorts = HoldingReader(self._table, self._problems, self._rates, has_file=self._has_file)
        holdings = [
            cohorts.holding(cohort, case.pool)
            for case in self._scenario.cases
            for cohort in case.pool.cohorts
        ]
        table, load = self._table, self._table.load
        programme = table.programme
        return Books(
            name=self._scenario.name,
            currency=self._scenario.currency,
            holdings=tuple(holdings),
            costs=costs,
            tariffs=tariffs,
            rates=self._rates,
            load=None if load is None else tuple(Decimal(repr(value)) for value in load),
            start=table.start,
            programme=None if programme is None else Programme(**programme.model_dump()),
            tier_rules=_rules(table.tiers),
            sale_market=SaleMarket(table.tiers.sale_depth, table.tiers.sale_impact),
            impairment_rules=ImpairmentRules(**table.impairment.model_dump()),
            contracts=self._contracts(),
            place=self._place(()),
            assumptions=(*self._said, *cohorts.said),
        )

    def _place(self, path: KeyPath) -> Place:
        return self._problems.place(path)

    def _check_names(self) -> None:
        cohorts = [c.id for case in self._scenario.cases for c in case.pool.cohorts]
        sites = [case.pool.site.id for case in self._scenario.cases]
        given: list[tuple[str, str, Sequence[str], Sequence[str]]] = [
            ("cohort", "id", [c.id for c in self._table.cohort], cohorts),
            ("tariff", "site", [t.site for t in self._table.tariff], sites),
        ]
        for kind, key, names, known in given:
            for place, name in enumerate(names):
                if name not in known:
                    self._problems.add(
                        "TG-FIN-REFERENCE",
                        (kind, place, key),
                        f"no pool of the fleet has the {'cohort' if kind == 'cohort' else 'site'} {name!r}.",
                        one_of(name, dict.fromkeys(known)),
                    )
                if name in names[:place]:
                    self._problems.add(
                        "TG-FIN-VALUE",
                        (kind, place, key),
                        f"{name!r} stands here twice.",
                        "each once.",
                    )

    def _costs(self) -> CostBook:
        stated = {
            key: value for key, value in self._table.costs.model_dump().items() if value is not None
        }
        # A tariff of every site makes the mean price of power needless.
        needed = [
            key for key in default_parameters() if not (key == "power_price" and self._table.tariff)
        ]
        book = cost_book(stated, self._rates, self._place(()).file or "", needed)
        for key, parameter in book.parameters.items():
            if (
                key not in stated
                and parameter.value
                and not (key == "power_price" and self._table.tariff)
            ):
                self._said.append(
                    f"{key} = {parameter.value.normalize():f} {parameter.unit} (default: {parameter.source})."
                )
        return book

    def _tariffs(self, costs: CostBook) -> dict[str, Tariff]:
        found: dict[str, Tariff] = {}
        for place, table in enumerate(self._table.tariff):
            here = self._place(("tariff", place))
            convert = converter(self._rates, table.currency, f"the tariff of site {table.site!r}")
            bands = tuple(Band(b.days, b.from_, b.to, convert(b.price)) for b in table.band)
            found[table.site] = Tariff(table.site, bands, here)
        for site in dict.fromkeys(case.pool.site.id for case in self._scenario.cases):
            if site in found:
                continue
            if self._table.tariff:
                raise FinanceError(
                    "TG-FIN-TARIFF",
                    f"site {site!r} has no tariff, while others have one.",
                    place=self._place(("tariff",)),
                    expected=f"a [[tariff]] with site = {site!r}, or none at all, for [costs] power_price.",
                )
            found[site] = flat_tariff(site, costs["power_price"])
        return found

    def _contracts(self) -> tuple[Contract, ...]:
        found = []
        for place, table in enumerate(self._table.contract):
            convert = converter(self._rates, table.currency, f"contract {table.id!r}")
            bills = tuple(Bill(b.day, convert(b.amount)) for b in table.bill)
            here = self._place(("contract", place))
            currency = self._scenario.currency
            found.append(
                Contract(table.id, table.product, table.first, table.last, currency, bills, here)
            )
        return tuple(found)


def _rules(table: TiersTable) -> TierRules:
    names = ("frontier_lag", "mainstay_lag", "own_use", "least_yield")
    gates = ("gate_months", "gate_failed", "gate_performance")
    stated = {name: getattr(table, name) for name in (*names, *gates)}
    return TierRules(**stated, in_house=tuple(table.in_house))
