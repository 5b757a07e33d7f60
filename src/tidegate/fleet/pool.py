"""Sites, cohorts and pools: what we own and where it stands."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from tidegate.fleet.catalogue import Chip
from tidegate.fleet.tier import Tier


@dataclass(frozen=True)
class Site:
    """A place with power and a time zone.

    Attributes
    ----------
    id : str
        Name of the site.
    timezone : str
        IANA name, such as ``Asia/Taipei``.
    """

    id: str
    timezone: str


@dataclass(frozen=True)
class Cohort:
    """GPUs of one chip bought together; the unit of finance.

    Attributes
    ----------
    id : str
        Name of the cohort.
    chip : Chip
        What was bought.
    gpus : int
        How many.
    unit_price : Decimal
        Price of one GPU, in the fleet's currency.
    in_service : date
        First day of service.
    life_years : Decimal
        Useful life.
    """

    id: str
    chip: Chip
    gpus: int
    unit_price: Decimal
    in_service: date
    life_years: Decimal

    @property
    def depreciation_per_gpu_hour(self) -> Decimal:
        """Straight-line depreciation of one GPU for one hour of its life (8,766 h a year)."""
        return self.unit_price / (self.life_years * Decimal(8766))


class OnFailure(StrEnum):
    """What becomes of a lease when one of its nodes fails."""

    REPLACE = "replace"
    """It gets another node when one may be promised, and is smaller from then on when none may."""
    END = "end"
    """It ends, as in the backtest."""


@dataclass(frozen=True)
class LeasePolicy:
    """What a pool's owner allows.

    Attributes
    ----------
    products : tuple of str
        Ids of the products that may be leased; empty means nothing is leased.
    risk : float
        The owner's limit, in (0, 1): the share of promised GPU-hours that may break, and of own jobs that may start
        later than the recall floor because of leasing.
    reserve_nodes : int
        Nodes kept free for failures.
    wait_price : Decimal
        What one GPU-hour of an internal job's waiting beyond the recall floor is worth to the owner,
        in the fleet's currency: weighed against the cost of breaking a promise.
    on_failure : OnFailure
        What becomes of a lease when one of its nodes fails, in the running system; in the backtest it ends.
    """

    products: tuple[str, ...] = ()
    risk: float = 0.005
    reserve_nodes: int = 0
    wait_price: Decimal = Decimal(10)
    on_failure: OnFailure = OnFailure.REPLACE


@dataclass(frozen=True)
class Pool:
    """Interchangeable nodes of one chip at one site; the unit of quota.

    Attributes
    ----------
    id : str
        Name of the pool.
    site : Site
        Where it stands.
    chip : Chip
        The chip of all its nodes.
    nodes, gpus_per_node : int
        Its size.
    tier : Tier
        The tier it stands in.
    cohorts : tuple of Cohort
        What its GPUs were bought as; empty when the fleet file names none.
    policy : LeasePolicy
        What may be leased, at what risk, with which reserve.
    block_nodes : int
        Nodes of a block (a rack, an island of the network), in order of their names; 0 when there are none.
    """

    id: str
    site: Site
    chip: Chip
    nodes: int
    gpus_per_node: int
    tier: Tier
    cohorts: tuple[Cohort, ...]
    policy: LeasePolicy
    block_nodes: int = 0

    @property
    def gpus(self) -> int:
        """GPUs of the pool."""
        return self.nodes * self.gpus_per_node
