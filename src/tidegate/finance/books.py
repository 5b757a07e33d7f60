"""The books of a fleet: its cohorts as assets, what its sites pay, and the parameters of its costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tidegate.errors import FinanceError, Place
from tidegate.finance.asset import Asset
from tidegate.finance.contract import Contract
from tidegate.finance.costs import CostBook, Rates, Tariff
from tidegate.finance.month import Month
from tidegate.finance.programme import Programme
from tidegate.finance.thresholds import ImpairmentRules, SaleMarket, TierRules
from tidegate.fleet import Chip, Cohort, Pool, Tier


@dataclass(frozen=True)
class Holding:
    """A cohort where it stands.

    Attributes
    ----------
    cohort : Cohort
    pool : Pool
        The pool that it is in.
    asset : Asset
        What it is on the books.
    power_w : Decimal
        Design power of one GPU.
    market_rent : Decimal or None
        What a GPU-hour of the chip rents for in the market, in the books' currency: the reference rent, or as
        the books state it. None when neither says.
    warranty_until : date or None
    """

    cohort: Cohort
    pool: Pool
    asset: Asset
    power_w: Decimal
    market_rent: Decimal | None = None
    warranty_until: date | None = None

    @property
    def id(self) -> str:
        """The cohort's name."""
        return self.cohort.id

    @property
    def chip(self) -> Chip:
        """The cohort's chip."""
        return self.cohort.chip

    @property
    def tier(self) -> Tier:
        """The tier it stands in."""
        return self.pool.tier


@dataclass(frozen=True)
class Books:
    """What finance knows of a fleet.

    Attributes
    ----------
    name : str
        Of the fleet.
    currency : str
        ISO 4217 code.
    holdings : tuple of Holding
        In order of pools, then of the pool's cohorts.
    costs : CostBook
    tariffs : mapping of str to Tariff
        By site, every site of the fleet.
    load : tuple of 24 Decimal or None
        Relative load at each hour of the day; None for a flat one.
    rates : Rates
    start : Month or None
        The month that a log without a calendar is taken to begin in.
    programme : Programme or None
        The developer programme.
    tier_rules : TierRules
    sale_market : SaleMarket
    impairment_rules : ImpairmentRules
    contracts : tuple of Contract
        Fixed terms that are billed otherwise than they are earned.
    place : Place
        The books file, or the fleet file when there is none.
    assumptions : tuple of str
        Sentences: every default that was filled in.
    """

    name: str
    currency: str
    holdings: tuple[Holding, ...]
    costs: CostBook
    tariffs: Mapping[str, Tariff]
    rates: Rates
    load: tuple[Decimal, ...] | None = None
    start: Month | None = None
    programme: Programme | None = None
    tier_rules: TierRules = TierRules()  # noqa: RUF009  frozen
    sale_market: SaleMarket = SaleMarket()  # noqa: RUF009  frozen
    impairment_rules: ImpairmentRules = ImpairmentRules()  # noqa: RUF009  frozen
    contracts: tuple[Contract, ...] = ()
    place: Place = Place()  # noqa: RUF009  frozen
    assumptions: tuple[str, ...] = field(default=())

    def of_pool(self, pool: str) -> tuple[Holding, ...]:
        """Return the holdings of a pool."""
        return tuple(h for h in self.holdings if h.pool.id == pool)

    def holding(self, cohort: str) -> Holding:
        """Return a holding by its cohort's name.

        Raises
        ------
        FinanceError
            ``TG-FIN-COHORT`` when there is none.
        """
        for holding in self.holdings:
            if holding.id == cohort:
                return holding
        raise FinanceError(
            "TG-FIN-COHORT",
            f"no pool has a cohort {cohort!r}.",
            place=self.place,
            expected=f"one of {', '.join(h.id for h in self.holdings)}.",
        )
